"""Where it is said whether remote workers are accepted, and what else may be said about them."""

from pathlib import Path

import pytest

from engine.config import read
from engine.remote_options import RemoteOptions
from worker.process.exit_codes import Exit, Stop


def remote(tmp_path: Path, *arguments: str, **environment: str) -> RemoteOptions:
    return read("x", ["--data-dir", str(tmp_path), *arguments], environment).remote


def test_nobody_said_anything(tmp_path: Path) -> None:
    assert remote(tmp_path) == RemoteOptions()


def test_the_first_place_that_says_it_wins_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "vedette.toml").write_text("[vedette]\naccept-remote = true\n")
    file = remote(tmp_path)
    assert (file.accept, file.said_by) == (True, "vedette.toml")
    environment = remote(tmp_path, VEDETTE_ACCEPT_REMOTE="false")
    assert (environment.accept, environment.said_by) == (False, "VEDETTE_ACCEPT_REMOTE")
    flag = remote(tmp_path, "--accept-remote", VEDETTE_ACCEPT_REMOTE="false")
    assert (flag.accept, flag.said_by) == (True, "--accept-remote")
    flag = remote(tmp_path, "--no-accept-remote")
    assert (flag.accept, flag.said_by) == (False, "--accept-remote")
    (tmp_path / ".env").write_text("VEDETTE_ACCEPT_REMOTE=true\n")
    assert remote(tmp_path).said_by == "VEDETTE_ACCEPT_REMOTE"


def test_the_others(tmp_path: Path) -> None:
    said = remote(
        tmp_path,
        *("--remote-host", "::", "--remote-port", "0", "--remote-names", "desk.example, 203.0.113.7,"),
        "--accept-clients",
    )
    assert said == RemoteOptions(host="::", port=0, names=("desk.example", "203.0.113.7"), clients=True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--remote-host", "desk"], "--remote-host (VEDETTE_REMOTE_HOST) is “desk”; allowed: an IP address"),
        (["--remote-port", "70000"], "a whole number from 0 to 65535"),
        (["--remote-names", "a b"], "up to 4 names or addresses of this computer, with commas between"),
        (["--remote-names", ","], "up to 4 names"),
        (["--remote-names", "a,b,c,d,e"], "up to 4 names"),
        (["--remote-names", "https://x/"], "up to 4 names"),
    ],
)
def test_a_wrong_value_names_what_is_allowed(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    with pytest.raises(Stop) as caught:
        remote(tmp_path, *arguments)
    assert caught.value.code == Exit.CONFIG and sentence in caught.value.sentence
