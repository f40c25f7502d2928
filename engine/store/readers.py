"""Reading on connections of their own, so that nobody who looks waits for one who writes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

from sqlalchemy import Connection

from engine.store.driver import driver
from engine.store.errors import StoreClosed, translated

T = TypeVar("T")
THREADS = 2


class Readers:
    """A small pool of threads and read-only connections."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._idle: SimpleQueue[Connection] = SimpleQueue()
        self._pool: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Open the connections; once more is nothing."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, "vedette-reader")
            for _ in range(THREADS):
                self._idle.put(self._connect())

    async def close(self) -> None:
        """Let what is being read finish, then close the connections."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        await asyncio.get_running_loop().run_in_executor(None, pool.shutdown)
        for _ in range(THREADS):
            self._idle.get().close()

    async def run(self, work: Callable[[Connection], T], *, single: bool = False) -> T:
        """Do `work` on a reader's thread, seeing one moment of the database throughout. Raises StoreError.

        Args:
            single: it is one statement, which needs no transaction for that. Each statement more is another chance to
                wait for the interpreter while the loop is busy.
        """
        if self._pool is None:
            raise StoreClosed("the database is closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work, single)

    def _read(self, work: Callable[[Connection], T], single: bool) -> T:
        connection = self._idle.get()
        raw = driver(connection)
        try:
            if not single:
                raw.execute("BEGIN")
            return work(connection)
        except Exception as error:  # only to give SQLite's errors their sentence
            raise translated(error) from error
        finally:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            self._idle.put(connection)
