"""Options of the master: flag, else environment, else `vedette.toml` or `.env` in the data directory, else default."""

import os
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import configargparse
import platformdirs

from engine.config_commands import CommandLine, add_command_flags, command_of
from engine.config_files import read_dotenv, read_toml
from engine.config_secrets import OF_A_START, OF_COMMANDS, add_flags, take
from engine.fleet.lease import Figures, derive
from engine.remote_options import ACCEPT, RemoteOptions, add_remote_options, checked, said_by
from worker.process.banner import say
from worker.process.exit_codes import Exit, Stop, cannot_use
from worker.process.logs import configure
from worker.process.secret import Secret

T = TypeVar("T")
LEVELS = ("debug", "info", "warning", "error")
LONGEST_SHOWN = 100  #: characters of a wrong value in its sentence
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Options:
    """What a master is started with; every value has been checked.

    Attributes:
        port_given: false if nobody asked for this port, so that the window may take another one.
        local_workers: None if nobody said: as many as last time, two at first.
        check_interval: seconds; default interval of new accounts.
        retention_days: how long detections are kept; 0 is for ever.
        retention_said_by: the option that says so; empty if they are kept for ever.
        figures: heartbeat, time-out and lease, which derive from two options.
        gap_after: seconds without a good check that are told as a gap.
        remote: the door for workers on other machines.
        demo: create sample accounts if there are none.
        encryption_key, passphrase: what the key for credentials is or is made from; None if nobody gave one.
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
    retention_days: int
    figures: Figures
    remote: RemoteOptions
    gap_after: float = 60.0
    retention_said_by: str = ""
    demo: bool = False
    encryption_key: Secret | None = None
    passphrase: Secret | None = None


def default_data_dir() -> Path:
    """Where an installation keeps its data if nobody says otherwise."""
    return Path(platformdirs.user_data_dir("vedette", appauthor=False))


def read(program: str, arguments: Sequence[str], environment: Mapping[str, str], *, window: bool = False) -> Options:
    """Read all options.

    Raises:
        Stop: code 78 with the option's name, its value and what is allowed, or with what is wrong in a file.
        SystemExit: from argparse, for --help (0) and unknown arguments (2).
    """
    options, command = read_line(program, arguments, environment, window=window)
    if command is not None:
        _parser(program, options.data_dir, window).error(f"unrecognized arguments: {command.name}")
    return options


def read_line(
    program: str, arguments: Sequence[str], environment: Mapping[str, str], *, window: bool = False
) -> tuple[Options, CommandLine | None]:
    """Read all options and the command, None to run. Raises as `read` does."""
    data_dir = _data_dir(program, arguments, environment)
    parser = _parser(program, data_dir, window)
    read_toml(data_dir / "vedette.toml", parser)
    dotenv = read_dotenv(data_dir / ".env")
    values, words = parser.parse_known_args(list(arguments), env_vars={**dotenv, **environment})
    names = OF_A_START if window else {**OF_A_START, **OF_COMMANDS}
    secrets = take(values, names, environment, dotenv)
    if window and words:
        raise parser.error("unrecognized arguments: " + " ".join(words))
    command = command_of(words, values, secrets) if words else None
    if isinstance(command, str):
        raise parser.error(command)
    key, passphrase = secrets.get("encryption_key"), secrets.get("passphrase")
    variables = {**dotenv, **environment}
    options = _checked(values, data_dir, said_by(ACCEPT, arguments, variables))
    kept = said_by("retention-days", arguments, variables) if options.retention_days else ""
    return replace(options, encryption_key=key, passphrase=passphrase, retention_said_by=kept), command


class _Parser(configargparse.ArgParser):  # type: ignore[misc]  # configargparse has no types
    """One line for a wrong argument; the stock one prints the whole usage before it."""

    def error(self, message: str) -> NoReturn:
        say(f"{self.prog}: {message} (see --help)")
        raise SystemExit(Exit.USAGE)


def _data_dir(program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Path:
    first = _Parser(prog=program, add_help=False, add_config_file_help=False, allow_abbrev=False)
    first.add("--data-dir", env_var="VEDETTE_DATA_DIR")
    known, _rest = first.parse_known_args(list(arguments), env_vars=dict(environment))
    return _path(known, "data_dir") if known.data_dir else default_data_dir()


def _parser(program: str, data_dir: Path, window: bool) -> configargparse.ArgParser:
    parser = _Parser(
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
    add("--retention-days", env_var="VEDETTE_RETENTION_DAYS", default="0", help="detections are kept; 0 for ever")
    add("--gap-after", env_var="VEDETTE_GAP_AFTER", default="60", help="seconds unwatched that are told (default: 60)")
    add_remote_options(parser)
    add("--demo", action="store_true", help="begin with sample accounts")
    add_flags(parser, OF_A_START)
    if not window:
        add_command_flags(parser)
    return parser


def _checked(values: Namespace, data_dir: Path, remote_said_by: str) -> Options:
    workers = _number(values, "local_workers", 0, 64) if values.local_workers is not None else None
    most = _number(values, "worker_max_count", 0, 64)
    if workers is not None and workers > most:
        raise _wrong("local_workers", values.local_workers, f"at most {most} (--worker-max-count)")
    return Options(
        data_dir=data_dir,
        host=_choice(values, "host", LOOPBACK, "an address of this computer only: "),
        port=_number(values, "port", 0, 65_535) if values.port is not None else 3000,
        port_given=values.port is not None,
        db_path=_path(values, "db_path") if values.db_path else data_dir / "vedette.db",
        log_level=_choice(values, "log_level", LEVELS, ""),
        local_workers=workers,
        worker_max_count=most,
        worker_capacity=_number(values, "worker_capacity", 1, 100_000),
        check_interval=_number(values, "check_interval", 1, 3600),
        rebalance_threshold=_number(values, "rebalance_threshold", 1, 1000),
        retention_days=_number(values, "retention_days", 0, 36_500),
        figures=_figures(values),
        remote=checked(values, _convert, remote_said_by),
        gap_after=_convert(values, "gap_after", float, lambda n: 1 <= n <= 86_400, "seconds from 1 to 86400"),
        demo=bool(values.demo),
    )


def _number(values: Namespace, name: str, least: int, most: int) -> int:
    return _convert(values, name, int, lambda n: least <= n <= most, f"a whole number from {least} to {most}")


def _choice(values: Namespace, name: str, allowed: Sequence[str], what: str) -> str:
    return _convert(values, name, str, lambda text: text in allowed, what + ", ".join(allowed))


def _path(values: Namespace, name: str) -> Path:
    text = getattr(values, name)
    try:
        if "\0" not in text:
            return Path(text).expanduser().absolute()
    except RuntimeError:  # a “~somebody” whose home nobody knows
        pass
    raise _wrong(name, text, "a path")


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
    flag, shown = "--" + name.replace("_", "-"), str(value)
    shown = shown if len(shown) <= LONGEST_SHOWN else shown[:LONGEST_SHOWN] + "…"
    return Stop(Exit.CONFIG, f"{flag} (VEDETTE_{name.upper()}) is “{shown}”; allowed: {allowed}")


def private_directory(path: Path) -> None:
    """Make a directory that only its owner may enter; tighten a wider one.

    Raises:
        Stop: code 78, or 75 on a full disk, if it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(0o700)
    except (FileExistsError, NotADirectoryError):
        raise Stop(Exit.CONFIG, f"the data directory {path} cannot be used: a file is in its place") from None
    except OSError as error:
        raise cannot_use(f"the data directory {path}", error) from None


def open_logs(component: str, options: Options) -> None:
    """Make the data directory, and send this process's logs to its `logs/master.jsonl`.

    Raises:
        Stop: code 78, or 75 on a full disk, if they cannot be made.
    """
    private_directory(options.data_dir)
    file = options.data_dir / "logs" / "master.jsonl"
    try:
        configure(component, file, options.log_level)
    except OSError as error:
        raise cannot_use(f"the log file {file}", error) from None
