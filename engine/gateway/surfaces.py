"""The two surfaces of the gateway and what each of them serves: plain HTTP for this computer, TLS for all others."""

from asyncio import BaseTransport
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
SOCKETS = "/socket.io/"
Door = Literal["plain", "tls"]
Rows = frozenset[tuple[str, str]]  #: (method, path as it was registered)


@dataclass(frozen=True, slots=True)
class Surface:
    """One listening socket, as the guard sees it.

    Attributes:
        hosts: what requests may name as their host, in small letters; with the port unless `any_port`.
        any_port: a router or proxy may forward another port to this one.
        rows: what is served here; None: everything.
        clients: whether front ends may come in here over Socket.IO.
    """

    scheme: Literal["http", "https"]
    hosts: frozenset[str] = frozenset()
    any_port: bool = False
    rows: Rows | None = None
    clients: bool = True

    def is_named(self, authority: str) -> bool:
        """Whether this is us, as a Host header says it."""
        authority = authority.lower()
        return (_without_port(authority) if self.any_port else authority) in self.hosts

    def is_own_origin(self, origin: str) -> bool:
        """Whether a page that we served ourselves asks."""
        scheme, separator, authority = origin.lower().partition("://")
        return bool(separator) and scheme == self.scheme and self.is_named(authority)

    def serves(self, method: str, path: str) -> bool:
        """Whether this route may be seen here at all."""
        return self.rows is None or (method, path) in self.rows


class Surfaces:
    """Which surface a connection came in by. Until they are opened, neither admits anybody."""

    def __init__(self) -> None:
        self._plain = Surface("http")
        self._tls = Surface("https")

    def open_plain(self, host: str, port: int) -> None:
        """Loopback under every name it has, and the host that was asked for."""
        names = {*LOOPBACK, bracketed(host).lower()}
        with_port = {f"{name}:{port}" for name in names}
        self._plain = Surface("http", frozenset(with_port | names if port == 80 else with_port))

    def open_tls(self, hosts: Iterable[str], rows: Iterable[tuple[str, str]], *, clients: bool) -> None:
        """Admit requests that name one of the certificate's hosts; again when these have changed.

        Args:
            rows: what workers need; with `clients` everything is served.
        """
        names = frozenset(bracketed(host).lower() for host in hosts)
        only = None if clients else frozenset({*rows, ("GET", SOCKETS)})
        self._tls = Surface("https", names, any_port=True, rows=only, clients=clients)

    def close_tls(self) -> None:
        """Nobody comes in by TLS any more."""
        self._tls = Surface("https")

    def of(self, transport: BaseTransport) -> Surface:
        """The surface of a connection."""
        return self._tls if is_tls(transport) else self._plain


def is_tls(transport: BaseTransport) -> bool:
    """Whether a connection is TLS: told by its socket, never by what somebody says on it."""
    return transport.get_extra_info("ssl_object") is not None


def bracketed(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _without_port(authority: str) -> str:
    host, separator, port = authority.rpartition(":")
    return host if separator and port.isdigit() else authority
