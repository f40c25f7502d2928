"""The one thread that writes. Whatever was asked for while it was busy becomes its next transaction."""

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from engine.store.driver import driver
from engine.store.errors import StoreClosed, translated

T = TypeVar("T")
Work = Callable[[Connection], T]


@dataclass(slots=True)
class _Job:
    work: Work[Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


class _Broken(Exception):
    """SQLite undid the whole transaction, or it could not be begun or committed."""


class Writer:
    """Runs jobs on its own connection, in the order asked for, many in one transaction.

    A job is a function of the connection. It may run twice (when its group's transaction breaks, each job is tried
    alone), so it must have no effect but on the database.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._jobs: deque[_Job] = deque()
        self._background: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False

    def start(self) -> None:
        """Start the thread; once more is nothing. It is no reason for a failing process to stay."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._main, args=(self._connect(),), name="vedette-writer", daemon=True
            )
            self._thread.start()

    async def close(self) -> None:
        """Finish what is queued, then end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    async def run(self, work: Work[T], *, background: bool = False) -> T:
        """Do `work` in a transaction and return its result after the commit.

        Args:
            background: it has a transaction of its own, so that nobody else's commit waits for it.

        Raises:
            StoreError: if the file or the disk is at fault; else what `work` raised, undone alone.
        """
        loop = asyncio.get_running_loop()
        job = _Job(work, loop.create_future(), loop)
        with self._wake:
            if self._closing or self._thread is None:
                raise StoreClosed("the database is closed")
            (self._background if background else self._jobs).append(job)
            self._wake.notify()
        result: T = await job.future
        return result

    def _main(self, connection: Connection) -> None:
        try:
            while groups := self._next():
                for group in groups:
                    _perform(connection, group)
                    _deliver(group)
        finally:
            connection.close()

    def _next(self) -> list[list[_Job]]:
        """Wait; then all foreground jobs as one group, and one background job, so that neither starves the other."""
        with self._wake:
            while not (self._jobs or self._background or self._closing):
                self._wake.wait()
            groups = [list(self._jobs)] if self._jobs else []
            self._jobs.clear()
            if self._background:
                groups.append([self._background.popleft()])
            return groups


def _perform(connection: Connection, group: list[_Job]) -> None:
    try:
        _transaction(connection, group)
    except _Broken as broken:
        if len(group) == 1:
            group[0].error = broken.__cause__
            return
        for job in group:
            _perform(connection, [job])


def _transaction(connection: Connection, group: list[_Job]) -> None:
    try:
        driver(connection).execute("BEGIN IMMEDIATE")
        for job in group:
            _attempt(connection, job, alone=len(group) == 1)
        driver(connection).execute("COMMIT")
    except Exception as error:  # whatever it is, the jobs' futures must hear of it, or their callers wait for ever
        with suppress(sqlite3.Error):  # on a failing disk even this may fail, and the thread must live on
            driver(connection).execute("ROLLBACK")
        raise _Broken from error


def _attempt(connection: Connection, job: _Job, alone: bool) -> None:
    """Run one job; if it fails, only what it did is undone. Raises if the transaction is gone."""
    job.result = job.error = None
    if alone:
        job.result = job.work(connection)
        return
    driver(connection).execute("SAVEPOINT job")
    try:
        job.result = job.work(connection)
    except Exception as error:  # a job's fault is its caller's to see
        if not _in_transaction(connection):  # SQLite undoes everything when the disk is full
            raise
        driver(connection).execute("ROLLBACK TO job")
        job.error = error
    driver(connection).execute("RELEASE job")


def _in_transaction(connection: Connection) -> bool:
    return driver(connection).in_transaction


def _deliver(group: list[_Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in group:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, jobs)
        except RuntimeError:  # that loop is closed: nobody waits any more
            continue


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():  # its caller was cancelled; what it wrote stays
            continue
        if job.error is not None:
            job.future.set_exception(translated(job.error))
        else:
            job.future.set_result(job.result)
