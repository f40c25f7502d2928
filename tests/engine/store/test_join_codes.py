"""Codes are used up by one update together with the worker that comes in; tokens are kept nowhere."""

import asyncio
import hashlib
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.records import JoinRefused, Missing, OpenCode, Worker, from_ms
from tests.support.stored import NOW, open_store

TOKEN = b"a secret token of 24 b.."
HASH = hashlib.sha256(TOKEN).digest()
CODE = OpenCode("c1", "attic", 1, from_ms(NOW + 900_000), from_ms(NOW))


def a_worker(number: int = 1) -> Worker:
    return Worker(f"w{number}", "attic", "remote", 10, from_ms(NOW), public_key=bytes([number]) * 32)


async def test_a_code_lets_one_in_and_then_nobody(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.join_codes.add(CODE, HASH)
        assert await store.join_codes.name_for(HASH) == "attic"
        assert await store.join_codes.enrol(HASH, a_worker(), NOW)
        assert await store.workers.load_all() == [a_worker()]
        with pytest.raises(JoinRefused) as caught:
            await store.join_codes.enrol(HASH, a_worker(2), NOW)
        assert caught.value.why == "used" and len(await store.workers.load_all()) == 1
        assert await store.join_codes.all_open(NOW) == []


async def test_of_many_at_once_as_many_come_in_as_it_has_uses(tmp_path: Path) -> None:
    async def attempt(number: int) -> str:
        try:
            return "in" if await store.join_codes.enrol(HASH, a_worker(number), NOW) else "again"
        except JoinRefused as refused:
            return refused.why

    async with open_store(tmp_path) as store:
        await store.join_codes.add(replace(CODE, uses_left=3), HASH)
        became = Counter(await asyncio.gather(*(attempt(number) for number in range(1, 21))))
        assert became == {"in": 3, "used": 17}
        assert len(await store.workers.load_all()) == 3


async def test_who_did_not_hear_the_answer_asks_again_and_uses_nothing_up(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.join_codes.add(replace(CODE, uses_left=2), HASH)
        assert await store.join_codes.enrol(HASH, a_worker(), NOW)
        assert not await store.join_codes.enrol(HASH, a_worker(), NOW)
        assert [code.uses_left for code in await store.join_codes.all_open(NOW)] == [1]


async def test_each_refusal_has_its_reason(tmp_path: Path) -> None:
    async def why(token_hash: bytes, worker: Worker, now: int) -> str:
        with pytest.raises(JoinRefused) as caught:
            await store.join_codes.enrol(token_hash, worker, now)
        return caught.value.why

    async with open_store(tmp_path) as store:
        await store.join_codes.add(CODE, HASH)
        await store.workers.save(replace(a_worker(9), revoked=True))
        assert await why(b"x" * 32, a_worker(), NOW) == "wrong"
        assert await why(HASH, a_worker(), NOW + 900_000) == "expired"
        assert await why(HASH, a_worker(9), NOW) == "revoked"
        assert [code.uses_left for code in await store.join_codes.all_open(NOW)] == [1], "nothing was used up"
        await store.join_codes.cancel("c1")
        assert await why(HASH, a_worker(), NOW) == "wrong"
        with pytest.raises(Missing):
            await store.join_codes.cancel("c1")


async def test_codes_of_long_ago_are_forgotten_and_tokens_never_written(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.join_codes.add(CODE, HASH)
        later = CODE.created_at + timedelta(days=8)
        await store.join_codes.add(OpenCode("c2", "", 1, later + timedelta(minutes=1), later), b"2" * 32)
        with pytest.raises(JoinRefused) as caught:
            await store.join_codes.enrol(HASH, a_worker(), NOW)
        assert caught.value.why == "wrong"
    assert not _holding(TOKEN, tmp_path)


def _holding(secret: bytes, directory: Path) -> list[Path]:
    return [file for file in directory.iterdir() if secret in file.read_bytes()]


async def test_settings_are_kept(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.settings.get("remote.accept") is None
        await store.settings.put("remote.accept", "on")
        await store.settings.put("remote.accept", "off")
    async with open_store(tmp_path) as store:
        assert await store.settings.get("remote.accept") == "off"
