"""Who works hard and honestly is not taken for an attacker: the real worker's parts against the real doors."""

import asyncio
from pathlib import Path

from engine.events import DoorRefused
from tests.support.gateway import Desk, House, a_register, house, tell
from tests.support.tasks import task
from tests.support.waiting import eventually
from tests.support.worker_agent import Quick, running
from worker.link import Link
from worker.memory import Memory
from worker.process.clock import wall_ms
from worker.process.secret import Secret
from worker.process.tasks import cancel, spawn
from worker.protocol import messages as m
from worker.protocol.envelope import Received
from worker.way import LocalWay

ITEMS = 10_000
ACCOUNTS = 2_000


def turned_away(opened: House) -> list[DoorRefused]:
    events: list[DoorRefused] = []
    opened.memory.bus.subscribe(DoorRefused, events.append)
    return events


async def fill(directory: Path) -> None:
    """An outbox as it is after a long time without a master: more bytes than the meter lets pass at once."""
    memory = Memory(directory / "worker.db")
    await memory.start()
    for first in range(0, ITEMS, 100):
        items = [
            m.Item(0, "a", 1, "comment", f"x-{number}", wall_ms(), text=f"{number} " + "字" * 400)
            for number in range(first, first + 100)
        ]
        await memory.record(task(), items, [], None)
    await memory.close()


async def test_a_worker_with_ten_thousand_buffered_items_delivers_them_all_over_one_connection(tmp_path: Path) -> None:
    await fill(tmp_path / "w1")
    async with house() as opened:
        events, token = turned_away(opened), opened.tokens.issue("w1")
        async with running(opened.gateway.url, tmp_path / "w1", {}, token=token):
            await eventually(lambda: sum(len(batch.items) for batch in opened.store.taken) == ITEMS, within=40)
        assert {item.external_id for batch in opened.store.taken for item in batch.items} == {
            f"x-{number}" for number in range(ITEMS)
        }
        assert [fact[0] for fact in opened.desk.heard].count("register") == 1
        assert events == []


async def test_a_storm_of_heartbeats_with_two_thousand_checks_each_is_answered() -> None:
    """As after a stall of the master: half a minute of beats at once, each as large as one can be."""
    checks = [m.CheckDone(f"acc_{number:05}", wall_ms(), 0.5, "ok") for number in range(ACCOUNTS)]
    async with house() as opened:
        events, guest = turned_away(opened), await opened.worker()
        beats = [tell(guest, m.Heartbeat(nonce, 1, "x", checks=checks)) for nonce in range(30)]
        assert [answer["nonce"] for answer in await asyncio.gather(*beats)] == list(range(30))
        assert events == []


class _Owner:
    """A listener that registers and then does nothing by itself."""

    def __init__(self) -> None:
        self.link: Link
        self.registered = asyncio.Event()

    async def opened(self) -> None:
        await self.link.call(a_register("w-1"), m.Registered)
        self.registered.set()

    def lost(self) -> None:
        self.registered.clear()

    def received(self, received: Received, acknowledge: object) -> None:
        raise AssertionError(received)


class _Giver(Desk):
    """Gives the worker all its accounts with the answer to its registration."""

    async def register(self, message: m.Register, request_id: str) -> m.Registered:
        await super().register(message, request_id)
        tasks = [m.Task(f"acc_{number}", 1, "demo", {}, 30.0) for number in range(ACCOUNTS)]
        return m.Registered(heartbeat_interval=10, lease=25, sequence=3, tasks=tasks)


async def test_a_worker_of_two_thousand_accounts_pulls_all_credentials_and_reports_of_all_at_once() -> None:
    """A start, and then an outage of its network: twice as many messages as accounts, eight times a usual burst."""
    async with house(desk=_Giver()) as opened:
        events, owner, few = turned_away(opened), _Owner(), asyncio.Semaphore(500)
        way = LocalWay(opened.gateway.url, "w-1", Secret(opened.tokens.issue("w-1")))
        owner.link = Link(way, owner, Quick())
        running_link = spawn(owner.link.run(), name="link")
        await asyncio.wait_for(owner.registered.wait(), 10)

        async def one(number: int) -> None:
            async with few:
                await owner.link.call(m.Credentials(f"acc_{number}", 1), m.CredentialsGiven)
                await owner.link.call(m.Report(f"acc_{number}", 1, "unreachable"), m.Answer)

        await asyncio.gather(*map(one, range(ACCOUNTS)))
        await cancel(running_link)
        assert [fact[0] for fact in opened.desk.heard].count("register") == 1
        assert events == []
