"""10,000 detections that a worker holds while the master is away are there soon after it is back, none twice."""

import sqlite3
from pathlib import Path

import pytest

from tests.support.master_process import MasterProcess, running_master
from tests.support.tasks import task
from tests.support.waiting import eventually
from worker.memory import Store
from worker.process.clock import lease_clock
from worker.protocol.messages import Author, Item

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

QUICK = ("--local-workers", "1", "--heartbeat-interval", "1", "--heartbeat-timeout", "12")
CHECKS, ITEMS = 200, 50
GENEROUS = 60.0  #: seconds, for a machine that does much else; the figure that counts is printed


def fill(outbox: Path, account: str) -> None:
    """What so many checks found, each with its cursor, as the worker's own code writes it down."""
    outbox.parent.mkdir(parents=True, exist_ok=True)
    store = Store(outbox)
    store.open()
    for check in range(CHECKS):
        found = [
            Item(
                seq=0,
                account=account,
                epoch=1,
                kind="comment",
                external_id=f"away-{check}-{number}",
                found_at=1,
                text=f"Something of an ordinary length that was said while nobody could hear it. {check} {number} " * 3,
                author=Author("7", "小明", "@ming"),
                url=f"https://shop.example/{check}/{number}",
                request_id=f"r-{check}",
            )
            for number in range(ITEMS)
        ]
        assert store.record(task(account), found, [], f"c{check}") == ITEMS
    store.close()


async def test_they_arrive_soon_after_it_is_back_and_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running_master(data, *QUICK) as master:
        await master.workers_online(1)
        settings = {"rate_per_minute": 0.01}
        account = await master.create_account(platform="demo", display_name="Shop", interval=3600, settings=settings)
        path = f"/accounts/{account['id']}"
        await eventually(lambda: _checked(master, path), within=30, what="its first check")
        before = (await master.get("/status"))["detections"]["total"]
        assert await master.end() == 0
        fill(data / "workers" / "local-1" / "worker.db", account["id"])
        await master.start()
        began = lease_clock()

        async def arrived(number: int) -> bool:
            return bool((await master.get("/status"))["detections"]["total"] >= before + number)

        await eventually(lambda: arrived(1), within=GENEROUS, what="the first of them: the worker has started")
        started = lease_clock() - began
        await eventually(lambda: arrived(CHECKS * ITEMS), within=GENEROUS, what="10,000 detections")
        took = lease_clock() - began
        print(f"\n10,000 detections {took:.2f} s after the ready line, the first after {started:.2f} s")  # noqa: T201

        async def drained() -> bool:
            [worker] = await master.items("/workers")
            return worker["outbox"] == 0 and worker["state"] == "online"

        await eventually(drained, within=30, what="an empty outbox")
        assert (await master.get("/status"))["dead_letters"] == 0
        await master.end()
    connection = sqlite3.connect(data / "vedette.db")
    rows = connection.execute(
        "SELECT external_id FROM detections WHERE external_id LIKE 'away-%' ORDER BY id"
    ).fetchall()
    connection.close()
    assert [row[0] for row in rows] == [f"away-{check}-{number}" for check in range(CHECKS) for number in range(ITEMS)]


async def _checked(master: MasterProcess, path: str) -> bool:
    return (await master.get(path))["last_check_at"] is not None
