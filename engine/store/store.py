"""The whole store: one file, one writer, a few readers, and one facade for each thing kept."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from engine.store.accounts import AccountStore
from engine.store.database import Database
from engine.store.dead_letters import DeadLetterStore
from engine.store.detections import DetectionStore
from engine.store.directory import Directory
from engine.store.gaps import GapStore
from engine.store.ingest import IngestStore
from engine.store.join_codes import JoinCodeStore
from engine.store.journal import JournalStore
from engine.store.keys import KeyStore
from engine.store.platforms import PlatformStore
from engine.store.rate import Rate
from engine.store.readers import Readers
from engine.store.search import SearchStore
from engine.store.settings import SettingStore
from engine.store.tokens import TokenStore
from engine.store.workers import WorkerStore
from engine.store.writer import Writer
from worker.process.clock import wall_ms as system_wall_ms


class Store:
    """Everything the master remembers.

    Attributes:
        accounts, detections, workers, platforms, journal, dead_letters, gaps, keys, tokens, join_codes, settings: for
            everyone.
        ingest, search: for engine.feed.
    """

    def __init__(self, path: Path, wall_ms: Callable[[], int] = system_wall_ms) -> None:
        self._database = Database(path)
        self._writer = Writer(self._database.writer)
        self._readers = Readers(self._database.reader)
        self._stack: AsyncExitStack | None = None
        directory, rate = Directory(), Rate()
        self.accounts = AccountStore(self._writer, self._readers, directory, wall_ms)
        self.detections = DetectionStore(self._writer, self._readers, directory, rate, wall_ms)
        self.workers = WorkerStore(self._writer, self._readers)
        self.platforms = PlatformStore(self._writer, self._readers)
        self.journal = JournalStore(self._writer, self._readers)
        self.dead_letters = DeadLetterStore(self._writer, self._readers, wall_ms)
        self.gaps = GapStore(self._writer, self._readers, wall_ms)
        self.keys = KeyStore(self._writer, self._readers)
        self.tokens = TokenStore(self._writer, self._readers)
        self.join_codes = JoinCodeStore(self._writer, self._readers)
        self.settings = SettingStore(self._writer, self._readers)
        self.search = SearchStore(self._writer, self._readers)
        self.ingest = IngestStore(
            self._writer,
            self._readers,
            directory=directory,
            platforms=self.platforms,
            letters=self.dead_letters,
            rate=rate,
            wall_ms=wall_ms,
        )

    async def start(self) -> None:
        """Open the file, creating or migrating it; once more is nothing.

        Raises:
            StoreError: saying why it cannot be used; the data is untouched then, and nothing stays open.
        """
        if self._stack is not None:
            return
        await asyncio.to_thread(self._database.prepare)
        async with AsyncExitStack() as stack:
            self._writer.start()
            stack.push_async_callback(self._writer.close)
            self._readers.start()
            stack.push_async_callback(self._readers.close)
            await self.accounts.load()
            await self.platforms.load()
            await self.ingest.load()
            self._stack = stack.pop_all()

    async def close(self) -> None:
        """Finish what is queued, then close the file; once more is nothing."""
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.aclose()
