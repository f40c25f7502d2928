import pytest

from tests.support.gateway import house

FIELDS = {
    *("id", "name", "kind", "host", "pid", "version", "state", "capacity", "accounts", "cpu", "memory", "loop_lag"),
    *("heartbeat_age", "restarts", "outbox", "platforms", "reason", "draining", "tags"),
}


async def test_workers_are_listed_local_ones_first() -> None:
    async with house(workers=2) as opened:
        opened.memory.add_worker("far-1", kind="remote")
        page = await opened.data("GET", "/workers")
        assert [worker["id"] for worker in page["items"]] == ["local-1", "local-2", "far-1"]
        assert set(page["items"][0]) == FIELDS and page["cursor"] is None
        assert await opened.data("GET", "/workers/far-1") == page["items"][2]


async def test_the_list_is_paged_by_cursor() -> None:
    async with house(workers=3) as opened:
        first = await opened.data("GET", "/workers?limit=2")
        second = await opened.data("GET", f"/workers?limit=2&cursor={first['cursor']}")
        assert [worker["id"] for worker in first["items"] + second["items"]] == ["local-1", "local-2", "local-3"]
        assert second["cursor"] is None
        status, answer, _ = await opened.ask("GET", "/workers?cursor=gone")
        assert status == 422 and answer["error"]["details"]["field"] == "cursor"


async def test_a_worker_can_be_renamed_resized_and_drained() -> None:
    async with house() as opened:
        changed = await opened.data("PATCH", "/workers/local-1", {"name": "Desk", "capacity": 5, "draining": True})
        assert (changed["name"], changed["capacity"], changed["draining"]) == ("Desk", 5, True)
        assert (await opened.data("PATCH", "/workers/local-1", {"draining": False}))["name"] == "Desk"


async def test_a_worker_can_be_tagged() -> None:
    async with house() as opened:
        changed = await opened.data("PATCH", "/workers/local-1", {"tags": [" cn", "home", "cn"]})
        assert changed["tags"] == ["cn", "home"]
        assert (await opened.data("PATCH", "/workers/local-1", {"capacity": 5}))["tags"] == ["cn", "home"]
        assert (await opened.data("PATCH", "/workers/local-1", {"tags": []}))["tags"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tags": [""]}, "tags"),
        ({"tags": "cn"}, "tags"),
        ({"name": ""}, "name"),
        ({"capacity": -1}, "capacity"),
        ({"draining": "yes"}, "draining"),
        ({"pid": 1}, "pid"),
    ],
)
async def test_a_change_that_does_not_fit_says_which_field(body: dict[str, object], field: str) -> None:
    async with house() as opened:
        status, answer, _ = await opened.ask("PATCH", "/workers/local-1", body)
        assert status == 422 and answer["error"]["details"]["field"] == field


async def test_workers_are_added_up_to_the_maximum() -> None:
    async with house() as opened:
        status, answer, _ = await opened.ask("POST", "/workers/local", {"count": 2})
        assert status == 201 and [worker["state"] for worker in answer["data"]["items"]] == ["starting", "starting"]
        status, answer, _ = await opened.ask("POST", "/workers/local", {"count": 8})
        assert status == 409 and answer["error"]["code"] == "too_many_workers"
        status, answer, _ = await opened.ask("POST", "/workers/local", {"count": 0})
        assert status == 422 and answer["error"]["details"]["field"] == "count"


async def test_a_local_worker_can_be_restarted_and_any_removed() -> None:
    async with house() as opened:
        opened.memory.add_worker("far-1", kind="remote")
        status, answer, _ = await opened.ask("POST", "/workers/local-1/restart")
        assert status == 202 and answer["data"]["state"] == "starting"
        status, answer, _ = await opened.ask("POST", "/workers/far-1/restart")
        assert status == 409 and answer["error"]["code"] == "not_local"
        assert await opened.data("DELETE", "/workers/far-1") is None
        assert opened.memory.workers.restarted == ["local-1"] and opened.memory.workers.removed == ["far-1"]


@pytest.mark.parametrize(("method", "path"), [("GET", "x"), ("DELETE", "x"), ("POST", "x/restart"), ("PATCH", "x")])
async def test_an_unknown_worker_is_not_found(method: str, path: str) -> None:
    async with house() as opened:
        status, answer, _ = await opened.ask(method, f"/workers/{path}", {})
        assert status == 404 and answer["error"]["code"] == "not_found"
