"""The seed's integration tests, against real processes: registration, heartbeat, monitoring, balance."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_platform import FakePlatform
from tests.support.master_process import MasterProcess, running_master
from tests.support.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]


async def _demo(master: MasterProcess, number: int, **more: Any) -> dict[str, Any]:
    settings = {"seed": number, "rate_per_minute": 600}
    return await master.create_account(platform="demo", display_name=f"Demo {number}", interval=1, settings=settings)


async def test_registration_tells_the_master_who_the_worker_is_and_gets_it_its_accounts(tmp_path: Path) -> None:
    async with running_master(tmp_path / "data", "--local-workers", "1") as master:
        [worker] = await master.workers_online(1)
        assert (worker["id"], worker["kind"], worker["accounts"], worker["capacity"]) == ("local-1", "local", 0, 100)
        assert {"demo", "feed"} <= set(worker["platforms"]) and worker["version"] and worker["host"]
        account = await _demo(master, 1)

        async def assigned() -> bool:
            [now] = await master.items("/workers")
            return bool(now["accounts"] == 1)

        await eventually(assigned)
        assert (await master.account(account["id"]))["worker_id"] == "local-1"


async def test_each_heartbeat_renews_the_workers_last_heartbeat(tmp_path: Path) -> None:
    figures = ("--heartbeat-interval", "0.5", "--heartbeat-timeout", "12")
    async with running_master(tmp_path / "data", "--local-workers", "1", *figures) as master:
        await master.workers_online(1)
        ages = list[float]()

        async def renewed() -> bool:
            [worker] = await master.items("/workers")
            ages.append(worker["heartbeat_age"])
            return len(ages) > 1 and ages[-1] < ages[-2]

        for _ in range(3):
            await eventually(renewed, within=5)
        [worker] = await master.items("/workers")
        assert max(ages) < 5 and worker["memory"] > 1_000_000 and worker["cpu"] is not None


async def test_comments_and_direct_messages_are_monitored(tmp_path: Path) -> None:
    async with FakePlatform() as site, running_master(tmp_path / "data") as master:
        await master.workers_online(2)
        site.feed("/comments.xml").add("c1", "第一条评论")
        settings = {"url": site.url + "/comments.xml", "kind": "comment", "allow_private_network": True}
        comments = await master.create_account(platform="feed", display_name="Comments", interval=10, settings=settings)
        messages = await _demo(master, 2)
        await eventually(lambda: master.items(f"/detections?account_id={comments['id']}"))
        site.feed("/comments.xml").add("c2", "第二条评论")

        async def commented() -> list[dict[str, Any]]:
            return await master.items(f"/detections?account_id={comments['id']}&kind=comment&unread=true")

        [comment] = await eventually(commented, within=15)
        assert (comment["external_id"], comment["text"], comment["platform"]) == ("c2", "第二条评论", "feed")

        async def messaged() -> list[dict[str, Any]]:
            return await master.items(f"/detections?account_id={messages['id']}&kind=direct_message&unread=true")

        [message, *_] = await eventually(messaged, within=20)
        assert message["author"]["name"] and message["thread_id"] and not message["read"]
        unread = (await master.account(messages["id"]))["unread"]
        assert unread > 0 and (await master.get("/status"))["detections"]["unread"] >= unread


async def test_accounts_are_balanced_and_a_new_worker_gets_its_share(tmp_path: Path) -> None:
    async with running_master(tmp_path / "data") as master:
        await master.workers_online(2)
        for number in range(8):
            await _demo(master, number)

        async def spread() -> Counter[str]:
            return Counter(str(account["worker_id"]) for account in await master.items("/accounts"))

        assert await eventually(lambda: _is(spread, {"local-1": 4, "local-2": 4})), await spread()
        status, answer = await master.call("POST", "/workers/local", {"count": 1})
        assert status == 201, answer
        await master.workers_online(3)
        assert await eventually(lambda: _is(spread, {"local-1": 3, "local-2": 3, "local-3": 2})), await spread()


async def _is(read: Any, wanted: dict[str, int]) -> bool:
    return sorted((await read()).values()) == sorted(wanted.values())
