"""The small facades: workers, platforms."""

from dataclasses import replace

import msgspec

from engine.records import Worker, from_ms
from tests.support.stored import NOW, open_store
from worker.protocol.descriptor import Descriptor, Field, Limits, Text

DEMO = Descriptor(
    key="demo",
    name=Text("Demo", "演示"),
    kinds=("comment",),
    min_interval=1,
    setting_fields=(Field(name="seed", label=Text("Seed", "种子"), type="integer", default=3, minimum=0),),
    limits=Limits(requests=5, seconds=60),
)
OTHER = msgspec.structs.replace(DEMO, min_interval=5)


async def test_workers_are_saved_replaced_and_removed(tmp_path):
    one = Worker("w1", "desk", "local", 100, from_ms(NOW), restarts=2)
    two = Worker("w2", "远方", "remote", 50, from_ms(NOW + 1), draining=True, revoked=True)
    async with open_store(tmp_path) as store:
        for worker in (two, one):
            await store.workers.save(worker)
        renamed = replace(one, name="shelf", draining=True)
        await store.workers.save(renamed)
    async with open_store(tmp_path) as store:
        assert await store.workers.load_all() == [renamed, two]
        await store.workers.remove("w1")
        assert await store.workers.load_all() == [two]


async def test_a_local_workers_descriptor_wins(tmp_path):
    async with open_store(tmp_path) as store:
        assert await store.platforms.remember(DEMO, local=False) == "new"
        assert await store.platforms.remember(DEMO, local=False) == "same"
        assert await store.platforms.remember(OTHER, local=True) == "changed"
        assert await store.platforms.remember(DEMO, local=False) == "ignored"
        assert await store.platforms.remember(OTHER, local=True) == "same"
        assert store.platforms.get("demo") == OTHER
    async with open_store(tmp_path) as store:
        assert store.platforms.all() == [OTHER]
        assert store.platforms.get("never") is None
        assert await store.platforms.remember(DEMO, local=False) == "ignored"
