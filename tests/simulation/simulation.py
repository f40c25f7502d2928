"""One seed: a master, its workers, faults, and at the end the question whether everything arrived."""

from dataclasses import dataclass
from typing import Any

from engine.fleet import messages as m
from tests.simulation.database import AccountRow, WorkerRow
from tests.simulation.faults import Faults
from tests.simulation.master import Master
from tests.simulation.network import Network
from tests.simulation.parts import Parts
from tests.simulation.timeline import Timeline, Violation
from tests.simulation.worker import Worker
from tests.simulation.world import World

ACCOUNTS = 8
LOCAL, REMOTE = 2, 2
PLATFORMS = ("polled", "sloppy", "stream")
ROUGH, CALM = 120.0, 64.0  #: seconds that faults come, and that they pause before O4 is checked
ROUNDS = 2
DELIVERED_WITHIN = 400.0  #: seconds without faults after which everything has arrived
POSTS = 6.0  #: seconds between two items, on average


@dataclass(frozen=True)
class Result:
    """What one seed came to. `violation` is empty if every promise was kept."""

    seed: int
    violation: str
    story: str
    events: int
    counts: dict[str, int]


class Simulation:
    """Wires everything; `run` is the whole life."""

    def __init__(self, seed: int, parts: Parts | None = None) -> None:
        self.seed = seed
        self.parts = parts or Parts()
        self.timeline = Timeline(seed)
        self.world = World(self.timeline)
        self.network = Network(self.timeline)
        self.database = self.parts.database(self.timeline, self.world)
        self.workers: dict[str, Worker] = {}
        make: Any = self.parts.master or Master
        self.master: Master = make(self.timeline, self.world, self.network, self.database, self.parts, self.workers)
        self.faults = Faults(self)

    # --- what there is

    def add_worker(self, *, local: bool, capacity: int) -> WorkerRow:
        """A new worker; a remote one starts by itself."""
        worker_id = f"{'local' if local else 'far'}-{len(self.workers) + 1}"
        row = WorkerRow(worker_id, "local" if local else "remote", capacity)
        self.database.tables.workers[worker_id] = row
        worker = Worker(self.timeline, self.world, self.network, self.parts, worker_id, local=local)
        worker.master = self.master
        self.workers[worker_id] = worker
        return row

    def add_account(self) -> AccountRow:
        """A new account that somebody will post on."""
        random = self.timeline.random
        account_id = f"a{len(self.world.posted) + 1}"
        self.world.posted[account_id] = random.randrange(4)
        row = AccountRow(account_id, random.choice(PLATFORMS), random.choice((10.0, 15.0, 25.0)))
        self.database.tables.accounts[account_id] = row
        return row

    # --- life

    def run(self) -> Result:
        """Live through all of it; a broken promise ends it at once."""
        violation = ""
        try:
            self._live()
        except Violation as error:
            violation = str(error)
        timeline = self.timeline
        return Result(self.seed, violation, timeline.story(), timeline.events, dict(timeline.counts))

    def _live(self) -> None:
        for _ in range(ACCOUNTS):
            self.add_account()
        for n in range(LOCAL + REMOTE):
            row = self.add_worker(local=n < LOCAL, capacity=self.timeline.random.choice((4, 8, 20)))
            if row.kind == "remote":
                self.workers[row.id].boot()
        self.master.boot()
        self._post()
        for _ in range(ROUNDS):
            self.faults.begin()
            self.timeline.run(self.timeline.now + ROUGH)
            self.faults.pause()
            self.timeline.run(self.timeline.now + CALM)
            self._check_owners()
        self._deliver()

    def _post(self) -> None:
        random = self.timeline.random
        self.world.post(random.choice(list(self.world.posted)))
        if not self.faults.over:
            self.timeline.after(random.expovariate(1 / POSTS), self._post)

    # --- O4, D1 to D3

    def _check_owners(self) -> None:
        """O4: after a calm of D and more, whatever can be watched is watched."""
        tables = self.master.state.tables
        for row in self.database.tables.accounts.values():
            if row.deleted or row.status == "paused":
                continue
            account = tables.accounts[row.id]
            if account.owner is None:
                able = [w.id for w in tables.workers.values() if w.has_room and w.admits_pin(row.pinned_to)]
                if able and not account.quarantined:
                    self.timeline.fail("O4", row.id, "has no owner although there are", able, account)
            elif not account.revoking:
                owner = self.workers[account.owner]
                watched = owner.alive and [row.id, account.epoch] in [
                    [h.account, h.epoch] for h in owner.session.held()
                ]
                if not (watched and owner.session.lease.held):
                    self.timeline.fail("O4", row.id, "is not watched by", account.owner, account)

    def _deliver(self) -> None:
        """Everything posted arrives, each item once."""
        self.faults.heal()
        until = self.timeline.now + DELIVERED_WITHIN
        while missing := self._missing():
            if self.timeline.now >= until:
                self.timeline.fail("LOST", missing[:5], "of", len(missing))
            self.timeline.run(self.timeline.now + 10.0)
        stored = self.database.tables.stored
        if len(stored) != len(set(stored)):
            twice = sorted({key for key in stored if stored.count(key) > 1})
            self.timeline.fail("D2 stored twice:", twice[:5])

    def _missing(self) -> list[tuple[str, int]]:
        live = [row.id for row in self.database.tables.accounts.values() if not row.deleted]
        posted = ((account, number) for account in live for number in range(1, self.world.posted[account] + 1))
        return [key for key in posted if not self.database.has(*key)]

    # --- what users do

    def submit(self, event: m.Event) -> None:
        """Tell the fleet, as a user's request does; nobody hears it while the master is away."""
        if self.master.alive:
            self.master.io(0.0, self.master.submit, event)
