"""Real processes, really killed."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.support.fake_platform import FakePlatform
from tests.support.master_process import MasterProcess, alive, running_master
from tests.support.waiting import eventually
from worker.process.clock import lease_clock

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]


async def _watched(master: MasterProcess, site: FakePlatform) -> dict[str, object]:
    """A feed account that some worker owns and has checked once."""
    feed = site.feed("/feed.xml")
    feed.add("old", "已有的文章")
    account = await master.create_account(
        platform="feed",
        display_name="Blog",
        interval=10,
        settings={"url": site.url + "/feed.xml", "allow_private_network": True},
    )
    path = f"/detections?account_id={account['id']}"
    await eventually(lambda: master.items(path), what="the first check")
    return await master.account(str(account["id"]))


async def test_a_killed_workers_accounts_move_at_once_and_its_process_comes_back(tmp_path: Path) -> None:
    async with FakePlatform() as site, running_master(tmp_path / "data") as master:
        workers = {worker["id"]: worker for worker in await master.workers_online(2)}
        account = await _watched(master, site)
        victim = workers[str(account["worker_id"])]
        os.kill(victim["pid"], signal.SIGKILL)

        async def moved() -> bool:
            now = await master.account(str(account["id"]))
            return now["worker_id"] not in (None, victim["id"]) and now["epoch"] > account["epoch"]

        await eventually(moved, within=3)
        back = {worker["id"]: worker for worker in await master.workers_online(2)}
        assert back[victim["id"]]["pid"] != victim["pid"] and back[victim["id"]]["restarts"] == 1
        assert master.logged("worker.offline") and master.logged("worker.exited")


async def test_what_was_found_before_a_crash_is_not_found_again(tmp_path: Path) -> None:
    async with FakePlatform() as site, running_master(tmp_path / "data") as master:
        workers = {worker["id"]: worker for worker in await master.workers_online(2)}
        account = await _watched(master, site)
        os.kill(workers[str(account["worker_id"])]["pid"], signal.SIGKILL)
        site.feed("/feed.xml").add("new", "新的")
        path = f"/detections?account_id={account['id']}"

        async def found() -> bool:
            return sorted(d["external_id"] for d in await master.items(path)) == ["new", "old"]

        await eventually(found, within=20)
        seen = len(site.requests)
        await eventually(lambda: len(site.requests) > seen, within=15, what="one more check")
        assert await found()


async def test_the_sixth_crash_in_ten_minutes_is_shown_as_failed(tmp_path: Path) -> None:
    async with running_master(tmp_path / "data", "--local-workers", "1") as master:
        killed = set[int]()
        for _ in range(6):

            async def fresh() -> int:
                [worker] = await master.items("/workers")
                return int(worker["pid"]) if worker["state"] == "online" and worker["pid"] not in killed else 0

            pid = await eventually(fresh, within=25)
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)

        async def failed() -> dict[str, object] | None:
            [worker] = await master.items("/workers")
            return worker if worker["state"] == "failed" else None

        worker = await eventually(failed, within=5)
        assert worker["restarts"] == 5 and master.logged("worker.failed")
        status = await master.get("/status")
        assert status["workers"]["offline"] == 1
        code, answer = await master.call("POST", f"/workers/{worker['id']}/restart")
        assert code < 300, answer
        await master.workers_online(1)


async def test_a_worker_that_hangs_is_killed_and_started_again(tmp_path: Path) -> None:
    soon = ("--heartbeat-interval", "2", "--heartbeat-timeout", "12", "--local-workers", "1")
    async with running_master(tmp_path / "data", *soon) as master:
        [worker] = await master.workers_online(1)
        os.kill(worker["pid"], signal.SIGSTOP)  # SIGTERM has to wait for SIGCONT then, SIGKILL does not

        async def another() -> bool:
            [now] = await master.items("/workers")
            return now["state"] == "online" and now["pid"] != worker["pid"]

        await eventually(another, within=35)
        assert not alive(worker["pid"])
        assert [line["silent"] > 12 for line in master.logged("worker.heartbeat_timeout")] == [True]


async def test_a_worker_that_hangs_does_not_keep_the_master_from_closing(tmp_path: Path) -> None:
    async with running_master(tmp_path / "data") as master:
        hung, other = await master.workers_online(2)
        os.kill(hung["pid"], signal.SIGSTOP)
        began = lease_clock()
        assert await master.end(signal.SIGTERM) == 0
        assert lease_clock() - began < 14, "12 s and the rest of the end"
        assert not alive(hung["pid"]) and not alive(other["pid"])


async def test_sigterm_drains_the_workers_and_leaves_no_orphan(tmp_path: Path) -> None:
    async with FakePlatform() as site, running_master(tmp_path / "data") as master:
        await master.workers_online(2)
        account = await _watched(master, site)
        children = psutil.Process(master.pid).children(recursive=True)
        assert len(children) == 2
        assert await master.end(signal.SIGTERM) == 0
        assert not any(alive(child.pid) for child in children)
        assert not (tmp_path / "data" / "master.json").exists()
        await master.start()
        await master.workers_online(2)
        site.feed("/feed.xml").add("new", "after the restart")
        path = f"/detections?account_id={account['id']}"

        async def both() -> bool:
            return sorted(d["external_id"] for d in await master.items(path)) == ["new", "old"]

        await eventually(both, within=20)


async def test_workers_follow_a_killed_master_within_a_second(tmp_path: Path) -> None:
    async with running_master(tmp_path / "data") as master:
        await master.workers_online(2)
        children = psutil.Process(master.pid).children(recursive=True)
        os.kill(master.pid, signal.SIGKILL)
        await eventually(lambda: not any(alive(child.pid) for child in children), within=1.5)


async def test_a_second_master_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    import asyncio
    import sys

    async with running_master(tmp_path / "data") as master:
        second = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "engine", "--data-dir", str(tmp_path / "data"), "--port", "0"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await second.communicate()
        assert second.returncode == 69 and not said
        assert f"process {master.pid}" in complained.decode()
        assert await master.get("/status")
