"""Items that could not be stored: looked at, tried again, deleted."""

from typing import Any

import pytest

from engine.events import DeadLettersChanged
from tests.support.gateway import house


async def test_they_are_listed_newest_first_with_the_beginning_of_their_text() -> None:
    async with house() as opened:
        for number in range(5):
            author = {"id": "7", "name": "小明"}
            opened.memory.add_letter(
                seq=number, text="long " * 200, subject="S", author=author, url="https://x.example"
            )
        first = await opened.data("GET", "/dead-letters?limit=3")
        second = await opened.data("GET", f"/dead-letters?limit=3&cursor={first['cursor']}")
        assert [one["id"] for one in first["items"] + second["items"]] == [5, 4, 3, 2, 1]
        assert second["cursor"] is None
        assert first["items"][0] == {
            "id": 5,
            "at": "2026-11-24T08:00:00Z",
            "worker_id": "local-1",
            "account_id": "acc_9",
            "code": "unknown_account",
            "why": "there is no such account",
            "kind": "comment",
            "external_id": "x",
            "author": "小明",
            "subject": "S",
            "text": ("long " * 200)[:500],
            "url": "https://x.example",
            "found_at": "1970-01-01T00:00:00.001000Z",
            "item": None,
        }
        whole = await opened.data("GET", "/dead-letters/5")
        assert whole["item"]["text"] == whole["text"] == "long " * 200 and whole["item"]["seq"] == 4
        assert (await opened.data("GET", "/status"))["dead_letters"] == 5


async def test_whatever_shape_an_item_has_it_can_be_shown() -> None:
    async with house() as opened:
        opened.memory.add_letter(account=7, text=["\ud800"], author="me", found_at="soon", kind=None)
        opened.memory.add_letter(text="half \ud800 a pair", found_at=10**18, author={"name": {}, "handle": "@h"})
        listed = (await opened.data("GET", "/dead-letters"))["items"]
        assert (listed[0]["text"], listed[0]["found_at"], listed[0]["author"]) == ("half \ufffd a pair", None, "@h")
        assert (listed[1]["account_id"], listed[1]["text"], listed[1]["author"]) == ("", "", "")
        assert (await opened.data("GET", "/dead-letters/1"))["item"]["text"] == ["\ufffd"]


async def test_one_that_can_be_stored_now_leaves_the_list() -> None:
    async with house() as opened:
        told: list[Any] = []
        opened.memory.bus.subscribe(DeadLettersChanged, told.append)
        opened.memory.add_letter(seq=3, text="hello")
        assert await opened.data("POST", "/dead-letters/1/retry") is None
        assert [item.text for item in opened.memory.letters.retried] == ["hello"]
        assert (await opened.data("GET", "/dead-letters"))["items"] == [] and len(told) == 2


async def test_one_that_cannot_says_why_and_stays() -> None:
    async with house() as opened:
        opened.memory.add_letter()
        opened.memory.add_letter(text=7)
        opened.memory.letters.refusal = ("unknown_account", "there is no such account")
        status, answer, _ = await opened.ask("POST", "/dead-letters/1/retry")
        assert (status, answer["error"]["code"]) == (409, "unknown_account")
        assert answer["error"]["message"] == "there is no such account"
        status, answer, _ = await opened.ask("POST", "/dead-letters/2/retry")
        assert (status, answer["error"]["code"]) == (409, "invalid") and "$.text" in answer["error"]["message"]
        assert len((await opened.data("GET", "/dead-letters"))["items"]) == 2


async def test_one_can_be_deleted() -> None:
    async with house() as opened:
        opened.memory.add_letter()
        assert await opened.data("DELETE", "/dead-letters/1") is None
        assert (await opened.data("GET", "/status"))["dead_letters"] == 0


@pytest.mark.parametrize("name", ["1", "x", "-1", "9" * 30])
@pytest.mark.parametrize(("method", "what"), [("GET", ""), ("DELETE", ""), ("POST", "/retry")])
async def test_one_that_is_not_there(method: str, what: str, name: str) -> None:
    async with house() as opened:
        status, answer, _ = await opened.ask(method, f"/dead-letters/{name}{what}")
        assert status == 404 and answer["error"]["code"] == "not_found"
