import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection

from engine.store.database import Database
from engine.store.errors import DiskFull, StoreClosed
from engine.store.readers import Readers
from engine.store.writer import Writer
from tests.support.waiting import eventually
from worker.process.tasks import spawn


def put(key: str, value: str = ""):
    def work(connection: Connection) -> str:
        connection.exec_driver_sql("INSERT INTO settings VALUES (?, ?)", (key, value))
        return key

    return work


class Opened:
    """A writer whose thread can be held, and a connection beside it."""

    def __init__(self, directory: Path) -> None:
        database = Database(directory / "vedette.db")
        database.prepare()
        self.writer = Writer(database.writer)
        self.readers = Readers(database.reader)
        self.beside = database.reader()
        self.go = threading.Event()

    async def __aenter__(self) -> "Opened":
        self.writer.start()
        self.readers.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.go.set()
        await self.writer.close()
        await self.readers.close()
        self.beside.close()

    def hold(self) -> "asyncio.Task[bool]":
        """Keep the writer busy until `go`, so that what follows is one group."""
        return spawn(self.writer.run(lambda _: self.go.wait(10)), name="hold")

    def seen(self) -> list[str]:
        rows = self.beside.exec_driver_sql("SELECT key FROM settings WHERE key NOT LIKE 'search%' ORDER BY rowid")
        return [key for (key,) in rows]


async def gather(opened: Opened, *jobs):
    """Results and errors of jobs that form one group."""
    held = opened.hold()
    await asyncio.sleep(0)
    answers = asyncio.gather(*(opened.writer.run(job) for job in jobs), return_exceptions=True)
    await asyncio.sleep(0)
    opened.go.set()
    await held
    return await answers


async def test_what_queues_meanwhile_is_one_transaction(tmp_path):
    async with Opened(tmp_path) as opened:
        assert await gather(opened, put("a"), lambda _: opened.seen(), put("b")) == ["a", [], "b"]
        assert opened.seen() == ["a", "b"]


async def test_one_failing_job_takes_no_other_down(tmp_path):
    def half(connection: Connection) -> None:
        put("half")(connection)
        raise LookupError("my own fault")

    async with Opened(tmp_path) as opened:
        first, error, last = await gather(opened, put("a"), half, put("b"))
        assert (first, last) == ("a", "b")
        assert isinstance(error, LookupError)
        assert opened.seen() == ["a", "b"]


async def test_a_full_disk_hits_only_who_needs_the_room(tmp_path):
    def huge(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        try:
            put("huge", "x" * 100_000)(connection)
        finally:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")

    async with Opened(tmp_path) as opened:
        first, error, last = await gather(opened, put("a"), huge, put("b"))
        assert (first, last) == ("a", "b")
        assert isinstance(error, DiskFull)
        assert opened.seen() == ["a", "b"]


async def test_results_come_after_the_commit(tmp_path):
    async with Opened(tmp_path) as opened:
        await opened.writer.run(put("a"))
        assert opened.seen() == ["a"]


async def test_background_work_has_its_own_transaction(tmp_path):
    async with Opened(tmp_path) as opened:
        held = opened.hold()
        await asyncio.sleep(0)
        behind = opened.writer.run(lambda _: opened.seen(), background=True)
        ahead = opened.writer.run(put("a"))
        answers = asyncio.gather(behind, ahead)
        await asyncio.sleep(0)
        opened.go.set()
        assert await answers == [["a"], "a"]
        await held


async def test_close_finishes_what_is_queued(tmp_path):
    async with Opened(tmp_path) as opened:
        held = opened.hold()
        await asyncio.sleep(0)
        waiting = asyncio.gather(opened.writer.run(put("a")), opened.writer.run(put("b"), background=True))
        await asyncio.sleep(0)
        closing = asyncio.gather(opened.writer.close(), opened.writer.close())
        await asyncio.sleep(0)
        opened.go.set()
        assert await waiting == ["a", "b"]
        await closing
        await held
        assert opened.seen() == ["a", "b"]
        with pytest.raises(StoreClosed):
            await opened.writer.run(put("c"))


async def test_a_caller_that_gives_up_loses_only_the_answer(tmp_path):
    async with Opened(tmp_path) as opened:
        held = opened.hold()
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(opened.writer.run(put("a")), 0)
        later = spawn(opened.writer.run(put("b")), name="later")
        await asyncio.sleep(0)
        opened.go.set()
        assert await later == "b"
        await held
        await eventually(lambda: opened.seen()[-1:] == ["b"])


async def test_readers_cannot_write_and_see_one_moment(tmp_path):
    async with Opened(tmp_path) as opened:
        with pytest.raises(Exception, match="not writable"):
            await opened.readers.run(put("x"))
        started = threading.Event()

        def twice(connection: Connection) -> list[int]:
            def number() -> int:
                return connection.exec_driver_sql("SELECT count(*) FROM settings").scalar_one()

            first = number()
            started.set()
            opened.go.wait(10)
            return [first, number()]

        reading = asyncio.gather(opened.readers.run(twice))
        await eventually(started.is_set)
        await opened.writer.run(put("a"))
        opened.go.set()
        [[first, second]] = await reading
        assert first == second
