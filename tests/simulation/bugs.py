"""Nine faults that a simulation must find, each a small change to the product's own code, planted from outside."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Any

from engine.fleet import messages as m
from tests.simulation.checks import Check
from tests.simulation.database import AccountRow, Database
from tests.simulation.disk import Cursor, Disk, Item
from tests.simulation.ingest import Ingest, Stored
from tests.simulation.master import Done, Master
from tests.simulation.parts import FIGURES, Parts
from worker.protocol.messages import Task
from worker.watch import events as ev
from worker.watch.lease import Lease
from worker.watch.session import Session


class EndlessLease(Lease):
    """No self-stop: once it was held it lasts."""

    def expired(self, now: float) -> bool:
        return False

    def allows(self, now: float) -> bool:
        return self.until > -inf


class LeaseFromReceipt(Session):
    """The lease counts from the moment when the answer arrives."""

    def handle(self, event: ev.Event, now: float) -> list[ev.Command]:
        if isinstance(event, ev.HeartbeatAnswered) and event.nonce in self.lease._sent:
            self.lease._sent[event.nonce] = now
        return super().handle(event, now)


class ForgetfulMaster(Master):
    """After a restart nobody owns anything."""

    def account_added(self, row: AccountRow) -> m.AccountAdded:
        return replace(super().account_added(row), owner=None)


class HastyMaster(Master):
    """Assign goes out before the commit."""

    def commit_ownership(self, command: m.SaveOwnership, done: Done) -> None:
        super().commit_ownership(command, done)
        self.submit(m.OwnershipSaved(command.moves))

    def ownership_committed(self, moves: Sequence[Any], saved: object) -> None:
        """It was told already."""


class Doubling(Database):
    """No dedupe."""

    def insert(self, worker_id: str, item: Item) -> None:
        self.tables.seen.add((item.account, item.number))
        self.enter(worker_id, item)


class HastyIngest(Ingest):
    """Acknowledges before the commit."""

    def take(self, worker_id: str, batch: Any, answer: Any) -> None:
        super().take(worker_id, batch, lambda _stored: None)
        answer(Stored(frozenset(item.seq for item in batch.items)))


class CursorFirst(Disk):
    """The cursor before its items."""

    def write_rows(self, items: Sequence[Item], task: Task, cursor: int | None) -> None:
        if cursor is not None:
            self.append((task.account, Cursor(task.epoch, cursor)))
        super().write_rows(items, task, None)


class OneLook(Check):
    """The lease is looked at before the connection, and not again when it is ready."""

    def connected(self) -> None:
        if not self.over:
            self.request()


BUGS = {
    "no self-stop": Parts(lease=EndlessLease),
    "D = 15 s": Parts(figures=replace(FIGURES, timeout=15.0)),
    "lease from receipt": Parts(session=LeaseFromReceipt),
    "restart forgets owners": Parts(master=ForgetfulMaster),
    "no dedupe": Parts(database=Doubling),
    "ack before commit": Parts(ingest=HastyIngest),
    "assign before commit": Parts(master=HastyMaster),
    "cursor before items": Parts(disk=CursorFirst),
    "one look": Parts(check=OneLook),
}
