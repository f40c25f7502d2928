"""The disk is full where a worker keeps what it found, and then it is not."""

from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.fake_platform import FakePlatform
from tests.support.log_files import faults_in_logs
from tests.support.master_process import MasterProcess, running_master
from tests.support.waiting import eventually

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(120),
    pytest.mark.skipif(not psutil.LINUX, reason="only there another process's limit on files can be set"),
]

QUICK = ("--local-workers", "1", "--heartbeat-interval", "1", "--heartbeat-timeout", "12")


async def state(master: MasterProcess) -> dict[str, Any]:
    [worker] = await master.items("/workers")
    return worker


async def test_it_says_so_stops_checking_loses_nothing_and_goes_on(tmp_path: Path) -> None:
    async with FakePlatform() as site, running_master(tmp_path / "data", *QUICK) as master:
        [before] = await master.workers_online(1)
        feed = site.feed("/feed.xml")
        feed.add("old", "here before")
        settings = {"url": site.url + "/feed.xml", "allow_private_network": True}
        account = await master.create_account(platform="feed", display_name="Blog", interval=10, settings=settings)
        path = f"/detections?account_id={account['id']}&limit=1000"
        await eventually(lambda: master.items(path), what="the first check")
        process = psutil.Process(before["pid"])
        room = process.rlimit(psutil.RLIMIT_FSIZE)
        process.rlimit(psutil.RLIMIT_FSIZE, (0, room[1]))  # nothing can be written at all
        for number in range(30):
            feed.add(f"new-{number}", "found while its disk is full")

        async def degraded() -> bool:
            return (await state(master))["state"] == "degraded"

        await eventually(degraded, within=25, what="degraded")
        assert (await state(master))["reason"].startswith("worker.db cannot be written: ")
        asked = len(site.paths())
        story = f"/workers/{before['id']}/story"
        assert any(line["what"] == "degraded" for line in await master.items(story))
        beats = 0
        seen = (await master.items("/workers"))[0]["heartbeat_age"]

        async def later() -> bool:  # an interval and more of heartbeats, each of which finds the disk still full
            nonlocal beats, seen
            age = (await state(master))["heartbeat_age"]
            beats, seen = beats + (age < seen), age
            return beats >= 12

        await eventually(later, within=25, what="twelve heartbeats")
        assert len(site.paths()) == asked, "it went on checking although it can write nothing down"
        assert len(await master.items(path)) == 1
        process.rlimit(psutil.RLIMIT_FSIZE, room)

        async def all_there() -> bool:
            items = await master.items(path)
            return {item["external_id"] for item in items} == {"old", *(f"new-{number}" for number in range(30))}

        await eventually(all_there, within=30, what="what could not be written down")
        assert len(await master.items(path)) == 31
        [after] = await master.workers_online(1)
        assert (after["pid"], after["restarts"], after["reason"]) == (before["pid"], 0, "")
        assert [line["what"] for line in await master.items(story)].count("no longer degraded") == 1
        said = ("agent.degraded", "sender.not_dropped")  # what it may complain of, and no traceback
        assert not [line for line in faults_in_logs(master.data_dir) if not any(one in line for one in said)]
