"""A worker's disk: what `worker.memory.Store` keeps, without SQLite. test_disk.py holds the two against each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from worker.protocol.messages import Task

BATCH = 4  #: items in one batch; small, so that the items of one check are often split


@dataclass(frozen=True, slots=True)
class Item:
    """An item of an account, and the outbox row that it is in."""

    account: str
    epoch: int
    number: int
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next check of an account starts."""

    epoch: int
    at: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The oldest rows."""

    items: tuple[Item, ...]
    cursors: dict[str, Cursor]
    cursor_rows: tuple[int, ...]


class Full(Exception):
    """Nothing more can be written down."""


class Disk:
    """Outlives its worker's processes.

    Attributes:
        full: it takes nothing.
    """

    def __init__(self) -> None:
        self.full = False
        self.outbox: dict[int, Item | tuple[str, Cursor]] = {}
        self._tasks: dict[str, Cursor | None] = {}
        self._epochs: dict[str, int] = {}
        self._seen: dict[str, set[int]] = {}
        self._seq = 0

    def open(self) -> None:
        """A new process starts."""
        self._seen = {account: seen for account, seen in self._seen.items() if account in self._epochs}

    def remember_tasks(self, tasks: Iterable[Task]) -> None:
        """Under an unchanged epoch the cursor found here stays, else the master's counts."""
        for task in tasks:
            given = None if task.cursor is None else Cursor(task.epoch, int(task.cursor))
            if self._epochs.get(task.account) != task.epoch:
                self._seen.pop(task.account, None)
            if self._epochs.get(task.account) != task.epoch or self._tasks[task.account] is None:
                self._tasks[task.account] = given
            self._epochs[task.account] = task.epoch

    def forget_tasks(self, accounts: Iterable[str]) -> None:
        """Their outbox rows and what was seen stay."""
        for account in accounts:
            self._tasks.pop(account, None)
            self._epochs.pop(account, None)

    def cursor_of(self, task: Task) -> int | None:
        """What was found under its epoch here, else what the master knows."""
        known = self._tasks.get(task.account)
        if self._epochs.get(task.account) == task.epoch and known is not None:
            return known.at
        return None if task.cursor is None else int(task.cursor)

    def record(self, task: Task, found: Sequence[int], cursor: int) -> int:
        """T1: ids seen, cursor and outbox rows, all or nothing; returns how many items were new."""
        if not found and cursor == self.cursor_of(task):
            return 0
        if self.full:
            raise Full
        seen = self._seen.setdefault(task.account, set())
        new = [number for number in found if number not in seen]
        seen.update(new)
        moved = cursor != self.cursor_of(task)
        self.write_rows([Item(task.account, task.epoch, number) for number in new], task, cursor if moved else None)
        if moved and self._epochs.get(task.account, task.epoch) == task.epoch:
            self._epochs[task.account] = task.epoch
            self._tasks[task.account] = Cursor(task.epoch, cursor)
        return len(new)

    def write_rows(self, items: Sequence[Item], task: Task, cursor: int | None) -> None:
        """Items first, then the cursor."""
        for item in items:
            self.append(item)
        if cursor is not None:
            self.append((task.account, Cursor(task.epoch, cursor)))

    def append(self, row: Item | tuple[str, Cursor]) -> None:
        """One outbox row."""
        self._seq += 1
        self.outbox[self._seq] = replace(row, seq=self._seq) if isinstance(row, Item) else row

    def next_batch(self) -> Batch | None:
        """The oldest rows; None if there are none. Changes nothing."""
        items: list[Item] = []
        cursors: dict[str, Cursor] = {}
        rows: list[int] = []
        for seq, row in self.outbox.items():
            if not isinstance(row, Item):
                cursors[row[0]] = row[1]
                rows.append(seq)
            elif len(items) == BATCH:
                break
            else:
                items.append(row)
        return Batch(tuple(items), cursors, tuple(rows)) if items or rows else None

    def drop(self, batch: Batch, gone: set[int]) -> int:
        """Rows that the master answered for go; the cursors once all items of their batch are gone."""
        ours = {item.seq for item in batch.items}
        gone = gone & ours
        if len(gone) == len(ours):
            gone |= set(batch.cursor_rows)
        return sum(self.outbox.pop(seq, None) is not None for seq in gone)
