"""How long the fleet takes to decide: 100,000 accounts on 1,000 workers placed, a worker lost, a worker joined.

Each decision is what `FleetState.handle` does with real events, commands included; nothing is saved or sent. The peer
is the bare arithmetic in the same run: the least loaded of a heap of (load, worker), with no books kept.
"""

import gc
import heapq
import random
import statistics
import time
from collections.abc import Iterable, Sequence

import psutil

from engine.fleet import messages as m
from engine.fleet.lease import derive
from engine.fleet.state import FleetState, Settings
from tests.benchmarks.table import Reach, Row, percentile
from worker.protocol.digest import digest_of

ACCOUNTS = 100_000
WORKERS = 1_000
EACH = ACCOUNTS // WORKERS
CAPACITY = 10 * EACH
PLATFORMS = frozenset({"demo", "feed", "imap"})
ROUNDS = 15
START = 1_000.0


class Fleet:
    """A FleetState whose store commits at once and whose workers always run what they were told."""

    def __init__(self) -> None:
        self.state = FleetState(Settings(derive(10, 30)), random.Random(1), START)
        self.now = START
        self.running: dict[str, dict[str, int]] = {}

    def tell(self, *events: m.Event) -> list[m.Command]:
        """Everything that these events lead to at once."""
        return [command for event in events for command in self.state.handle(event, self.now)]

    def timed(self, *events: m.Event) -> tuple[float, list[m.Command]]:
        """The same, with the seconds that the decision took."""
        self.state.tables.journal.take()  # as the interpreter does after each event
        began = time.perf_counter()
        commands = self.tell(*events)
        return time.perf_counter() - began, commands

    def join(self, number: int) -> None:
        """A worker that is known, registered and has beaten once."""
        worker_id = f"w{number:05}"
        self.tell(m.WorkerAdded(worker_id, worker_id, "local", CAPACITY), m.ChildStarted(worker_id, number + 1))
        self.settle(self.tell(registered(worker_id)))
        self.settle(self.tell(self.beat(worker_id)))

    def beat(self, worker_id: str) -> m.HeartbeatReceived:
        """A heartbeat that tells the truth."""
        sequence = self.state.tables.workers[worker_id].sequence
        digest = digest_of(self.running.get(worker_id, {}).items())
        return m.HeartbeatReceived(worker_id, "i1", sequence, digest)

    def settle(self, commands: list[m.Command]) -> None:
        """Commit what is to be saved, tell workers, have them let go, until nothing is left to do."""
        while commands:
            self.state.tables.journal.take()
            commands = [follow for command in commands for follow in self._perform(command)]

    def _perform(self, command: m.Command) -> list[m.Command]:
        if isinstance(command, m.SaveOwnership):
            return self.tell(m.OwnershipSaved(command.moves))
        if isinstance(command, m.Assign):
            mine = self.running.setdefault(command.worker_id, {})
            mine.update({duty.account_id: duty.epoch for duty in command.duties})
        if isinstance(command, m.Revoke):
            mine = self.running[command.worker_id]
            return self.tell(*(m.Released(command.worker_id, key, mine.pop(key)) for key in command.account_ids))
        return []


def registered(worker_id: str) -> m.WorkerRegistered:
    """A worker's first message."""
    return m.WorkerRegistered(worker_id, "i1", "host", 1, "0", PLATFORMS)


def rows() -> list[Row]:
    """Entering and placing everything, losing a worker, a worker joining, a heartbeat."""
    fleet, cold, note = _cold()
    entering = [_entered()]
    gc.freeze()  # what there is stays, as in the window after its start
    try:
        lost, joined, beats = _changes(fleet)
    finally:
        gc.unfreeze()
    size = f"{ACCOUNTS:,} accounts × {WORKERS:,} workers"
    return [
        _row(f"fleet: {ACCOUNTS:,} accounts entered, no worker online", entering, None),
        _row(f"fleet: {size} placed, cold", [cold], _bare(ACCOUNTS), note=note),
        _row(f"fleet: {EACH} of {ACCOUNTS:,} accounts, of a dead worker, reassigned", lost, _bare(EACH), reach_ms=1.0),
        _row(f"fleet: a worker joins {WORKERS - 1:,}, {EACH - 1} accounts chosen to move", joined, _bare(EACH)),
        _row(f"fleet: a heartbeat of a worker with {EACH} accounts", beats, None),
    ]


