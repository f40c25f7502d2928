"""The small facades: workers, platforms, API tokens."""

from dataclasses import replace

import msgspec

from engine.api.tokens import ApiTokens, NewToken
from engine.bus import Bus
from engine.records import ApiToken, Worker, from_ms
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


async def test_api_tokens_outlive_a_restart_with_all_that_is_known_of_them(tmp_path):
    one = ApiToken("tok_1", "脚本", "operate", from_ms(NOW), from_ms(NOW + 5), device_id="d", device_name="Phone")
    two = ApiToken("tok_2", "b", "read", from_ms(NOW + 1))
    async with open_store(tmp_path) as store:
        await store.tokens.add(two, b"2" * 32)
        await store.tokens.add(one, b"1" * 32)
        await store.tokens.touch("tok_2", from_ms(NOW + 7))
        await store.tokens.revoke("tok_1", from_ms(NOW + 8))
    async with open_store(tmp_path) as store:
        assert await store.tokens.load_all() == [
            (replace(one, revoked_at=from_ms(NOW + 8)), b"1" * 32),
            (replace(two, last_used_at=from_ms(NOW + 7)), b"2" * 32),
        ]


async def test_revoked_tokens_stay_revoked_after_a_restart(tmp_path):
    async with open_store(tmp_path) as store:
        tokens = ApiTokens(store.tokens, Bus(), lambda: NOW)
        await tokens.load()
        kept, revoked = [await tokens.create(NewToken(name, "read")) for name in ("kept", "revoked")]
        await tokens.revoke(revoked.token.id)
        tokens.used(kept.token, "127.0.0.1")
        await tokens.close()
    async with open_store(tmp_path) as store:
        tokens = ApiTokens(store.tokens, Bus(), lambda: NOW)
        await tokens.load()
        assert tokens.find(revoked.secret) is None
        assert tokens.find(kept.secret) == replace(kept.token, last_used_at=from_ms(NOW))
    everything = b"".join(file.read_bytes() for file in tmp_path.glob("vedette.db*"))
    assert kept.secret.encode() not in everything and b"kept" in everything
