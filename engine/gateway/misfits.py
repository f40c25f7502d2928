"""A batch in which some items do not fit the protocol: they must not keep the others from being stored."""

import json
from typing import Any

import msgspec

from engine.records import Misfit
from worker.protocol.envelope import Received, unpack
from worker.protocol.errors import ProtocolError
from worker.protocol.messages import MAX_ITEMS, Detections, Item

MAX_SEQ = 2**53


class MendedDetections(Detections, frozen=True):
    """The items that fit; `misfits` are the others, which the worker shall hear of as rejected."""

    misfits: tuple[Misfit, ...] = ()


def mend(event: str, data: object) -> Received | None:
    """Take a refused batch apart; None unless every item can at least be named by its outbox row and all else fits."""
    payload = data.get("payload") if isinstance(data, dict) and event == Detections.TYPE else None
    items = payload.get("items") if isinstance(payload, dict) else None
    if not isinstance(data, dict) or not isinstance(payload, dict) or not isinstance(items, list):
        return None
    if len(items) > MAX_ITEMS:
        return None
    try:
        judged = [(each, _misfit(each)) for each in items]
        misfits = tuple(misfit for _, misfit in judged if misfit is not None)
        rest = {**payload, "items": [each for each, misfit in judged if misfit is None]}
        received = unpack(event, {**data, "payload": rest}, {Detections.TYPE: Detections})
    except (ProtocolError, ValueError, RecursionError):
        return None
    message = received.message
    assert isinstance(message, Detections)
    mended = MendedDetections(items=message.items, cursors=message.cursors, misfits=misfits)
    return Received(mended, received.request_id, received.timestamp)


def _misfit(item: Any) -> Misfit | None:
    """Raises ValueError if it cannot be named, ValueError or RecursionError if it cannot be kept."""
    try:
        msgspec.convert(item, Item)
    except msgspec.ValidationError as error:
        seq = item.get("seq") if isinstance(item, dict) else None
        if type(seq) is not int or not 0 <= seq < MAX_SEQ:
            raise ValueError("an item without a row") from None
        json.dumps(item)
        return Misfit(seq, f"it does not fit: {error}", item)
    return None
