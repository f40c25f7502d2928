from dataclasses import replace
from typing import Any

import pytest

from engine.api.accounts import AccountLive
from engine.api.errors import ProbeFailed, Unavailable
from engine.records import from_ms
from tests.support.gateway import House, house
from worker.protocol.messages import Quota

FIELDS = {
    *("id", "platform", "display_name", "handle", "settings", "status", "worker_id", "epoch", "reason", "pinned_to"),
    *("interval", "quota", "last_check_at", "next_check_at", "last_error", "unread", "tags", "created_at", "revision"),
    "gap",
    "quarantined",
}
FEED: dict[str, Any] = {"platform": "feed", "settings": {"url": "https://blog.example/feed.xml"}}
NEW: dict[str, Any] = {
    **FEED,
    "display_name": "Blog",
    "credentials": {"username": "u", "password": "canary-1"},
    "interval": 10,
    "tags": ["a"],
}


async def refused(house: House, method: str, path: str, body: Any, status: int = 422) -> dict[str, Any]:
    """The error of a call that must fail with this status."""
    got, answer, _ = await house.ask(method, path, body)
    assert got == status and answer["success"] is False, answer
    return dict(answer["error"])


async def test_an_account_is_created_whole_and_without_its_credentials() -> None:
    async with house() as opened:
        status, answer, _ = await opened.ask("POST", "/accounts", NEW)
        account = answer["data"]
        assert status == 201 and answer["success"] is True
        assert set(account) == FIELDS
        assert (account["status"], account["interval"], account["tags"]) == ("active", 10, ["a"])
        assert account["settings"] == {**FEED["settings"], "allow_private_network": False}
        assert account["created_at"] == "2026-11-24T08:00:00Z"
        assert b"canary-1" in opened.memory.store.sealed[account["id"]]
        assert await opened.data("GET", f"/accounts/{account['id']}") == account
        assert (await opened.data("GET", "/accounts"))["items"] == [account]
        assert "canary-1" not in str(answer)


async def test_pinned_to_names_a_worker() -> None:
    async with house(workers=1) as opened:
        account = await opened.data("POST", "/accounts", {**NEW, "pinned_to": "local-1"})
        assert account["pinned_to"] == "local-1"
        assert (await refused(opened, "POST", "/accounts", {**NEW, "pinned_to": "w-9"}))["details"] == {
            "field": "pinned_to"
        }


async def test_pinned_to_may_name_a_tag_of_workers() -> None:
    async with house(workers=1) as opened:
        account = await opened.data("POST", "/accounts", {**NEW, "pinned_to": "tag: cn "})
        assert account["pinned_to"] == "tag:cn"
        for pin in ("tag:", "tag:" + "x" * 51):
            refusal = await refused(opened, "POST", "/accounts", {**NEW, "pinned_to": pin})
            assert refusal["details"] == {"field": "pinned_to"}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"platform": "nope"}, "platform", "unknown_platform"),
        ({"platform": 7}, "platform", "invalid"),
        ({"colour": 1}, "colour", "invalid"),
        ({"interval": 0}, "interval", "invalid"),
        ({"interval": 9}, "interval", "invalid"),
        ({"interval": 3601}, "interval", "invalid"),
        ({"interval": "10"}, "interval", "invalid"),
        ({"interval": 10.5}, "interval", "invalid"),
        ({"display_name": " "}, "display_name", "invalid"),
        ({"tags": "a"}, "tags", "invalid"),
        ({"tags": [1]}, "tags", "invalid"),
        ({"settings": {}}, "settings.url", "invalid"),
        ({"settings": {"url": "ftp://x"}}, "settings.url", "invalid"),
        ({"settings": {**FEED["settings"], "colour": 1}}, "settings.colour", "invalid"),
        ({"settings": {"url": ["x"]}}, "settings", "invalid"),
        ({"credentials": {"token": "x"}}, "credentials.token", "invalid"),
    ],
)
async def test_what_does_not_fit_says_which_field(change: dict[str, Any], field: str, code: str) -> None:
    async with house() as opened:
        error = await refused(opened, "POST", "/accounts", {**NEW, **change})
        assert (error["details"]["field"], error["code"]) == (field, code)
        assert (await opened.data("GET", "/accounts"))["items"] == []


