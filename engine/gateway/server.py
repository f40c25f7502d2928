"""The gateway: one port for this computer, one for others if asked for; behind them REST and the two namespaces."""

import asyncio
import errno
import logging
import socket

import structlog
from aiohttp import web

from engine.api.room import Api
from engine.gateway.auth import Tokens
from engine.gateway.client_namespace import ClientNamespace
from engine.gateway.doorkeeper import Doorkeeper
from engine.gateway.guard import MAX_BODY, Guard
from engine.gateway.limits import Limits
from engine.gateway.proof import Proofs
from engine.gateway.remote import RemoteDoor, RemotePlan
from engine.gateway.rest.route import install
from engine.gateway.rest.routes import all_routes
from engine.gateway.rights import Rights
from engine.gateway.runner import GuardedRunner, ServerLog
from engine.gateway.sockets import GuardedServer
from engine.gateway.worker_namespace import IngestPort, WorkerDesk, WorkerNamespace
from worker import __version__
from worker.process.exit_codes import Exit, Stop

KEEPALIVE = 10  #: seconds that an idle connection is kept
PATIENCE = 1.0  #: seconds that a request under way gets when the gateway closes

log = structlog.get_logger("gateway")


class Gateway:
    """Opens the doors.

    Attributes:
        workers: the way by which the master speaks to its workers (send, call, cut, connected).
        remote: the TLS door, closed until it is asked for.
    """

    def __init__(
        self,
        api: Api,
        tokens: Tokens,
        workers: WorkerDesk,
        ingest: IngestPort,
        *,
        host: str = "127.0.0.1",
        port: int = 3000,
        version: str = __version__,
        remote: RemotePlan,
        limits: Limits | None = None,
    ) -> None:
        self._host = host
        self._wanted_port = port
        self._keeper = Doorkeeper(api.bus, limits)
        rights = Rights(tokens, api.tokens)
        self._guard = Guard(rights, self._keeper)
        self._routes = all_routes(version)
        self._api = api
        self._sockets = GuardedServer(self._keeper)
        proofs = Proofs(tokens, remote.roster, remote.identity.spki)
        self.workers = WorkerNamespace(self._sockets, proofs, workers, ingest)
        self._clients = ClientNamespace(self._sockets, rights, api, self._guard.surfaces)
        rows = [(route.method, route.path) for route in self._routes if route.remote]
        self.remote = RemoteDoor(remote, self._guard.surfaces, rows)
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._changing = asyncio.Lock()

    @property
    def port(self) -> int:
        """The port that is listened on; 0 before `start`."""
        return self._port

    @property
    def url(self) -> str:
        """Where front ends find it, `http://127.0.0.1:3000`."""
        name = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{name}:{self._port}"

    async def start(self) -> None:
        """Bind and listen.

        Raises:
            Stop: if the port is taken (69) or the host makes no sense (78).
        """
        async with self._changing:
            if self._runner is None:
                runner = self._runner = self._build()
                try:
                    await self._open(runner)
                except BaseException:
                    await self._undo()
                    raise

    async def close(self) -> None:
        """Cut all sockets, give requests under way a moment, and free the port."""
        async with self._changing:
            await self._undo()

    def _build(self) -> web.AppRunner:
        app = web.Application(middlewares=[self._guard.middleware()], client_max_size=MAX_BODY)
        app.on_response_prepare.append(self._guard.label)
        install(app, self._routes, self._api)
        self._sockets.register_namespace(self.workers)
        self._sockets.register_namespace(self._clients)
        self._sockets.attach(app)
        return GuardedRunner(
            app,
            self._keeper.admission,
            access_log=None,
            keepalive_timeout=KEEPALIVE,
            shutdown_timeout=PATIENCE,
            handler_cancellation=False,
            logger=ServerLog(logging.getLogger("vedette.gateway"), {}),
        )

    async def _open(self, runner: web.AppRunner) -> None:
        await self._clients.start()
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._wanted_port).start()
        except OSError as error:
            raise _reason(error, self._host, self._wanted_port) from error
        self._port = int(runner.addresses[0][1])
        needs = {(route.method, route.path): route.needs for route in self._routes}
        self._guard.open(self._host, self._port, needs)
        self.remote.attach(runner)
        log.info("gateway.listening", url=self.url)

    async def _undo(self) -> None:
        runner, self._runner = self._runner, None
        if runner is None:
            return
        await self.remote.close()
        for site in list(runner.sites):
            await site.stop()
        await self.workers.close()
        await self._clients.close()
        await self._sockets.close()
        await runner.cleanup()
        self._keeper.close()
        log.info("gateway.closed", port=self._port)


def _reason(error: OSError, host: str, port: int) -> Stop:
    if error.errno == errno.EADDRINUSE:
        sentence = f"port {port} on {host} is in use: end the program that holds it, or choose another with --port"
        return Stop(Exit.UNAVAILABLE, sentence)
    if error.errno == errno.EACCES:
        return Stop(Exit.CONFIG, f"port {port} needs rights that this user lacks: choose one above 1023 with --port")
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return Stop(Exit.CONFIG, f"{host} is no address of this computer: choose another with --host")
    return Stop(Exit.UNAVAILABLE, f"cannot listen on {host}:{port}: {error.strerror or error}")
