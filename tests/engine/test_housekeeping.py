"""Deleting is soft for 30 days, detections go when the user wants it, and the journal does not grow for ever."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.bus import Bus
from engine.events import DetectionsMarked
from engine.feed.ingest import Ingest
from engine.housekeeping import Housekeeping
from engine.journal import Recorder
from engine.records import JournalFilter, Marks, Missing
from engine.store import purge
from engine.store.store import Store
from tests.support.stored import NOW, account, batch, entrust, item, open_store, page, texts

DAY = timedelta(days=1) // timedelta(milliseconds=1)


@dataclass
class House:
    """A store that is kept tidy; `now` is the clock of the housekeeper."""

    store: Store
    recorder: Recorder
    keeper: Housekeeping
    bus: Bus
    now: list[int]
    told: list[DetectionsMarked] = field(default_factory=list)


@asynccontextmanager
async def house(directory: Path, days: int = 0) -> AsyncIterator[House]:
    async with open_store(directory) as store:
        now = [NOW]
        bus, recorder = Bus(), Recorder(store.journal, lambda: now[0])
        await recorder.start()
        keeper = Housekeeping(
            accounts=store.accounts,
            journal=store.journal,
            detections=store.detections,
            bus=bus,
            note=recorder.note,
            retention_days=days,
            now_ms=lambda: now[0],
        )
        opened = House(store, recorder, keeper, bus, now)
        bus.subscribe(DetectionsMarked, opened.told.append)
        try:
            yield opened
        finally:
            await recorder.close()


async def test_the_bin_is_emptied_after_thirty_days_and_not_before(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.store.accounts.add(account("a"), b"sealed")
        await home.store.accounts.delete("a")
        home.now[0] += 29 * DAY
        assert await home.keeper.empty_bin() == 0
        assert (await home.store.accounts.restore("a")).id == "a"
        await home.store.accounts.delete("a")
        home.now[0] += 2 * DAY
        assert await home.keeper.empty_bin() == 1
        with pytest.raises(Missing):
            await home.store.accounts.restore("a")
        assert await home.store.keys.any_sealed() is False


async def fill(store: Store) -> None:
    """Six detections a day apart, the newest now; the second is starred, the third read; all are indexed."""
    for name in ("acc_1", "acc_2"):
        await store.accounts.add(account(name), None)
    found = [item(n, f"acc_{1 + n % 2}", text=f"word{n}", found_at=NOW - (5 - n) * DAY) for n in range(6)]
    await store.ingest.store([("w1", each) for each in found], [])
    await store.detections.mark_ids([2], Marks(starred=True))
    await store.detections.mark_ids([3], Marks(read=True))
    await store.search.index_some(4)


async def test_old_detections_go_and_starred_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "CHUNK", 2)
    async with house(tmp_path, days=1) as home:
        await fill(home.store)
        assert await home.keeper.expire() == 3
        assert [found.id for found in await page(home.store)] == [6, 5, 2]
        counts = await home.store.detections.counts()
        assert (counts.total, counts.unread) == (3, 3)
        assert [each.unread for each in await home.store.accounts.load_all()] == [1, 2]
        assert await texts(home.store, q="word0") == [] and await texts(home.store, q="word1") == ["word1"]
        assert home.told == [DetectionsMarked(None)]
        [line] = await home.recorder.page(JournalFilter("master"), before=None, limit=9)
        assert (line.what, line.details) == ("detections expired", {"detections": "3"})
        assert await home.keeper.expire() == 0 and len(home.told) == 1


async def test_without_the_option_they_are_kept_for_ever(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await fill(home.store)
        home.now[0] += 20_000 * DAY
        await home.keeper.tidy()
        assert len(await page(home.store)) == 6


async def test_what_expired_does_not_come_back_until_its_account_is_purged(tmp_path: Path) -> None:
    async with house(tmp_path, days=1) as home:
        await fill(home.store)
        entrust(home.store, "acc_1")
        await home.keeper.expire()
        ingest = Ingest(home.store.ingest, home.bus)
        again = batch(item(0, text="again"))
        assert (await ingest.take("w2", again)).done == [0]
        assert await texts(home.store, account_id="acc_1") == ["word4"]
        await home.store.accounts.delete("acc_1")
        home.now[0] += 31 * DAY
        assert await home.keeper.empty_bin() == 1
        await home.store.accounts.add(account("acc_1"), None)
        entrust(home.store, "acc_1")
        assert (await ingest.take("w2", again)).done == [0]
        assert await texts(home.store, account_id="acc_1") == ["again"]
        await ingest.close()


async def test_detections_in_the_bin_expire_too_and_the_counters_stay_right(tmp_path: Path) -> None:
    async with house(tmp_path, days=1) as home:
        await fill(home.store)
        await home.store.accounts.delete("acc_1")
        assert await home.keeper.expire() == 3
        await home.store.accounts.restore("acc_1")
        counts = await home.store.detections.counts()
        assert (counts.total, counts.unread) == (3, 3)


async def test_the_journal_is_pruned_after_ninety_days(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.recorder.note("old", "a")
        home.now[0] += 91 * DAY
        home.recorder.note("new", "a")
        await home.recorder.close()
        await home.recorder.start()
        assert await home.keeper.prune() == 1
        assert [line.what for line in await home.recorder.page(JournalFilter("a"), before=None, limit=9)] == ["new"]


async def test_what_fails_does_not_keep_the_rest_from_being_done(tmp_path: Path, expected_logs: Any) -> None:
    expected_logs("housekeeping.failed")
    async with house(tmp_path, days=1) as home:
        await fill(home.store)
        await home.store.accounts.delete("acc_1")
        home.now[0] += 31 * DAY
        connection = sqlite3.connect(tmp_path / "vedette.db")
        connection.execute("ALTER TABLE credentials RENAME TO elsewhere")
        connection.commit()
        connection.close()
        await home.keeper.tidy()
        assert await texts(home.store, account_id="acc_2") == ["word1"]
