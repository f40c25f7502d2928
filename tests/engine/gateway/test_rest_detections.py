from typing import Any

import pytest

from tests.support.gateway import House, house

FIELDS = {
    *("id", "account_id", "platform", "worker_id", "kind", "external_id", "thread_id", "author", "text", "url"),
    *("subject", "published_at", "detected_at", "read", "handled", "starred"),
}


async def ids(house: House, query: str = "") -> list[int]:
    return [item["id"] for item in (await house.data("GET", f"/detections?{query}"))["items"]]


async def test_a_detection_has_every_documented_field() -> None:
    async with house(detections=1) as opened:
        detection = await opened.data("GET", "/detections/1")
        assert set(detection) == FIELDS
        assert detection["author"] == {"id": "7", "name": "小明", "handle": "@ming", "avatar": ""}
        assert detection["detected_at"] == "2026-11-24T08:00:01Z"


async def test_newest_first_below_before_and_oldest_first_above_after() -> None:
    async with house(detections=5) as opened:
        assert await ids(opened) == [5, 4, 3, 2, 1]
        assert await ids(opened, "limit=2&before=4") == [3, 2]
        assert await ids(opened, "limit=2&after=2") == [3, 4]
        assert await ids(opened, "after=5") == []


async def test_the_cursor_is_the_next_before_or_after() -> None:
    async with house(detections=3) as opened:
        page = await opened.data("GET", "/detections?limit=2")
        assert page["cursor"] == 2
        page = await opened.data("GET", f"/detections?limit=2&before={page['cursor']}")
        assert ([item["id"] for item in page["items"]], page["cursor"]) == ([1], None)


async def test_every_filter_filters() -> None:
    async with house(accounts=1) as opened:
        memory = opened.memory
        memory.add_account("Demo", "demo", tags=("vip",))
        memory.add_detection("acc_0001", "请问什么时候补货?", kind="mention", thread_id="t-1")
        memory.add_detection("acc_0002", "Hello world", read=True, handled=True, starred=True)
        assert await ids(opened, "account_id=acc_0001") == [1]
        assert await ids(opened, "platform=demo") == [2]
        assert await ids(opened, "kind=mention") == [1]
        assert await ids(opened, "tag=vip") == [2]
        assert await ids(opened, "thread_id=t-1") == [1]
        assert await ids(opened, "unread=true") == [1]
        assert await ids(opened, "unread=false") == [2]
        assert await ids(opened, "handled=true") == await ids(opened, "starred=1") == [2]
        assert await ids(opened, "q=补货") == [1]
        assert await ids(opened, "q=world+hello") == [2]
        assert await ids(opened, "since=2026-11-24T08:00:02Z") == [2]
        assert await ids(opened, "until=2026-11-24T16:00:02%2B08:00") == [1]
        assert await ids(opened, "platform=demo&unread=true") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=1", "colour"),
        ("kind=letter", "kind"),
        ("unread=maybe", "unread"),
        ("since=yesterday", "since"),
        ("since=2026-11-24T08:00:00", "since"),
        ("after=x", "after"),
        ("after=-1", "after"),
        ("before=9223372036854775808", "before"),
        ("after=1&before=2", "before"),
        ("limit=1001", "limit"),
        ("cursor=1", "cursor"),
        ("q=" + "x" * 201, "q"),
    ],
)
async def test_a_query_that_does_not_fit_says_which_parameter(query: str, field: str) -> None:
    async with house() as opened:
        status, answer, _ = await opened.ask("GET", f"/detections?{query}")
        assert status == 422 and answer["error"]["details"]["field"] == field


@pytest.mark.parametrize("detection_id", ["9", "nope", "-1", "9" * 40, "²"])
async def test_an_unknown_detection_is_not_found(detection_id: str) -> None:
    async with house(detections=1) as opened:
        status, answer, _ = await opened.ask("GET", f"/detections/{detection_id}")
        assert status == 404 and answer["error"]["code"] == "not_found"


async def test_flags_are_set_by_id_or_by_filter() -> None:
    async with house(detections=3) as opened:
        assert await opened.data("PATCH", "/detections", {"ids": [1, 2, 99], "read": True}) == {"changed": 2}
        assert await ids(opened, "unread=true") == [3]
        changes = {"filter": {"unread": True}, "handled": True, "starred": True}
        assert await opened.data("PATCH", "/detections", changes) == {"changed": 1}
        assert await ids(opened, "handled=true&starred=true") == [3]
        assert await opened.data("PATCH", "/detections", {"filter": {}, "read": False}) == {"changed": 2}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"read": True}, "ids"),
        ({"ids": [1], "filter": {}, "read": True}, "ids"),
        ({"ids": [1]}, "read"),
        ({"ids": ["1"], "read": True}, "ids"),
        ({"ids": [1], "read": None}, "read"),
        ({"filter": {"colour": 1}, "read": True}, "filter.colour"),
        ({"filter": {"kind": "letter"}, "read": True}, "filter.kind"),
        ({"ids": [1], "read": True, "colour": 1}, "colour"),
        ({"ids": list(range(10_001)), "read": True}, "ids"),
    ],
)
async def test_marks_that_do_not_fit_change_nothing(body: dict[str, Any], field: str) -> None:
    async with house(detections=1) as opened:
        status, answer, _ = await opened.ask("PATCH", "/detections", body)
        assert status == 422 and answer["error"]["details"]["field"] == field
        assert await ids(opened, "unread=true") == [1]
