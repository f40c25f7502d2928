"""The journal and the stories of accounts and workers."""

from datetime import timedelta
from typing import Any

import pytest

from engine.records import JournalEntry
from tests.support.gateway import House, house
from tests.support.memory_stores import BEGAN


def fill(opened: House) -> None:
    """Nine lines a minute apart, about the account, the worker, both in turn."""
    opened.memory.fleet.journal.lines.clear()
    about = (("acc_0001",), ("local-1",), ("acc_0001", "local-1"))
    opened.memory.fleet.journal.add(
        *(JournalEntry(BEGAN + timedelta(minutes=n), about[n % 3], f"line {n}", f"why {n}") for n in range(9))
    )


def said(page: dict[str, Any]) -> list[str]:
    return [entry["what"].removeprefix("line ") for entry in page["items"]]


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/journal?", "876543210"),
        ("/journal?subject=acc_0001", "865320"),
        ("/journal?subject=nobody", ""),
        ("/journal?q=why%204", "4"),
        ("/journal?since=2026-11-24T08:05:00Z&until=2026-11-24T08:07:00Z", "65"),
        ("/accounts/acc_0001/story?", "865320"),
        ("/workers/local-1/story?", "875421"),
    ],
)
async def test_lines_come_newest_first_and_by_pages(path: str, lines: str) -> None:
    async with house(accounts=1) as opened:
        fill(opened)
        assert said(await opened.data("GET", path)) == list(lines)
        seen, cursor = "", ""
        while True:
            page = await opened.data("GET", f"{path}&limit=2{cursor}")
            seen += "".join(said(page))
            if page["cursor"] is None:
                break
            cursor = f"&cursor={page['cursor']}"
        assert seen == lines


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/journal?limit=0", "limit"),
        ("/journal?since=yesterday", "since"),
        ("/journal?colour=red", "colour"),
        ("/journal?q=" + "x" * 201, "q"),
        ("/workers/local-1/story?cursor=-1", "cursor"),
        ("/accounts/acc_0001/story?q=x", "q"),
    ],
)
async def test_what_does_not_fit_is_named(path: str, field: str) -> None:
    async with house(accounts=1) as opened:
        status, answer, _ = await opened.ask("GET", path)
        assert status == 422 and answer["error"]["details"]["field"] == field


async def test_nobody_has_no_story() -> None:
    async with house() as opened:
        for path in ("/workers/nobody/story", "/accounts/nobody/story"):
            assert (await opened.ask("GET", path))[0] == 404
