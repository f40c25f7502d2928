"""When each account is due: one heap of absolute deadlines `anchor + k * interval`, so nothing ever drifts."""

import heapq
import math
from dataclasses import dataclass

SLACK = 64  #: stale heap entries that are always let be


@dataclass(slots=True)
class _Slot:
    anchor: float
    interval: float
    due: float
    stamp: int


class Schedule:
    """Due times by key. All times are seconds of one clock; `interval` is in seconds and above 0.

    Changing or removing leaves the old heap entry behind (told apart by its stamp); when these outnumber the living the
    heap is rebuilt, so both cost O(log n) on average.
    """

    def __init__(self) -> None:
        self._slots: dict[str, _Slot] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._stamp = 0

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, key: str) -> bool:
        return key in self._slots

    @property
    def heap_size(self) -> int:
        """Entries in the heap, stale ones included."""
        return len(self._heap)

    def add(self, key: str, interval: float, first_at: float) -> None:
        """Make `key` due at `first_at` and every `interval` after; replaces what it had."""
        self._slots[key] = _Slot(first_at, interval, first_at, 0)
        self._push(key)

    def remove(self, key: str) -> None:
        """Forget `key`; an unknown one is ignored."""
        if self._slots.pop(key, None) is not None:
            self._compact()

    def change_interval(self, key: str, interval: float, now: float) -> None:
        """Anchor `key` anew: next due one new interval from `now`, or earlier if it was due earlier.

        Raises:
            KeyError: if it is unknown; so do aim, due_at and due_in.
        """
        slot = self._slots[key]
        self.add(key, interval, min(slot.due, now + interval))

    def aim(self, key: str, not_before: float) -> None:
        """Move `key` to its first slot at or after `not_before`, forwards or backwards; the phase stays."""
        slot = self._slots[key]
        slot.due = _slot_from(slot, not_before)
        self._push(key)

    def due_at(self, key: str) -> float:
        """Moment of the next slot."""
        return self._slots[key].due

    def due_in(self, key: str, now: float) -> float:
        """Seconds until the next slot, 0 if it has passed."""
        return max(0.0, self._slots[key].due - now)

    def next_at(self) -> float | None:
        """Moment of the earliest slot of all, None if nothing is scheduled."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> list[str]:
        """Keys whose slot has come, earliest first, each once; each is moved to its first slot after `now`."""
        due: list[str] = []
        while (at := self.next_at()) is not None and at <= now:
            key = heapq.heappop(self._heap)[2]
            slot = self._slots[key]
            slot.due = _slot_after(slot, now)
            self._push(key)
            due.append(key)
        return due

    def _push(self, key: str) -> None:
        self._stamp += 1
        slot = self._slots[key]
        slot.stamp = self._stamp
        heapq.heappush(self._heap, (slot.due, slot.stamp, key))
        self._compact()

    def _is_stale(self, entry: tuple[float, int, str]) -> bool:
        slot = self._slots.get(entry[2])
        return slot is None or slot.stamp != entry[1]

    def _drop_stale(self) -> None:
        while self._heap and self._is_stale(self._heap[0]):
            heapq.heappop(self._heap)

    def _compact(self) -> None:
        if len(self._heap) > 2 * len(self._slots) + SLACK:
            self._heap = [(slot.due, slot.stamp, key) for key, slot in self._slots.items()]
            heapq.heapify(self._heap)


def _slot_from(slot: _Slot, moment: float) -> float:
    """First slot at or after `moment`."""
    k = max(0, math.floor((moment - slot.anchor) / slot.interval))
    while slot.anchor + k * slot.interval < moment:  # at most twice: the division was rounded
        k += 1
    return slot.anchor + k * slot.interval


def _slot_after(slot: _Slot, moment: float) -> float:
    """First slot after `moment`."""
    k = max(0, math.floor((moment - slot.anchor) / slot.interval))
    while slot.anchor + k * slot.interval <= moment:  # at most twice: the division was rounded
        k += 1
    return slot.anchor + k * slot.interval