async def test_a_missing_field_is_named() -> None:
    async with house() as opened:
        body = {name: value for name, value in NEW.items() if name != "display_name"}
        assert (await refused(opened, "POST", "/accounts", body))["details"]["field"] == "display_name"
        assert (await refused(opened, "POST", "/accounts", [NEW]))["details"]["field"] == "body"


async def test_the_list_is_paged_by_cursor() -> None:
    async with house(accounts=3) as opened:
        first = await opened.data("GET", "/accounts?limit=2")
        assert [item["id"] for item in first["items"]] == ["acc_0001", "acc_0002"]
        second = await opened.data("GET", f"/accounts?limit=2&cursor={first['cursor']}")
        assert [item["id"] for item in second["items"]] == ["acc_0003"]
        assert second["cursor"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("colour=1", "colour"), ("limit=", "limit")],
)
async def test_a_query_that_does_not_fit_says_which_parameter(query: str, field: str) -> None:
    async with house() as opened:
        assert (await refused(opened, "GET", f"/accounts?{query}", None))["details"]["field"] == field


async def test_a_parameter_given_twice_is_refused() -> None:
    async with house() as opened:
        assert (await refused(opened, "GET", "/accounts?limit=1&limit=2", None))["details"]["field"] == "limit"


async def test_a_route_without_parameters_takes_none() -> None:
    async with house() as opened:
        assert (await refused(opened, "GET", "/status?token=x", None))["details"]["field"] == "token"


async def test_patch_changes_what_it_names_and_counts_up() -> None:
    async with house(accounts=1) as opened:
        changes = {"revision": 1, "display_name": "Journal", "interval": 60, "tags": ["x", "y"], "paused": True}
        account = await opened.data("PATCH", "/accounts/acc_0001", changes)
        assert (account["display_name"], account["interval"], account["tags"]) == ("Journal", 60, ["x", "y"])
        assert (account["status"], account["revision"]) == ("paused", 2)
        resumed = await opened.data("PATCH", "/accounts/acc_0001", {"revision": 2, "paused": False})
        assert (resumed["status"], resumed["display_name"], resumed["revision"]) == ("active", "Journal", 3)


async def test_patch_pins_and_unpins_and_replaces_settings_and_credentials() -> None:
    async with house(accounts=1) as opened:
        changes = {
            "revision": 1,
            "pinned_to": "local-1",
            "settings": {"url": "https://other.example/"},
            "credentials": {"password": "canary-2"},
        }
        account = await opened.data("PATCH", "/accounts/acc_0001", changes)
        assert account["pinned_to"] == "local-1" and account["settings"]["url"] == "https://other.example/"
        assert b"canary-2" in opened.memory.store.sealed["acc_0001"]
        same = await opened.data("PATCH", "/accounts/acc_0001", {"revision": 2, "interval": 40})
        assert same["pinned_to"] == "local-1"
        account = await opened.data("PATCH", "/accounts/acc_0001", {"revision": 3, "pinned_to": None})
        assert account["pinned_to"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"display_name": "B"}, "revision"),
        ({"revision": "1"}, "revision"),
        ({"revision": 1, "status": "active"}, "status"),
        ({"revision": 1, "display_name": None}, "display_name"),
        ({"revision": 1, "interval": 1}, "interval"),
        ({"revision": 1, "colour": 1}, "colour"),
    ],
)
async def test_a_patch_that_does_not_fit_changes_nothing(body: dict[str, Any], field: str) -> None:
    async with house(accounts=1) as opened:
        assert (await refused(opened, "PATCH", "/accounts/acc_0001", body))["details"]["field"] == field
        assert (await opened.data("GET", "/accounts/acc_0001"))["revision"] == 1


async def test_a_stale_revision_is_a_conflict() -> None:
    async with house(accounts=1) as opened:
        await opened.data("PATCH", "/accounts/acc_0001", {"revision": 1, "display_name": "A"})
        error = await refused(opened, "PATCH", "/accounts/acc_0001", {"revision": 1, "display_name": "B"}, 409)
        assert error["code"] == "stale_revision"
        assert (await opened.data("GET", "/accounts/acc_0001"))["display_name"] == "A"


