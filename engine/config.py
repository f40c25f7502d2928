"""Options of the master: flag, else environment, else `vedette.toml` or `.env` in the data directory, else default."""

import os
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import configargparse
import platformdirs

from engine.fleet.lease import Figures, derive
from worker.process.exit_codes import Exit, Stop

T = TypeVar("T")
LEVELS = ("debug", "info", "warning", "error")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Options:
    """What a master is started with; every value has been checked.

    Attributes:
        port_given: false if nobody asked for this port, so that the window may take another one.
        local_workers: None if nobody said: as many as last time, two at first.
        check_interval: seconds; default interval of new accounts.
        figures: heartbeat, time-out and lease, which derive from two options.
        demo: create sample accounts if there are none.
    """

    data_dir: Path
    host: str
    port: int
    port_given: bool
    db_path: Path
    log_level: str
    local_workers: int | None
    worker_max_count: int
    worker_capacity: int
    check_interval: int
    rebalance_threshold: int
    figures: Figures
    demo: bool = False


def default_data_dir() -> Path:
    """Where an installation keeps its data if nobody says otherwise."""
    return Path(platformdirs.user_data_dir("vedette", appauthor=False))


def read(program: str, arguments: Sequence[str], environment: Mapping[str, str], *, window: bool = False) -> Options:
    """Read all options.

    Raises:
        Stop: code 78 with the option's name, its value and what is allowed.
        SystemExit: from argparse, for --help (0) and unknown arguments (2).
    """
    data_dir = _data_dir(arguments, environment)
    parser = _parser(program, data_dir, window)
    values = parser.parse_args(list(arguments), env_vars={**_dotenv(data_dir / ".env"), **environment})
    return _checked(values, data_dir)


def _data_dir(arguments: Sequence[str], environment: Mapping[str, str]) -> Path:
    first = configargparse.ArgParser(add_help=False, add_config_file_help=False)
    first.add("--data-dir", env_var="VEDETTE_DATA_DIR")
    known, _rest = first.parse_known_args(list(arguments), env_vars=dict(environment))
    return Path(known.data_dir).expanduser().absolute() if known.data_dir else default_data_dir()


def _parser(program: str, data_dir: Path, window: bool) -> configargparse.ArgParser:
    parser = configargparse.ArgParser(
        prog=program,
        default_config_files=[str(data_dir / "vedette.toml")],
        config_file_parser_class=configargparse.TomlConfigParser(["vedette"]),
        description="The window." if window else "The master without a window.",
        allow_abbrev=False,
    )
    add = parser.add
    add("--data-dir", env_var="VEDETTE_DATA_DIR", help=f"where everything is kept (default: {default_data_dir()})")
    add("--host", env_var="VEDETTE_HOST", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", env_var="VEDETTE_PORT", help="port to listen on, 0 for any free one (default: 3000)")
    add("--db-path", env_var="VEDETTE_DB_PATH", help="database file (default: vedette.db in the data directory)")
    add("--log-level", env_var="VEDETTE_LOG_LEVEL", default="info", help="debug, info, warning, error")
    add("--local-workers", env_var="VEDETTE_LOCAL_WORKERS", help="workers on this computer (default: 2 at first)")
    add("--worker-max-count", env_var="VEDETTE_WORKER_MAX_COUNT", default="10", help="most workers on this computer")
    add("--worker-capacity", env_var="VEDETTE_WORKER_CAPACITY", default="100", help="accounts of a new worker")
    add("--heartbeat-interval", env_var="VEDETTE_HEARTBEAT_INTERVAL", default="10", help="seconds")
    add("--heartbeat-timeout", env_var="VEDETTE_HEARTBEAT_TIMEOUT", default="30", help="seconds")
    add("--check-interval", env_var="VEDETTE_CHECK_INTERVAL", default="30", help="seconds, of new accounts")
    add("--rebalance-threshold", env_var="VEDETTE_REBALANCE_THRESHOLD", default="3", help="accounts")
    add("--demo", action="store_true", help="begin with sample accounts")
    return parser


def _dotenv(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def _checked(values: Namespace, data_dir: Path) -> Options:
    workers = _number(values, "local_workers", 0, 64) if values.local_workers is not None else None
    most = _number(values, "worker_max_count", 0, 64)
    if workers is not None and workers > most:
        raise _wrong("local_workers", values.local_workers, f"at most {most} (--worker-max-count)")
    return Options(
        data_dir=data_dir,
        host=_choice(values, "host", LOOPBACK, "an address of this computer only: "),
        port=_number(values, "port", 0, 65_535) if values.port is not None else 3000,
        port_given=values.port is not None,
        db_path=Path(values.db_path).expanduser().absolute() if values.db_path else data_dir / "vedette.db",
        log_level=_choice(values, "log_level", LEVELS, ""),
        local_workers=workers,
        worker_max_count=most,
        worker_capacity=_number(values, "worker_capacity", 1, 100_000),
        check_interval=_number(values, "check_interval", 1, 3600),
        rebalance_threshold=_number(values, "rebalance_threshold", 1, 1000),
        figures=_figures(values),
        demo=bool(values.demo),
    )


def _number(values: Namespace, name: str, least: int, most: int) -> int:
    return _convert(values, name, int, lambda n: least <= n <= most, f"a whole number from {least} to {most}")


def _choice(values: Namespace, name: str, allowed: Sequence[str], what: str) -> str:
    return _convert(values, name, str, lambda text: text in allowed, what + ", ".join(allowed))


def _figures(values: Namespace) -> Figures:
    heartbeat = _convert(values, "heartbeat_interval", float, lambda n: 0.1 <= n <= 300, "seconds from 0.1 to 300")
    timeout = _convert(values, "heartbeat_timeout", float, lambda n: 1 <= n <= 3600, "seconds from 1 to 3600")
    try:
        return derive(heartbeat, timeout)
    except ValueError as error:
        raise _wrong("heartbeat_timeout", values.heartbeat_timeout, str(error)) from None


def _convert(values: Namespace, name: str, kind: Callable[[Any], T], fits: Callable[[T], bool], allowed: str) -> T:
    text = getattr(values, name)
    try:
        value = kind(text)
    except ValueError:
        raise _wrong(name, text, allowed) from None
    if not fits(value):
        raise _wrong(name, text, allowed)
    return value


def _wrong(name: str, value: object, allowed: str) -> Stop:
    flag = "--" + name.replace("_", "-")
    return Stop(Exit.CONFIG, f"{flag} (VEDETTE_{name.upper()}) is “{value}”; allowed: {allowed}")


def private_directory(path: Path) -> None:
    """Make a directory that only its owner may enter; tighten a wider one.

    Raises:
        Stop: code 78, if it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise Stop(Exit.CONFIG, f"the data directory {path} cannot be used: {error.strerror}") from None
