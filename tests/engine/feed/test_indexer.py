import asyncio

from engine.bus import Bus
from engine.events import DetectionsStored
from engine.feed.indexer import Indexer
from engine.feed.ingest import Ingest
from tests.support.stored import account, batch, entrust, item, open_store, page, put
from tests.support.waiting import eventually


async def caught_up(store):
    async def there():
        return await store.search.behind() == 0

    await eventually(there)


async def test_indexes_what_an_earlier_run_left_and_then_each_commit(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        entrust(store, "acc_1")
        await put(store, *(item(seq, text="补货") for seq in range(1500)))
        bus = Bus()
        indexer, ingest = Indexer(store.search, bus), Ingest(store.ingest, bus)
        await indexer.start()
        await indexer.start()
        await caught_up(store)
        assert len(await page(store, 2000, q="补货")) == 1500
        await ingest.take("w1", batch(item(5000, text="late 补货")))
        await caught_up(store)
        assert len(await page(store, q="late")) == 1
        await indexer.close()
        await indexer.close()
        await ingest.take("w1", batch(item(5001)))
        assert await store.search.behind() == 1, "a closed indexer does nothing"


async def test_search_answers_while_detections_arrive(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        entrust(store, "acc_1")
        bus = Bus()
        indexer, ingest = Indexer(store.search, bus), Ingest(store.ingest, bus)
        await indexer.start()
        for turn in range(20):
            items = [item(turn * 10 + n, text="补货 now" if n == 0 else "other") for n in range(10)]
            await ingest.take("w1", batch(*items))
            assert len(await page(store, q="补货")) == turn + 1, "what is acknowledged is found"
        await caught_up(store)
        assert len(await page(store, q="补货")) == 20
        await indexer.close()


class Failing:
    """An index that fails once, as one on a full disk does."""

    def __init__(self):
        self.asked = 0

    async def index_some(self, limit):
        self.asked += 1
        if self.asked == 1:
            raise OSError("no room")
        return 0


async def test_a_failure_is_said_and_tried_again(monkeypatch, expected_logs):
    expected_logs("indexer.failed")
    monkeypatch.setattr("engine.feed.indexer.AFTER_FAULT", 0)
    monkeypatch.setattr("engine.feed.indexer.GATHER", 0)
    store, bus = Failing(), Bus()
    indexer = Indexer(store, bus)
    await indexer.start()
    await eventually(lambda: store.asked == 2)
    bus.publish(DetectionsStored(1, 1, 1))
    await eventually(lambda: store.asked == 3)
    await indexer.close()
    bus.publish(DetectionsStored(2, 2, 1))
    await asyncio.sleep(0)
    assert store.asked == 3
