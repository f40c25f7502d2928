"""Which worker gets an account.

Deterministic: the same fleet gives the same answer. Fewest accounts first, ties by id.
"""

import heapq

from engine.fleet.entries import AccountEntry, WorkerEntry
from engine.fleet.pins import tag_of

CROWDED = 16  #: entries for each worker that are let be

Heap = list[tuple[int, str]]
Platforms = frozenset[str]


class Allocation:
    """Keeps workers in heaps by load: one heap for each set of platforms that workers offer, and for each tag the same.

    Entries of a heap may be stale (another load, no longer live): they are dropped when they come to the top.
    """

    def __init__(self, workers: dict[str, WorkerEntry]) -> None:
        self._workers = workers
        self._heaps: dict[str, dict[Platforms, Heap]] = {"": {}}  # by tag; under "" is everybody

    @property
    def offers(self) -> int:
        """Entries in all heaps, stale ones included."""
        return sum(len(heap) for heaps in self._heaps.values() for heap in heaps.values())

    def shift(self, worker: WorkerEntry, by: int) -> None:
        """Change a worker's load."""
        worker.load += by
        if worker.connected:
            self.offer(worker)

    def offer(self, worker: WorkerEntry) -> None:
        """Make a worker findable after it became live or its load, capacity or tags changed."""
        if worker.has_room:
            self._push("", worker)
            for tag in worker.tags:
                self._push(tag, worker)

    def _push(self, tag: str, worker: WorkerEntry) -> None:
        heap = self._heaps.setdefault(tag, {}).setdefault(worker.platforms, [])
        if heap and heap[0][1] == worker.id:  # the one just chosen: its entry is stale now
            heapq.heapreplace(heap, (worker.load, worker.id))
            return
        heapq.heappush(heap, (worker.load, worker.id))
        if len(heap) > CROWDED * len(self._workers) + CROWDED:
            self._clear_out(heap, worker.platforms, tag)

    def choose(self, account: AccountEntry) -> tuple[WorkerEntry | None, str]:
        """The worker for an account, or None and the reason why there is none."""
        tag = tag_of(account.pinned_to)
        if account.pinned_to is not None and tag is None:
            return self._pinned(account.pinned_to, account.platform)
        best: tuple[int, str] | None = None
        for platforms, heap in self._heaps.get(tag or "", {}).items():
            if account.platform in platforms:
                top = self._top(heap, platforms, tag)
                best = top if best is None or (top is not None and top < best) else best
        if best is not None:
            return self._workers[best[1]], ""
        return None, self._why_none(account.platform, tag)

    def choices(self, platform: str) -> int:
        """How many kinds of workers with room offer a platform; few of them are to be used with care."""
        return sum(bool(heap) and platform in platforms for platforms, heap in self._heaps[""].items())

    def _top(self, heap: Heap, platforms: Platforms, tag: str | None) -> tuple[int, str] | None:
        while heap:
            load, worker_id = heap[0]
            worker = self._workers.get(worker_id)
            if worker is not None and worker.load == load and self._fits(worker, platforms, tag):
                return heap[0]
            heapq.heappop(heap)
        return None

    @staticmethod
    def _fits(worker: WorkerEntry, platforms: Platforms, tag: str | None) -> bool:
        return worker.has_room and worker.platforms == platforms and (not tag or tag in worker.tags)

    def _clear_out(self, heap: Heap, platforms: Platforms, tag: str) -> None:
        """Loads that fall bury entries that never come to the top: start again with one for each worker."""
        heap[:] = [(w.load, w.id) for w in self._workers.values() if self._fits(w, platforms, tag)]
        heapq.heapify(heap)

    def _pinned(self, worker_id: str, platform: str) -> tuple[WorkerEntry | None, str]:
        worker = self._workers.get(worker_id)
        if worker is None:
            return None, "pinned to a worker that no longer exists"
        if not worker.live:
            return None, f"pinned to “{worker.name}”, which is {worker.state()}"
        if platform not in worker.platforms:
            return None, f"pinned to “{worker.name}”, which does not offer {platform}"
        if not worker.has_room:
            return None, f"pinned to “{worker.name}”, which is full"
        return worker, ""

    def _why_none(self, platform: str, tag: str | None) -> str:
        meant = [worker for worker in self._workers.values() if tag is None or tag in worker.tags]
        live = [worker for worker in meant if worker.live]
        able = any(platform in worker.platforms for worker in live)
        if tag is None:
            if not live:
                return "no worker is online"
            return "all workers are full" if able else f"no worker offers {platform}"
        if not meant:
            return f"no worker has the tag “{tag}”"
        if not live:
            return f"no worker with the tag “{tag}” is online"
        if not able:
            return f"no worker with the tag “{tag}” offers {platform}"
        return f"all workers with the tag “{tag}” are full"
