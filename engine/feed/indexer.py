"""Keeps the search index close behind the feed, off the path of acknowledgements."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from engine.bus import Bus
from engine.events import DetectionsStored
from worker.process.tasks import cancel, spawn

BATCH = 1000  #: rows in one transaction
GATHER = 0.2  #: seconds; small transactions would cost the index more than they are worth
AFTER_FAULT = 5.0  #: seconds

log = structlog.get_logger("indexer")


class IndexStore(Protocol):
    """Where the index is kept; it remembers how far it came, so a crash costs nothing."""

    async def index_some(self, limit: int) -> int: ...


class Indexer:
    """Woken by each commit, indexes what is new within a second."""

    def __init__(self, store: IndexStore, bus: Bus) -> None:
        self._store = store
        self._bus = bus
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Begin with what an earlier run left; once more is nothing."""
        if self._task is None:
            self._unsubscribe = self._bus.subscribe(DetectionsStored, lambda _: self._wake.set())
            self._task = spawn(self._run(), name="indexer")

    async def close(self) -> None:
        """Stop; what is not indexed yet will be after the next start."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        task, self._task = self._task, None
        await cancel(task)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                while await self._store.index_some(BATCH) == BATCH:
                    pass
            except Exception as error:  # a full disk passes, and the feed works without the index
                log.warning("indexer.failed", reason=str(error)[:500])
                await asyncio.sleep(AFTER_FAULT)
                continue
            await self._wake.wait()
            await asyncio.sleep(GATHER)
