"""Which worker gets an account, and which accounts move when the fleet is out of balance.

Deterministic: the same fleet gives the same answer. Fewest accounts first, ties by id.
"""

import heapq

from engine.fleet.entries import AccountEntry, WorkerEntry

CROWDED = 16  #: entries for each worker that are let be

Heap = list[tuple[int, str]]


class Allocation:
    """Keeps workers in heaps by load, one heap for each set of platforms that workers offer.

    Entries of a heap may be stale (another load, no longer live): they are dropped when they come to the top.
    """

    def __init__(self, workers: dict[str, WorkerEntry]) -> None:
        self._workers = workers
        self._heaps: dict[frozenset[str], Heap] = {}

    @property
    def offers(self) -> int:
        """Entries in all heaps, stale ones included."""
        return sum(map(len, self._heaps.values()))

    def shift(self, worker: WorkerEntry, by: int) -> None:
        """Change a worker's load."""
        worker.load += by
        self.offer(worker)

    def offer(self, worker: WorkerEntry) -> None:
        """Make a worker findable after it became live or its load or capacity changed."""
        if worker.live and worker.load < worker.capacity:
            heap = self._heaps.setdefault(worker.platforms, [])
            if heap and heap[0][1] == worker.id:  # the one just chosen: its entry is stale now
                heapq.heapreplace(heap, (worker.load, worker.id))
                return
            heapq.heappush(heap, (worker.load, worker.id))
            if len(heap) > CROWDED * len(self._workers) + CROWDED:
                self._clear_out(heap, worker.platforms)

    def choose(self, account: AccountEntry) -> tuple[WorkerEntry | None, str]:
        """The worker for an account, or None and the reason why there is none."""
        if account.pinned_to is not None:
            return self._pinned(account.pinned_to, account.platform)
        best: tuple[int, str] | None = None
        for platforms, heap in self._heaps.items():
            if account.platform in platforms:
                top = self._top(heap, platforms)
                best = top if best is None or (top is not None and top < best) else best
        if best is not None:
            return self._workers[best[1]], ""
        return None, self._why_none(account.platform)

    def _top(self, heap: Heap, platforms: frozenset[str]) -> tuple[int, str] | None:
        while heap:
            load, worker_id = heap[0]
            worker = self._workers.get(worker_id)
            if worker and worker.live and worker.load == load < worker.capacity and worker.platforms == platforms:
                return heap[0]
            heapq.heappop(heap)
        return None

    def _clear_out(self, heap: Heap, platforms: frozenset[str]) -> None:
        """Loads that fall bury entries that never come to the top: start again with one for each worker."""
        heap[:] = [
            (worker.load, worker.id)
            for worker in self._workers.values()
            if worker.live and worker.load < worker.capacity and worker.platforms == platforms
        ]
        heapq.heapify(heap)

    def _pinned(self, worker_id: str, platform: str) -> tuple[WorkerEntry | None, str]:
        worker = self._workers.get(worker_id)
        if worker is None:
            return None, "pinned to a worker that no longer exists"
        if not worker.live:
            return None, f"pinned to “{worker.name}”, which is {worker.state()}"
        if platform not in worker.platforms:
            return None, f"pinned to “{worker.name}”, which does not offer {platform}"
        if worker.load >= worker.capacity:
            return None, f"pinned to “{worker.name}”, which is full"
        return worker, ""

    def _why_none(self, platform: str) -> str:
        live = [worker for worker in self._workers.values() if worker.live]
        if not live:
            return "no worker is online"
        if not any(platform in worker.platforms for worker in live):
            return f"no worker offers {platform}"
        return "all workers are full"

    def surplus(self, threshold: int) -> list[tuple[WorkerEntry, WorkerEntry]]:
        """Moves (from, to) that even out the live workers: none unless fullest and emptiest differ by more than
        `threshold`, and then only until they differ by at most one. Loads are not changed here."""
        live = [worker for worker in self._workers.values() if worker.live]
        loads = {worker.id: worker.load for worker in live}
        if len(live) < 2 or max(loads.values()) - min(loads.values()) <= threshold:
            return []
        fullest = [(-load, worker_id) for worker_id, load in loads.items()]
        emptiest = [(worker.load, worker.id) for worker in live if worker.load < worker.capacity]
        heapq.heapify(fullest)
        heapq.heapify(emptiest)
        moves: list[tuple[WorkerEntry, WorkerEntry]] = []
        while fullest and emptiest and -fullest[0][0] - emptiest[0][0] > 1:
            source, target = fullest[0][1], emptiest[0][1]
            heapq.heapreplace(fullest, (fullest[0][0] + 1, source))
            load = emptiest[0][0] + 1
            if load < self._workers[target].capacity:
                heapq.heapreplace(emptiest, (load, target))
            else:
                heapq.heappop(emptiest)
            moves.append((self._workers[source], self._workers[target]))
        return moves
