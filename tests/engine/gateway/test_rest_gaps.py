"""Gaps over REST: on the account, in the list, acknowledged."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.records import Gap
from tests.support.gateway import House, house
from tests.support.memory_stores import BEGAN

ONE = "/accounts/acc_0001"


def fill(opened: House) -> None:
    """Five gaps an hour apart, and one that lasts."""
    fleet = opened.memory.fleet
    fleet.gaps.rows = [
        Gap("acc_0001", BEGAN + timedelta(hours=n), BEGAN + timedelta(hours=n, minutes=29), n, n != 3, "it slept")
        for n in (4, 3, 2, 1, 0)
    ]
    lasting = Gap("acc_0001", BEGAN + timedelta(hours=9), None, why="no worker is online")
    fleet.lives["acc_0001"] = replace(fleet.lives["acc_0001"], gap=lasting)


async def test_an_account_shows_its_gap_until_it_is_acknowledged() -> None:
    async with house(accounts=1) as opened:
        assert (await opened.data("GET", ONE))["gap"] is None
        fill(opened)
        assert (await opened.data("GET", ONE))["gap"] == {
            "since": "2026-11-24T17:00:00Z",
            "until": None,
            "caught_up": 0,
            "complete": None,
            "why": "no worker is online",
            "missed": "",
        }
        assert await opened.data("POST", f"{ONE}/gaps/acknowledge") is None
        assert opened.memory.fleet.gaps.acknowledged == ["acc_0001"]
        assert (await opened.data("GET", ONE))["gap"] is None


async def test_gaps_come_newest_first_and_by_pages() -> None:
    async with house(accounts=1) as opened:
        fill(opened)
        seen, cursor = [], ""
        while cursor is not None:
            page = await opened.data("GET", f"{ONE}/gaps?limit=2{cursor}")
            seen += [gap["caught_up"] for gap in page["items"]]
            cursor = page["cursor"] and f"&cursor={page['cursor']}"
        assert seen == [4, 3, 2, 1, 0]
        whole = await opened.data("GET", f"{ONE}/gaps")
        assert [gap["complete"] for gap in whole["items"]] == [True, False, True, True, True]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/accounts/acc_9/gaps", 404),
        ("POST", "/accounts/acc_9/gaps/acknowledge", 404),
        ("GET", f"{ONE}/gaps?cursor=x", 422),
        ("GET", f"{ONE}/gaps?cursor=-1", 422),
        ("GET", f"{ONE}/gaps?cursor={2**53 + 1}", 422),
        ("GET", f"{ONE}/gaps?cursor={'9' * 30}", 422),
        ("GET", f"{ONE}/gaps?limit=0", 422),
        ("GET", f"{ONE}/gaps?other=1", 422),
    ],
)
async def test_what_does_not_fit_is_refused(method: str, path: str, status: int) -> None:
    async with house(accounts=1) as opened:
        got, answer, _ = await opened.ask(method, path)
        assert got == status and answer["success"] is False
