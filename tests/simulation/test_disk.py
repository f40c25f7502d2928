"""The simulated disk and the real worker.db do the same, whatever they are told."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.simulation import disk
from tests.support.tasks import task
from worker.memory import Store
from worker.protocol import messages as wire

ACCOUNTS = st.sampled_from("ab")
EPOCHS = st.integers(1, 3)
CURSORS = st.sampled_from([None, "2", "5"])
NUMBERS = st.lists(st.integers(1, 9), unique=True, max_size=5).map(sorted)


class Both(RuleBasedStateMachine):
    """Tells both the same and compares what they would send and where they would go on."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.file = Path(self.directory.name) / "worker.db"
        self.real = Store(self.file)
        self.real.open()
        self.model = disk.Disk()

    def teardown(self) -> None:
        self.real.close()
        self.directory.cleanup()

    @rule(account=ACCOUNTS, epoch=EPOCHS, cursor=CURSORS)
    def is_assigned(self, account: str, epoch: int, cursor: str | None) -> None:
        for each in (self.real, self.model):
            each.remember_tasks([task(account, epoch, cursor=cursor)])

    @rule(account=ACCOUNTS)
    def is_let_go(self, account: str) -> None:
        for each in (self.real, self.model):
            each.forget_tasks([account])

    @rule(account=ACCOUNTS, epoch=EPOCHS, numbers=NUMBERS)
    def finds(self, account: str, epoch: int, numbers: list[int]) -> None:
        known = task(account, epoch)
        before = self.model.cursor_of(known) or 0
        cursor = max([before, *numbers])
        items = [
            wire.Item(seq=0, account=account, epoch=epoch, kind="comment", external_id=str(n), found_at=1)
            for n in numbers
        ]
        new = self.real.record(known, items, [], str(cursor))
        assert self.model.record(known, numbers, cursor) == new

    @rule(some=st.integers(0, disk.BATCH))
    def is_answered(self, some: int) -> None:
        batch, real = self.model.next_batch(), self.real.next_batch()
        if batch is not None and len(real.items) <= disk.BATCH:  # else the real one takes more at once
            rows = [item.seq for item in batch.items[:some]]
            assert self.model.drop(batch, set(rows)) == self.real.drop(real, rows, [])

    @rule()
    def restarts(self) -> None:
        self.real.close()
        self.real = Store(self.file)
        self.real.open()
        self.model.open()

    @invariant()
    def agree(self) -> None:
        for account in "ab":
            for epoch in (1, 2, 3):
                cursor = self.real.cursor_of(task(account, epoch))
                assert (None if cursor is None else int(cursor)) == self.model.cursor_of(task(account, epoch))
        real = self.real.next_batch()
        rows = [row for row in self.model.outbox.values() if isinstance(row, disk.Item)]
        assert [(i.seq, i.account, i.epoch, int(i.external_id)) for i in real.items] == [
            (row.seq, row.account, row.epoch, row.number) for row in rows
        ]
        cursors = {row[0]: row[1] for row in self.model.outbox.values() if not isinstance(row, disk.Item)}
        assert {account: disk.Cursor(at.epoch, int(at.cursor)) for account, at in real.cursors.items()} == cursors


TestBoth = Both.TestCase
TestBoth.settings = settings(max_examples=40, stateful_step_count=30, deadline=None, derandomize=True)
