"""Workers: how they fare and what may be done to them."""

from dataclasses import dataclass, replace
from typing import Protocol

from engine.api.errors import Conflict, Invalid, NotFound
from engine.api.journal import Journal
from engine.api.tags import clean_tags
from engine.records import JournalEntry, WorkerKind, WorkerState

MAX_LOCAL = 64


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """One worker as front ends see it.

    Attributes:
        cpu: percent of one core. memory: bytes. loop_lag, heartbeat_age: seconds; None before the first heartbeat.
        outbox: detections found but not yet stored by the master.
        reason: why it is degraded, offline or failed; an empty string otherwise.
        tags: an account that is pinned to `tag:` and one of these may be watched here.
    """

    id: str
    name: str
    kind: WorkerKind
    host: str
    pid: int | None
    version: str
    state: WorkerState
    capacity: int
    accounts: int
    cpu: float | None
    memory: int | None
    loop_lag: float | None
    heartbeat_age: float | None
    restarts: int
    outbox: int
    platforms: tuple[str, ...]
    reason: str = ""
    draining: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkerChanges:
    """What a user may change; None leaves it."""

    name: str | None = None
    capacity: int | None = None
    draining: bool | None = None
    tags: tuple[str, ...] | None = None


class WorkerControl(Protocol):
    """What the engine does for this file; implemented by the master over fleet, store and supervisor."""

    def snapshots(self) -> list[WorkerSnapshot]: ...
    def snapshot(self, worker_id: str) -> WorkerSnapshot | None: ...
    async def change(self, worker_id: str, changes: WorkerChanges) -> None: ...
    async def add_local(self, count: int) -> list[str]: ...
    async def restart(self, worker_id: str) -> None: ...
    async def remove(self, worker_id: str) -> None: ...
    @property
    def local_maximum(self) -> int: ...


class Workers:
    """What a front end may ask of workers."""

    def __init__(self, control: WorkerControl, journal: Journal) -> None:
        self._control = control
        self._journal = journal

    def all(self) -> list[WorkerSnapshot]:
        """All workers, local ones first, by id."""
        return sorted(self._control.snapshots(), key=lambda worker: (worker.kind, worker.id))

    def get(self, worker_id: str) -> WorkerSnapshot:
        """One worker. Raises NotFound."""
        snapshot = self._control.snapshot(worker_id)
        if snapshot is None:
            raise NotFound(f"there is no worker “{worker_id[:64]}”")
        return snapshot

    async def change(self, worker_id: str, changes: WorkerChanges) -> WorkerSnapshot:
        """Rename, resize, drain or tag. Raises NotFound, Invalid, Conflict."""
        if self.get(worker_id).state == "revoked":
            raise Conflict("this worker was removed; it only waits until its accounts may move", code="revoked")
        if changes.name is not None and not 1 <= len(changes.name.strip()) <= 64:
            raise Invalid("name", "a worker's name has 1 to 64 characters")
        if changes.capacity is not None and not 0 <= changes.capacity <= 100_000:
            raise Invalid("capacity", "a worker's capacity is 0 to 100,000 accounts")
        if changes.tags is not None:
            changes = replace(changes, tags=clean_tags(changes.tags))
        await self._control.change(worker_id, changes)
        return self.get(worker_id)

    async def add_local(self, count: int = 1) -> list[WorkerSnapshot]:
        """Start `count` more workers on this computer. Raises Invalid, Conflict."""
        if not 1 <= count <= MAX_LOCAL:
            raise Invalid("count", f"“count” must be from 1 to {MAX_LOCAL}")
        running = sum(worker.kind == "local" for worker in self.all())
        if running + count > self._control.local_maximum:
            maximum = self._control.local_maximum
            raise Conflict(f"at most {maximum} workers may run on this computer, {running} do", code="too_many_workers")
        return [self.get(worker_id) for worker_id in await self._control.add_local(count)]

    async def restart(self, worker_id: str) -> WorkerSnapshot:
        """End a local worker's process and start it again with a clean count. Raises NotFound, Conflict."""
        self._local(worker_id, "restarted")
        await self._control.restart(worker_id)
        return self.get(worker_id)

    async def remove(self, worker_id: str) -> None:
        """Take a worker out for good; its accounts move to others. One on another machine is cut within a second, and
        keeps accounts that it does not let go of until it can no longer act. Raises NotFound."""
        self.get(worker_id)
        await self._control.remove(worker_id)

    async def story(self, worker_id: str, *, before: int | None = None, limit: int = 200) -> list[JournalEntry]:
        """What happened to it and why, newest first, below the line `before` if given. Raises NotFound, Invalid."""
        self.get(worker_id)
        return await self._journal.story(worker_id, before=before, limit=limit)

    def _local(self, worker_id: str, what: str) -> None:
        if self.get(worker_id).kind != "local":
            raise Conflict(f"only a worker on this computer can be {what} from here", code="not_local")
