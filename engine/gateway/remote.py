"""The TLS door: opened only when asked, for workers on other machines, and for front ends if that was asked for too."""

import asyncio
import errno
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import psutil
import structlog
from aiohttp import web

from engine.gateway.proof import Roster
from engine.gateway.runner import GuardedProtocol, GuardedRunner
from engine.gateway.surfaces import Surfaces, is_tls
from engine.gateway.tls import Identity
from engine.gateway.tls_entrance import TlsEntrance
from worker.process.exit_codes import Exit, Stop
from worker.process.tasks import cancel, spawn
from worker.protocol.join_code import MAX_HOSTS

BACKLOG = 128
LOOK_AGAIN = 60.0  #: seconds between looks at this computer's addresses
DEFAULT_PORT = 3443
EVERYWHERE = ("0.0.0.0", "::")

log = structlog.get_logger("gateway")


@dataclass(frozen=True, slots=True)
class RemotePlan:
    """How the door is to be opened.

    Attributes:
        host: address to listen on.
        names: further names and addresses under which others reach this computer, the best first.
        clients: serve front ends here as well.
    """

    identity: Identity
    roster: Roster
    host: str = "0.0.0.0"
    names: tuple[str, ...] = ()
    clients: bool = False


class RemoteDoor:
    """Opens and closes the TLS port of a gateway that has started.

    Attributes:
        port: that is listened on; 0 while closed.
        hosts: under which others find this computer, the best first; those of the certificate.
    """

    def __init__(self, plan: RemotePlan, surfaces: Surfaces, rows: Sequence[tuple[str, str]]) -> None:
        self._plan = plan
        self._surfaces = surfaces
        self._rows = rows
        self._runner: web.AppRunner | None = None
        self._site: _TlsSite | None = None
        self._watch: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self.port = 0
        self.hosts: list[str] = []

    def attach(self, runner: web.AppRunner) -> None:
        """Serve by this gateway."""
        self._runner = runner

    async def certify(self) -> None:
        """See that the certificate names this computer's addresses. Raises OSError."""
        self.hosts = await asyncio.to_thread(own_hosts, self._plan.host, self._plan.names)
        names = [*self.hosts, "localhost", "127.0.0.1", "::1"]
        if await asyncio.to_thread(self._plan.identity.certify, sorted(set(names))):
            log.info("gateway.certified", hosts=names)
        if self._site is not None:
            self._surfaces.open_tls(names, self._rows, clients=self._plan.clients)

    async def open(self, port: int) -> None:
        """Listen on this port, 0 for any free one; once more is nothing.

        Raises:
            Stop: if the port is taken (69) or the host makes no sense (78).
            OSError: if the certificate cannot be written.
        """
        async with self._changing:
            if self._site is not None or self._runner is None:
                return
            await self.certify()
            site = _TlsSite(self._runner, self._plan.host, port, self._plan.identity.context())
            try:
                await site.start()
            except OSError as error:
                await site.stop()
                raise _reason(error, self._plan.host, port) from error
            self._site, self.port = site, site.port
            await self.certify()
            self._watch = spawn(self._keep_certified(), name="certificate")
            log.info("gateway.remote_open", host=self._plan.host, port=self.port, clients=self._plan.clients)

    async def close(self) -> None:
        """Free the port and cut everybody who came in by it; once more is nothing."""
        async with self._changing:
            site, self._site = self._site, None
            if site is None:
                return
            await cancel(self._watch)
            self._surfaces.close_tls()
            await site.stop()
            self._cut_all()
            log.info("gateway.remote_closed", port=self.port)
            self.port = 0

    def _cut_all(self) -> None:
        server = self._runner.server if self._runner is not None else None
        for handler in server.connections if server is not None else ():
            if handler.transport is not None and is_tls(handler.transport):
                handler.transport.abort()

    async def _keep_certified(self) -> None:
        """Addresses come and go: the network cable, another access point, a new lease."""
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            try:
                await self.certify()
            except OSError as error:  # the old one serves as well: workers look at the key alone
                log.warning("gateway.not_certified", why=str(error))


class _TlsSite(web.BaseSite):
    """aiohttp's own sites give a peer a minute to finish its handshake."""

    def __init__(self, runner: web.AppRunner, host: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(runner, ssl_context=context, backlog=BACKLOG)
        self._host = host
        self._wanted = port

    @property
    def name(self) -> str:
        return f"https://{self._host}:{self.port}"

    @property
    def port(self) -> int:
        sockets = self._server.sockets if isinstance(self._server, asyncio.Server) else ()
        return int(sockets[0].getsockname()[1]) if sockets else self._wanted

    async def start(self) -> None:
        await super().start()
        server = self._runner.server
        assert server is not None
        self._server = await asyncio.get_running_loop().create_server(
            self._entrance, self._host, self._wanted, backlog=self._backlog
        )

    def _entrance(self) -> TlsEntrance:
        """For one more connection."""
        server, context = self._runner.server, self._ssl_context
        assert server is not None and context is not None and isinstance(self._runner, GuardedRunner)
        return TlsEntrance(cast(GuardedProtocol, server()), context, self._runner.admission)


def own_hosts(listening: str, names: Iterable[str] = ()) -> list[str]:
    """Where others find this computer, the best first: the names given, then its addresses in the network.

    Args:
        listening: a particular address is the only one.
    """
    if listening not in EVERYWHERE:
        return list(dict.fromkeys([*names, listening]))[:MAX_HOSTS]
    family = socket.AF_INET6 if listening == "::" else socket.AF_INET
    found = [
        address.address
        for interface in psutil.net_if_addrs().values()
        for address in interface
        if address.family == family and _reachable(address.address)
    ]
    first = _outward(family)
    ordered = sorted(set(found), key=lambda address: (address != first, address))
    return list(dict.fromkeys([*names, *ordered]))[:MAX_HOSTS]


def _reachable(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # with a zone: link-local
        return False
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified)


def _outward(family: socket.AddressFamily) -> str:
    """The address that leads out of here; connecting a datagram socket sends nothing."""
    target = "2001:db8::1" if family == socket.AF_INET6 else "192.0.2.1"
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((target, 9))
        return str(probe.getsockname()[0])
    return ""


def _reason(error: OSError, host: str, port: int) -> Stop:
    if error.errno == errno.EADDRINUSE:
        return Stop(
            Exit.UNAVAILABLE,
            f"port {port} for remote workers is in use: end the program that holds it, or choose another with "
            "--remote-port",
        )
    if error.errno == errno.EACCES:
        sentence = f"port {port} needs rights that this user lacks: choose one above 1023 with --remote-port"
        return Stop(Exit.CONFIG, sentence)
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return Stop(Exit.CONFIG, f"{host} is no address of this computer: choose another with --remote-host")
    return Stop(Exit.UNAVAILABLE, f"cannot listen on {host}:{port}: {error.strerror or error}")
