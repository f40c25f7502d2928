"""/worker: workers prove who they are, register, and are told what to watch.

A worker is its id and its process's incarnation, never a socket. The newest connection that registers is the current
one; the one before it is cut; if it is another process's, that is told `displaced` first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from weakref import WeakValueDictionary

import structlog

from engine.gateway.connection import Connection
from engine.gateway.misfits import MendedDetections, mend
from engine.gateway.namespace import Ack, Namespace, answered_at_once, refuse
from engine.gateway.proof import Proofs
from engine.gateway.sockets import GuardedServer
from engine.gateway.surfaces import is_tls
from engine.records import Misfit
from worker.process import logs
from worker.process.clock import wall_ms
from worker.protocol.envelope import Received, pack, refused, unpack
from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import (
    FROM_WORKER,
    Answer,
    Assign,
    Beaten,
    Credentials,
    CredentialsGiven,
    Detections,
    Heartbeat,
    Message,
    Register,
    Registered,
    Released,
    Report,
    Revoke,
    Shutdown,
    Stored,
)

REVOKED_DEADLINE = 0.5  #: seconds that a revoked worker has to let go of its accounts
REVOKED_CUT = 0.8  #: seconds until its transport is aborted, whatever it does

log = structlog.get_logger("gateway")


class WorkerDesk(Protocol):
    """The fleet, seen from the door. All may raise ProtocolError, which becomes the acknowledgement's code."""

    async def register(self, message: Register, request_id: str) -> Registered: ...
    def heartbeat(self, worker_id: str, incarnation: str, message: Heartbeat) -> Beaten: ...
    async def report(self, worker_id: str, message: Report, request_id: str) -> None: ...
    async def credentials(self, worker_id: str, message: Credentials) -> CredentialsGiven: ...
    async def released(self, worker_id: str, message: Released) -> None: ...
    def link_lost(self, worker_id: str, incarnation: str) -> None: ...


class IngestPort(Protocol):
    """Takes detections in; returns once they are committed, or with `retry_after`."""

    async def take(self, worker_id: str, batch: Detections, misfits: Sequence[Misfit] = ()) -> Stored: ...


