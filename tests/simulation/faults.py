"""What goes wrong and what users do, at random.

Each seed has its own mixture: some kinds never come, so that what others lead to has the time to unfold.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.fleet import messages as m
from tests.simulation.database import AccountRow, Tables, WorkerRow
from tests.simulation.network import BOTH, DOWN, UP, Cut

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation
    from tests.simulation.worker import Worker

EVERY = (3.0, 10.0)  #: seconds between two of them, on average
LONGEST = (1.0, 90.0)  #: seconds that a freeze or a partition lasts
WAYS: tuple[Cut, ...] = (BOTH, BOTH, UP, DOWN)
MOST_ACCOUNTS, MOST_WORKERS = 12, 7
TAGS: tuple[tuple[str, ...], ...] = ((), (), ("cn",), ("cn", "eu"))
PINS = ("tag:cn", "tag:eu")


class Faults:
    """Chooses by weight.

    Attributes:
        over: no more will come; the end of the run is near.
    """

    def __init__(self, simulation: "Simulation") -> None:
        self.over = False
        self._s = simulation
        self._timeline = simulation.timeline
        self._random = simulation.timeline.random
        self._round = 0
        self._backup: Tables | None = None
        weighted: list[tuple[int, Callable[[], str]]] = [
            (10, self._kill),
            (12, self._freeze),
            (10, self._cut),
            (8, self._slow),
            (6, self._kill_master),
            (4, self._stall_master),
            (2, self._restore),
            (2, self._back_up),
            (3, self._fill_database),
            (3, self._fill_disk),
            (2, self._make_deadly),
            (4, self._edit_account),
            (3, self._pause_account),
            (3, self._delete_account),
            (3, self._undelete_account),
            (3, self._add_account),
            (3, self._ask_check),
            (4, self._edit_worker),
            (3, self._add_worker),
            (2, self._remove_worker),
            (2, self._restart_worker),
        ]
        chosen = [pair for pair in weighted if self._random.random() < 0.5] or weighted
        self._kinds = [kind for _, kind in chosen]
        self._weights = [weight for weight, _ in chosen]
        self._every = self._random.uniform(*EVERY)

    def begin(self) -> None:
        """From now on."""
        self._s.network.calm = self._s.database.calm = False
        self._round += 1
        self._backup = self._backup or self._s.database.backup()
        self._timeline.after(self._random.expovariate(1 / self._every), self._next, self._round)

    def pause(self) -> None:
        """No new ones, and those under way end."""
        self._round += 1
        s = self._s
        s.network.calm = s.database.calm = True
        s.database.full = False
        s.network.cut.clear()
        s.network.slow.clear()
        s.network.held.clear()
        s.world.deadly.clear()
        self._timeline.forget_ambushes()
        self._start_master()
        s.master.thaw(s.master.generation)
        for worker in s.workers.values():
            worker.disk.full = False
            worker.thaw(worker.generation)
            self._start_worker(worker)

    def heal(self) -> None:
        """All that users have put aside is taken up again."""
        self.over = True
        for row in self._s.database.tables.workers.values():
            row.draining, row.capacity = False, 20
            self._tell_worker(row)
            if row.kind == "local":
                self._s.submit(m.RestartAsked(row.id))
        for account in self._accounts():
            account.status, account.pinned_to, account.quarantined = "active", None, False
            self._tell_account(account)

    def _next(self, of_round: int) -> None:
        if of_round != self._round:
            return
        what = self._random.choices(self._kinds, self._weights)[0]()
        if what:
            name, _, subject = what.partition(" ")
            self._timeline.counts[f"fault {name}"] += 1
            self._timeline.note("FAULT", name, subject)
        self._timeline.after(self._random.expovariate(1 / self._every), self._next, of_round)

    # --- processes

    def _worker(self) -> "Worker":
        return self._random.choice(list(self._s.workers.values()))

    def _kill(self) -> str:
        worker = self._worker()
        if not worker.alive:
            return ""
        worker.die("killed")
        self._timeline.after(self._random.uniform(1, 40), self._start_worker, worker)
        return f"kill {worker.id}"

    def _start_worker(self, worker: "Worker") -> None:
        """A remote one is started by its own computer; a local one by the master."""
        if not worker.local and not worker.alive and worker.id in self._s.database.tables.workers:
            worker.boot()

    def _freeze(self) -> str:
        """At any moment, or between the two looks at the lease."""
        worker, seconds = self._worker(), self._random.uniform(*LONGEST)
        if not worker.alive or worker.frozen:
            return ""
        if self._random.random() < 0.5:
            worker.freeze(seconds)
        else:
            self._timeline.lie_in_wait("connecting", worker.id, lambda: worker.freeze(seconds))
        return f"freeze {worker.id} for {seconds:.1f} s"

    def _make_deadly(self) -> str:
        """Whoever checks it dies of it; remote ones are started again by whoever runs them."""
        account = self._random.choice(list(self._s.world.posted))
        self._s.world.deadly.add(account)
        for after in range(5, 60, 5):
            self._timeline.after(after, self._start_all, self._round)
        return f"deadly {account}"

    def _start_all(self, of_round: int) -> None:
        for worker in self._s.workers.values() if of_round == self._round else ():
            self._start_worker(worker)

    def _slow(self) -> str:
        worker = self._worker()
        self._s.network.slow.add(worker.id)
        self._timeline.after(self._random.uniform(5, 30), self._s.network.slow.discard, worker.id)
        return f"slow-line {worker.id}"

    def _cut(self) -> str:
        worker, seconds = self._worker(), self._random.uniform(*LONGEST)
        if worker.id in self._s.network.cut:
            return ""
        if self._random.random() < 0.3:
            self._break(worker, self._random.choice(WAYS), seconds)
        else:
            self._timeline.lie_in_wait("heard", worker.id, lambda: self._break_behind(worker, seconds))
        return f"partition {worker.id} for {seconds:.1f} s"

    def _break_behind(self, worker: "Worker", seconds: float) -> None:
        """A heartbeat has arrived, its answer takes its time, and nothing more gets through to the master."""
        self._s.network.held[worker.id] = self._random.uniform(10, 14.5)
        self._break(worker, UP, max(seconds, 45.0))

    def _break(self, worker: "Worker", way: Cut, seconds: float) -> None:
        network = self._s.network
        self._timeline.note("FAULT the line of", worker.id, "breaks:", way)
        network.cut[worker.id] = way
        if worker.alive and worker.connection is not None:
            self._timeline.after(network.silence(), self._give_up, worker, worker.connection)
        self._timeline.after(seconds, self._mend, worker.id)

    def _mend(self, worker_id: str) -> None:
        self._s.network.cut.pop(worker_id, None)

    def _give_up(self, worker: "Worker", connection: object) -> None:
        """Pings stay unanswered: both sides notice."""
        if worker.id in self._s.network.cut and worker.alive and worker.connection is connection is not None:
            worker.io(0.0, worker.hang_up)

    def _kill_master(self) -> str:
        if not self._s.master.alive:
            return ""
        self._end_master()
        self._timeline.after(self._random.uniform(0.5, 20), self._start_master)
        return "master-kill"

    def _end_master(self) -> None:
        self._s.master.die()
        for worker in self._s.workers.values():
            if worker.local:
                worker.parent_gone()

    def _start_master(self) -> None:
        if not self._s.master.alive:
            self._s.master.boot()

    def _stall_master(self) -> str:
        if not self._s.master.alive or self._s.master.frozen:
            return ""
        seconds = self._random.uniform(1, 60)
        self._s.master.stall(seconds)
        return f"master-stall for {seconds:.1f} s"

    # --- disks

    def _back_up(self) -> str:
        self._backup = self._s.database.backup()
        return "backup"

    def _restore(self) -> str:
        if not self._s.master.alive or self._backup is None:
            return ""
        self._end_master()
        self._s.database.restore(self._backup)
        self._timeline.after(self._random.uniform(0.5, 20), self._start_master)
        return "restore"

    def _fill_database(self) -> str:
        self._s.database.full = True
        self._timeline.after(self._random.uniform(1, 20), self._empty_database)
        return "database-full"

    def _empty_database(self) -> None:
        self._s.database.full = False

    def _fill_disk(self) -> str:
        worker = self._worker()
        worker.disk.full = True
        self._timeline.after(self._random.uniform(1, 40), self._empty_disk, worker)
        return f"worker-disk-full {worker.id}"

    def _empty_disk(self, worker: "Worker") -> None:
        worker.disk.full = False

    # --- users: what they do is in the database before the fleet hears of it

    def _answers(self) -> bool:
        """Whether there is a master that takes what users want."""
        return self._s.master.alive and not self._s.master.frozen

    def _accounts(self, *, deleted: bool = False) -> list[AccountRow]:
        return [row for row in self._s.database.tables.accounts.values() if row.deleted == deleted]

    def _account(self, *, deleted: bool = False) -> AccountRow | None:
        rows = self._accounts(deleted=deleted) if self._answers() else []
        return self._random.choice(rows) if rows else None

    def _tell_account(self, row: AccountRow) -> None:
        self._s.submit(m.AccountEdited(row.id, row.interval, row.pinned_to, row.status))

    def _edit_account(self) -> str:
        if (row := self._account()) is None:
            return ""
        row.interval = self._random.choice((10.0, 15.0, 25.0))
        row.pinned_to = self._random.choice([None, None, *PINS, *self._s.database.tables.workers])
        if row.quarantined and self._random.random() < 0.5:
            row.quarantined, row.status = False, "active"
        self._tell_account(row)
        return f"edit-account {row.id}"

    def _pause_account(self) -> str:
        if (row := self._account()) is None:
            return ""
        row.status = "active" if row.status == "paused" else "paused"
        self._tell_account(row)
        return f"pause-account {row.id} {row.status}"

    def _delete_account(self) -> str:
        if (row := self._account()) is None:
            return ""
        row.deleted = True
        self._s.submit(m.AccountRemoved(row.id))
        return f"delete-account {row.id}"

    def _undelete_account(self) -> str:
        if (row := self._account(deleted=True)) is None:
            return ""
        self._s.database.undelete(row)
        self._s.submit(self._s.master.account_added(row))
        return f"undelete-account {row.id}"

    def _add_account(self) -> str:
        if not self._answers() or len(self._s.database.tables.accounts) >= MOST_ACCOUNTS:
            return ""
        row = self._s.add_account()
        self._s.submit(self._s.master.account_added(row))
        return f"add-account {row.id}"

    def _ask_check(self) -> str:
        if (row := self._account()) is None:
            return ""
        self._s.submit(m.CheckAsked(row.id, f"r{self._timeline.events}"))
        return f"check-asked {row.id}"

    def _row(self) -> WorkerRow | None:
        rows = list(self._s.database.tables.workers.values()) if self._answers() else []
        return self._random.choice(rows) if rows else None

    def _tell_worker(self, row: WorkerRow) -> None:
        self._s.submit(m.WorkerEdited(row.id, row.id, row.capacity, row.draining, row.tags))

    def _edit_worker(self) -> str:
        if (row := self._row()) is None:
            return ""
        row.draining, row.capacity = self._random.random() < 0.3, self._random.choice((2, 4, 8, 20))
        row.tags = self._random.choice(TAGS)
        self._tell_worker(row)
        return f"edit-worker {row.id} draining={row.draining} capacity={row.capacity} tags={','.join(row.tags)}"

    def _add_worker(self) -> str:
        if not self._answers() or len(self._s.workers) >= MOST_WORKERS:
            return ""
        row = self._s.add_worker(local=self._random.random() < 0.5, capacity=8)
        self._s.submit(self._s.master.worker_added(row))
        self._timeline.after(0.5, self._start_worker, self._s.workers[row.id])
        return f"add-worker {row.id}"

    def _remove_worker(self) -> str:
        row = self._row()
        if row is None or len(self._s.database.tables.workers) < 3:
            return ""
        del self._s.database.tables.workers[row.id]
        self._s.submit(m.WorkerRemoved(row.id))
        return f"remove-worker {row.id}"

    def _restart_worker(self) -> str:
        if (row := self._row()) is None:
            return ""
        self._s.submit(m.RestartAsked(row.id))
        return f"restart-worker {row.id}"
