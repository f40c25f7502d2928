"""What is tidied up once an hour: accounts that have been in the bin for 30 days are deleted for good."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from engine.records import from_ms
from worker.process import tasks
from worker.process.clock import wall_ms

KEPT = timedelta(days=30)
EVERY = 3600.0  #: seconds

log = structlog.get_logger("housekeeping")


class Bin(Protocol):
    """Where deleted accounts wait."""

    async def purge_deleted(self, before: datetime) -> int: ...


class Housekeeping:
    """Runs at the start and then every hour, in the background."""

    def __init__(self, accounts: Bin, now_ms: Callable[[], int] = wall_ms) -> None:
        self._accounts = accounts
        self._now_ms = now_ms
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; once more is nothing."""
        self._task = self._task or tasks.spawn(self._run(), name="housekeeping")

    async def close(self) -> None:
        """Stop; what is left is done after the next start."""
        await tasks.cancel(self._task)
        self._task = None

    async def tidy(self) -> int:
        """Delete for good what was deleted more than 30 days ago; how many accounts that were."""
        return await self._accounts.purge_deleted(from_ms(self._now_ms()) - KEPT)

    async def _run(self) -> None:
        while True:
            try:
                if purged := await self.tidy():
                    log.info("accounts.purged", accounts=purged)
            except Exception as error:  # a full disk passes; an untidy hour is no reason to stop watching
                log.warning("housekeeping.failed", why=str(error))
            await asyncio.sleep(EVERY)
