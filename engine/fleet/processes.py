"""When a local worker's process is started, ended and started again, and when not any more."""

from engine.fleet import messages as m
from engine.fleet.entries import WorkerEntry
from engine.fleet.quarantine import Quarantine
from engine.fleet.restart import DELAYS, Rng
from engine.fleet.tables import Tables
from worker.process.exit_codes import Exit


class Processes:
    """Part of the workers' desk."""

    def __init__(self, tables: Tables, quarantine: Quarantine, rng: Rng) -> None:
        self._t = tables
        self._quarantine = quarantine
        self._rng = rng

    def spawn(self, worker: WorkerEntry) -> None:
        """Start its process, unless we are closing."""
        if self._t.closing:
            return
        if worker.respawn_at is not None:
            worker.restarts += 1
            self._t.command(m.SaveRestarts(worker.id, worker.restarts))
        worker.respawn_at = None
        worker.phase, worker.reason = "starting", ""
        self._t.command(m.SpawnWorker(worker.id))

    def stop(self, worker: WorkerEntry, why: str, *, hung: bool = False) -> None:
        """End its process. It is given nothing more, though it may answer until its end."""
        worker.ending = True
        self._t.command(m.StopWorker(worker.id, why, hung=hung))

    def exited(self, worker: WorkerEntry, event: m.ChildExited, now: float) -> None:
        """Plan its next start, or none. A crash that an account is convicted of does not count."""
        alive = worker.last_seen if event.asked and worker.last_seen is not None else now
        excused = self.crashed(worker, event.checking, alive, now)
        if event.code == Exit.CONFIG:
            self._fail(worker, event.sentence, now)
            return
        if event.asked and worker.respawn_at is not None:
            self.spawn(worker)
            return
        delay = DELAYS[0] if excused else worker.crashes.crashed(now, self._rng)
        if delay is None:
            self._fail(worker, f"it ended too often; the last time: {event.sentence}", now)
        else:
            self._start_in(delay, worker, event.sentence, now)

    def crashed(self, worker: WorkerEntry, checking: tuple[str, ...], alive: float, now: float) -> bool:
        """It ended while it was checking these accounts; true if one of them is convicted of it. What else that one is
        convicted of is taken off the workers' counts, and who had failed because of that is started again."""
        explained = self._quarantine.crashed(worker, checking, alive, now)
        for crash in explained:
            victim = self._t.workers.get(crash.worker_id)
            if victim is None:
                continue
            worn_out = victim.crashes.exhausted
            victim.crashes.take_back(crash.ended)
            if worn_out and not victim.crashes.exhausted and victim.phase == "failed":
                victim.phase = "offline"
                self._start_in(DELAYS[0], victim, "an account was to blame", now)
        return bool(explained)

    def _start_in(self, delay: float, worker: WorkerEntry, why: str, now: float) -> None:
        worker.respawn_at = now + delay
        self._t.wake_at(worker.respawn_at)
        self._t.journal.write(now, f"is started again in {delay:.1f} s", worker.id, why=why)
        self._t.log("warning", "worker.exited", worker_id=worker.id, how=why, restart_in=round(delay, 1))

    def _fail(self, worker: WorkerEntry, why: str, now: float) -> None:
        worker.phase, worker.reason, worker.respawn_at = "failed", why, None
        self._t.journal.write(now, "failed", worker.id, why=why)
        self._t.log("error", "worker.failed", worker_id=worker.id, why=why)
        self._t.tell_worker(worker.id)
