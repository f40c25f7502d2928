"""Gaps: once each, growing, bounded, gone with their account."""

from dataclasses import replace
from datetime import timedelta

from engine.records import Gap, from_ms
from engine.store import gaps as store_gaps
from tests.support.stored import NOW, account, open_store

MINUTE = 60_000


def gap(begin: int = 0, end: int = 30, account_id: str = "acc_1", **facts: object) -> Gap:
    """A gap between two minutes."""
    given = {"caught_up": 3, "complete": True, "why": "it slept", **facts}
    return Gap(account_id, from_ms(NOW + begin * MINUTE), from_ms(NOW + end * MINUTE), **given)  # type: ignore[arg-type]


async def test_a_gap_is_kept_once_and_grows(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        first = gap(complete=False, missed="not yet")
        await store.gaps.save([first, gap(40, 50), gap(account_id="never"), replace(gap(60), until=None)])
        assert await store.gaps.page("acc_1", None, 10) == [gap(40, 50), first]
        grown = replace(first, caught_up=42, complete=True, missed="")
        await store.gaps.save([grown])
        await store.gaps.save([replace(grown, caught_up=5)])
        again = replace(grown, since=grown.since + timedelta(milliseconds=3))
        await store.gaps.save([again])
    async with open_store(tmp_path) as store:
        assert await store.gaps.page("acc_1", None, 10) == [gap(40, 50), grown], "a crash between found it again"
        assert await store.gaps.page("acc_1", None, 1) == [gap(40, 50)]
        assert await store.gaps.page("acc_1", NOW + 40 * MINUTE, 1) == [grown]
        assert await store.gaps.page("never", None, 1) == []


async def test_the_newest_that_nobody_acknowledged(tmp_path):
    async with open_store(tmp_path) as store:
        for name in ("acc_1", "acc_2", "acc_3"):
            await store.accounts.add(account(name), None)
            await store.gaps.save([gap(account_id=name), gap(40, 50, name)])
        await store.accounts.delete("acc_3")
        await store.gaps.acknowledge(["acc_1"])
        assert await store.gaps.unacknowledged() == [gap(40, 50, "acc_2")]
        await store.gaps.save([gap(40, 55), gap(60, 70)])
        assert gap(60, 70) in await store.gaps.unacknowledged()
        await store.gaps.acknowledge(["acc_1"])
        await store.gaps.save([gap(60, 75)])
        assert await store.gaps.unacknowledged() == [gap(40, 50, "acc_2")], "one that grows stays acknowledged"


async def test_old_ones_and_more_than_a_thousand_go(tmp_path, monkeypatch):
    monkeypatch.setattr(store_gaps, "KEPT", 5)
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        await store.accounts.add(account("acc_2"), None)
        await store.gaps.save([gap(-91 * 1440, -91 * 1440 + 5), gap(-80 * 1440, -80 * 1440 + 5)])
        assert await store.gaps.page("acc_1", None, 10) == [gap(-80 * 1440, -80 * 1440 + 5)]
        await store.gaps.save([gap(account_id="acc_2"), *(gap(n * 10, n * 10 + 5) for n in range(8))])
        assert await store.gaps.page("acc_1", None, 10) == [gap(n * 10, n * 10 + 5) for n in (7, 6, 5, 4, 3)]
        assert len(await store.gaps.page("acc_2", None, 10)) == 1


async def test_they_go_with_their_account(tmp_path):
    async with open_store(tmp_path, NOW) as store:
        await store.accounts.add(account(), None)
        await store.gaps.save([gap()])
        await store.accounts.delete("acc_1")
        assert len(await store.gaps.page("acc_1", None, 10)) == 1, "it may come back"
        assert await store.accounts.purge_deleted(from_ms(NOW + 1)) == 1
        assert await store.gaps.page("acc_1", None, 10) == []
