"""The envelope around every message, and the shape of every acknowledgement."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import Answer, Message
from worker.protocol.version import PROTOCOL

MAX_REQUEST_ID = 64

M = TypeVar("M", bound=Message)
A = TypeVar("A", bound=Answer)


class Received(Struct, frozen=True):
    """A message that passed every check. `timestamp` is the sender's clock in milliseconds: data, never trusted."""

    message: Message
    request_id: str
    timestamp: int


class _Envelope(Struct, frozen=True, forbid_unknown_fields=True):
    type: str
    version: str
    payload: dict[str, Any]
    timestamp: int
    request_id: str


def pack(message: Message, request_id: str, timestamp: int) -> dict[str, Any]:
    """Wrap a message for the wire; the result holds only JSON types."""
    return {
        "type": message.TYPE,
        "version": PROTOCOL,
        "payload": msgspec.to_builtins(message),
        "timestamp": timestamp,
        "request_id": request_id,
    }


def unpack(event: str, data: object, allowed: Mapping[str, type[Message]]) -> Received:
    """Check an event's argument and return the message in it.

    Args:
        event: name of the Socket.IO event.
        data: its only argument, as decoded from JSON.
        allowed: the message types of this direction, by name.

    Raises:
        ProtocolError: with a code for every way in which it can be wrong.
    """
    envelope = _envelope(data)
    if envelope.version != PROTOCOL:
        raise ProtocolError(Code.WRONG_VERSION, f"this side speaks {PROTOCOL}, the message {envelope.version[:20]!r}")
    if envelope.type != event:
        raise ProtocolError(Code.MALFORMED, "the envelope's type is not the event's name")
    kind = allowed.get(event)
    if kind is None:
        raise ProtocolError(Code.UNKNOWN_TYPE, f"no message of type {event[:64]!r} is expected here")
    return Received(_payload(envelope.payload, kind), envelope.request_id[:MAX_REQUEST_ID], envelope.timestamp)


def _envelope(data: object) -> _Envelope:
    if not isinstance(data, dict):
        raise ProtocolError(Code.MALFORMED, "a message is one JSON object")
    version = data.get("version")
    if isinstance(version, str) and version != PROTOCOL:  # another version may have another envelope: say that first
        raise ProtocolError(Code.WRONG_VERSION, f"this side speaks {PROTOCOL}, the message {version[:20]!r}")
    try:
        return msgspec.convert(data, _Envelope)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ProtocolError(Code.MALFORMED, f"not an envelope: {error}") from None


def _payload(payload: dict[str, Any], kind: type[M]) -> M:
    try:
        return msgspec.convert(payload, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        code = Code.TOO_LARGE if "length <=" in str(error) and "array" in str(error) else Code.INVALID
        raise ProtocolError(code, str(error)) from None


def ok(answer: Answer | None = None) -> dict[str, Any]:
    """A positive acknowledgement, with the answer's fields beside `ok`."""
    return {"ok": True, **(msgspec.to_builtins(answer) if answer is not None else {})}


def refused(code: Code | str, message: str) -> dict[str, Any]:
    """A negative acknowledgement."""
    return {"ok": False, "code": str(code), "message": message[:500]}


def read_answer(data: object, kind: type[A]) -> A:
    """Read an acknowledgement.

    Raises:
        ProtocolError: with the peer's code if it refused, or `malformed` if the answer makes no sense.
    """
    if not isinstance(data, dict) or not isinstance(data.get("ok"), bool):
        raise ProtocolError(Code.MALFORMED, "the acknowledgement has no “ok”")
    if not data["ok"]:
        raise ProtocolError(_code(data.get("code")), str(data.get("message", ""))[:500])
    try:
        return msgspec.convert({k: v for k, v in data.items() if k != "ok"}, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ProtocolError(Code.MALFORMED, f"the acknowledgement does not fit: {error}") from None


def _code(value: object) -> Code:
    try:
        return Code(str(value))
    except ValueError:
        return Code.INTERNAL
