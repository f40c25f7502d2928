"""Dead letters: each once, newest first, within bounds."""

from pathlib import Path
from typing import Any

import pytest

from engine.records import Letter
from engine.store import dead_letters
from tests.support.stored import open_store


def letter(number: int, **item: Any) -> Letter:
    return Letter("w1", "invalid", "because", {"seq": number, "account": "a", "text": "x", **item})


async def rows(store: Any) -> list[int]:
    return [one.letter.item["seq"] for one in await store.dead_letters.page(None, 1000)]


async def test_they_are_kept_whole_and_each_once(tmp_path: Path) -> None:
    odd = letter(2, text="\ud800", nested={"any": [1, None, True]})
    async with open_store(tmp_path) as store:
        assert await store.dead_letters.bury([letter(1), odd, letter(1)]) == 0
        assert await store.dead_letters.bury([odd]) == 0
    async with open_store(tmp_path) as store:
        [second, first] = await store.dead_letters.page(None, 10)
        assert (second.letter, first.letter) == (odd, letter(1))
        assert await store.dead_letters.page(second.id, 10) == [first]
        assert await store.dead_letters.get(second.id) == second and await store.dead_letters.get(99) is None
        assert await store.dead_letters.counts() == (2, 0)


async def test_an_id_never_means_another_one(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.dead_letters.bury([letter(1)])
        assert await store.dead_letters.remove(1) and not await store.dead_letters.remove(1)
        await store.dead_letters.bury([letter(2)])
        assert [one.id for one in await store.dead_letters.page(None, 10)] == [2]


async def test_beyond_so_many_the_oldest_go_and_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "MAX_LETTERS", 5)
    async with open_store(tmp_path) as store:
        assert await store.dead_letters.bury([letter(n) for n in range(4)]) == 0
        assert await store.dead_letters.bury([letter(n) for n in range(4, 8)]) == 3
        assert await rows(store) == [7, 6, 5, 4, 3]
        assert await store.dead_letters.bury([letter(8)]) == 1
        assert await store.dead_letters.counts() == (5, 4)


async def test_beyond_so_many_bytes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "MAX_BYTES", 1000)
    async with open_store(tmp_path) as store:
        assert await store.dead_letters.bury([letter(n, text="x" * 300) for n in range(2)]) == 0
        assert await store.dead_letters.bury([letter(2, text="x" * 600)]) == 1
        assert await rows(store) == [2, 1]
        assert await store.dead_letters.bury([letter(3, text="x" * 5000)]) == 3
        assert await store.dead_letters.counts() == (0, 4)
