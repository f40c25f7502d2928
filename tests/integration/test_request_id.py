"""A request id goes with what it started: REST → master → wire → worker → wire → master."""

import json
from pathlib import Path

import pytest

from tests.support.fake_platform import FakePlatform
from tests.support.master_process import running_master
from tests.support.waiting import eventually

pytestmark = pytest.mark.processes


def _logged(file: Path, request_id: str) -> set[str]:
    lines = map(json.loads, file.read_text().splitlines()) if file.exists() else ()
    return {line["event"] for line in lines if line["request_id"] == request_id}


async def test_a_click_can_be_followed_from_rest_to_the_store(tmp_path: Path) -> None:
    async with FakePlatform() as site, running_master(tmp_path / "data", "--local-workers", "1") as master:
        await master.workers_online(1)
        feed = site.feed("/feed.xml")
        feed.add("old", "already there")
        settings = {"url": site.url + "/feed.xml", "allow_private_network": True}
        account = await master.create_account(platform="feed", display_name="B", interval=3600, settings=settings)
        path = f"/detections?account_id={account['id']}"
        await eventually(lambda: master.items(path))
        feed.add("new", "asked for")
        status, answer = await master.call("POST", f"/accounts/{account['id']}/check", request_id="click-42")
        assert (status, answer["data"]["request_id"]) == (202, "click-42")

        async def both() -> bool:
            return len(await master.items(path)) == 2

        await eventually(both)
        logs = tmp_path / "data" / "logs"
        wanted = {"account.check_asked", "detections.stored"}
        await eventually(lambda: wanted <= _logged(logs / "master.jsonl", "click-42"), within=3)
        assert "check.done" in _logged(logs / "worker-local-1.jsonl", "click-42")
        story = await master.get(f"/accounts/{account['id']}/story")
        assert "click-42" in json.dumps(story)
