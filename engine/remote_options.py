"""The options of the door for workers on other machines."""

import argparse
import re
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeVar

import configargparse

T = TypeVar("T")
Convert = Callable[[Namespace, str, Callable[[Any], T], Callable[[T], bool], str], T]
DEFAULT_PORT = 3443
EVERYWHERE = "0.0.0.0"
MOST_NAMES = 4
NAME = re.compile(r"[A-Za-z0-9.:_-]{1,253}")
ACCEPT, VARIABLE = "accept-remote", "VEDETTE_ACCEPT_REMOTE"


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """What was said at the start about workers on other machines.

    Attributes:
        accept: None if nobody said: as the window's switch was left, off at first.
        said_by: the option that said it, and that the window cannot overrule; empty if none did.
        host: address to listen on.
        port: None or 0 for the one of last time; at first 3443 (0: any), or any if that is taken.
        names: further names and addresses under which others reach this computer.
        clients: front ends may come in there as well.
    """

    accept: bool | None = None
    said_by: str = ""
    host: str = EVERYWHERE
    port: int | None = None
    names: tuple[str, ...] = ()
    clients: bool = False


def add_remote_options(parser: configargparse.ArgParser) -> None:
    """Add them to the master's parser."""
    add = parser.add
    flag = argparse.BooleanOptionalAction
    add(f"--{ACCEPT}", env_var=VARIABLE, action=flag, default=None, help="let workers on other machines join (TLS)")
    add(
        "--remote-host", env_var="VEDETTE_REMOTE_HOST", default=EVERYWHERE, help="address for it (default: %(default)s)"
    )
    add("--remote-port", env_var="VEDETTE_REMOTE_PORT", help=f"port for it, 0 for any (default: {DEFAULT_PORT})")
    add("--remote-names", env_var="VEDETTE_REMOTE_NAMES", help="further names of this computer, with commas between")
    add("--accept-clients", env_var="VEDETTE_ACCEPT_CLIENTS", action="store_true", help="serve REST and /client there")


def checked(values: Namespace, convert: Convert[Any], said_by: str) -> RemoteOptions:
    """Check them. `convert(values, name, kind, fits, allowed)` raises the Stop for a wrong value."""
    port = values.remote_port
    if port is not None:
        port = convert(values, "remote_port", int, lambda n: 0 <= n <= 65_535, "a whole number from 0 to 65535")
    names: tuple[str, ...] = ()
    if values.remote_names:
        allowed = f"up to {MOST_NAMES} names or addresses of this computer, with commas between"
        names = convert(values, "remote_names", _names, _fit, allowed)
    return RemoteOptions(
        accept=values.accept_remote,
        said_by=said_by if values.accept_remote is not None else "",
        host=convert(values, "remote_host", lambda text: str(ip_address(text)), bool, "an IP address"),
        port=port,
        names=names,
        clients=bool(values.accept_clients),
    )


def said_by(name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Which of the places for options says this one (`accept-remote`), if one does."""
    if any(argument.startswith((f"--{name}", f"--no-{name}")) for argument in arguments):
        return f"--{name}"
    variable = "VEDETTE_" + name.replace("-", "_").upper()
    return variable if variable in environment else "vedette.toml"


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _fit(names: tuple[str, ...]) -> bool:
    return 1 <= len(names) <= MOST_NAMES and all(NAME.fullmatch(name) for name in names)
