"""What is tidied up once an hour: the bin, the journal, and detections that are older than the user wants."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from engine.bus import Bus
from engine.events import DetectionsMarked
from engine.journal import Note
from engine.records import MASTER, from_ms
from worker.process import tasks
from worker.process.clock import wall_ms

KEPT = timedelta(days=30)  #: in the bin
JOURNAL_KEPT = timedelta(days=90)
JOURNAL_LINES = 500_000
EVERY = 3600.0  #: seconds

log = structlog.get_logger("housekeeping")


class Bin(Protocol):
    """Where deleted accounts wait."""

    async def purge_deleted(self, before: datetime) -> int: ...


class OldLines(Protocol):
    """Where the journal is kept."""

    async def prune(self, before: datetime, keep: int) -> int: ...


class OldDetections(Protocol):
    """Where detections are kept; what was seen is remembered beyond that."""

    async def expire(self, before: datetime) -> int: ...


class Housekeeping:
    """Runs at the start and then every hour, in the background.

    Args:
        retention_days: after how many days a detection without a star goes; 0 is never.
    """

    def __init__(
        self,
        *,
        accounts: Bin,
        journal: OldLines,
        detections: OldDetections,
        bus: Bus,
        note: Note,
        retention_days: int = 0,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self._accounts = accounts
        self._journal = journal
        self._detections = detections
        self._bus = bus
        self._note = note
        self._retention = timedelta(days=retention_days)
        self._now_ms = now_ms
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; once more is nothing."""
        self._task = self._task or tasks.spawn(self._run(), name="housekeeping")

    async def close(self) -> None:
        """Stop; what is left is done after the next start."""
        await tasks.cancel(self._task)
        self._task = None

    async def empty_bin(self) -> int:
        """Delete for good what was deleted more than 30 days ago; how many accounts that were."""
        purged = await self._accounts.purge_deleted(self._now() - KEPT)
        if purged:
            log.info("accounts.purged", accounts=purged)
        return purged

    async def expire(self) -> int:
        """Delete detections that are older than the user wants to keep them; how many that were."""
        expired = await self._detections.expire(self._now() - self._retention) if self._retention else 0
        if expired:
            log.info("detections.expired", detections=expired)
            self._note("detections expired", MASTER, details={"detections": str(expired)})
            self._bus.publish(DetectionsMarked(None))
        return expired

    async def prune(self) -> int:
        """Remove old lines of the journal; how many that were."""
        return await self._journal.prune(self._now() - JOURNAL_KEPT, JOURNAL_LINES)

    async def tidy(self) -> None:
        """All of it; what fails does not keep the rest from being done."""
        duties: tuple[Callable[[], Awaitable[int]], ...] = (self.empty_bin, self.expire, self.prune)
        for duty in duties:
            try:
                await duty()
            except Exception as error:  # a full disk passes; an untidy hour is no reason to stop watching
                log.warning("housekeeping.failed", duty=duty.__name__, why=str(error))

    async def _run(self) -> None:
        while True:
            await self.tidy()
            await asyncio.sleep(EVERY)

    def _now(self) -> datetime:
        return from_ms(self._now_ms())
