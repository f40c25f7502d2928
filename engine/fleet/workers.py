"""The workers' desk: who is there, who is dead, and when a process is started again."""

from engine.events import Stalled, WorkerRemoved
from engine.fleet import messages as m
from engine.fleet.accounts import AccountsDesk
from engine.fleet.entries import Kind, WorkerEntry, expected_digest
from engine.fleet.lease import Figures
from engine.fleet.placing import Placing
from engine.fleet.processes import Processes
from engine.fleet.tables import Tables
from engine.records import MASTER

REVOKED = "removed; it may act until its last lease has run out"
WAITS = "its worker was removed; it moves as soon as that can no longer act"
START_GRACE = 30.0  #: seconds that a started process has to register before it counts as hung


class WorkersDesk:
    """Handles every event about workers; one method an event."""

    def __init__(
        self, tables: Tables, accounts: AccountsDesk, placing: Placing, processes: Processes, figures: Figures
    ) -> None:
        self._t = tables
        self._accounts = accounts
        self._placing = placing
        self._processes = processes
        self._figures = figures

    # --- from users and the store

    def added(self, event: m.WorkerAdded, now: float) -> None:
        """Enter a worker; a local one that is wanted gets a process."""
        worker = WorkerEntry(event.worker_id, event.name, event.kind, event.capacity, event.draining)
        worker.restarts, worker.tags = event.restarts, frozenset(event.tags)
        worker.last_seen = now  # M4: a full time-out before its accounts are taken, unless its death is certain
        worker.unproven = event.kind == "local"
        self._t.shedding.add(worker.id)
        self._t.workers[worker.id] = worker
        if event.spawn:
            self._processes.spawn(worker)
        self._t.tell_worker(worker.id)

    def edited(self, event: m.WorkerEdited, now: float) -> None:
        """Rename, resize, tag, drain or take back a drain; what may not stay with it or does not fit is let go."""
        worker = self._t.workers.get(event.worker_id)
        if worker is None:
            return
        worker.name, worker.capacity, worker.draining = event.name, event.capacity, event.draining
        if event.tags is not None:
            worker.tags = frozenset(event.tags)
            elsewhere = {kind for kind in worker.kinds if not worker.admits_pin(kind[1])}
            self._let_go(worker, elsewhere, "pinned to another worker", now)
        self._t.shedding.add(worker.id)  # looked at, and dropped if there is nothing to shed
        self._findable(worker)
        self._t.tell_worker(worker.id)

    def removed(self, event: m.WorkerRemoved, now: float) -> None:
        """Take it out for good. Its accounts are free once its process is reaped, or once it released them or is
        silent for too long; until then it only stops."""
        worker = self._t.workers.get(event.worker_id)
        if worker is None:
            return
        worker.draining = worker.stopping = True
        worker.respawn_at = None
        self._t.journal.write(now, "removed by a user", worker.id, details={"by": event.by} if event.by else None)
        if worker.kind == "local" and worker.pid is not None:
            self._processes.stop(worker, "removed")
            return
        if worker.kind == "remote":
            self._cast_out(worker, now)
        if not worker.accounts or worker.kind == "local":
            self._forget(worker, now)

    def _cast_out(self, worker: WorkerEntry, now: float) -> None:
        """It is told to let go, and cut; nothing that it says keeps it alive. What it does not release waits for M2."""
        self._let_go(worker, set(worker.kinds), "removed", now)
        self._t.command(m.CastOut(worker.id))
        worker.phase, worker.reason = "offline", REVOKED
        worker.connected = worker.confirmed = False
        for account_id in worker.accounts:
            self._t.accounts[account_id].reason = WAITS
            self._t.tell_account(account_id)
        self._t.tell_worker(worker.id)

    def restart_asked(self, event: m.RestartAsked, now: float) -> None:
        """End a process and start it again, with a clean count of crashes."""
        worker = self._t.workers.get(event.worker_id)
        if worker is None or worker.kind != "local":
            return
        worker.crashes.forget()
        self._t.journal.write(now, "restart asked for", worker.id)
        if worker.pid is None:
            self._processes.spawn(worker)
        else:
            worker.respawn_at = now
            self._processes.stop(worker, "restart")
        self._t.tell_worker(worker.id)

    def closing(self, _event: m.Closing, _now: float) -> None:
        """Nothing is placed, spawned or declared dead any more."""
        self._t.closing = True

    # --- from the worker itself

    def registered(self, event: m.WorkerRegistered, now: float) -> None:
        """A proven connection: what it owns stays with it, whichever incarnation it is (its lock proves the other's
        death)."""
        worker = self._t.workers[event.worker_id]
        # not if it may be the process that was told, come back after our restart, or a live one elsewhere that does not
        # know yet that it is displaced
        told = worker.incarnation not in ("", event.incarnation)
        if told and not (worker.kind == "remote" and worker.connected):
            self._free_leaving(worker)
        crashed = tuple(key for key in event.crashed if self._t.was_entrusted(key, worker.id))
        if crashed and event.incarnation != worker.incarnation:  # told again if our answer was lost
            self._processes.crashed(worker, crashed, worker.last_seen or now, now)
        joined = worker.phase != "online"
        if not joined and worker.incarnation != event.incarnation:
            self._t.journal.write(now, "another process took over", worker.id, why="it connected later")
        if worker.incarnation != event.incarnation:
            worker.ending = worker.unproven = False
        worker.phase, worker.reason, worker.incarnation = "online", "", event.incarnation
        worker.register_by = None
        worker.connected, worker.confirmed, worker.behind = True, False, 0
        worker.host, worker.pid, worker.version = event.host, event.pid, event.version
        worker.platforms, worker.resources, worker.last_seen = event.platforms, event.resources, now
        if joined:
            self._t.journal.write(now, "online", worker.id)
            self._t.log("info", "worker.online", worker_id=worker.id, accounts=len(worker.accounts))
        missing = {kind for kind in worker.kinds if kind[0] not in worker.platforms}
        self._let_go(worker, missing, "no longer offered", now)
        self._findable(worker)
        self._t.tell_worker(worker.id)

    def heartbeat(self, event: m.HeartbeatReceived, now: float) -> None:
        """It lives. What it runs is compared with what it should run; a lasting difference is mended."""
        worker = self._t.workers.get(event.worker_id)
        if worker is None or worker.incarnation != event.incarnation or (worker.stopping and worker.kind == "remote"):
            return
        if worker.phase == "offline":  # silent for so long that its accounts were taken, and now back
            worker.phase, worker.reason = "online", ""
            self._t.journal.write(now, "online", worker.id)
            self._findable(worker)
        first = not worker.confirmed
        worker.connected = worker.confirmed = True
        worker.last_seen, worker.resources = now, event.resources
        if bool(worker.degraded) != bool(event.degraded):
            what = "degraded" if event.degraded else "no longer degraded"
            self._t.journal.write(now, what, worker.id, why=event.degraded)
        worker.outbox, worker.degraded = event.outbox, event.degraded
        worker.crashes.beat(now, checked=bool(event.checks))
        self._accounts.checked(worker.id, event.checks, now)
        self._mend(worker, event, now, patient=not first)
        self._t.tell_worker(worker.id)

    def _mend(self, worker: WorkerEntry, event: m.HeartbeatReceived, now: float, *, patient: bool) -> None:
        """One heartbeat with an older sequence may have crossed our message on the way; two have not."""
        right = event.digest == expected_digest(worker)
        if event.sequence == worker.sequence and right:
            worker.behind = 0
            for key in sorted(worker.revoking):  # it runs only others: with no release its process never heard of them
                self._t.orphan(self._t.accounts[key], now + self._figures.timeout)
            return
        worker.behind += 1
        if patient and event.sequence < worker.sequence and worker.behind < 2:
            return
        worker.behind = 0
        self._placing.send_all(worker, now)

    def link_lost(self, event: m.LinkLost, _now: float) -> None:
        """W5: a lost socket alone changes nothing but what is shown."""
        worker = self._t.workers.get(event.worker_id)
        if worker is not None and worker.incarnation == event.incarnation:
            worker.connected = worker.confirmed = False
            self._t.tell_worker(worker.id)

    # --- from the supervisor

    def child_started(self, event: m.ChildStarted, now: float) -> None:
        """A process runs; it has yet to register."""
        worker = self._t.workers.get(event.worker_id)
        if worker is None:
            return
        worker.pid, worker.ending = event.pid, False
        if worker.phase != "online":
            worker.phase, worker.reason = "starting", ""
            worker.register_by = now + START_GRACE
        self._t.journal.write(now, "started", worker.id, details={"pid": str(event.pid)})
        self._t.tell_worker(worker.id)

    def child_exited(self, event: m.ChildExited, now: float) -> None:
        """Reaped: certainly dead, so its accounts move at once (M2). Not so if they were those of a process from before
        our start that still holds the lock: the child that could not take it says nothing about that one."""
        worker = self._t.workers.get(event.worker_id)
        if worker is None:
            return
        worker.pid, worker.ending = None, False
        worker.incarnation = ""  # a heartbeat that it sent before its end may be read only now: it lives no more
        self._t.journal.write(now, "ended", worker.id, why=event.sentence)
        self._gone(worker, event.sentence, now)
        if not worker.unproven:
            self._free_all(worker, event.sentence, now)
        if worker.stopping:
            self._forget(worker, now)
        elif not self._t.closing:
            self._processes.exited(worker, event, now)

    def owner_gone(self, event: m.OwnerGone, now: float) -> None:
        """Its directory lock was free: no process of it is left from before."""
        worker = self._t.workers.get(event.worker_id)
        if worker is not None and worker.phase != "online":
            worker.unproven = False
            self._t.journal.write(now, "certainly not running", worker.id)
            self._free_all(worker, "certainly not running", now)

    # --- time

    def loop_stalled(self, event: m.LoopStalled, now: float) -> None:
        """Our own loop stood still, or this computer slept: that is told, and nobody else is dead because of it."""
        self.give_time(now)
        self._t.gaps.stalled(event.seconds, now)
        why = "the computer slept or was too busy: every worker gets a full time-out"
        self._t.journal.write(now, f"the master stood still for {event.seconds:.0f} s", MASTER, why=why)
        self._t.log("warning", "master.loop_stalled", seconds=round(event.seconds, 1))
        self._t.command(m.Publish(Stalled(event.seconds)))

    def give_time(self, now: float) -> None:
        """M4: everybody whose death is not certain gets a full time-out from now on."""
        self._t.no_verdict_before = now + self._figures.timeout

    def patrol(self, now: float) -> None:
        """Once a second: start what is to be started, and see who has gone silent."""
        for worker in list(self._t.workers.values()):
            if worker.respawn_at is not None and worker.respawn_at <= now and worker.pid is None:
                self._processes.spawn(worker)
        if now < self._t.no_verdict_before or self._t.closing:
            return
        for worker in list(self._t.workers.values()):
            silent = now - worker.last_seen if worker.last_seen is not None else 0.0
            if worker.phase == "starting" and worker.register_by is not None and now > worker.register_by:
                self._hung(worker, START_GRACE, now)
            if silent > self._figures.timeout:
                self._silent(worker, silent, now)
            if worker.stopping and worker.kind == "remote" and not worker.accounts:
                self._forget(worker, now)
        for key in [key for key in self._t.orphans if (self._t.accounts[key].free_at or now) <= now]:
            self._t.journal.write(now, "released", key, why="its worker does not know of it")
            self._accounts.free(self._t.accounts[key])

    def _silent(self, worker: WorkerEntry, silent: float, now: float) -> None:
        if worker.phase == "online":
            self._hung(worker, silent, now)
        if worker.accounts:
            worker.unproven = False
            self._free_all(worker, f"no heartbeat for {silent:.0f} s", now)

    def _hung(self, worker: WorkerEntry, silent: float, now: float) -> None:
        self._t.log("warning", "worker.heartbeat_timeout", worker_id=worker.id, silent=round(silent, 1))
        self._gone(worker, f"no heartbeat for {silent:.0f} s", now)
        if worker.kind == "local" and worker.pid is not None:
            self._processes.stop(worker, "it does not answer", hung=True)

    # --- parts

    def _gone(self, worker: WorkerEntry, why: str, now: float) -> None:
        """It is not there any more. What it owned stays with it until that is free to go."""
        was = worker.phase
        worker.phase, worker.reason = "offline", why
        worker.connected = worker.confirmed = False
        worker.resources, worker.degraded, worker.register_by = None, "", None
        worker.crashes.silent()
        if was == "online":
            self._t.log("info", "worker.offline", worker_id=worker.id, why=why)
            self._t.journal.write(now, "offline", worker.id, why=why)
        self._t.tell_worker(worker.id)

    def _let_go(self, worker: WorkerEntry, kinds: set[Kind], why: str, now: float) -> None:
        if kinds:
            accounts = [self._t.accounts[key] for key in worker.accounts if key not in worker.revoking]
            self._accounts.let_go([account for account in accounts if account.kind in kinds], why, now)

    def _free_all(self, worker: WorkerEntry, why: str, now: float) -> None:
        taken = f"taken from {worker.name}"
        for account_id in sorted(worker.accounts):
            self._t.journal.write(now, taken, account_id, worker.id, why=why)
            self._accounts.free(self._t.accounts[account_id])
            self._t.tell_account(account_id)

    def _free_leaving(self, worker: WorkerEntry) -> None:
        """The process that was told to let go is no more, and the one after it is not given them: nobody would answer
        `released`."""
        for account_id in [key for key in sorted(worker.accounts) if self._t.accounts[key].revoking]:
            self._accounts.free(self._t.accounts[account_id])
            self._t.tell_account(account_id)

    def _forget(self, worker: WorkerEntry, now: float) -> None:
        self._gone(worker, "removed", now)
        self._free_all(worker, "removed", now)
        for account in self._t.accounts.values():
            if account.promised == worker.id:
                self._t.drop_promise(account)
        self._t.workers.pop(worker.id, None)
        self._t.shedding.discard(worker.id)
        if worker.kind == "local":  # a remote one hears first why it is cut
            self._t.command(m.CutWorker(worker.id))
        self._t.command(m.Publish(WorkerRemoved(worker.id)))
        self._t.retry_placing = True

    def _findable(self, worker: WorkerEntry) -> None:
        """It may have room for others now."""
        self._t.allocation.offer(worker)
        self._t.retry_placing = self._t.rebalance = True
