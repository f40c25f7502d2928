"""The fleet as engine.api.workers needs it."""

import itertools
from dataclasses import replace
from typing import Protocol

import structlog

from engine.api import actor
from engine.api.workers import WorkerChanges, WorkerSnapshot
from engine.fleet import messages as m
from engine.fleet.entries import WorkerEntry
from engine.journal import Note
from engine.records import Worker, from_ms
from engine.runtime import Runtime
from worker.process.clock import lease_clock, wall_ms

log = structlog.get_logger("workers")


class WorkerStore(Protocol):
    """Where workers are kept."""

    async def load_all(self) -> list[Worker]: ...
    async def save(self, worker: Worker) -> None: ...
    async def remove(self, worker_id: str) -> None: ...


class WorkerControl:
    """Turns what users do to workers into fleet events.

    Attributes:
        records: the workers that may come, by id. revoked: those that may not any more.
    """

    def __init__(self, runtime: Runtime, store: WorkerStore, note: Note, *, local_maximum: int, capacity: int) -> None:
        self._runtime = runtime
        self._note = note
        self._store = store
        self._local_maximum = local_maximum
        self._capacity = capacity
        self.records: dict[str, Worker] = {}
        self.revoked: dict[str, Worker] = {}

    @property
    def local_maximum(self) -> int:
        """How many workers may run on this computer."""
        return self._local_maximum

    async def load(self, local: int | None, default_local: int) -> None:
        """Enter the stored workers, and as many local ones as wanted: `local` if given, else as many as there were."""
        known = await self._store.load_all()
        self.records = {worker.id: worker for worker in known if not worker.revoked}
        self.revoked = {worker.id: worker for worker in known if worker.revoked}
        names = sorted((w.id for w in self.records.values() if w.kind == "local"), key=_number)
        wanted = local if local is not None else len(names) or default_local
        for extra in names[wanted:]:
            await self._store.remove(extra)
            del self.records[extra]
        await self._new_local(wanted - len(names))

    def enter_all(self) -> None:
        """Tell the fleet of every worker; local ones are spawned."""
        for worker in self.records.values():
            self._enter(worker)

    def enter_revoked(self, owners: set[str | None]) -> None:
        """Those of them that own accounts, as the store has it: they may act until their last lease has run out.

        So may an owner that nobody knows, as after a restore from a backup. Local ones have ended with their master.
        """
        unknown = {owner for owner in owners if owner is not None} - self.records.keys() - self.revoked.keys()
        for owner in sorted(unknown):
            if not _is_local(owner):
                self.revoked[owner] = Worker(owner, owner, "remote", 0, from_ms(wall_ms()), revoked=True)
        for worker in self.revoked.values():
            if worker.id in owners:
                self._enter(worker)

    def leave_revoked(self) -> None:
        """Once the fleet knows what they own: they are on their way out."""
        for worker_id in self.revoked:
            self._runtime.submit(m.WorkerRemoved(worker_id))

    def snapshots(self) -> list[WorkerSnapshot]:
        """All workers as of now."""
        return [_snapshot(entry) for entry in self._runtime.state.tables.workers.values() if _shown(entry)]

    def snapshot(self, worker_id: str) -> WorkerSnapshot | None:
        """One worker as of now."""
        entry = self._runtime.state.tables.workers.get(worker_id)
        return _snapshot(entry) if entry is not None and _shown(entry) else None

    async def change(self, worker_id: str, changes: WorkerChanges) -> None:
        """Save and apply what a user changed."""
        before = worker = self.records[worker_id]
        worker = replace(
            worker,
            name=worker.name if changes.name is None else changes.name.strip(),
            capacity=worker.capacity if changes.capacity is None else changes.capacity,
            draining=worker.draining if changes.draining is None else changes.draining,
            tags=worker.tags if changes.tags is None else changes.tags,
        )
        await self._save(worker)
        self._note_changes(before, worker)
        self._runtime.submit(m.WorkerEdited(worker.id, worker.name, worker.capacity, worker.draining, worker.tags))

    async def add_local(self, count: int) -> list[str]:
        """Start more workers on this computer; returns their ids."""
        added = await self._new_local(count)
        for worker in added:
            self._note("added by a user", worker.id, details=_by())
            self._enter(worker)
        return [worker.id for worker in added]

    async def restart(self, worker_id: str) -> None:
        """End its process and start it again."""
        self._runtime.submit(m.RestartAsked(worker_id))

    async def remove(self, worker_id: str) -> None:
        """Take it out for good; a worker of another machine is remembered, so that its key lets nobody in again."""
        worker = self.records.get(worker_id)
        if worker is None:  # it is on its way out already
            return
        if worker.kind == "remote":
            worker = replace(worker, revoked=True)
            await self._store.save(worker)
            self.revoked[worker_id] = worker
            log.info("worker.revoked", worker_id=worker_id, name=worker.name)
        else:
            await self._store.remove(worker_id)
        self.records.pop(worker_id, None)
        self._runtime.submit(m.WorkerRemoved(worker_id, actor.current()))

    def joined(self, worker: Worker) -> None:
        """A worker of another machine was let in, and is stored already."""
        self.records[worker.id] = worker
        self._enter(worker)

    def free_name(self, wanted: str) -> str:
        """The name, or with a number behind it if another worker is called so."""
        taken = {worker.name for worker in self.records.values()}
        names = (wanted if number == 1 else f"{wanted}-{number}" for number in itertools.count(1))
        return next(name for name in names if name not in taken)

    # --- engine.gateway.proof.Roster

    def public_key(self, worker_id: str) -> bytes | None:
        """The key of a worker of another machine, revoked or not; None if there is none."""
        worker = self.records.get(worker_id) or self.revoked.get(worker_id)
        return worker.public_key if worker else None

    def is_revoked(self, worker_id: str) -> bool:
        """Whether it may not come in any more."""
        return worker_id in self.revoked

    async def save_restarts(self, worker_id: str, restarts: int) -> None:
        """Remember how often it was restarted."""
        if worker_id in self.records:
            await self._save(replace(self.records[worker_id], restarts=restarts))

    def _note_changes(self, before: Worker, after: Worker) -> None:
        if after.name != before.name:
            self._note(f"renamed to {after.name}", after.id, why=f"it was called {before.name}", details=_by())
        if after.capacity != before.capacity:
            self._note(
                f"may watch {after.capacity} accounts", after.id, why=f"before: {before.capacity}", details=_by()
            )
        if after.draining != before.draining:
            what = "hands its accounts to other workers" if after.draining else "may have accounts again"
            self._note(what, after.id, why="a user asked for it", details=_by())
        if after.tags != before.tags:
            what = f"carries the tags {', '.join(after.tags)}" if after.tags else "carries no tags"
            self._note(what, after.id, details=_by())

    async def _new_local(self, count: int) -> list[Worker]:
        added: list[Worker] = []
        number = 1
        while len(added) < count:
            if (worker_id := f"local-{number}") not in self.records:
                worker = Worker(worker_id, worker_id, "local", self._capacity, from_ms(wall_ms()))
                await self._save(worker)
                added.append(worker)
            number += 1
        return added

    async def _save(self, worker: Worker) -> None:
        self.records[worker.id] = worker
        await self._store.save(worker)

    def _enter(self, worker: Worker) -> None:
        self._runtime.submit(
            m.WorkerAdded(
                worker.id,
                worker.name,
                worker.kind,
                worker.capacity,
                worker.draining,
                worker.restarts,
                spawn=worker.kind == "local",
                tags=worker.tags,
            )
        )