async def test_deleted_accounts_are_gone_until_restored() -> None:
    async with house(accounts=1) as opened:
        assert await opened.data("DELETE", "/accounts/acc_0001") is None
        assert (await refused(opened, "GET", "/accounts/acc_0001", None, 404))["code"] == "not_found"
        assert (await opened.data("GET", "/accounts"))["items"] == []
        assert (await opened.data("POST", "/accounts/acc_0001/restore"))["id"] == "acc_0001"
        assert (await opened.data("GET", "/accounts/acc_0001"))["status"] == "active"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/accounts/nope"),
        ("DELETE", "/accounts/nope"),
        ("POST", "/accounts/nope/restore"),
        ("POST", "/accounts/nope/check"),
        ("GET", "/accounts/nope/story"),
    ],
)
async def test_an_unknown_account_is_not_found(method: str, path: str) -> None:
    async with house() as opened:
        assert (await refused(opened, method, path, None, 404))["code"] == "not_found"
    async with house() as opened:
        await refused(opened, "PATCH", "/accounts/nope", {"revision": 1}, 404)


async def test_a_check_is_accepted() -> None:
    async with house(accounts=1) as opened:
        assert (await opened.ask("POST", "/accounts/acc_0001/check"))[0] == 202
        assert opened.memory.fleet.checked == ["acc_0001"]


async def test_one_in_quarantine_says_so_and_may_be_checked() -> None:
    async with house(accounts=1) as opened:
        opened.memory.fleet.lives["acc_0001"] = AccountLive(None, 3, "it ended three processes", quarantined=True)
        account = await opened.data("GET", "/accounts/acc_0001")
        assert account["quarantined"] and account["reason"] == "it ended three processes"
        assert (await opened.ask("POST", "/accounts/acc_0001/check"))[0] == 202
        assert opened.memory.fleet.checked == ["acc_0001"]


async def test_a_check_of_a_paused_or_unplaced_account_is_a_conflict() -> None:
    async with house(accounts=1, workers=0) as opened:
        assert (await refused(opened, "POST", "/accounts/acc_0001/check", None, 409))["code"] == "unplaced"
        await opened.data("PATCH", "/accounts/acc_0001", {"revision": 1, "paused": True})
        assert (await refused(opened, "POST", "/accounts/acc_0001/check", None, 409))["code"] == "paused"


async def test_the_story_is_a_list() -> None:
    async with house(accounts=1) as opened:
        story = await opened.data("GET", "/accounts/acc_0001/story")
        assert story == {
            "items": [
                {
                    "at": "2026-11-24T08:00:00Z",
                    "subjects": ["acc_0001"],
                    "what": "placed",
                    "why": "it is new",
                    "request_id": "",
                    "details": {},
                    "id": 1,
                }
            ],
            "cursor": None,
        }


async def test_credentials_can_be_tried_before_anything_is_saved() -> None:
    async with house() as opened:
        body = {**FEED, "credentials": {"password": "p"}}
        assert await opened.data("POST", "/accounts/test", body) == {
            "ok": True,
            "handle": "@blog",
            "display_name": "Blog",
        }
        assert opened.memory.fleet.probed[0][1].reveal() == {"password": "p"}
        assert opened.memory.store.rows == {}


async def test_why_credentials_do_not_work_comes_back() -> None:
    async with house() as opened:
        opened.memory.fleet.probe_answer = ProbeFailed("Login failed", code="refused")
        error = await refused(opened, "POST", "/accounts/test", FEED)
        assert (error["code"], error["message"]) == ("refused", "Login failed")
        opened.memory.fleet.probe_answer = Unavailable("no worker is online")
        assert (await refused(opened, "POST", "/accounts/test", FEED, 503))["code"] == "unavailable"


async def test_times_and_quota_are_told_in_iso_8601() -> None:
    async with house(accounts=1) as opened:
        fleet, moment = opened.memory.fleet, from_ms(1_795_507_200_000)
        live = AccountLive("local-1", 4, None, Quota(remaining=7, resets_at=1_795_507_200_000), moment, moment)
        fleet.lives["acc_0001"] = replace(live, reason="slowed")
        account = await opened.data("GET", "/accounts/acc_0001")
        assert account["quota"] == {"remaining": 7, "limit": None, "resets_at": "2026-11-24T08:00:00Z"}
        assert account["last_check_at"] == account["next_check_at"] == "2026-11-24T08:00:00Z"
        assert (account["epoch"], account["reason"]) == (4, "slowed")
