"""Options: precedence, and a clear sentence for each wrong value."""

import stat
from pathlib import Path

import pytest

from engine.config import private_directory, read
from worker.process.exit_codes import Exit, Stop


def test_defaults_are_the_contracts(tmp_path: Path) -> None:
    options = read("x", ["--data-dir", str(tmp_path)], {})
    assert (options.host, options.port, options.port_given) == ("127.0.0.1", 3000, False)
    assert options.db_path == tmp_path / "vedette.db"
    assert (options.worker_max_count, options.worker_capacity, options.check_interval) == (10, 100, 30)
    assert (options.figures.heartbeat, options.figures.timeout, options.figures.lease) == (10, 30, 25)
    assert options.local_workers is None and options.rebalance_threshold == 3


def test_flag_before_environment_before_file_before_default(tmp_path: Path) -> None:
    (tmp_path / "vedette.toml").write_text('[vedette]\nport = "4001"\nworker-capacity = 7\n')
    (tmp_path / ".env").write_text("# a comment\nVEDETTE_CHECK_INTERVAL='60'\nVEDETTE_LOG_LEVEL=debug\n")
    arguments = ["--data-dir", str(tmp_path)]
    assert read("x", arguments, {}).port == 4001
    assert read("x", arguments, {"VEDETTE_PORT": "4002"}).port == 4002
    assert read("x", [*arguments, "--port", "4003"], {"VEDETTE_PORT": "4002"}).port == 4003
    options = read("x", arguments, {"VEDETTE_LOG_LEVEL": "error"})
    assert (options.worker_capacity, options.check_interval, options.log_level) == (7, 60, "error")


def test_the_data_directory_may_come_from_the_environment(tmp_path: Path) -> None:
    assert read("x", [], {"VEDETTE_DATA_DIR": str(tmp_path)}).data_dir == tmp_path


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "abc"], "--port (VEDETTE_PORT) is “abc”; allowed: a whole number from 0 to 65535"),
        (["--port", "70000"], "--port (VEDETTE_PORT) is “70000”; allowed: a whole number from 0 to 65535"),
        (["--log-level", "loud"], "--log-level (VEDETTE_LOG_LEVEL) is “loud”; allowed: debug, info, warning, error"),
        (
            ["--host", "0.0.0.0"],
            "--host (VEDETTE_HOST) is “0.0.0.0”; allowed: an address of this computer only: 127.0.0.1, localhost, ::1",
        ),
        (["--local-workers", "11"], "--local-workers (VEDETTE_LOCAL_WORKERS) is “11”; allowed: at most 10"),
        (["--heartbeat-interval", "20"], "must be at least 3 × the interval"),
        (["--heartbeat-interval", "1", "--heartbeat-timeout", "4"], "use at least 12 s"),
        (["--check-interval", "0"], "a whole number from 1 to 3600"),
        (["--heartbeat-timeout", "nan"], "seconds from 1 to 3600"),
    ],
)
def test_a_wrong_value_names_the_option_the_value_and_what_is_allowed(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    with pytest.raises(Stop) as caught:
        read("x", ["--data-dir", str(tmp_path), *arguments], {})
    assert caught.value.code == Exit.CONFIG and sentence in caught.value.sentence


def test_an_unknown_flag_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        read("x", ["--data-dir", str(tmp_path), "--colour"], {})
    assert caught.value.code == Exit.USAGE and "--colour" in capsys.readouterr().err


def test_a_wider_data_directory_is_tightened(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    directory.mkdir(mode=0o755)
    directory.chmod(0o755)
    private_directory(directory)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_data_directory_that_is_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(Stop) as caught:
        private_directory(tmp_path / "data")
    assert caught.value.code == Exit.CONFIG and "cannot be used" in caught.value.sentence


@pytest.mark.parametrize(
    ("arguments", "environment", "said_by"),
    [
        ([], {}, ""),
        (["--retention-days", "0"], {}, ""),
        (["--retention-days=30"], {"VEDETTE_RETENTION_DAYS": "7"}, "--retention-days"),
        ([], {"VEDETTE_RETENTION_DAYS": "7"}, "VEDETTE_RETENTION_DAYS"),
    ],
)
def test_who_says_how_long_detections_are_kept(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], said_by: str
) -> None:
    options = read("x", ["--data-dir", str(tmp_path), *arguments], environment)
    assert options.retention_said_by == said_by
