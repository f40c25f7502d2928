import asyncio
from dataclasses import replace

import pytest

from engine.records import Marks, Missing, Move, Sealed, StaleRevision, from_ms
from tests.support.stored import NOW, account, item, open_store, page, put
from worker.protocol.messages import CursorAt


async def test_what_was_added_comes_back(tmp_path):
    one = account(handle="@one", settings={"url": "http://x", "n": 3}, tags=("a", "补"), pinned_to="w1")
    async with open_store(tmp_path) as store:
        await store.accounts.add(one, None)
        assert await store.accounts.get("acc_1") == one
        assert await store.accounts.sealed("acc_1") is None
        assert await store.accounts.get("acc_2") is None
    async with open_store(tmp_path) as store:
        assert await store.accounts.load_all() == [one]


async def test_pages_follow_the_order_of_creation(tmp_path):
    async with open_store(tmp_path) as store:
        for name in ("c", "a", "b"):
            await store.accounts.add(account(name), None)
        assert [each.id for each in await store.accounts.page(None, 2)] == ["c", "a"]
        assert [each.id for each in await store.accounts.page("a", 2)] == ["b"]
        assert await store.accounts.page("never", 2) == []


async def test_a_change_needs_the_revision_it_was_made_from(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), b"one")
        changed = await store.accounts.change("acc_1", 1, {"display_name": "new", "tags": ("x",)}, b"two")
        assert (changed.display_name, changed.tags, changed.revision) == ("new", ("x",), 2)
        assert await store.accounts.get("acc_1") == changed
        assert await store.accounts.sealed("acc_1") == Sealed(b"two", 2)
        with pytest.raises(StaleRevision):
            await store.accounts.change("acc_1", 1, {"display_name": "late"}, b"three")
        assert await store.accounts.sealed("acc_1") == Sealed(b"two", 2)
        with pytest.raises(Missing):
            await store.accounts.change("acc_2", 1, {}, None)
        with pytest.raises(ValueError, match="epoch"):
            await store.accounts.change("acc_1", 2, {"epoch": 7}, None)


