"""The recorder: lines are there at once, written in order, and none is lost while memory lasts."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine import journal
from engine.journal import Recorder
from engine.records import JournalFilter
from engine.store.store import Store
from tests.support.stored import NOW, open_store
from tests.support.waiting import eventually
from worker.process.logs import request

ALL = JournalFilter()


@asynccontextmanager
async def recording(store: Store) -> AsyncIterator[Recorder]:
    recorder = Recorder(store.journal, lambda: NOW)
    await recorder.start()
    try:
        yield recorder
    finally:
        await recorder.close()


async def said(recorder: Recorder, subject: str | None = None, **more: Any) -> list[str]:
    """What the newest lines say, newest first."""
    where = JournalFilter(subject)
    return [entry.what for entry in await recorder.page(where, **{"before": None, "limit": 1000} | more)]


async def written(store: Store) -> list[str]:
    return [entry.what for entry in await store.journal.page(ALL, before=None, limit=1000)]


async def test_a_line_is_there_at_once_and_after_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store, recording(store) as recorder:
        with request("click-1"):
            recorder.note("created", "a", details={"name": "Blog"})
        recorder.note("given", "a", "w", "", "a", why="new", request_id="other")
        [given, created] = await recorder.page(JournalFilter("a"), before=None, limit=9)
        assert (given.subjects, given.why, given.request_id) == (("a", "w"), "new", "other")
        assert (created.request_id, created.details) == ("click-1", {"name": "Blog"})
        assert await said(recorder, "w") == ["given"]
    async with open_store(tmp_path) as store, recording(store) as recorder:
        recorder.note("released", "a")
        assert await said(recorder, "a") == ["released", "given", "created"]
        assert await recorder.page(JournalFilter("a"), before=given.id, limit=9) == [created]


async def test_many_lines_are_written_in_order_and_read_by_pages(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store, recording(store) as recorder:
        for number in range(1050):
            recorder.note(str(number), "a")
        wanted = [str(number) for number in range(1049, -1, -1)]

        async def all_written() -> bool:
            return await written(store) == wanted[:1000]

        seen: list[str] = []
        before = None
        while page := await recorder.page(JournalFilter("a"), before=before, limit=100):
            seen += [entry.what for entry in page]
            before = page[-1].id
        assert seen == wanted
        await eventually(all_written, within=5, what="the lines in the database, in order")


async def test_a_full_disk_loses_nothing_that_memory_holds(
    tmp_path: Path, expected_logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LINGER", 0.01)
    monkeypatch.setattr(journal, "RETRY", 0.05)
    expected_logs("journal.not_saved")
    async with open_store(tmp_path) as store, recording(store) as recorder:
        await store._writer.run(limit(None))
        for number in range(300):
            recorder.note(str(number), "a", why="x" * 2000)
        await eventually(lambda: any("journal.not_saved" in line for line in expected_logs.records), within=5)
        assert len(await written(store)) < 300
        everything = [str(number) for number in range(299, -1, -1)]
        assert await said(recorder, "a") == everything
        await store._writer.run(limit(1_000_000))

        async def all_written() -> bool:
            return await written(store) == everything

        await eventually(all_written, within=5, what="what waited")
        assert len([line for line in expected_logs.records if "journal.not_saved" in line]) == 1


def limit(pages: int | None) -> Callable[[Any], None]:
    """What makes SQLite say that the disk is full."""

    def work(connection: Any) -> None:
        wanted = pages or connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {wanted}")

    return work


async def test_what_memory_cannot_hold_is_counted(
    tmp_path: Path, expected_logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MOST_WAITING", 5)
    async with open_store(tmp_path) as store, recording(store) as recorder:
        for number in range(12):
            recorder.note(str(number), "a")
        await eventually(lambda: said(recorder, "master"), within=5, what="the line about lost lines")
        [told] = await recorder.page(JournalFilter("master"), before=None, limit=9)
        assert (told.what, told.details) == ("lines of the journal were lost", {"lines": "7"})
        assert await said(recorder, "a") == ["11", "10", "9", "8", "7"]


async def test_text_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        async with recording(store) as recorder:
            recorder.note("bad \ud800 text", "a", why="y" * 9000, details={"name": "\udfff"})
            recorder.note("good", "a")
        [good, bad] = await store.journal.page(ALL, before=None, limit=9)
        assert (good.what, bad.what, len(bad.why), bad.details) == ("good", "bad ? text", 2000, {"name": "?"})


async def test_closed_on_a_full_disk_it_says_what_is_lost(tmp_path: Path, expected_logs: Any) -> None:
    expected_logs("journal.not_saved", "journal.lines_lost")
    async with open_store(tmp_path) as store:
        async with recording(store) as recorder:
            await store._writer.run(limit(None))
            for number in range(300):
                recorder.note(str(number), "a", why="x" * 2000)
        assert any("journal.lines_lost" in line for line in expected_logs.records)
