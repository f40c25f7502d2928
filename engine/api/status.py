"""One look at everything."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.api.dead_letters import DeadLetters
from engine.api.detections import Detections
from engine.api.workers import Workers

ONLINE = ("online", "degraded", "draining")


@dataclass(frozen=True, slots=True)
class WorkersStatus:
    """How many workers there are, and how many accounts they hold together."""

    total: int
    online: int
    offline: int
    total_assigned_accounts: int


@dataclass(frozen=True, slots=True)
class SchedulingStatus:
    """How many accounts should be watched, and how many are."""

    total_accounts: int
    assigned_accounts: int
    unassigned_accounts: int


@dataclass(frozen=True, slots=True)
class DetectionsStatus:
    """How many detections are stored; `per_minute` counts the last 60 seconds."""

    total: int
    unread: int
    per_minute: int


@dataclass(frozen=True, slots=True)
class StatusSnapshot:
    """The answer to GET /status; `uptime` in seconds.

    `dead_letters` could not be stored and wait for somebody to look; so many more had to go for newer ones.
    """

    version: str
    uptime: float
    workers: WorkersStatus
    scheduling: SchedulingStatus
    detections: DetectionsStatus
    dead_letters: int = 0
    dead_letters_dropped: int = 0


class Status:
    """Sums up workers, scheduling and the feed."""

    def __init__(
        self,
        version: str,
        uptime: Callable[[], float],
        workers: Workers,
        *,
        scheduling: Callable[[], SchedulingStatus],
        detections: Detections,
        dead_letters: DeadLetters,
    ) -> None:
        self._version = version
        self._uptime = uptime
        self._workers = workers
        self._scheduling = scheduling
        self._detections = detections
        self._dead_letters = dead_letters

    async def get(self) -> StatusSnapshot:
        """The whole status, as of now."""
        counts = await self._detections.counts()
        dead, dropped = await self._dead_letters.counts()
        return StatusSnapshot(
            version=self._version,
            uptime=round(self._uptime(), 3),
            workers=self._count_workers(),
            scheduling=self._scheduling(),
            detections=DetectionsStatus(counts.total, counts.unread, counts.per_minute),
            dead_letters=dead,
            dead_letters_dropped=dropped,
        )

    def _count_workers(self) -> WorkersStatus:
        workers = self._workers.all()
        online = sum(worker.state in ONLINE for worker in workers)
        return WorkersStatus(len(workers), online, len(workers) - online, sum(worker.accounts for worker in workers))
