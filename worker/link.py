"""The Socket.IO connection to the master: connects, keeps order, and connects again until it is told to stop.

python-socketio runs each incoming event as its own task, forgets callbacks silently when a connection ends, and has its
own rules for reconnecting; here each connection is a fresh client, one task drains what comes in, and a call ends with
its connection.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar

import aiohttp
import socketio
import structlog
from socketio.exceptions import SocketIOError

from worker.process import wire_json
from worker.process.clock import wall_ms
from worker.process.exit_codes import Exit, Stop
from worker.process.logs import new_request_id, request
from worker.process.tasks import cancel, spawn
from worker.protocol.envelope import Received, pack, read_answer, refused, unpack
from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import FROM_MASTER, Answer, Message
from worker.watch import backoff
from worker.way import CONNECT_TIMEOUT, Unreachable, Way

NAMESPACE = "/worker"
CLOSE_TIMEOUT = 2.0  #: seconds; then the transport is cut
CALL_TIMEOUT = 10.0  #: seconds
MAX_INBOX = 1000  #: messages that wait to be handled
MAX_FRAME = 64 * 1024 * 1024  #: bytes; the whole assignment of a large worker comes in one answer

FINAL = {
    Code.UNAUTHORIZED: "the master does not know this worker (wrong or used token)",
    Code.UNKNOWN_WORKER: "the master does not know this worker: join again with a new code",
    Code.BAD_SIGNATURE: "the master does not take this worker's signature: join again with a new code",
    Code.REVOKED: "the master has revoked this worker",
    Code.DISPLACED: "another process has taken over as this worker",
    Code.WRONG_VERSION: "the master speaks another version of the protocol; update the older of the two",
}

A = TypeVar("A", bound=Answer)
Acknowledge = Callable[[dict[str, Any]], None]
log = structlog.get_logger("link")


class LinkDown(Exception):
    """There is no connection to the master, or it ended, or it gave no answer in time: try again later."""


class Listener(Protocol):
    """Who is told about the connection."""

    async def opened(self) -> None:
        """A connection stands: register. What the master sends meanwhile waits. May raise what Link.call raises."""

    def lost(self) -> None:
        """The connection that was opened is gone."""

    def received(self, received: Received, acknowledge: Acknowledge) -> None:
        """A valid message, in order of arrival; `acknowledge` is to be called once, at once or later."""


class Link:
    """Keeps one connection to the master.

    Args:
        way: to the master, and what proves who this is.
    """

    def __init__(self, way: Way, listener: Listener, rng: backoff.Rng) -> None:
        self._way = way
        self._listener = listener
        self._rng = rng
        self._connection: _Connection | None = None

    async def run(self) -> None:
        """Connect, and again whenever the connection ends, until cancelled.

        Raises:
            Stop: if the master refuses this worker for good.
        """
        for name in ("socketio.client", "engineio.client"):  # what matters is logged here, once
            logging.getLogger(name).setLevel(logging.CRITICAL)
        attempt = 0
        while True:
            attempt = 0 if await self._once() else attempt + 1
            await asyncio.sleep(backoff.compute(attempt, self._rng))

    async def call(
        self, message: Message, answer: type[A], *, timeout: float = CALL_TIMEOUT, request_id: str = ""
    ) -> A:
        """Send a message and wait for the master's answer.

        Raises:
            LinkDown: no connection, or no answer within `timeout` seconds.
            ProtocolError: the master refused; with its code.
        """
        connection = self._connection
        if connection is None:
            raise LinkDown("not connected")
        envelope = pack(message, request_id or new_request_id(), wall_ms())
        data = await connection.ask(message.TYPE, envelope, timeout)
        try:
            return read_answer(data, answer)
        except ProtocolError as error:
            if error.code is Code.NOT_REGISTERED:
                connection.end("the master does not know this connection")
            elif error.code in FINAL and error.code is not Code.UNAUTHORIZED:
                connection.fail(final(error.code, error.message))
            raise

    def hang_up(self, reason: str) -> None:
        """End the connection; run() makes a new one."""
        if self._connection is not None:
            self._connection.end(reason)

    async def _once(self) -> bool:
        """One connection from beginning to end; true if it got as far as being registered."""
        opened = registered = False
        async with self._way.session() as http:
            connection = _Connection(http, self._listener.received, self._way)
            try:
                await connection.open(await self._way.find(http))
                self._connection, opened = connection, True
                await self._listener.opened()
                registered = True
                connection.start_handling()
                log.info("link.lost", reason=await connection.ended())
            except (LinkDown, ProtocolError, Unreachable) as error:
                connection.raise_failure()
                log.info("link.failed", reason=f"{type(error).__name__}: {error}")
            finally:
                self._connection = None
                if opened:
                    self._listener.lost()
                await connection.close()
        return registered


class _Connection:
    """One Socket.IO client, used for one connection."""

    def __init__(self, http: aiohttp.ClientSession, handle: Callable[[Received, Acknowledge], None], way: Way) -> None:
        loop = asyncio.get_running_loop()
        self._way = way
        self._handle = handle
        self._refusal: object = None
        self._failure: Stop | None = None
        self._end: asyncio.Future[str] = loop.create_future()
        self._waiting: set[asyncio.Future[Any]] = set()
        self._inbox: asyncio.Queue[tuple[Received, asyncio.Future[dict[str, Any]]]] = asyncio.Queue(MAX_INBOX)
        self._drain: asyncio.Task[None] | None = None
        self._client = socketio.AsyncClient(
            reconnection=False,
            logger=False,
            engineio_logger=False,
            handle_sigint=False,
            json=wire_json,
            http_session=http,
            request_timeout=CLOSE_TIMEOUT,
            websocket_extra_options={"max_msg_size": MAX_FRAME, **way.websocket},
        )
        self._client.on("*", self._event, namespace=NAMESPACE)
        self._client.on("connect_error", self._connect_error, namespace=NAMESPACE)
        self._client.on("disconnect", self._disconnected, namespace=NAMESPACE)

    async def open(self, url: str) -> None:
        """Connect. The proof is made when the master has named the socket.

        Raises:
            LinkDown: it did not work, but may later.
            Stop: it never will.
        """
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self._client.connect(
                    url,
                    auth=lambda: self._way.auth(str(self._client.eio.sid)),
                    namespaces=[NAMESPACE],
                    transports=["websocket"],
                    wait_timeout=CONNECT_TIMEOUT,
                )
        except (SocketIOError, aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            code, message = _read_refusal(self._refusal)
            if code in FINAL:
                raise final(code, message) from None
            raise LinkDown(message or str(error) or "no connection in time") from None
        if self._client.eio.state != "connected":  # it ended before the library would have told us
            raise LinkDown("the connection ended at once")

    def start_handling(self) -> None:
        """Hand what came in, and what comes, to the listener, one by one."""
        self._drain = spawn(self._handle_all(), name="link inbox")

    async def ended(self) -> str:
        """Wait for the end; returns the reason.

        Raises:
            Stop: if fail() ended it.
        """
        reason = await self._end
        self.raise_failure()
        return reason

    def end(self, reason: str) -> None:
        """The connection is, or shall be, over."""
        if not self._end.done():
            self._end.set_result(reason)
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(LinkDown(reason))

    def fail(self, stop: Stop) -> None:
        """As end(), and there shall be no other."""
        self._failure = stop
        self.end(stop.sentence)

    def raise_failure(self) -> None:
        """Raise what fail() was given, if it was called."""
        if self._failure is not None:
            raise self._failure

    async def ask(self, event: str, envelope: dict[str, Any], timeout: float) -> object:
        """Emit and wait for the acknowledgement's first argument.

        Raises:
            LinkDown: see Link.call.
        """
        if self._end.done():
            raise LinkDown("the connection has ended")
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()

        def acknowledged(*arguments: object) -> None:
            if not answer.done():
                answer.set_result(arguments[0] if arguments else None)

        self._waiting.add(answer)
        try:
            async with asyncio.timeout(timeout):
                await self._client.emit(event, envelope, namespace=NAMESPACE, callback=acknowledged)
                return await answer
        except TimeoutError:
            raise LinkDown(f"no answer to {event} within {timeout:g} s") from None
        except SocketIOError as error:
            raise LinkDown(str(error)) from None
        finally:
            self._waiting.discard(answer)
            answer.cancel()

    async def close(self) -> None:
        """Say goodbye if the peer listens, else cut; ends everything that waits for this connection."""
        self.end("closed")
        await cancel(self._drain)
        while not self._inbox.empty():
            self._inbox.get_nowait()[1].cancel()
        with suppress(SocketIOError, aiohttp.ClientError, OSError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._client.disconnect()
        engine = self._client.eio
        await cancel(engine.read_loop_task, engine.write_loop_task)

    async def _event(self, event: str, *arguments: object) -> dict[str, Any]:
        # up to its first await this runs in order of arrival
        try:
            received = unpack(event, arguments[0] if len(arguments) == 1 else None, FROM_MASTER)
        except ProtocolError as error:
            log.warning("link.bad_message", event_name=event[:64], code=error.code, reason=error.message[:300])
            return refused(error.code, error.message)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        try:
            self._inbox.put_nowait((received, answer))
        except asyncio.QueueFull:
            return refused(Code.BUSY, "too many messages wait already")
        try:
            return await answer
        except asyncio.CancelledError:  # ours: the connection ended before it was handled
            return refused(Code.CLOSING, "the connection is ending")

    async def _handle_all(self) -> None:
        while True:
            received, answer = await self._inbox.get()
            with request(received.request_id):
                try:
                    self._handle(received, partial(_settle, answer))
                except Exception:  # a fault of ours in one message must not stop those after it
                    log.exception("link.handler_failed", event_name=received.message.TYPE)
                    _settle(answer, refused(Code.INTERNAL, "the worker could not handle this"))

    async def _connect_error(self, data: object = None) -> None:
        self._refusal = data

    async def _disconnected(self, reason: object = "") -> None:
        self.end(f"{reason}")


def _settle(answer: "asyncio.Future[dict[str, Any]]", reply: dict[str, Any]) -> None:
    if not answer.done():
        answer.set_result(reply)


def _read_refusal(refusal: object) -> tuple[str, str]:
    """Code and sentence of a refused connect: `{"message", "data": {"code", "message"}}`, or a code as the message."""
    if not isinstance(refusal, dict):
        return "", str(refusal or "")[:300]
    data = refusal.get("data")
    inner = data if isinstance(data, dict) else {}
    message = str(inner.get("message") or refusal.get("message") or "")[:300]
    return str(inner.get("code") or refusal.get("message") or ""), message


def final(code: str, message: str = "") -> Stop:
    """The end of a worker that the master does not want, with a sentence for each of the codes in FINAL."""
    sentence = FINAL[Code(code)]
    return Stop(Exit.CONFIG, sentence if message in ("", code) else f"{sentence} ({message})")
