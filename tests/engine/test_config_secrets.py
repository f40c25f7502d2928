"""Secrets and commands in the options."""

from pathlib import Path

import pytest

from engine.config import read, read_line
from engine.config_commands import CommandLine
from worker.process.exit_codes import Exit, Stop


def test_from_the_environment_a_file_or_the_env_file_and_never_shown(tmp_path: Path) -> None:
    here = ["--data-dir", str(tmp_path)]
    (tmp_path / "phrase").write_text("  with spaces \n")
    options = read("x", [*here, "--passphrase-file", str(tmp_path / "phrase")], {"VEDETTE_ENCRYPTION_KEY": "k-canary"})
    assert options.passphrase is not None and options.passphrase.reveal() == "  with spaces "
    assert options.encryption_key is not None and options.encryption_key.reveal() == "k-canary"
    assert "canary" not in repr(options) and "with spaces" not in repr(options)
    (tmp_path / ".env").write_text("VEDETTE_ENCRYPTION_KEY=from-dotenv\n")
    found = read("x", here, {"VEDETTE_PASSPHRASE_FILE": str(tmp_path / "phrase")})
    assert found.encryption_key is not None and found.encryption_key.reveal() == "from-dotenv"
    assert found.passphrase == options.passphrase


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"x" * 5000])
def test_a_file_that_holds_no_secret(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "phrase").write_bytes(content)
    with pytest.raises(Stop) as caught:
        read("x", ["--data-dir", str(tmp_path), "--passphrase-file", str(tmp_path / "phrase")], {})
    assert caught.value.code == Exit.CONFIG and str(tmp_path / "phrase") in caught.value.sentence


def test_one_secret_given_twice(tmp_path: Path) -> None:
    (tmp_path / "phrase").write_text("a")
    environment = {"VEDETTE_PASSPHRASE": "b-canary", "VEDETTE_PASSPHRASE_FILE": str(tmp_path / "phrase")}
    with pytest.raises(Stop, match="both given") as caught:
        read("x", ["--data-dir", str(tmp_path)], environment)
    assert "canary" not in caught.value.sentence


def test_a_command_stands_anywhere_among_the_flags(tmp_path: Path) -> None:
    expected = CommandLine("backup", tmp_path / "b")
    data = ["--data-dir", str(tmp_path)]
    for line in (
        ["backup", str(tmp_path / "b"), *data],
        [*data, "backup", str(tmp_path / "b")],
        ["backup", *data, str(tmp_path / "b")],
    ):
        assert read_line("x", line, {})[1] == expected
    assert read_line("x", [*data, "rotate-key", "--to", "file"], {})[1] == CommandLine("rotate-key", to="file")
    assert read_line("x", [*data, "restore", str(tmp_path / "b"), "--force"], {})[1] == CommandLine(
        "restore", tmp_path / "b", force=True
    )
    assert read_line("x", data, {})[1] is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["restore"], "restore: name the FILE of the backup"),
        (["backup", "a", "b"], "backup takes one FILE"),
        (["rotate-key", "a"], "rotate-key takes no FILE"),
        (["backup", "--colour"], "unrecognized arguments: backup --colour"),
        (["--to", "cloud"], "argument --to: invalid choice"),
    ],
)
def test_a_command_that_makes_no_sense(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        read_line("x", ["--data-dir", str(tmp_path), *line], {})
    assert caught.value.code == Exit.USAGE and said in capsys.readouterr().err


def test_the_window_takes_no_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read("x", ["--data-dir", str(tmp_path), "backup", "f"], {}, window=True)
    with pytest.raises(SystemExit):
        read("x", ["--data-dir", str(tmp_path), "--force"], {}, window=True)
    assert "unrecognized arguments" in capsys.readouterr().err
