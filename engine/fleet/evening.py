"""Which accounts move when the fleet is out of balance: as few as possible, and only to where they may be.

Accounts of one kind (platform and pin) are interchangeable, so a plan is made of kinds and costs nothing per account.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from engine.fleet.entries import Kind, WorkerEntry


@dataclass(slots=True)
class Shift:
    """One account of this kind moves."""

    kind: Kind
    source: WorkerEntry
    target: WorkerEntry


def even_out(workers: Iterable[WorkerEntry], threshold: int) -> list[Shift]:
    """Moves that even out the live workers.

    None unless somewhere an account could move between two workers that differ by more than `threshold`; then until no
    account could move between two that differ by more than one. Nothing is changed here.
    """
    live = [worker for worker in workers if worker.live]
    loads = [worker.load for worker in live]
    if not live or max(loads) - min(loads) <= threshold:  # most of the time: no look at kinds is needed
        return []
    plan = _Plan(sorted(live, key=lambda worker: worker.id))
    shift = plan.widest()
    if shift is None or plan.gap(shift) <= threshold:
        return []
    while shift is not None and plan.gap(shift) > 1:
        plan.take(shift)
        shift = plan.widest()
    return plan.shortened()


class _Plan:
    """Loads and kinds as they will be. Of each kind the fullest that has some, and the emptiest that may take one, are
    found by heaps; what is stale in them is dropped when it comes to the top."""

    def __init__(self, live: list[WorkerEntry]) -> None:
        self._workers = {worker.id: worker for worker in live}
        self._loads = {worker.id: worker.load for worker in live}
        self._kinds = {worker.id: {kind: n for kind, n in worker.kinds.items() if n} for worker in live}
        kinds = {kind for mine in self._kinds.values() for kind in mine}
        self._sources: dict[Kind, list[tuple[int, str]]] = {}
        self._targets: dict[Kind, list[tuple[int, str]]] = {}
        for kind in sorted(kinds, key=lambda kind: (kind[0], kind[1] or "")):
            self._sources[kind] = [(-worker.load, worker.id) for worker in live if worker.kinds.get(kind)]
            self._targets[kind] = [(worker.load, worker.id) for worker in live if worker.admits(kind)]
            heapq.heapify(self._sources[kind])
            heapq.heapify(self._targets[kind])
        self._shifts: list[Shift] = []
        self._receiving: set[str] = set()

    def gap(self, shift: Shift) -> int:
        """By how much the two workers differ."""
        return self._loads[shift.source.id] - self._loads[shift.target.id]

    def widest(self) -> Shift | None:
        """The move between the two that differ most, among all that are allowed; None if there is none."""
        best: Shift | None = None
        for kind in self._sources:
            source, target = self._source(kind), self._target(kind)
            if source is None or target is None:
                continue
            shift = Shift(kind, source, target)
            if best is None or self.gap(shift) > self.gap(best):
                best = shift
        return best

    def _source(self, kind: Kind) -> WorkerEntry | None:
        heap = self._sources[kind]
        while heap:
            load, worker_id = heap[0]
            if self._loads[worker_id] == -load and self._kinds[worker_id].get(kind):
                return self._workers[worker_id]
            heapq.heappop(heap)
        return None

    def _target(self, kind: Kind) -> WorkerEntry | None:
        heap = self._targets[kind]
        while heap:
            load, worker_id = heap[0]
            worker = self._workers[worker_id]
            if self._loads[worker_id] == load < worker.capacity:
                return worker
            heapq.heappop(heap)
        return None

    def _moved(self, worker: WorkerEntry, kind: Kind, by: int) -> None:
        mine = self._kinds[worker.id]
        mine[kind] = mine.get(kind, 0) + by
        self._loads[worker.id] += by
        load = self._loads[worker.id]
        for each in self._sources:
            if mine.get(each):
                heapq.heappush(self._sources[each], (-load, worker.id))
            if worker.admits(each):
                heapq.heappush(self._targets[each], (load, worker.id))

    def take(self, shift: Shift) -> None:
        """Enter a move. Where one of that kind was to come to the source, it goes on to the target instead."""
        self._moved(shift.source, shift.kind, -1)
        self._moved(shift.target, shift.kind, 1)
        through = shift.source.id in self._receiving
        self._receiving.add(shift.target.id)
        for earlier in self._shifts if through else ():
            if earlier.kind == shift.kind and earlier.target is shift.source:
                earlier.target = shift.target
                self._shifts = [each for each in self._shifts if each.source is not each.target]
                return
        self._shifts.append(shift)

    def shortened(self) -> list[Shift]:
        """The moves, without detours: of A → B and B → C one does if that account may be at C."""
        if self._receiving.isdisjoint(shift.source.id for shift in self._shifts):
            return self._shifts
        kept: list[Shift] = []
        for shift in self._shifts:
            for earlier in kept:
                if earlier.target is shift.source and shift.target.admits(earlier.kind):
                    earlier.target = shift.target
                    break
                if shift.target is earlier.source and earlier.target.admits(shift.kind):
                    earlier.source, earlier.kind, earlier.target = shift.source, shift.kind, earlier.target
                    break
            else:
                kept.append(shift)
        return kept