def _row(
    area: str, times: Sequence[float], peer: float | None, *, note: str = "", reach_ms: float | None = None
) -> Row:
    middle = statistics.median(times)
    measured = f"{middle * 1e3:.2f} ms"
    if len(times) > 1:
        measured = f"p50 {measured}, p99 {percentile(times, 0.99) * 1e3:.2f} ms"
    ratio, against = (None, "") if peer is None else (middle / peer, f"bare heap: {peer * 1e3:.3f} ms")
    reach = () if reach_ms is None else (Reach("p50", middle * 1e3, reach_ms, "ms"),)
    return Row(area, against, measured + note, ratio, None, reach)


def _entered() -> float:
    """Seconds to enter all accounts as at a start: no worker has registered yet."""
    fleet = Fleet()
    seconds, _ = fleet.timed(*_added(range(ACCOUNTS)))
    assert len(fleet.state.tables.unplaced) == ACCOUNTS
    return seconds


def _cold() -> tuple[Fleet, float, str]:
    """All workers are there and all accounts wait: one event places everything. What that is made of, as a note."""
    fleet = Fleet()
    for number in range(WORKERS):
        fleet.join(number)
    objects, memory = _held()
    fleet.state.tables.closing = True  # nothing is placed while they are entered
    fleet.tell(*_added(range(ACCOUNTS)))
    fleet.state.tables.closing = False
    seconds, commands = fleet.timed(m.Woke())
    fleet.settle(commands)
    del commands
    objects, memory = (after - before for after, before in zip(_held(), (objects, memory), strict=True))
    return fleet, seconds, f"; {objects / ACCOUNTS:.1f} objects, {memory / ACCOUNTS:,.0f} B each"


def _held() -> tuple[int, int]:
    """Objects that the garbage collector tracks, and resident bytes."""
    gc.collect()
    return len(gc.get_objects()), psutil.Process().memory_info().rss


def _added(numbers: Iterable[int]) -> list[m.Event]:
    return [m.AccountAdded(f"acc_{number:06}", "feed", 30.0) for number in numbers]


def _changes(fleet: Fleet) -> tuple[list[float], list[float], list[float]]:
    """Each round a worker dies, its accounts settle elsewhere, it comes back, and all is even again."""
    lost: list[float] = []
    joined: list[float] = []
    beats: list[float] = []
    for number in range(ROUNDS):
        worker_id = f"w{number * 60:05}"
        fleet.now += 1000.0
        beats += [fleet.timed(fleet.beat(beating))[0] for beating in list(fleet.state.tables.workers)]
        seconds, commands = fleet.timed(m.ChildExited(worker_id, -9, False, "killed"))
        assert sum(len(c.moves) for c in commands if isinstance(c, m.SaveOwnership)) >= EACH - 1
        lost.append(seconds)
        fleet.running[worker_id] = {}
        fleet.settle(commands)
        seconds, commands = fleet.timed(registered(worker_id))
        assert sum(len(c.account_ids) for c in commands if isinstance(c, m.Revoke)) >= EACH - 1
        joined.append(seconds)
        fleet.settle(commands)
        fleet.settle(fleet.tell(fleet.beat(worker_id)))
    return lost, joined, beats


def _bare(count: int) -> float:
    """Seconds to choose the least loaded worker `count` times, and nothing else."""
    return statistics.median(_once(count) for _ in range(5))


def _once(count: int) -> float:
    heap = [(0, f"w{number:05}") for number in range(WORKERS)]
    began = time.perf_counter()
    chosen: list[str] = []
    for _ in range(count):
        load, worker_id = heap[0]
        chosen.append(worker_id)
        heapq.heapreplace(heap, (load + 1, worker_id))
    return time.perf_counter() - began
