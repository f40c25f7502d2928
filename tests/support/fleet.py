"""Drives a FleetState by hand: a manual clock, a store that answers when asked to, workers that only are told."""

import random
from typing import Any, TypeVar

from engine.fleet import messages as m
from engine.fleet.journal import Line
from engine.fleet.lease import derive
from engine.fleet.parts import Checked
from engine.fleet.state import FleetState, Settings
from worker.protocol.digest import digest_of

C = TypeVar("C", bound=m.Command)


class FleetDriver:
    """Every event is followed by validate(); commands are kept until taken.

    Attributes:
        now: the manual lease clock, in seconds.
        lines: of the journal, for the test to clear.
        held: epochs by worker and account, as told by Assign and Revoke.
    """

    def __init__(self, *, threshold: int = 3, seed: int = 1) -> None:
        self.now = 1000.0
        self.state = FleetState(Settings(derive(10, 30), threshold), random.Random(seed), self.now)
        self.commands: list[m.Command] = []
        self.lines: list[Line] = []
        self.held: dict[str, dict[str, int]] = {}

    def tell(self, event: m.Event) -> list[m.Command]:
        """Feed one event; returns what it led to."""
        commands = self.state.handle(event, self.now)
        self.state.validate()
        self.commands += commands
        self.lines += self.state.tables.journal.take()
        return commands

    def take(self, kind: type[C]) -> list[C]:
        """Commands of this kind since the last call; they are forgotten."""
        taken = [command for command in self.commands if isinstance(command, kind)]
        self.commands = [command for command in self.commands if not isinstance(command, kind)]
        return taken

    def story(self, subject: str) -> list[str]:
        """What the journal has of an account, a worker or the master, oldest first."""
        return [line.what for line in self.lines if subject in line.about]

    def save(self) -> None:
        """The store commits all moves asked for; workers hear of what follows."""
        while moves := [move for command in self.take(m.SaveOwnership) for move in command.moves]:
            self.tell(m.OwnershipSaved(tuple(moves)))
        self.deliver()

    def deliver(self) -> None:
        """Workers take in what they were told."""
        for command in [c for c in self.commands if isinstance(c, m.Assign | m.Revoke)]:
            self.commands.remove(command)
            mine = self.held.setdefault(command.worker_id, {})
            if isinstance(command, m.Assign):
                if command.complete:
                    mine.clear()
                mine.update({duty.account_id: duty.epoch for duty in command.duties})
            else:
                for account_id in command.account_ids:
                    epoch = mine.pop(account_id, None)
                    if epoch is not None:
                        self.tell(m.Released(command.worker_id, account_id, epoch))
        if any(isinstance(c, m.SaveOwnership) for c in self.commands):
            self.save()

    def worker(
        self,
        worker_id: str,
        *,
        capacity: int = 100,
        platforms: tuple[str, ...] = ("demo",),
        tags: tuple[str, ...] = (),
        **more: bool,
    ) -> None:
        """A local worker that is known, registered and has beaten once."""
        self.tell(m.WorkerAdded(worker_id, worker_id, "local", capacity, tags=tags, **more))
        self.tell(m.ChildStarted(worker_id, 100))
        self.register(worker_id, platforms)

    def register(self, worker_id: str, platforms: tuple[str, ...] = ("demo",)) -> None:
        """It connects as a new process and beats."""
        self.held[worker_id] = {}
        self.tell(m.WorkerRegistered(worker_id, f"i{self.now}", "host", 100, "0", frozenset(platforms)))
        self.beat(worker_id)

    def beat(self, worker_id: str, *, checks: tuple[tuple[Any, ...], ...] = ()) -> None:
        """A heartbeat that tells the truth."""
        entry = self.state.tables.workers[worker_id]
        digest = digest_of(self.held.get(worker_id, {}).items())
        told = tuple(Checked(*check) for check in checks)
        self.tell(m.HeartbeatReceived(worker_id, entry.incarnation, entry.sequence, digest, checks=told))
        self.save()

    def account(self, account_id: str, **fields: object) -> None:
        """A new account, committed and delivered."""
        facts: dict[str, object] = {"platform": "demo", "interval": 30.0, **fields}
        self.tell(m.AccountAdded(account_id, **facts))  # type: ignore[arg-type]
        self.save()

    def pass_time(self, seconds: float, *beating: str) -> None:
        """Time goes by a second at a time; the named workers beat."""
        for _ in range(int(seconds)):
            self.now += 1
            self.tell(m.Woke())
            for worker_id in beating:
                self.beat(worker_id)
        self.save()

    def owner(self, account_id: str) -> str | None:
        """Who owns it now."""
        return self.state.tables.accounts[account_id].owner

    def owners(self) -> dict[str, int]:
        """Accounts by worker."""
        return {worker.id: len(worker.accounts) for worker in self.state.tables.workers.values()}
