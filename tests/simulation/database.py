"""The master's database: what one transaction does, when it commits, and what a backup brings back."""

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from engine.records import AccountStatus, Move, WorkerKind
from engine.store.copying import NOBODY_KNOWS
from tests.simulation.disk import Cursor, Item
from tests.simulation.process import Process
from tests.simulation.timeline import Timeline
from tests.simulation.world import World

UNIX = 1_700_000_000  #: seconds since 1970 at the beginning of a run

FAILS, SLOW = 0.02, 0.04  #: shares of transactions
SLOWEST = 3.0  #: seconds


class Fault(Exception):
    """The file or the disk is at fault."""


class BadItem(Exception):
    """An item made the transaction fail."""


@dataclass(slots=True)
class AccountRow:
    """One account; `checked_at` is true time."""

    id: str
    platform: str
    interval: float
    epoch: int = 0
    owner: str | None = None
    cursor: int | None = None
    status: AccountStatus = "active"
    pinned_to: str | None = None
    deleted: bool = False
    checked_at: float | None = None
    quarantined: bool = False


@dataclass(slots=True)
class WorkerRow:
    """One worker."""

    id: str
    kind: WorkerKind
    capacity: int
    draining: bool = False
    restarts: int = 0
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class Tables:
    """All that a backup keeps. `stored` are (account, number); so are `seen` and `letters`."""

    accounts: dict[str, AccountRow] = field(default_factory=dict)
    workers: dict[str, WorkerRow] = field(default_factory=dict)
    stored: list[tuple[str, int]] = field(default_factory=list)
    seen: set[tuple[str, int]] = field(default_factory=set)
    letters: set[tuple[str, int]] = field(default_factory=set)


class Database:
    """One writer, transactions in the order in which they were asked for.

    Attributes:
        full: every transaction fails.
    """

    def __init__(self, timeline: Timeline, world: World) -> None:
        self.tables = Tables()
        self.full = self.calm = False
        self._timeline = timeline
        self._world = world
        self._free_at = 0.0
        self._order: dict[tuple[str, str], int] = {}

    # --- when

    def write(self, process: Process, work: Callable[[], object], done: Callable[[object], None]) -> None:
        """Do `work` in a transaction; the process hears what it returned, or the exception, some time later."""
        random = self._timeline.random
        takes = 0.002 if self.calm or random.random() > SLOW else random.uniform(0.1, SLOWEST)
        fails = not self.calm and random.random() < FAILS
        self._free_at = max(self._free_at, self._timeline.now) + takes
        wait = self._free_at - self._timeline.now
        self._timeline.after(wait, self._commit, process, process.generation, work, done, fails)

    def _commit(
        self,
        process: Process,
        generation: int,
        work: Callable[[], object],
        done: Callable[[object], None],
        fails: bool,
    ) -> None:
        if generation != process.generation:  # killed before the commit
            return
        result: object
        try:
            if fails or self.full:
                raise Fault
            result = work()
        except (Fault, BadItem) as error:
            self._timeline.counts["failed commits"] += 1
            result = error
        process.io(0.001, done, result)

    # --- what

    def move(self, moves: Sequence[Move]) -> list[Move]:
        """M1: owner and epoch change together; returns what was saved."""
        saved = []
        for move in moves:
            row = self.tables.accounts.get(move.account_id)
            if row is not None and not row.deleted and row.epoch == move.epoch - 1:
                row.owner, row.epoch = move.worker_id, move.epoch
                self._world.saved(row.id, row.epoch)
                saved.append(move)
        return saved

    def undelete(self, row: AccountRow) -> None:
        """Out of the bin, under a new epoch."""
        row.deleted, row.epoch = False, row.epoch + 1
        self._world.saved(row.id, row.epoch)

    def store(self, worker_id: str, items: Iterable[Item], cursors: dict[str, Cursor]) -> None:
        """Items never seen before, then the cursors whose epoch is current."""
        items = list(items)
        if any((item.account, item.number) in self._world.poison for item in items):
            raise BadItem
        for item in items:
            self.insert(worker_id, item)
        for account, cursor in cursors.items():
            row = self.tables.accounts[account]
            if row.epoch == cursor.epoch and not row.deleted:
                row.cursor = cursor.at
                self._behind(row)

    def insert(self, worker_id: str, item: Item) -> None:
        """Store one, unless it was ever seen."""
        key = (item.account, item.number)
        if key not in self.tables.seen:
            self.tables.seen.add(key)
            self.enter(worker_id, item)

    def enter(self, worker_id: str, item: Item) -> None:
        """It becomes a detection. Checks D4: in the order in which its owner found it."""
        self.tables.stored.append((item.account, item.number))
        self._timeline.counts["detections"] += 1
        before = self._order.get((worker_id, item.account), 0)
        if item.seq <= before:
            self._timeline.fail("D4", worker_id, item, "stored after row", before)
        self._order[worker_id, item.account] = item.seq

    def bury(self, items: Iterable[Item]) -> None:
        """Keep what can never be stored."""
        self.tables.letters |= {(item.account, item.number) for item in items}

    def has(self, account: str, number: int) -> bool:
        """Whether an item arrived, one way or the other."""
        return (account, number) in self.tables.seen or (account, number) in self.tables.letters

    def _behind(self, row: AccountRow) -> None:
        """A cursor is never committed before its items."""
        missing = [number for number in range(1, (row.cursor or 0) + 1) if not self.has(row.id, number)]
        if missing:
            self._timeline.fail("CURSOR", row.id, "is at", row.cursor, "without", missing[:5])

    # --- backups

    def backup(self) -> Tables:
        """A copy of everything."""
        return deepcopy(self.tables)

    def restore(self, backup: Tables) -> None:
        """Bring a copy back, with epochs above all that anybody may act under. Its owners are not those of now."""
        self.tables = deepcopy(backup)
        self._order.clear()
        for row in self.tables.accounts.values():
            row.epoch, row.owner = max(row.epoch, UNIX + int(self._timeline.now)), NOBODY_KNOWS
            self._world.saved(row.id, row.epoch)
