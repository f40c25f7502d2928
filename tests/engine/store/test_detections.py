import pytest

from engine.records import DetectionFilter, Marks, from_ms
from tests.support.stored import NOW, account, ids, item, open_store, page, put
from worker.protocol.messages import Author


@pytest.fixture
def fill():
    async def filled(store):
        """Ten detections: odd ones of `a` (demo, tagged), even ones of `b` (feed)."""
        await store.accounts.add(account("a", tags=("vip",)), None)
        await store.accounts.add(account("b", platform="feed"), None)
        for seq in range(1, 11):
            kind = "mention" if seq in (3, 4) else "comment"
            thread = "t" if seq in (1, 5, 7) else ""
            await put(store, item(seq, "a" if seq % 2 else "b", kind=kind, thread_id=thread, found_at=NOW - 100 + seq))

    return filled


async def test_all_fields_come_back(tmp_path):
    author = Author(id="7", name="小明", handle="@ming", avatar="http://x/a.png")
    given = item(
        1, kind="direct_message", thread_id="t", author=author, text="hi\x00\n'\"", url="http://x", subject="s",
        published_at=NOW - 50_000, found_at=NOW - 1,
    )  # fmt: skip
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        await put(store, given, item(2, found_at=NOW + 99_999), worker_id="w7")
        second, first = await page(store)
        assert (first.account_id, first.platform, first.worker_id, first.kind) == (
            "acc_1",
            "demo",
            "w7",
            "direct_message",
        )
        assert (first.external_id, first.thread_id, first.author, first.text) == ("ext-1", "t", author, "hi\x00\n'\"")
        assert (first.url, first.subject) == ("http://x", "s")
        assert (first.published_at, first.detected_at) == (from_ms(NOW - 50_000), from_ms(NOW - 1))
        assert (first.read, first.handled, first.starred) == (False, False, False)
        assert second.detected_at == from_ms(NOW), "a worker's clock cannot date it into the future"
        assert second.published_at is None
        assert await store.detections.get(first.id) == first
        assert await store.detections.get(99) is None


@pytest.mark.parametrize("moment", [0, 1, 999, 1_001, 1_795_000_000_001, 1_795_000_000_999, 253_402_300_799_999])
async def test_moments_come_back_to_the_millisecond(tmp_path, moment):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        await put(store, item(1, published_at=moment))
        [one] = await page(store)
        assert one.published_at == from_ms(moment)


async def test_a_moment_that_no_datetime_knows_does_not_spoil_the_page(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        await put(store, item(1, published_at=2**53 - 1), item(2))
        assert [one.published_at for one in await page(store)] == [None, None]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ({"account_id": "a"}, [9, 7, 5, 3, 1]),
        ({"account_id": "never"}, []),
        ({"platform": "feed"}, [10, 8, 6, 4, 2]),
        ({"platform": "never"}, []),
        ({"tag": "vip"}, [9, 7, 5, 3, 1]),
        ({"tag": "vip", "platform": "feed"}, []),
        ({"kind": "mention"}, [4, 3]),
        ({"kind": "mention", "account_id": "b"}, [4]),
        ({"kind": "follow"}, []),
        ({"thread_id": "t"}, [7, 5, 1]),
        ({"unread": True}, [10, 9, 8, 7, 6, 5, 4, 3]),
        ({"unread": False, "account_id": "a"}, [1]),
        ({"handled": True}, [5]),
        ({"handled": False, "tag": "vip"}, [9, 7, 3, 1]),
        ({"starred": True}, [6]),
        ({"starred": False, "kind": "mention"}, [4, 3]),
        ({"since": from_ms(NOW - 100 + 8)}, [10, 9, 8]),
        ({"until": from_ms(NOW - 100 + 3)}, [2, 1]),
        ({"since": from_ms(NOW - 100 + 2), "until": from_ms(NOW - 100 + 5), "platform": "feed"}, [4, 2]),
    ],
)
async def test_filters_alone_and_together(tmp_path, fill, monkeypatch, where, expected):
    async with open_store(tmp_path) as store:
        await fill(store)
        await store.detections.mark_ids([1, 2], Marks(read=True))
        await store.detections.mark_ids([5], Marks(handled=True))
        await store.detections.mark_ids([6], Marks(starred=True))
        assert ids(await page(store, **where)) == expected
        monkeypatch.setattr("engine.store.feed_query.FEW", -1)  # as if there were too many rows to gather
        assert ids(await page(store, **where)) == expected
        some = DetectionFilter(**where)
        assert (
            ids(await store.detections.page(some, after=2, before=None, limit=3))
            == [number for number in expected[::-1] if number > 2][:3]
        )
        assert (
            ids(await store.detections.page(some, after=None, before=6, limit=2))
            == [number for number in expected if number < 6][:2]
        )


