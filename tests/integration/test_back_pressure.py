"""The database is slow: batches are sent away, outboxes fill, checks stop, and then everything goes on by itself."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.api.accounts import NewAccount
from engine.records import DetectionFilter
from tests.support.gateway import tell
from tests.support.live_master import LiveMaster, live_master
from tests.support.scripted_platform import ScriptedPlatform, found
from tests.support.waiting import eventually
from tests.support.worker_agent import running
from worker.agent import Agent
from worker.platforms.base import Check
from worker.process.tasks import spawn
from worker.protocol.messages import Detections

pytestmark = pytest.mark.timeout(120)

MOST = 60  #: rows in an outbox


class Endless(ScriptedPlatform):
    """Finds twenty new things at each check."""

    def __init__(self) -> None:
        super().__init__()
        self.script = lambda _session, cursor: self._more(int(cursor or 0))

    def _more(self, since: int) -> Check:
        return Check(found(*range(since, since + 20)), str(since + 20))


@asynccontextmanager
async def joined(live: LiveMaster, name: str, directory: Path, platform: ScriptedPlatform) -> AsyncIterator[Agent]:
    """A whole worker of this master's, whose outbox is small."""
    auth = await live.enter_worker(name)
    platforms = {"scripted": platform}
    async with running(live.url, directory, platforms, worker_id=name, token=auth["token"]) as (agent, _):
        agent._memory._store._max_rows = MOST
        yield agent


async def test_a_database_that_takes_nothing_stops_the_checks_and_nothing_is_lost_or_doubled(
    tmp_path: Path, expected_logs: Any
) -> None:
    expected_logs("agent.degraded", "worker.heartbeat_timeout")  # the guest does not beat
    beats = ("--heartbeat-interval", "1", "--heartbeat-timeout", "12")
    async with live_master(tmp_path / "data", None, *beats) as live:
        first, second = Endless(), Endless()
        guest = await live.worker("w0")
        async with joined(live, "w1", tmp_path / "w1", first) as one, joined(live, "w2", tmp_path / "w2", second):
            await eventually(lambda: _states(live) == ["online"] * 3, what="all online")
            for name in ("A", "B"):
                await live.master.api.accounts.create(NewAccount("scripted", name, interval=1))
            await eventually(lambda: first.asked and second.asked, what="both watch")
            go = threading.Event()
            held = spawn(live.master._store._writer.run(lambda _connection: go.wait(60)), name="hold")
            try:
                await eventually(lambda: _states(live)[1:] == ["degraded"] * 2, within=30, what="both degraded")
                assert all("the outbox is full" in worker.reason for worker in live.master.api.workers.all()[1:])
                asked = len(first.asked), len(second.asked)
                answer = await tell(guest, Detections(items=[]))
                assert answer["ok"] and answer["retry_after"] == 1.0, "what comes now is sent away at once"
                beat = one._heart._nonce
                await eventually(lambda: one._heart._nonce > beat + 3, within=30, what="more heartbeats")
                assert (len(first.asked), len(second.asked)) == asked, "checks go on with a full outbox"
            finally:
                go.set()
            await held
            await eventually(lambda: _states(live)[1:] == ["online"] * 2, within=60, what="both well again")
            await eventually(lambda: len(first.asked) > asked[0] and len(second.asked) > asked[1], what="checks again")
            story = await live.master.api.workers.story("w1")
            said = [line.what for line in story if "degraded" in line.what][::-1]
            assert said[:2] == ["degraded", "no longer degraded"]
        await _all_once(live)


async def _all_once(live: LiveMaster) -> None:
    """Per account, every number from the first to the last is there once, in the order found."""
    for account in await live.master.api.accounts.page():
        where = DetectionFilter(account_id=account.id)
        rows = await live.master.api.detections.page(where, limit=1000)
        numbers = [int(row.external_id.removeprefix("x-")) for row in rows[::-1]]
        assert numbers == list(range(len(numbers))) and len(numbers) > MOST


def _states(live: LiveMaster) -> list[str]:
    return [worker.state for worker in live.master.api.workers.all()]
