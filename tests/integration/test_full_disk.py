"""The disk is full while the master runs, and then it is not."""

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


class Disk:
    """The disk as the master sees it: full means that its database's log of changes cannot grow."""

    def __init__(self, master: MasterProcess) -> None:
        self._process = psutil.Process(master.pid)
        self._room = self._process.rlimit(psutil.RLIMIT_FSIZE)
        self._changes = master.data_dir / "vedette.db-wal"

    def fill(self) -> None:
        self._process.rlimit(psutil.RLIMIT_FSIZE, (self._changes.stat().st_size, self._room[1]))

    def empty(self) -> None:
        self._process.rlimit(psutil.RLIMIT_FSIZE, self._room)


async def test_detections_wait_with_the_workers_and_arrive_once(tmp_path: Path) -> None:
    async with FakePlatform() as site, running_master(tmp_path / "data", *QUICK) as master:
        [before] = await master.workers_online(1)
        feed = site.feed("/feed.xml")
        feed.add("old", "here before")
        settings = {"url": site.url + "/feed.xml", "allow_private_network": True}
        account = await master.create_account(platform="feed", display_name="Blog", interval=10, settings=settings)
        path = f"/detections?account_id={account['id']}"
        await eventually(lambda: master.items(path), what="the first check")
        disk = Disk(master)
        disk.fill()
        for number in range(30):
            feed.add(f"new-{number}", "found while the disk is full")

        async def waits() -> bool:
            [worker] = await master.items("/workers")
            return worker["outbox"] >= 30

        await eventually(waits, within=25, what="detections in the outbox")
        await eventually(lambda: master.logged("ingest.disk_full"), what="the log says so")
        assert len(await master.items(path)) == 1
        assert (await master.get("/status"))["workers"]["online"] == 1
        status, answer = await master.call("PATCH", f"/accounts/{account['id']}", {"revision": 1, "display_name": "B"})
        assert (status, answer["error"]["code"], answer["error"]["message"]) == (503, "disk_full", SENTENCE)
        disk.empty()
        await eventually(lambda: _all_there(master, path), within=30, what="what waited")
        assert len(await master.items(path)) == 31
        assert master.logged("ingest.recovered")
        [after] = await master.workers_online(1)
        assert (after["pid"], after["restarts"]) == (before["pid"], 0)
        assert not faults_in_logs(master.data_dir)


SENTENCE = "the disk is full or failing: make room; nothing is lost meanwhile"


async def _all_there(master: MasterProcess, path: str) -> bool:
    items: list[dict[str, Any]] = await master.items(path + "&limit=1000")
    return {item["external_id"] for item in items} == {"old", *(f"new-{number}" for number in range(30))}
