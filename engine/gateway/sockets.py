"""python-socketio with what it does not give: text only, no forged events, three strikes, transports that really end.

Private methods are overridden, so the minor versions are pinned and every defence has a test (trust.md, "The doors").
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

import engineio
import socketio
import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from engineio import packet as engine_packet
from socketio import packet

from engine.gateway import pump
from engine.gateway.doorkeeper import Doorkeeper
from engine.gateway.peer import Outbox, Peer
from worker.process import wire_json
from worker.process.tasks import cancel, spawn
from worker.protocol.envelope import refused
from worker.protocol.errors import Code
from worker.protocol.messages import MAX_FRAME_BYTES

PING_INTERVAL = 15  #: seconds
PING_TIMEOUT = 10  #: seconds; a peer that is gone is noticed after both
STRIKES = 3  #: malformed packets or messages until the connection is cut
LINGER = 0.2  #: seconds between the last answer to a peer and the end of its transport
FAREWELL = 1.0  #: seconds that a peer gets to answer our closing frame
MAX_WAITING = 1000  #: packets that wait for a slow peer; one more and it is cut
MAX_WAITING_BYTES = 8 * 1024 * 1024  #: likewise, what came before the packet that is the last
MAX_EVENT_NAME = 64
MAX_ACK_ID = 2**53
FORGED = ("connect", "disconnect", "connect_error")
BAD_FRAME = "4!"  #: stands for a frame that engine.io would choke on: the packet guard counts it as a strike
PEER = "vedette.peer"  #: where engine.io's environment holds the Peer

log = structlog.get_logger("gateway")


class BadPacket(ValueError):
    """A packet that no client of ours sends; `ack_id` if it can be told so all the same."""

    def __init__(self, message: str, namespace: str | None = None, ack_id: int | None = None) -> None:
        super().__init__(message)
        self.namespace = namespace or "/"
        self.ack_id = ack_id


class TextPacket(packet.Packet):  # type: ignore[misc]  # python-socketio has no types
    """Our payloads are JSON text: a binary packet would wait for attachments without a limit."""

    uses_binary_events = False

    def decode(self, encoded_packet: object) -> int:
        if not isinstance(encoded_packet, str) or encoded_packet[:1] not in ("0", "1", "2", "3"):
            raise BadPacket("not a text packet that clients send")
        try:
            attachments = super().decode(encoded_packet)
        except ValueError:
            asks = self.packet_type == packet.EVENT and self.id is not None and self.id <= MAX_ACK_ID
            raise BadPacket("the packet is not JSON", self.namespace, self.id if asks else None) from None
        if attachments:
            raise BadPacket("attachments are off")
        return 0


class GuardedWebSocket:
    """One websocket as engine.io wants it, except that a frame it cannot read is marked instead of raised."""

    def __init__(self, handler: Any, server: Any) -> None:
        self._engine_socket = handler.__self__
        self._socket = web.WebSocketResponse(
            timeout=FAREWELL, max_msg_size=server.max_http_buffer_size, compress=False, autoping=False
        )
        self._peer: Peer
        self.environ: dict[str, Any] = {}

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        self.environ = environ
        self._peer = environ[PEER]
        await self._socket.prepare(environ["aiohttp.request"])
        await pump.carry(self._engine_socket, self)
        return self._socket

    async def close(self) -> None:
        await self._socket.close()

    async def send(self, message: str) -> None:
        await self._socket.send_str(message)

    async def wait(self) -> str:
        """The next frame. Raises OSError once the connection has ended, or the peer may not say more."""
        message = await self._socket.receive()
        while message.type in (WSMsgType.PING, WSMsgType.PONG):  # they cost as much as any other frame
            self._admit("")
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            message = await self._socket.receive()
        if message.type is WSMsgType.BINARY:
            self._admit("")
            return BAD_FRAME
        if message.type is not WSMsgType.TEXT:
            if getattr(message.data, "code", 0) == WSCloseCode.MESSAGE_TOO_BIG:
                self._peer.note("too_large")
            raise OSError("the connection has ended")
        text = str(message.data)
        self._admit(text)
        return text if text[:1] in ("1", "3", "4") else BAD_FRAME  # close, pong, message: all that a client sends

    def _admit(self, frame: str) -> None:
        if not self._peer.hear(frame):
            raise OSError("too much at once")


class Engine(engineio.AsyncServer):  # type: ignore[misc]  # python-engineio has no types
    """engine.io whose background tasks end with it: stock ping tasks outlive their socket by a ping interval."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._async: dict[str, Any] = {**self._async, "websocket": GuardedWebSocket}
        self._background: set[asyncio.Task[Any]] = set()
        self.quiet_since: dict[str, float] = {}
        self.lines: dict[str, pump.Line] = {}

    def start_background_task(
        self, target: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any
    ) -> asyncio.Task[Any]:
        task = spawn(target(*args, **kwargs), name=f"socket:{getattr(target, '__name__', 'task')}")
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _service_task(self) -> None:
        await pump.sweep(self)

    async def end(self) -> None:
        """Cancel everything in the background."""
        await cancel(*self._background)