async def test_paging_by_key_misses_nothing_while_rows_arrive(tmp_path, fill):
    async with open_store(tmp_path) as store:
        await fill(store)
        first = ids(await page(store, 4))
        await put(store, item(11, "a"), item(12, "a"))
        where = DetectionFilter()
        second = ids(await store.detections.page(where, after=None, before=first[-1], limit=4))
        rest = ids(await store.detections.page(where, after=None, before=second[-1], limit=4))
        assert first + second + rest == list(range(10, 0, -1))
        assert ids(await store.detections.page(where, after=first[0], before=None, limit=4)) == [11, 12]
        assert await store.detections.newest_id() == 12


async def test_a_thread_is_of_one_account_and_oldest_first(tmp_path, fill):
    async with open_store(tmp_path) as store:
        await fill(store)
        await put(store, item(20, "b", thread_id="t"))
        [newest] = [found for found in await page(store, account_id="a") if found.id == 7]
        assert ids(await store.detections.thread(newest, 50)) == [1, 5, 7]
        assert ids(await store.detections.thread(newest, 2)) == [5, 7]
        alone = await store.detections.get(9)
        assert await store.detections.thread(alone, 50) == [alone]


async def test_marking_names_what_really_changed(tmp_path, fill):
    async with open_store(tmp_path) as store:
        await fill(store)
        assert await store.detections.mark_ids([3, 1, 99], Marks(read=True)) == (1, 3)
        assert await store.detections.mark_ids([1, 2], Marks(read=True, starred=False)) == (2,)
        assert await store.detections.mark_ids([1], Marks(starred=True)) == (1,)
        assert (await store.detections.counts()).unread == 7
        assert [each.unread for each in await store.accounts.load_all()] == [3, 4]
        assert await store.detections.mark_ids([1, 2, 3], Marks(read=False)) == (1, 2, 3)
        assert (await store.detections.counts()).unread == 10
        first = await store.detections.get(1)
        assert (first.read, first.handled, first.starred) == (False, False, True)


async def test_marking_all_that_fits(tmp_path, fill, monkeypatch):
    monkeypatch.setattr("engine.store.detections.CHUNK", 2)
    async with open_store(tmp_path) as store:
        await fill(store)
        assert await store.detections.mark_where(DetectionFilter(account_id="a", unread=True), Marks(read=True)) == 5
        assert await store.detections.mark_where(DetectionFilter(account_id="a"), Marks(read=True)) == 0
        assert await store.detections.mark_where(DetectionFilter(kind="mention"), Marks(read=True, handled=True)) == 2
        assert ids(await page(store, handled=True)) == [4, 3]
        assert [each.unread for each in await store.accounts.load_all()] == [0, 4]
        assert (await store.detections.counts()).unread == 4


async def test_counts_and_the_last_minute(tmp_path, fill):
    async with open_store(tmp_path) as store:
        await fill(store)
        await put(store, item(11, "a", baseline=True))
        counts = await store.detections.counts()
        assert (counts.total, counts.unread, counts.per_minute) == (11, 10, 11)
    async with open_store(tmp_path, NOW + 30_000) as store:
        assert (await store.detections.counts()).per_minute == 11, "a restart knows the last minute"
    async with open_store(tmp_path, NOW + 60_000) as store:
        assert (await store.detections.counts()).per_minute == 0
