"""How soon accounts are watched again after one clean fault, on real processes: one function a fault.

`python -m tests.chaos --failover` measures with the default heartbeat; tests use a quicker one.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.fleet.lease import Figures, derive
from tests.chaos.figures import Watch
from tests.chaos.house import House, all_online, open_house
from tests.chaos.operator import Operator
from tests.chaos.plan import LOCALS, REMOTES
from tests.chaos.site import Ask, Site
from tests.support.waiting import eventually
from worker.process.clock import lease_clock

ACCOUNTS = 15
DEFAULT = derive(10, 30)
MASTER_RESTART = 5.0  #: seconds after kill -9; a clean one has 3
CLEAN_RESTART = 3.0


@dataclass(frozen=True)
class Measured:
    """`seconds` must be below `limit`. How soon processes start depends on what else a machine does: a test gives such
    a figure twice the time (`quick`); a lease gets no grace."""

    what: str
    seconds: float
    limit: float
    quick: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.seconds:.2f} s (limit {self.limit:g} s)"


@dataclass
class Scene:
    """Everything runs and is watched. `accounts`: id → what acted last for it."""

    house: House
    site: Site
    operator: Operator
    figures: Figures

    def of(self, worker: str) -> dict[str, Ask]:
        """The accounts that a worker (or all whose names begin so) acts for, with its last request for each."""
        last = {account: self.site.log.last(account) for account in self.operator.accounts}
        return {account: ask for account, ask in last.items() if ask is not None and ask.worker.startswith(worker)}

    async def moved(self, accounts: dict[str, Ask], within: float) -> None:
        """Wait until REST says that others own them."""

        async def elsewhere() -> bool:
            if not await self.operator.look():
                return False
            now = [(self.operator.owners[account], ask) for account, ask in accounts.items()]
            return all(each["worker_id"] not in (None, a.worker) and each["epoch"] > a.epoch for each, a in now)

        await eventually(elsewhere, within=within, what="the accounts are owned by others")

    async def watched(self, accounts: dict[str, Ask], since: float, within: float) -> float:
        """Seconds from `since` until all of them were asked for again."""

        def soon() -> bool:
            last = [self.site.log.last(account) for account in accounts]
            return all(ask is not None and ask.at > since for ask in last)

        await eventually(soon, within=within, what="the accounts are watched again")
        watch = Watch(self.site.log.asks)
        return max(ask.at - since for account in accounts if (ask := watch.next(account, since)) is not None)


@asynccontextmanager
async def scene(directory: Path, figures: Figures) -> AsyncIterator[Scene]:
    """Three local workers and two remote ones with three accounts each."""
    beat = ("--heartbeat-interval", f"{figures.heartbeat:g}", "--heartbeat-timeout", f"{figures.timeout:g}")
    options = ("--local-workers", str(len(LOCALS)), *beat)
    async with Site() as site, open_house(directory, site.names, *options) as house:
        operator = Operator(house, site)
        await all_online(house, len(LOCALS) + len(REMOTES))
        await asyncio.gather(*(operator.add_account() for _ in range(ACCOUNTS)))
        await operator.look()
        yield Scene(house, site, operator, figures)
        assert not site.log.breaches, [*map(str, site.log.breaches)]


async def local_crash(scene: Scene) -> Measured:
    """SIGKILL of a local worker, until others own its accounts."""
    pid = scene.house.pid_of("local-2", scene.operator.workers)
    theirs = scene.of("local-2")
    assert pid and theirs
    began = lease_clock()
    os.kill(pid, signal.SIGKILL)
    await scene.moved(theirs, 10)
    return Measured("local worker killed: accounts owned by others", lease_clock() - began, 1.0, quick=True)


async def remote_kill(scene: Scene) -> Measured:
    """SIGKILL of a remote worker, until others own its accounts."""
    theirs = scene.of("remote-1")
    assert theirs
    began = lease_clock()
    await scene.house.remotes["remote-1"].end(signal.SIGKILL)
    await scene.moved(theirs, scene.figures.timeout + 10)
    return Measured("remote worker killed: accounts owned by others", lease_clock() - began, scene.figures.timeout + 1)


async def frozen_link(scene: Scene) -> Measured:
    """Nothing passes between a remote worker and the master, and both run: when the worker stops by itself."""
    theirs = scene.of("remote-2")
    assert theirs
    began = lease_clock()
    scene.house.remotes["remote-2"].wire.freeze()
    await scene.moved(theirs, scene.figures.timeout + 10)
    seconds = Watch(scene.site.log.asks).last_of("remote-2", began, lease_clock())
    assert scene.house.remotes["remote-2"].pid is not None
    return Measured("link frozen: the worker's last request", seconds, scene.figures.lease)


async def frozen_process(scene: Scene) -> Measured:
    """SIGSTOP of a remote worker until its accounts are elsewhere, then SIGCONT: it may not act for them any more."""
    theirs, pid = scene.of("remote-1"), scene.house.remotes["remote-1"].pid
    assert theirs and pid
    began = lease_clock()
    os.kill(pid, signal.SIGSTOP)
    try:
        await scene.moved(theirs, scene.figures.timeout + 10)
        seconds = lease_clock() - began
    finally:
        since = lease_clock()
        os.kill(pid, signal.SIGCONT)
    await eventually(lambda: _online_again(scene, "remote-1"), within=30, what="it is back")
    late = [ask for ask in scene.site.log.asks if ask.at > since and ask.worker == "remote-1"]
    assert not [ask for ask in late if ask.account in theirs and ask.epoch <= theirs[ask.account].epoch], late
    return Measured("remote worker frozen: accounts owned by others", seconds, scene.figures.timeout + 1)


async def _online_again(scene: Scene, worker: str) -> bool:
    await scene.operator.look()
    return bool(scene.operator.workers[worker]["state"] == "online")


async def master_killed(scene: Scene) -> Measured:
    """kill -9 of the master, started again at once: local accounts watched again. The remote workers keep theirs."""
    local, remote = scene.of("local"), scene.of("remote")
    await scene.house.master.end(signal.SIGKILL)
    since = lease_clock()
    await scene.house.master.start()
    seconds = await scene.watched(local, since, 30)
    await scene.watched(remote, since, 30)
    await scene.operator.look()
    owners = scene.operator.owners
    assert {a: (owners[a]["worker_id"], owners[a]["epoch"]) for a in remote} == {
        account: (ask.worker, ask.epoch) for account, ask in remote.items()
    }
    return Measured("master killed and started: local accounts watched again", seconds, MASTER_RESTART, quick=True)


async def master_and_remote_killed(scene: Scene) -> Measured:
    """A remote worker that dies with the master: the new one cannot know, and waits for a whole time-out."""
    theirs = scene.of("remote-1")
    assert theirs
    await asyncio.gather(scene.house.remotes["remote-1"].end(signal.SIGKILL), scene.house.master.end(signal.SIGKILL))
    since = lease_clock()
    await scene.house.master.start()
    await scene.moved(theirs, scene.figures.timeout + 15)
    seconds = lease_clock() - since
    assert seconds > scene.figures.timeout, f"moved after {seconds:.2f} s: before the time-out had passed"
    return Measured("remote worker dies with the master: owned by others", seconds, scene.figures.timeout + 4)


async def clean_restart(scene: Scene) -> Measured:
    """The master is asked to stop, and started again: local accounts watched again. Remote workers come back at their
    own pace: they connect again after 0.5 to 1, then 1 to 2 s."""
    local, remote = scene.of("local"), scene.of("remote")
    assert await scene.house.master.end(signal.SIGTERM) == 0
    since = lease_clock()
    await scene.house.master.start()
    seconds = await scene.watched(local, since, 30)
    await scene.watched(remote, since, 30)
    return Measured("master restarted: local accounts watched again", seconds, CLEAN_RESTART, quick=True)


MEASURES: tuple[Callable[[Scene], Awaitable[Measured]], ...] = (
    local_crash,
    remote_kill,
    frozen_link,
    frozen_process,
    master_killed,
    master_and_remote_killed,
    clean_restart,
)


async def measure_all(directory: Path, say: Callable[[str], None]) -> bool:
    """Everything with the default heartbeat; whether all limits were kept."""
    kept = True
    for number, measure in enumerate(MEASURES):
        async with scene(directory / str(number), DEFAULT) as running:
            measured = await measure(running)
        kept = kept and measured.seconds < measured.limit
        say(str(measured))
    return kept