def _by() -> dict[str, str]:
    return {"by": actor.current()}


def _shown(entry: WorkerEntry) -> bool:
    """A local one that is on its way out only ends; a remote one still has accounts that wait for it."""
    return not entry.stopping or entry.kind == "remote"


def _is_local(worker_id: str) -> bool:
    return worker_id.startswith("local-") and worker_id.removeprefix("local-").isdigit()


def _number(worker_id: str) -> tuple[int, str]:
    digits = worker_id.removeprefix("local-")
    return (int(digits) if digits.isdigit() else 1_000_000, worker_id)


def _snapshot(entry: WorkerEntry) -> WorkerSnapshot:
    resources = entry.resources
    online = entry.phase == "online"
    age = max(0.0, lease_clock() - entry.last_seen) if entry.last_seen is not None and online else None
    return WorkerSnapshot(
        id=entry.id,
        name=entry.name,
        kind=entry.kind,
        host=entry.host,
        pid=entry.pid,
        version=entry.version,
        state=entry.state(),
        capacity=entry.capacity,
        accounts=len(entry.accounts),
        cpu=resources.cpu if resources else None,
        memory=resources.memory if resources else None,
        loop_lag=resources.loop_lag if resources else None,
        heartbeat_age=None if age is None else round(age, 3),
        restarts=entry.restarts,
        outbox=entry.outbox,
        platforms=tuple(sorted(entry.platforms)),
        reason=entry.why(),
        draining=entry.draining,
        tags=tuple(sorted(entry.tags)),
    )
