"""Real processes that really did not watch: what the account says afterwards."""

import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.fake_platform import FakeFeed, FakePlatform
from tests.support.master_process import MasterProcess, running_master
from tests.support.waiting import eventually
from worker.process.clock import wall_ms

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

QUICK = ("--local-workers", "1", "--heartbeat-interval", "0.5", "--heartbeat-timeout", "12", "--gap-after", "1")
OUTAGE = timedelta(minutes=10)


async def feed_account(master: MasterProcess, site: FakePlatform, name: str) -> tuple[str, FakeFeed]:
    """An account, checked once, and its feed with one entry."""
    feed = site.feed(f"/{name}.xml")
    feed.add("old", "已有的文章")
    settings = {"url": f"{site.url}/{name}.xml", "allow_private_network": True}
    account = await master.create_account(platform="feed", display_name=name, interval=10, settings=settings)
    account_id = str(account["id"])

    async def checked() -> bool:
        return (await master.account(account_id))["last_check_at"] is not None

    await eventually(checked, within=15, what="the first check")
    return account_id, feed


async def gap_of(master: MasterProcess, account_id: str) -> dict[str, Any]:
    """The account's gap, once it is over."""

    async def over() -> dict[str, Any] | None:
        gap = (await master.account(account_id))["gap"]
        return dict(gap) if gap is not None and gap["until"] is not None else None

    return dict(await eventually(over, within=25, what="a gap"))


def saved(master: MasterProcess) -> int:
    """How many accounts the store knows to have been watched."""
    with closing(sqlite3.connect(master.data_dir / "vedette.db")) as connection:
        return int(connection.execute("SELECT count(watched_at) FROM accounts").fetchone()[0])


def long_ago(master: MasterProcess) -> None:
    """Let the outage have begun earlier than it did: nobody wants to wait for it."""
    earlier = int(OUTAGE.total_seconds() * 1000)
    with closing(sqlite3.connect(master.data_dir / "vedette.db")) as database, database:
        database.execute(
            "UPDATE accounts SET watched_at = watched_at - ?, last_check_at = last_check_at - ?", [earlier] * 2
        )


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_killed_masters_outage_is_told_with_what_was_caught_up_and_what_cannot_be_known(tmp_path: Path) -> None:
    async with FakePlatform() as site, running_master(tmp_path / "data", *QUICK) as master:
        await master.workers_online(1)
        kept, kept_feed = await feed_account(master, site, "kept")
        overrun, overrun_feed = await feed_account(master, site, "overrun")
        assert (await master.account(kept))["gap"] is None
        await eventually(lambda: saved(master) == 2, what="the checks are saved, which they are a second later")
        assert await master.end(signal.SIGKILL) == -signal.SIGKILL
        for number in range(3):
            kept_feed.add(f"new-{number}", "补货了吗")
        overrun_feed.entries.clear()
        for number in range(2):
            overrun_feed.add(f"other-{number}", "x")
        long_ago(master)
        before = datetime.now(UTC)
        await master.start()
        whole, lost = await gap_of(master, kept), await gap_of(master, overrun)
        after = datetime.now(UTC)
        assert (whole["caught_up"], whole["complete"], whole["missed"]) == (3, True, "")
        assert (lost["caught_up"], lost["complete"]) == (2, False) and "only its newest items" in lost["missed"]
        for gap in (whole, lost):
            assert gap["why"] == "Vedette was not running"
            assert before - OUTAGE - timedelta(seconds=25) < moment(gap["since"]) < before - OUTAGE
            assert before < moment(gap["until"]) < after
        await acknowledged(master, kept, whole)


async def acknowledged(master: MasterProcess, account_id: str, gap: dict[str, Any]) -> None:
    """It is listed, told in the story, and no longer shown once somebody has seen it; after a restart neither."""
    path = f"/accounts/{account_id}"
    await eventually(lambda: master.items(f"{path}/gaps"), what="the store has it")
    assert await master.items(f"{path}/gaps") == [gap]
    status, _answer = await master.call("POST", f"{path}/gaps/acknowledge")
    assert status == 200 and (await master.account(account_id))["gap"] is None
    assert any("3 caught up" in line["what"] for line in await master.items(f"{path}/story"))
    assert await master.end() == 0
    await master.start()
    assert (await master.account(account_id))["gap"] is None
    assert await master.items(f"{path}/gaps") == [gap]


async def test_a_sleep_is_one_gap_and_what_came_in_it_is_caught_up(tmp_path: Path) -> None:
    async with running_master(tmp_path / "data", *QUICK) as master:
        await master.workers_online(1)
        settings = {"seed": 1, "rate_per_minute": 60}
        account = await master.create_account(platform="demo", display_name="Demo", interval=1, settings=settings)
        account_id = str(account["id"])

        async def watched() -> bool:
            return bool((await master.account(account_id))["unread"] >= 2)

        await eventually(watched, within=20)
        slept = psutil.Process(master.pid)
        processes = [slept, *slept.children(recursive=True)]
        for process in processes:
            process.suspend()
        until = wall_ms() + 15_000
        await eventually(lambda: wall_ms() > until, within=20, what="the end of the night")
        for process in processes:
            process.resume()
        gap = await gap_of(master, account_id)
        assert (gap["why"], gap["complete"]) == ("this computer slept or stood still", True)
        assert 14 <= gap["caught_up"] <= 20
        seconds = (moment(gap["until"]) - moment(gap["since"])).total_seconds()
        assert 14.9 < seconds < 21
        await eventually(lambda: master.items(f"/accounts/{account_id}/gaps"), what="the store has it")
        assert await master.items(f"/accounts/{account_id}/gaps") == [gap]
        assert master.logged("master.loop_stalled")
