"""FleetState: the only code that changes who watches what.

`handle(event, now)` is synchronous and total. It returns commands; the interpreter (engine/runtime.py) performs them
and every outcome comes back as the next event. Ownership is written before it is acted on: an account is *placing*
until OwnershipSaved, and only that returns an Assign.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.fleet import messages as m
from engine.fleet.accounts import AccountsDesk
from engine.fleet.lease import Figures
from engine.fleet.parts import Duty
from engine.fleet.placing import Placing
from engine.fleet.processes import Processes
from engine.fleet.quarantine import Quarantine
from engine.fleet.restart import Rng
from engine.fleet.tables import Tables
from engine.fleet.workers import WorkersDesk

PATROL = 1.0  #: seconds between looks at who went silent
STALL = 5.0  #: seconds by which a patrol comes late that count as a stall of our own (M4)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the fleet's decisions depend on.

    Attributes:
        rebalance_threshold: accounts between fullest and emptiest worker.
        gap_after: seconds without a good check that are worth telling.
    """

    figures: Figures
    rebalance_threshold: int = 3
    gap_after: float = 60.0


class FleetState:
    """Who watches what, and why."""

    def __init__(self, settings: Settings, rng: Rng, started: float) -> None:
        self.tables = Tables(started, gap_after=settings.gap_after, heartbeat=settings.figures.heartbeat)
        self._placing = Placing(self.tables, settings.rebalance_threshold)
        quarantine = Quarantine(self.tables, self._placing)
        self._accounts = AccountsDesk(self.tables, self._placing, quarantine)
        self._workers = WorkersDesk(
            self.tables, self._accounts, self._placing, Processes(self.tables, quarantine, rng), settings.figures
        )
        self._next_patrol = started
        accounts, workers, placing = self._accounts, self._workers, self._placing
        self._handlers: dict[type[m.Event], Callable[[Any, float], None]] = {
            m.AccountAdded: accounts.added,
            m.AccountEdited: accounts.edited,
            m.AccountRemoved: accounts.removed,
            m.CheckAsked: accounts.check_asked,
            m.OwnershipSaved: placing.ownership_saved,
            m.OwnershipRefused: placing.ownership_refused,
            m.StoreFailed: placing.store_failed,
            m.Released: accounts.released,
            m.Reported: accounts.reported,
            m.WorkerAdded: workers.added,
            m.WorkerEdited: workers.edited,
            m.WorkerRemoved: workers.removed,
            m.RestartAsked: workers.restart_asked,
            m.WorkerRegistered: workers.registered,
            m.HeartbeatReceived: workers.heartbeat,
            m.LinkLost: workers.link_lost,
            m.ChildStarted: workers.child_started,
            m.ChildExited: workers.child_exited,
            m.OwnerGone: workers.owner_gone,
            m.LoopStalled: workers.loop_stalled,
            m.Closing: workers.closing,
            m.GapsKnown: self.tables.gaps.known,
            m.GapsAcknowledged: self.tables.gaps.acknowledged,
            m.Woke: self._woke,
        }

    def handle(self, event: m.Event, now: float) -> list[m.Command]:
        """Take one event in; return what is to be done, in order."""
        if now - self._next_patrol > STALL:  # the meter may say so only after our patrol: no verdict in between
            self._workers.give_time(now)
        self._handlers[type(event)](event, now)
        self._placing.place(now)
        self._ask_to_wake(now)
        return self.tables.take_commands()

    def _woke(self, _event: m.Woke, now: float) -> None:
        self._workers.patrol(now)
        self.tables.gaps.patrol(now)
        if self.tables.save_failed:
            self.tables.save_failed, self.tables.retry_placing = False, True

    def _ask_to_wake(self, now: float) -> None:
        """One patrol a second, and a wake-up at each planned start of a process."""
        if now >= self._next_patrol:
            self._next_patrol = now + PATROL
            self.tables.command(m.WakeAt(self._next_patrol))
        for at in self.tables.take_wakes():
            self.tables.command(m.WakeAt(at))

    def duties_of(self, worker_id: str, now: float) -> list[Duty]:
        """The whole assignment of a worker, for the answer to its registration."""
        accounts = [self.tables.accounts[key] for key in self.tables.workers[worker_id].accounts]
        return self._placing.duties([account for account in accounts if not account.revoking], now)

    def validate(self) -> None:
        """Assert every invariant; called after each event in tests."""
        self.tables.validate()
