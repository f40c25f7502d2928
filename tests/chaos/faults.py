"""Performs faults on real processes, wires and disks, and takes them back."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.chaos.house import House
from tests.chaos.operator import Operator
from tests.chaos.plan import Fault, hit
from tests.chaos.site import Mood, Site
from worker.process.clock import lease_clock


@dataclass
class Happened:
    """A fault as it was. Moments are seconds of the lease clock.

    Attributes:
        ended: when it was taken back; for a kill, when the process was started again.
        victims: account → worker and epoch that acted last before it, of all accounts.
        again: when the master was started again; None for faults that leave it be.
        skipped: why it did nothing.
    """

    fault: Fault
    began: float
    victims: dict[str, tuple[str, int]]
    ended: float = 0.0
    again: float | None = None
    skipped: str = ""
    notes: list[str] = field(default_factory=list)


class Hand:
    """Does what the plan says."""

    def __init__(self, house: House, site: Site, operator: Operator) -> None:
        self._house = house
        self._site = site
        self._operator = operator
        self.happened: list[Happened] = []
        self._one_at_a_time = defaultdict[str, asyncio.Lock](asyncio.Lock)
        self._ways: dict[str, Callable[[Happened], Awaitable[None]]] = {
            "kill local": self._kill_local,
            "kill remote": self._kill_remote,
            "stop local": self._stop_worker,
            "stop remote": self._stop_worker,
            "kill master": self._kill_master,
            "restart master": self._restart_master,
            "stop master": self._stop_master,
            "freeze link": self._freeze,
            "freeze answers": self._freeze_answers,
            "cut link": self._cut,
            "slow link": self._slow,
            "platform down": lambda happened: self._mood(happened, "down"),
            "platform failing": lambda happened: self._mood(happened, "failing"),
            "platform slow": lambda happened: self._mood(happened, "slow"),
            "disk full, master": self._fill_master,
            "disk full, worker": self._fill_worker,
            "account added": self._add,
            "account removed": self._remove,
            "drain": self._drain,
        }

    async def perform(self, fault: Fault) -> None:
        """From beginning to end, once the fault before it on the same thing is over: a restart may take its time."""
        async with self._one_at_a_time[hit(fault.kind, fault.target)]:
            await self._perform(fault)

    async def _perform(self, fault: Fault) -> None:
        last = {account: self._site.log.last(account) for account in self._operator.accounts}
        victims = {account: (ask.worker, ask.epoch) for account, ask in last.items() if ask is not None}
        happened = Happened(fault, lease_clock(), victims)
        self.happened.append(happened)
        await self._ways[fault.kind](happened)
        happened.ended = lease_clock()

    # --- processes

    def _process(self, happened: Happened) -> psutil.Process | None:
        worker = happened.fault.target
        pid = self._house.pid_of(worker, self._operator.workers) if worker else self._house.master.pid
        with suppress(psutil.NoSuchProcess):
            if pid is not None:
                return psutil.Process(pid)
        happened.skipped = "no process"
        return None

    async def _kill_local(self, happened: Happened) -> None:
        if (process := self._process(happened)) is not None:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    async def _kill_remote(self, happened: Happened) -> None:
        remote = self._house.remotes[happened.fault.target]
        await remote.end(signal.SIGKILL)
        await asyncio.sleep(happened.fault.seconds)
        await remote.start()

    async def _stop_worker(self, happened: Happened) -> None:
        if (process := self._process(happened)) is not None:
            await self._stop(process, happened)

    async def _stop(self, process: psutil.Process, happened: Happened) -> None:
        with suppress(psutil.NoSuchProcess):  # its master may end it meanwhile
            process.suspend()
            since = lease_clock()
            await asyncio.sleep(happened.fault.seconds)
            self._site.log.froze(happened.fault.target, since, lease_clock())
            process.resume()

    async def _kill_master(self, happened: Happened) -> None:
        await self._house.master.end(signal.SIGKILL)
        await asyncio.sleep(happened.fault.seconds)
        await self._start_master(happened)

    async def _restart_master(self, happened: Happened) -> None:
        code = await self._house.master.end(signal.SIGTERM)
        assert code == 0, f"asked to stop, the master ended with code {code}"
        await self._start_master(happened)

    async def _start_master(self, happened: Happened) -> None:
        happened.again = lease_clock()
        await self._house.master.start()

    async def _stop_master(self, happened: Happened) -> None:
        if (process := self._process(happened)) is not None:
            await self._stop(process, happened)

    # --- wires

    async def _freeze(self, happened: Happened) -> None:
        await self._bad_wire(happened, self._house.remotes[happened.fault.target].wire.freeze)

    async def _freeze_answers(self, happened: Happened) -> None:
        await self._bad_wire(happened, lambda: self._house.remotes[happened.fault.target].wire.freeze(up=False))

    async def _slow(self, happened: Happened) -> None:
        delay = 0.05 + happened.fault.number % 2000 / 1000
        happened.notes.append(f"{delay:.2f} s each piece, each way")
        await self._bad_wire(happened, lambda: self._house.remotes[happened.fault.target].wire.slow(delay))

    async def _cut(self, happened: Happened) -> None:
        wire = self._house.remotes[happened.fault.target].wire
        await wire.cut()
        await asyncio.sleep(happened.fault.seconds)
        wire.mend()

    async def _bad_wire(self, happened: Happened, spoil: Callable[[], None]) -> None:
        spoil()
        await asyncio.sleep(happened.fault.seconds)
        self._house.remotes[happened.fault.target].wire.mend()

    # --- platform, disks

    async def _mood(self, happened: Happened, mood: Mood) -> None:
        self._site.slowness = 2.0 + happened.fault.number % 6
        self._site.mood = mood
        await asyncio.sleep(happened.fault.seconds)
        self._site.mood = "well"

    async def _fill_master(self, happened: Happened) -> None:
        await self._fill(happened, self._house.master.data_dir / "vedette.db-wal")

    async def _fill_worker(self, happened: Happened) -> None:
        worker = happened.fault.target
        remote = self._house.remotes.get(worker)
        home = remote.directory / "home" if remote else self._house.master.data_dir
        worker_id = self._operator.workers[worker]["id"]
        await self._fill(happened, home / "workers" / worker_id / "worker.db-wal")

    async def _fill(self, happened: Happened, changes: Path) -> None:
        """Full means that the database's log of changes cannot grow."""
        process = self._process(happened)
        size = _size(changes)
        if process is None or not size:
            happened.skipped = happened.skipped or "no file"
            return
        with suppress(psutil.NoSuchProcess):
            soft, hard = process.rlimit(psutil.RLIMIT_FSIZE)
            process.rlimit(psutil.RLIMIT_FSIZE, (size, hard))
            await asyncio.sleep(happened.fault.seconds)
            process.rlimit(psutil.RLIMIT_FSIZE, (soft, hard))

    # --- what people do meanwhile

    async def _add(self, _happened: Happened) -> None:
        await self._operator.add_account()

    async def _remove(self, happened: Happened) -> None:
        accounts = sorted(self._operator.accounts)
        await self._operator.remove_account(accounts[happened.fault.number % len(accounts)])

    async def _drain(self, happened: Happened) -> None:
        await self._operator.drain(happened.fault.target, True)
        await asyncio.sleep(happened.fault.seconds)
        await self._operator.drain(happened.fault.target, False)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
