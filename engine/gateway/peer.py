"""One websocket's other end: what it may say, and how fast."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

from engine.gateway.admission import Visit
from engine.gateway.limits import Limits
from worker.process.clock import lease_clock
from worker.protocol.messages import MAX_BATCH_BYTES, Detections

REFILL = 20.0  #: seconds in which what is said of accounts may be said again
ENVELOPE = 4096  #: bytes around a batch that is as large as it may be
BATCH_WAITS = 5.0  #: seconds within which nobody honest repeats a batch that was not answered
BATCH = re.compile(rf'42/worker,(\d{{1,16}})\["{Detections.TYPE}"')


class Meter:
    """Two token buckets: frames and bytes."""

    __slots__ = ("_burst", "_events", "_last", "_limits", "_octets", "_rate")

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._rate, self._burst = limits.events, limits.events_burst
        self._events, self._octets, self._last = limits.events_burst, limits.octets_burst, now

    def take(self, size: int, now: float) -> bool:
        """Whether one more frame of this size is within both."""
        limits, passed = self._limits, now - self._last
        self._last = now
        self._events = min(self._burst, self._events + passed * self._rate) - 1
        self._octets = min(limits.octets_burst, self._octets + passed * limits.octets) - size
        return self._events >= 0 and self._octets >= 0

    def widen(self, accounts: int) -> None:
        """A worker speaks of each of its accounts: with many, its bucket is larger. Never smaller again."""
        extra = accounts * self._limits.per_account
        more = max(0.0, self._limits.events_burst + extra - self._burst)
        self._burst, self._events = self._burst + more, self._events + more
        self._rate = max(self._rate, self._limits.events + extra / REFILL)


class Outbox(asyncio.Queue[Any]):
    """What waits for a slow peer, and how many bytes that is."""

    waiting: int = 0

    def _put(self, item: Any) -> None:
        self.waiting += _size(item)
        super()._put(item)

    def _get(self) -> Any:
        item = super()._get()
        self.waiting -= _size(item)
        return item


class Peer:
    """What the guard knows of one socket.

    Args:
        note: is told address and kind if the peer is turned away.
    """

    __slots__ = ("_batch", "_batch_at", "_note", "cut", "meter", "namespace", "refusal", "strikes", "tried", "visit")

    def __init__(self, visit: Visit, limits: Limits, note: Callable[[str, str], None]) -> None:
        self.visit = visit
        self.meter = Meter(limits, lease_clock())
        self.strikes = 0
        self.tried = False
        self.refusal = "unauthorized"  #: why it did not get in
        self.cut = False
        self.namespace = ""  #: the one that it has proven to belong to
        self._note = note
        self._batch: int | None = None
        self._batch_at = 0.0

    def hear(self, frame: str) -> bool:
        """Whether it may say this now; if not it is cut at once."""
        now = lease_clock()
        if self.namespace == "/worker" and (batch := BATCH.match(frame)):
            if self._batch is None and len(frame) <= MAX_BATCH_BYTES + ENVELOPE:
                self._batch, self._batch_at = int(batch[1]), now
                return True
            if self._batch is not None and now - self._batch_at < BATCH_WAITS:
                return self.refuse("second_batch")
        return self.meter.take(len(frame), now) or self.refuse("flood")

    def answered(self, ack_id: int | None) -> None:
        """An acknowledgement goes out: if it is the batch's, another batch may come."""
        if ack_id == self._batch:
            self._batch = None

    def note(self, kind: str) -> None:
        """Note why it was turned away."""
        self._note(self.visit.address, kind)

    def refuse(self, kind: str) -> bool:
        """Cut it and note why; always false."""
        if not self.cut:
            self.cut = True
            self.note(kind)
        self.visit.abort()
        return False


def _size(item: Any) -> int:
    data = getattr(item, "data", None)
    return len(data) if isinstance(data, str) else 0