async def test_a_fresh_start_forgets_the_old_error(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        assert await store.accounts.save_health("acc_1", 0, "failing", "no route")
        assert (await store.accounts.change("acc_1", 1, {"status": "active"}, None)).last_error is None


async def test_what_comes_out_of_the_bin_has_a_new_epoch_and_the_cursor_that_was_stored(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        await store.accounts.save_ownership([Move("acc_1", "w", 1)])
        await store.ingest.store([], [("w", "acc_1", CursorAt(1, "c1"))])
        await store.accounts.delete("acc_1")
        restored = await store.accounts.restore("acc_1")
        assert (restored.epoch, restored.cursor) == (2, "c1")
        assert (await store.accounts.restore("acc_1")).epoch == 2


async def test_deleted_is_invisible_until_restored(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), b"sealed")
        await put(store, item(1), item(2, baseline=True))
        await store.accounts.delete("acc_1")
        await store.accounts.delete("acc_1")
        assert await store.accounts.get("acc_1") is None
        assert await store.accounts.page(None, 10) == await store.accounts.load_all() == await page(store) == []
        assert await store.accounts.sealed("acc_1") is None
        assert await store.detections.get(1) is None
        assert await store.detections.mark_ids([1], Marks(read=True)) == ()
        counts = await store.detections.counts()
        assert (counts.total, counts.unread) == (0, 0)
        with pytest.raises(Missing):
            await store.accounts.change("acc_1", 1, {"display_name": "x"}, None)
        restored = await store.accounts.restore("acc_1")
        assert (restored.unread, restored.deleted_at) == (1, None)
        assert len(await page(store)) == 2
        counts = await store.detections.counts()
        assert (counts.total, counts.unread) == (2, 1)
        assert await store.accounts.restore("acc_1") == restored
        with pytest.raises(Missing):
            await store.accounts.restore("acc_2")


async def test_purging_removes_everything_of_the_old_ones_only(tmp_path):
    async with open_store(tmp_path) as store:
        for name in ("old", "new", "live"):
            await store.accounts.add(account(name), b"sealed")
            await put(store, *(item(seq, name, text="补货") for seq in range(1200)))
        while await store.search.index_some(1000):
            pass
        await store.accounts.delete("old")
    async with open_store(tmp_path, NOW + 5000) as store:
        await store.accounts.delete("new")
        assert await store.accounts.purge_deleted(from_ms(NOW + 5000)) == 1
        with pytest.raises(Missing):
            await store.accounts.restore("old")
        assert (await store.accounts.restore("new")).unread == 1200
        assert (await store.detections.counts()).total == 2400
        await store.accounts.add(account("old"), None)
        await put(store, item(1, "old"))
        assert (await store.accounts.get("old")).unread == 1, "what was seen before went with the old account"
        found = [len(await page(store, 2000, q="补货", account_id=name)) for name in ("old", "new", "live")]
        assert found == [0, 1200, 1200]


async def test_owner_and_epoch_change_together_and_only_upwards(tmp_path):
    async with open_store(tmp_path) as store:
        for name in ("a", "b", "c"):
            await store.accounts.add(account(name), None)
        await store.accounts.delete("c")
        moves = [Move("a", "w1", 1), Move("b", "w1", 2), Move("c", "w1", 1), Move("d", "w1", 1)]
        assert await store.accounts.save_ownership(moves) == (moves[:1], moves[1:])
        assert await store.accounts.save_ownership(moves[:1]) == ([], moves[:1])
        assert await store.accounts.save_ownership([Move("a", None, 2)]) == ([Move("a", None, 2)], [])
        assert await store.accounts.save_ownership([]) == ([], [])
        owner = await store.accounts.get("a")
        assert (owner.worker_id, owner.epoch, owner.revision) == (None, 2, 1)


async def test_health_needs_the_current_epoch_and_leaves_a_pause(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        await store.accounts.save_ownership([Move("acc_1", "w1", 1)])
        assert not await store.accounts.save_health("acc_1", 0, "failing", "old news")
        assert await store.accounts.save_health("acc_1", 1, "failing", "no route")
        stored = await store.accounts.get("acc_1")
        assert (stored.status, stored.last_error, stored.revision) == ("failing", "no route", 1)
        await store.accounts.change("acc_1", 1, {"status": "paused"}, None)
        assert not await store.accounts.save_health("acc_1", 1, "active", None)
        assert (await store.accounts.get("acc_1")).status == "paused"


async def test_quarantine_is_kept_and_ends_with_a_fresh_start(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        await store.accounts.save_quarantine("acc_1", "it ended three processes")
        [stored] = await store.accounts.load_all()
        assert (stored.quarantined, stored.status, stored.last_error) == (True, "failing", "it ended three processes")
        changed = await store.accounts.change("acc_1", 1, {"status": "active"}, None)
        assert (changed.quarantined, changed.last_error) == (False, None)
        await store.accounts.save_quarantine("acc_1", "again")
        await store.accounts.save_quarantine("acc_1", None)
        stored = await store.accounts.get("acc_1")
        assert (stored.quarantined, stored.status, stored.last_error) == (False, "active", None)
        await store.accounts.change("acc_1", 2, {"status": "paused"}, None)
        await store.accounts.save_quarantine("acc_1", "late")
        assert (await store.accounts.get("acc_1")).status == "paused", "only the user ends that"


async def test_checks_and_handle(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        await store.accounts.save_checks([("acc_1", NOW + 5, NOW + 4), ("acc_1", NOW + 9, None), ("never", NOW, NOW)])
        await store.accounts.save_checks([("acc_1", NOW, NOW)])
        await store.accounts.set_handle("acc_1", "@me")
        stored = await store.accounts.get("acc_1")
        assert (stored.last_check_at, stored.handle, stored.revision) == (from_ms(NOW + 9), "@me", 1)
        assert stored.watched_at == from_ms(NOW + 4), "the last good check"


async def test_a_pause_and_the_bin_forget_when_it_was_watched(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        await store.accounts.save_checks([("acc_1", NOW + 5, NOW + 4)])
        assert (await store.accounts.change("acc_1", 1, {"status": "paused"}, None)).watched_at is None
        await store.accounts.save_checks([("acc_1", NOW + 9, NOW + 9)])
        late = await store.accounts.get("acc_1")
        assert (late.last_check_at, late.watched_at) == (from_ms(NOW + 9), None), "it had begun before the pause"
        await store.accounts.change("acc_1", 2, {"status": "active"}, None)
        await store.accounts.save_checks([("acc_1", NOW + 20, NOW + 19)])
        await store.accounts.delete("acc_1")
        assert (await store.accounts.restore("acc_1")).watched_at is None


async def test_credentials_are_replaced_only_from_their_version(tmp_path):
    async with open_store(tmp_path) as store:
        assert not await store.keys.any_sealed()
        await store.accounts.add(account(), b"one")
        await store.accounts.add(account("bare"), None)
        assert await store.keys.any_sealed()
        answers = await asyncio.gather(
            store.accounts.replace_sealed("acc_1", b"two", 1),
            store.accounts.replace_sealed("acc_1", b"zwei", 1),
            return_exceptions=True,
        )
        assert answers[0] == 2
        assert isinstance(answers[1], StaleRevision)
        assert await store.accounts.sealed("acc_1") == Sealed(b"two", 2)
        for unknown in ("bare", "never"):
            with pytest.raises(Missing):
                await store.accounts.replace_sealed(unknown, b"x", 1)


async def test_unread_is_counted_per_account(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account("a"), None)
        await store.accounts.add(account("b"), None)
        await put(store, item(1, "a"), item(2, "b"), item(3, "b"), item(4, "b", baseline=True))
        assert [each.unread for each in await store.accounts.load_all()] == [1, 2]
        assert replace(await store.accounts.get("a"), unread=0) == account("a")
