"""What both Socket.IO namespaces share: joining, decoding, strikes, and an acknowledgement for whatever happens."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import socketio
import structlog

from engine.api.errors import ApiError
from engine.gateway.sockets import GuardedServer
from engine.records import StorageFault
from worker.process import logs
from worker.protocol.envelope import Received, ok, refused, unpack
from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import Answer, Message

Ack = dict[str, Any]

log = structlog.get_logger("gateway")


def refuse(code: Code, message: str) -> socketio.exceptions.ConnectionRefusedError:
    """To raise on joining; the peer gets `{"message": …, "data": {"code": …}}` with its connect_error."""
    return socketio.exceptions.ConnectionRefusedError(message, {"code": str(code)})


async def answered(work: Awaitable[Answer | Ack | None]) -> Ack:
    """Await the work and make an acknowledgement of whatever becomes of it; raises nothing."""
    try:
        result = await work
    except Exception as error:  # whatever it is: without an ack the peer would wait out its time-out
        return _refusal(error)
    return {"ok": True, **result} if isinstance(result, dict) else ok(result)


def answered_at_once(work: Callable[[], Answer]) -> Ack:
    """The same for work that waits for nothing."""
    try:
        return ok(work())
    except Exception as error:  # as above
        return _refusal(error)


def _refusal(error: Exception) -> Ack:
    match error:
        case ProtocolError() | ApiError():
            return refused(error.code, error.message)
        case StorageFault():  # a full disk, say: no fault of ours, and it passes
            log.warning("gateway.not_stored", why=str(error))
            return refused(Code.BUSY, str(error))
    log.error("gateway.message_failed", exc_info=error)
    return refused(Code.INTERNAL, f"something went wrong here; the log has it under {logs.current_request_id()}")


class Namespace(socketio.AsyncNamespace, ABC):  # type: ignore[misc]  # python-socketio has no types
    """One namespace. Event names never become method names: a peer chooses them."""

    def __init__(self, name: str, sockets: GuardedServer, allowed: Mapping[str, type[Message]]) -> None:
        super().__init__(name)
        self._sockets = sockets
        self._allowed = allowed

    @abstractmethod
    def joined(self, sid: str, auth: Mapping[str, object]) -> None:
        """A peer wants in. Raises ConnectionRefusedError (`refuse`)."""

    @abstractmethod
    def left(self, sid: str) -> None:
        """A peer that had joined is gone."""

    @abstractmethod
    async def received(self, sid: str, received: Received) -> Ack:
        """A message that fits its type; messages arrive in order up to the first await."""

    def prompt(self, _sid: str, _event: str, _args: list[Any]) -> Ack | None:
        """The acknowledgement of a message that waits for nothing and nobody; None: it goes the usual way."""
        return None

    async def trigger_event(self, event: str, sid: str, *args: Any) -> Ack | None:
        """What Socket.IO calls; the guard has refused forged connect and disconnect events."""
        if event == "connect":
            auth = args[1] if len(args) > 1 else None
            try:
                self.joined(sid, auth if isinstance(auth, dict) else {})
            except socketio.exceptions.ConnectionRefusedError as refusal:
                self._sockets.refused(sid, self.namespace, refusal.error_args["data"]["code"])
                raise
        elif event == "disconnect":
            self.left(sid)
        else:
            return await self.message(event, sid, args)
        return None

    async def message(self, event: str, sid: str, args: tuple[Any, ...]) -> Ack:
        """Decode one message and have it done."""
        try:
            if len(args) != 1:
                raise ProtocolError(Code.MALFORMED, "an event has one argument")
            received = unpack(event, args[0], self._allowed)
        except ProtocolError as error:
            mended = self.mended(event, args[0]) if len(args) == 1 else None
            if mended is None:
                self._sockets.strike(sid, self.namespace)
                return refused(error.code, error.message)
            received = mended
        return await self.received(sid, received)

    def mended(self, _event: str, _data: object) -> Received | None:
        """What can be made of a message that does not fit; by default nothing."""
        return None