class GuardedServer(socketio.AsyncServer):  # type: ignore[misc]  # python-socketio has no types
    """The Socket.IO server behind both namespaces. Starts nothing until the first connection."""

    def __init__(self, keeper: Doorkeeper) -> None:
        super().__init__(
            async_mode="aiohttp",
            serializer=TextPacket,
            json=wire_json,
            transports=["websocket"],
            max_http_buffer_size=MAX_FRAME_BYTES,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            logger=False,
            engineio_logger=False,
            cors_allowed_origins=None,
            always_connect=False,
            async_handlers=True,
            namespaces=["/worker", "/client"],
        )
        self._keeper = keeper
        self._peers: dict[str, Peer] = {}
        self._awaited: dict[tuple[str, int], asyncio.Future[Any]] = {}
        self._ack_ids = itertools.count(1)

    # --- for the namespaces ------------------------------------------------------------------------------------------

    def push(self, sid: str, namespace: str, event: str, data: object, ack_id: int | None = None) -> bool:
        """Queue one event for a peer, in order; False if it is gone. A peer that reads too slowly is cut."""
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace)
        socket = self.eio.sockets.get(eio_sid)
        if socket is None or socket.closed or socket.closing:
            return False
        if self._reads_too_slowly(eio_sid):
            return False
        encoded = TextPacket(packet.EVENT, data=[event, data], namespace=namespace, id=ack_id).encode()
        socket.queue.put_nowait(engine_packet.Packet(engine_packet.MESSAGE, encoded))
        return True

    async def ask(self, sid: str, namespace: str, event: str, data: object, timeout: float) -> Any:
        """Send one event and wait for its acknowledgement.

        Raises:
            ConnectionError: if the peer is gone or goes meanwhile.
            TimeoutError: after `timeout` seconds.
        """
        ack_id, eio_sid = next(self._ack_ids), self.manager.eio_sid_from_sid(sid, namespace)
        if not self.push(sid, namespace, event, data, ack_id):
            raise ConnectionError("not connected")
        answer = self._awaited[eio_sid, ack_id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                return await answer
        finally:
            del self._awaited[eio_sid, ack_id]

    def strike(self, sid: str, namespace: str) -> None:
        """Count one malformed message; the third cuts the connection."""
        self._strike(self.manager.eio_sid_from_sid(sid, namespace))

    def address(self, sid: str, namespace: str) -> str:
        """Whom this peer counts for; empty if it is gone."""
        peer = self._peers.get(self.manager.eio_sid_from_sid(sid, namespace) or "")
        return "" if peer is None else peer.visit.address

    def transport(self, sid: str, namespace: str) -> asyncio.BaseTransport | None:
        """What this peer came in by; None if it is gone."""
        peer = self._peers.get(self.manager.eio_sid_from_sid(sid, namespace) or "")
        return None if peer is None else peer.visit.transport

    def widen(self, sid: str, namespace: str, accounts: int) -> None:
        """This worker has so many accounts to speak of."""
        if peer := self._peers.get(self.manager.eio_sid_from_sid(sid, namespace) or ""):
            peer.meter.widen(accounts)

    def note(self, sid: str, namespace: str, kind: str) -> None:
        """Note that this peer asked for what it may not have."""
        if peer := self._peers.get(self.manager.eio_sid_from_sid(sid, namespace) or ""):
            peer.note(kind)

    def refused(self, sid: str, namespace: str, code: str) -> None:
        """Say why this peer does not get in."""
        if peer := self._peers.get(self.manager.eio_sid_from_sid(sid, namespace) or ""):
            peer.refusal = code

    def turn_out(self, sid: str, namespace: str, kind: str) -> None:
        """Cut at once one that may not be here any longer, and note why."""
        if peer := self._peers.get(self.manager.eio_sid_from_sid(sid, namespace) or ""):
            peer.refuse(kind)

    def cut(self, eio_sid: str | None, after: float = LINGER) -> None:
        """Ignore the peer from now on and abort its transport in `after` seconds; engine.io only asks it to go."""
        peer = self._peers.get(eio_sid or "")
        if peer is None:
            return
        peer.cut = True
        if after:
            asyncio.get_running_loop().call_later(after, peer.visit.abort)
        else:
            peer.visit.abort()

    async def close(self) -> None:
        """Abort every transport and end what runs in the background."""
        for eio_sid in list(self._peers):
            self.cut(eio_sid, after=0)
        await self.eio.end()

    # --- what the stock server lets through --------------------------------------------------------------------------

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        """The stock one leaves a client connected for as long as it answers pings."""
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace or "/")
        await super().disconnect(sid, namespace=namespace, ignore_queue=ignore_queue)
        self.cut(eio_sid)

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> Any:
        visit = environ["aiohttp.request"].protocol.visit
        environ[PEER] = self._peers[eio_sid] = Peer(visit, self._keeper.limits, self._keeper.refusals.note)
        self._count_what_waits(eio_sid)
        return await super()._handle_eio_connect(eio_sid, environ)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        self.cut(eio_sid)  # a peer that says goodbye to engine.io and stays would be ignored, and held, for ever
        self._peers.pop(eio_sid, None)
        for (owner, _), answer in list(self._awaited.items()):
            if owner == eio_sid and not answer.done():
                answer.set_exception(ConnectionError("the connection has ended"))
        await super()._handle_eio_disconnect(eio_sid, reason)

    async def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        peer = self._peers.get(eio_sid)
        if peer is None or peer.cut:
            return
        try:
            await super()._handle_eio_message(eio_sid, data)
        except ValueError as error:  # what decoding raises, our BadPacket included; never a traceback for it
            if isinstance(error, BadPacket):
                await self._refuse(eio_sid, error)
            self._strike(eio_sid)

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: object) -> None:
        peer = self._peers[eio_sid]
        if peer.tried:
            peer.refuse("second_connect")
            return
        peer.tried = True  # one guess a socket
        await super()._handle_connect(eio_sid, namespace, data)
        if self.manager.sid_from_eio_sid(eio_sid, namespace or "/") is not None:
            peer.namespace = namespace or "/"
            self._keeper.admission.prove(peer.visit)
        elif peer.refusal != Code.CLOSING and self._keeper.guessed_wrong(peer.visit.address, peer.refusal):
            self.cut(eio_sid, after=0)
        else:
            self.cut(eio_sid)

    async def _handle_disconnect(self, eio_sid: str, namespace: str | None, reason: str | None = None) -> None:
        await super()._handle_disconnect(eio_sid, namespace, reason)
        self.cut(eio_sid)

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: object) -> None:
        if not isinstance(data, list) or not data or not isinstance(data[0], str) or len(data[0]) > MAX_EVENT_NAME:
            raise BadPacket("an event is a list that starts with its name", namespace, id)
        if data[0] in FORGED:
            self._peers[eio_sid].refuse("forged_event")
            return
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        if not self.manager.is_connected(sid, namespace or "/"):
            raise BadPacket("not connected to this namespace")
        answer = self.namespace_handlers[namespace].prompt(sid, data[0], data[1:])
        if answer is None:
            await super()._handle_event(eio_sid, namespace, id, data)
        elif id is not None and not self._reads_too_slowly(eio_sid):
            await pump.say(self.eio.sockets[eio_sid], TextPacket(packet.ACK, [answer], namespace, id).encode())

    async def _handle_ack(self, eio_sid: str, namespace: str | None, id: int | None, data: object) -> None:
        answer = self._awaited.get((eio_sid, id or 0))
        if answer is None or not isinstance(data, list):
            raise BadPacket("nobody waits for this acknowledgement")
        if not answer.done():
            answer.set_result(data[0] if data else None)

    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        peer = self._peers.get(eio_sid)
        if peer is None or self._reads_too_slowly(eio_sid):
            return
        await super()._send_packet(eio_sid, pkt)
        if pkt.packet_type == packet.ACK:
            peer.answered(pkt.id)

    def _count_what_waits(self, eio_sid: str) -> None:
        socket, outbox = self.eio.sockets[eio_sid], Outbox()
        while not socket.queue.empty():
            outbox.put_nowait(socket.queue.get_nowait())
        socket.queue = outbox

    def _reads_too_slowly(self, eio_sid: str) -> bool:
        """Whether so much waits for this peer that it was cut for it."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is None or (socket.queue.qsize() < MAX_WAITING and socket.queue.waiting < MAX_WAITING_BYTES):
            return False
        self._peers[eio_sid].refuse("reads_too_slowly")
        return True

    async def _refuse(self, eio_sid: str, bad: BadPacket) -> None:
        """Acknowledge what could not be read, if that was asked for: else the peer would wait out its time-out."""
        if bad.ack_id is not None and self.manager.sid_from_eio_sid(eio_sid, bad.namespace) is not None:
            answer = [refused(Code.MALFORMED, str(bad))]
            await self._send_packet(eio_sid, TextPacket(packet.ACK, answer, bad.namespace, bad.ack_id))

    def _strike(self, eio_sid: str | None) -> None:
        peer = self._peers.get(eio_sid or "")
        if peer is None or peer.cut:
            return
        peer.strikes += 1
        if peer.strikes >= STRIKES:
            peer.note("malformed")
            self.cut(eio_sid)