class WorkerNamespace(Namespace):
    """The namespace, and the way by which the master speaks to its workers."""

    def __init__(self, sockets: GuardedServer, proofs: Proofs, desk: WorkerDesk, ingest: IngestPort) -> None:
        super().__init__("/worker", sockets, FROM_WORKER)
        self._proofs = proofs
        self._desk = desk
        self._ingest = ingest
        self._connections: dict[str, Connection] = {}
        self._current: dict[str, Connection] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._closing = False

    # --- master → worker ---------------------------------------------------------------------------------------------

    def connected(self, worker_id: str) -> bool:
        """Whether the worker has a current connection."""
        connection = self._current.get(worker_id)
        return connection is not None and not connection.is_over()

    def send(self, worker_id: str, message: Message, request_id: str) -> bool:
        """Send without waiting, in order; False if the worker is not connected."""
        connection = self._current.get(worker_id)
        if connection is None or connection.is_over():
            return False
        data = pack(message, request_id, wall_ms())
        if isinstance(message, Assign):
            self._give(connection, len(message.tasks) + (0 if message.complete else connection.accounts))
        elif isinstance(message, Revoke):
            self._give(connection, connection.accounts - len(message.accounts))

        def push() -> bool:
            return self._sockets.push(connection.sid, self.namespace, message.TYPE, data)

        if connection.held is not None:
            connection.held.append(push)
            return True
        return push()

    async def call(self, worker_id: str, message: Message, request_id: str, timeout: float) -> Ack:
        """Send and wait for the acknowledgement, `{"ok": …}` as the worker gave it; see `read_answer`.

        Raises:
            ProtocolError: `busy` if the worker is not connected, goes, or does not answer within `timeout` seconds.
        """
        connection = self._current.get(worker_id)
        if connection is None or connection.is_over() or connection.held is not None:
            raise ProtocolError(Code.BUSY, "the worker is not connected")
        data = pack(message, request_id, wall_ms())
        try:
            answer = await self._sockets.ask(connection.sid, self.namespace, message.TYPE, data, timeout)
        except ConnectionError:
            raise ProtocolError(Code.BUSY, "the worker's connection ended") from None
        except TimeoutError:
            raise ProtocolError(Code.BUSY, f"the worker did not answer within {timeout:g} s") from None
        if not isinstance(answer, dict):
            raise ProtocolError(Code.MALFORMED, "the worker's answer makes no sense")
        return answer

    def cut(self, worker_id: str) -> None:
        """Abort the worker's connection; the desk hears of it by `link_lost`."""
        if connection := self._current.get(worker_id):
            self._sockets.cut(self._eio_sid(connection), after=0)

    def cast_out(self, worker_id: str) -> None:
        """Tell a revoked worker, and abort every transport that it has within a second.

        Until then nothing is taken from it but that it lets go of accounts: those need not wait then.
        """
        farewell = pack(Shutdown(str(Code.REVOKED), REVOKED_DEADLINE), logs.current_request_id(), wall_ms())
        for connection in [c for c in self._connections.values() if c.worker_id == worker_id]:
            self._sockets.push(connection.sid, self.namespace, Shutdown.TYPE, farewell)
            eio_sid = self._eio_sid(connection)
            asyncio.get_running_loop().call_later(REVOKED_CUT, self._sockets.cut, eio_sid, 0)

    async def close(self) -> None:
        """Refuse whatever comes, and end all connections. The desk is not told: it is closing as well."""
        self._closing = True
        connections = list(self._connections.values())
        self._current.clear()
        await asyncio.gather(*(connection.close() for connection in connections))

    # --- worker → master ---------------------------------------------------------------------------------------------

    def joined(self, sid: str, auth: Mapping[str, object]) -> None:
        """See Namespace: `auth` is `{"id", "token"}` on this computer, `{"id", "sig"}` from others."""
        transport = self._sockets.transport(sid, self.namespace)
        if self._closing or transport is None:
            raise refuse(Code.CLOSING, "the master is closing")
        socket_id = self._sockets.manager.eio_sid_from_sid(sid, self.namespace)
        worker_id = self._proofs.check(auth, socket_id, tls=is_tls(transport))
        self._connections[sid] = Connection(sid, worker_id, self._serve)

    def left(self, sid: str) -> None:
        """See Namespace."""
        connection = self._connections.pop(sid, None)
        if connection is None:
            return
        connection.end(Code.CLOSING, "the connection ended")
        if connection.incarnation is not None:  # else its registration is under way and tells about the loss itself
            self._lost(connection, connection.incarnation)

    async def received(self, sid: str, received: Received) -> Ack:
        """See Namespace: queued before the first await, so that the order is kept."""
        connection = self._connections.get(sid)
        if connection is None:
            return refused(Code.UNAUTHORIZED, "not connected")
        answer = await connection.offer(received)
        if isinstance(received.message, Register):
            # Socket.IO queues the answer for sending before the loop turns again; what was held comes after it
            asyncio.get_running_loop().call_soon(_release, connection)
        return answer

    def prompt(self, sid: str, event: str, args: list[Any]) -> Ack | None:
        """See Namespace: a heartbeat before which nothing waits. Most messages are that, and with thousands of workers
        a task, a queue and two more turns of the loop for each would cost more than all the rest."""
        connection = self._connections.get(sid)
        if connection is None:
            return None
        answer = self._prompt(connection, event, args) if event == Heartbeat.TYPE and connection.idle else None
        connection.coming += answer is None
        return answer

    def _prompt(self, connection: Connection, event: str, args: list[Any]) -> Ack | None:
        try:
            received = unpack(event, args[0] if len(args) == 1 else None, self._allowed)
        except ProtocolError:  # the usual way says what is wrong, and counts it
            return None
        with logs.request(received.request_id):
            return answered_at_once(lambda: self._beat(connection, received.message))

    async def message(self, event: str, sid: str, args: tuple[Any, ...]) -> Ack:
        """See Namespace."""
        if connection := self._connections.get(sid):
            connection.coming -= 1
        return await super().message(event, sid, args)

    def mended(self, event: str, data: object) -> Received | None:
        """See Namespace: items that do not fit are rejected, the others of their batch are not."""
        return mend(event, data)

    async def _serve(self, connection: Connection, received: Received) -> Answer | None:
        message, worker_id = received.message, connection.worker_id
        self._require_rights(connection, message)
        if isinstance(message, Register):
            return await self._register(connection, message, received.request_id)
        match message:
            case Heartbeat():
                return self._beat(connection, message)
            case MendedDetections():
                return await self._ingest.take(worker_id, message, message.misfits)
            case Detections():
                return await self._ingest.take(worker_id, message)
            case Report():
                await self._desk.report(worker_id, message, received.request_id)
            case Credentials():
                return await self._desk.credentials(worker_id, message)
            case Released():
                await self._desk.released(worker_id, message)
        return None

    def _require_rights(self, connection: Connection, message: Message) -> None:
        """Looked up for each message: a worker may be removed at any time."""
        if self._proofs.is_revoked(connection.worker_id) and not isinstance(message, Released):
            raise ProtocolError(Code.REVOKED, "this worker was removed from the master")
        if connection.incarnation is None and not isinstance(message, Register):
            raise ProtocolError(Code.NOT_REGISTERED, "worker:register comes first on each connection")

    def _beat(self, connection: Connection, message: Message) -> Beaten:
        self._require_rights(connection, message)
        assert isinstance(message, Heartbeat) and connection.incarnation is not None
        return self._desk.heartbeat(connection.worker_id, connection.incarnation, message)

    async def _register(self, connection: Connection, message: Register, request_id: str) -> Registered:
        """One registration of a worker at a time: else an older process could end up registered after a newer one."""
        if message.worker_id != connection.worker_id:
            raise ProtocolError(Code.UNAUTHORIZED, "this connection proved to be another worker")
        lock = self._locks.setdefault(connection.worker_id, asyncio.Lock())
        async with lock:
            if connection.is_over():
                raise ProtocolError(Code.CLOSING, "the connection ended")
            replaced = self._promote(connection, message.incarnation)
            try:
                registered = await self._desk.register(message, request_id)
            except BaseException:
                self._demote(connection, replaced)
                raise
            connection.incarnation = message.incarnation
            self._give(connection, len(registered.tasks))
            if connection.is_over():
                self._lost(connection, message.incarnation)
            return registered

    def _give(self, connection: Connection, accounts: int) -> None:
        """It has so many accounts now, and may say as much more."""
        connection.accounts = max(0, accounts)
        self._sockets.widen(connection.sid, self.namespace, connection.accounts)

    def _promote(self, connection: Connection, incarnation: str) -> str | None:
        """Make it the current one; returns the incarnation that was."""
        before = self._current.get(connection.worker_id)
        replaced = before.incarnation if before else None
        connection.held, connection.incarnation = [], None
        self._current[connection.worker_id] = connection
        if before is not None and before is not connection:
            self._displace(before, same_process=replaced == incarnation)
        return replaced

    def _displace(self, connection: Connection, *, same_process: bool) -> None:
        """A process that came back over a new socket only loses its old one; another process is told to end."""
        if same_process:
            connection.end(Code.CLOSING, "a newer connection of this process took over")
        else:
            log.info("worker.displaced", worker_id=connection.worker_id)
            connection.end(Code.DISPLACED, "another process has taken over as this worker")
            farewell = pack(Shutdown(str(Code.DISPLACED), 0), logs.current_request_id(), wall_ms())
            self._sockets.push(connection.sid, self.namespace, Shutdown.TYPE, farewell)
        self._sockets.cut(self._eio_sid(connection))

    def _demote(self, connection: Connection, replaced: str | None) -> None:
        """It was refused: nobody is current, so the one before it is lost now."""
        if self._current.get(connection.worker_id) is connection:
            del self._current[connection.worker_id]
            if replaced is not None:
                self._desk.link_lost(connection.worker_id, replaced)

    def _lost(self, connection: Connection, incarnation: str) -> None:
        """Tell the desk, unless a newer connection took over."""
        if self._current.get(connection.worker_id) is connection:
            del self._current[connection.worker_id]
            self._desk.link_lost(connection.worker_id, incarnation)

    def _eio_sid(self, connection: Connection) -> Any:
        return self._sockets.manager.eio_sid_from_sid(connection.sid, self.namespace)


def _release(connection: Connection) -> None:
    held, connection.held = connection.held or [], None
    if not connection.is_over():
        for push in held:
            push()
