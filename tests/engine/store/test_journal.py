"""Lines of the journal: found by each of their subjects, by time and by words, and pruned."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.records import JournalEntry, JournalFilter, from_ms
from engine.store import journal
from tests.support.stored import NOW, open_store

ALL = JournalFilter()


def line(number: int, *subjects: str, **fields: Any) -> JournalEntry:
    """A line; `number` is its id and its second."""
    return JournalEntry(from_ms(NOW + number * 1000), subjects or ("a",), f"happened {number}", id=number, **fields)


async def test_pages_newest_first_across_a_restart(tmp_path: Path) -> None:
    lines = [line(n, f"w{n % 2}", why="why", request_id="req", details={"n": str(n)}) for n in range(1, 6)]
    async with open_store(tmp_path) as store:
        assert await store.journal.newest_id() == 0
        await store.journal.append(lines)
        await store.journal.append([])
    async with open_store(tmp_path) as store:
        assert await store.journal.newest_id() == 5
        newest = await store.journal.page(ALL, before=None, limit=2)
        assert newest == lines[:2:-1]
        assert await store.journal.page(ALL, before=newest[-1].id, limit=9) == lines[2::-1]


async def test_a_line_about_two_is_found_by_both(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.journal.append([line(1, "a", "w"), line(2, "a"), line(3, "w"), line(4, "other")])
        found = {
            name: [one.id for one in await store.journal.page(JournalFilter(name), before=None, limit=9)]
            for name in ("a", "w", "nobody")
        }
        assert found == {"a": [2, 1], "w": [3, 1], "nobody": []}
        assert [one.id for one in await store.journal.page(JournalFilter("a"), before=2, limit=9)] == [1]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        (JournalFilter(since=from_ms(NOW + 2000)), [3, 2]),
        (JournalFilter(until=from_ms(NOW + 2000)), [1]),
        (JournalFilter(subject="a", since=from_ms(NOW + 2000), until=from_ms(NOW + 3000)), [2]),
        (JournalFilter(q="SLOW down"), [2]),
        (JournalFilter(q="慢"), [3]),
        (JournalFilter(q="5%"), [1]),
        (JournalFilter(q="_"), []),
        (JournalFilter(q="r-2"), [2]),
        (JournalFilter(q="interval"), [3]),
    ],
)
async def test_found_by_time_and_by_words(tmp_path: Path, where: JournalFilter, ids: list[int]) -> None:
    async with open_store(tmp_path) as store:
        second = line(2, why="429: slow down", request_id="r-2")
        await store.journal.append([line(1, why="at 5%"), second, line(3, why="太慢", details={"fields": "interval"})])
        assert [one.id for one in await store.journal.page(where, before=None, limit=9)] == ids


async def test_the_same_line_again_is_one_line(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.journal.append([line(1)])
        await store.journal.append([line(1), line(2)])
        assert [one.id for one in await store.journal.page(JournalFilter("a"), before=None, limit=9)] == [2, 1]


async def test_old_lines_and_too_many_are_pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "CHUNK", 7)
    async with open_store(tmp_path) as store:
        await store.journal.append([line(n, "a", "w") for n in range(1, 51)])
        assert await store.journal.prune(from_ms(NOW + 11_000), keep=1000) == 10
        assert await store.journal.prune(from_ms(NOW), keep=25) == 15
        assert await store.journal.prune(from_ms(NOW), keep=25) == 0
        kept = list(range(50, 25, -1))
        for where in (ALL, JournalFilter("w")):
            assert [one.id for one in await store.journal.page(where, before=None, limit=99)] == kept
        connection = sqlite3.connect(tmp_path / "vedette.db")
        assert connection.execute("SELECT count(*) FROM journal_subjects").fetchone() == (50,)
        connection.close()
        assert await store.journal.newest_id() == 50
