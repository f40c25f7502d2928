"""One round: warm up, let faults happen, let things settle, judge."""

import asyncio
import json
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.faults import Hand, Happened
from tests.chaos.figures import Gap, gaps, recoveries
from tests.chaos.guard import Guard
from tests.chaos.house import House, all_online, open_house
from tests.chaos.operator import Operator
from tests.chaos.plan import LOCALS, REMOTES, Fault, plan
from tests.chaos.resources import Usage, grown, measure
from tests.chaos.site import Site
from tests.chaos.store import Stored
from tests.support.log_files import faults_in_logs
from tests.support.waiting import eventually
from worker.process.clock import lease_clock
from worker.process.tasks import cancel, spawn

ACCOUNTS = 40
POSTS = 12.0  #: items a second, over all accounts
QUIET = 20.0  #: seconds without faults before anything is measured
SETTLING = 120.0  #: seconds in which all must be well again
KNOWN = ("worker.failed", "agent.degraded")  #: errors that are the right thing to log here


@dataclass
class Report:
    """What a round found; `violations` empty means that every promise was kept."""

    seed: int
    minutes: float
    happened: list[Happened] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    posted: int = 0
    stored: int = 0
    requests: int = 0
    residual: int = 0
    samples: int = 0
    helped: list[str] = field(default_factory=list)
    unwatched: list[Gap] = field(default_factory=list)
    recoveries: dict[str, list[float]] = field(default_factory=dict)
    before: Usage = field(default_factory=dict)
    after: Usage = field(default_factory=dict)


Say = Callable[[str], None]


async def play(directory: Path, seed: int, minutes: float, say: Say) -> Report:
    """Faults for about `minutes`, warming up and settling not counted."""
    report = Report(seed, minutes)
    count = ("--local-workers", str(len(LOCALS)))
    async with Site() as site, open_house(directory, site.names, *count) as house:
        stage = Stage(house, site, report, say)
        await stage.warm_up()
        await stage.suffer(plan(seed, minutes * 60))
        await stage.settle()
        await stage.end()
    return report


class Stage:
    """The parts of a round."""

    def __init__(self, house: House, site: Site, report: Report, say: Say) -> None:
        self._house = house
        self._site = site
        self._report = report
        self._say = say
        self._operator = Operator(house, site)
        self._guard = Guard(house, self._operator)
        self._hand = Hand(house, site, self._operator)
        self._random = random.Random(report.seed)
        self._began = 0.0

    async def warm_up(self) -> None:
        """All workers online, all accounts checked, some traffic. The master is at its second start: at the first one,
        which makes the database, it needs 16 MB more for that (docs/performance.md)."""
        count = len(LOCALS) + len(REMOTES)
        await all_online(self._house, count)
        await self._house.master.end(signal.SIGTERM)
        await self._house.master.start()
        await all_online(self._house, count)
        await asyncio.gather(*(self._operator.add_account() for _ in range(ACCOUNTS)))
        self._posting = spawn(self._post(), name="posting")
        self._guarding = spawn(self._guard.watch(), name="guarding")
        await asyncio.sleep(QUIET)
        self._report.before = measure(self._house, self._operator, self._site.port)
        self._say(f"warm: {len(self._operator.accounts)} accounts on {len(self._operator.workers)} workers")

    async def suffer(self, faults: list[Fault]) -> None:
        """Every fault at its time."""
        self._began = lease_clock()
        running = [spawn(self._at_its_time(fault), name=str(fault)) for fault in faults]
        outcomes = await asyncio.gather(*running, return_exceptions=True)
        self._report.violations += [
            f"{fault}: {type(error).__name__}: {error}"
            for fault, error in zip(faults, outcomes, strict=True)
            if isinstance(error, BaseException)
        ]

    async def _at_its_time(self, fault: Fault) -> None:
        await asyncio.sleep(max(0.0, self._began + fault.at - lease_clock()))
        self._say(f"{fault}")
        await self._hand.perform(fault)

    async def _post(self) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(POSTS))
            self._site.post(self._random.choice(sorted(self._operator.accounts.values())))

    async def settle(self) -> None:
        """Nothing goes wrong any more: everybody is back, everything is watched and stored."""
        for remote in self._house.remotes.values():
            await remote.start()
        try:
            await eventually(self._is_well, within=SETTLING, what="all is well")
            await self._evened_out()
            await asyncio.sleep(QUIET)
            self._report.after = measure(self._house, self._operator, self._site.port)
            await cancel(self._posting)
            await eventually(self._all_stored, within=SETTLING, what="all items stored")
        except AssertionError as error:
            self._report.violations.append(f"after the last fault: {error}")
            self._report.violations += await self._what_is_wrong()
        await cancel(self._posting, self._guarding)

    async def _evened_out(self) -> None:
        """As many accounts as before, so that figures can be compared."""
        while len(self._operator.accounts) < ACCOUNTS:
            await self._operator.add_account()
        while len(self._operator.accounts) > ACCOUNTS:
            await self._operator.remove_account(min(self._operator.accounts))

    def _is_well(self) -> bool:
        now, workers = lease_clock(), self._operator.workers
        online = [worker for worker in workers.values() if worker["state"] == "online"]
        last = [self._site.log.last(account) for account in self._operator.accounts]
        return len(online) == len(workers) and all(ask is not None and now - ask.at < 5.0 for ask in last)

    async def _what_is_wrong(self) -> list[str]:
        """Workers that are not online; accounts that nobody asks for, and their stories."""
        now, log, found = lease_clock(), self._site.log, list[str]()
        found += [f"{w['name']} is {w['state']}: {w['reason']}" for w in self._operator.workers.values() if w["reason"]]
        for account in self._operator.accounts:
            last = log.last(account)
            if last is None or now - last.at > 5.0:
                story = (await self._operator.insist("GET", f"/accounts/{account}/story"))["items"]
                found.append(f"unwatched: {self._operator.owners.get(account)}, last {last}, story {story}")
        return found

    async def _all_stored(self) -> bool:
        status = await self._house.master.get("/status")
        workers = await self._house.master.items("/workers")
        return int(status["detections"]["total"]) >= self._count() and not any(w["outbox"] for w in workers)

    def _posted(self) -> dict[str, list[str]]:
        return {account: self._site.posted[shelf] for account, shelf in self._operator.accounts.items()}

    def _count(self) -> int:
        return sum(map(len, self._posted().values()))

    async def end(self) -> None:
        """Close all as people do, and judge."""
        until = lease_clock()
        code = await self._house.master.end(signal.SIGTERM)
        codes = {name: await remote.end() for name, remote in self._house.remotes.items()}
        say = self._report.violations.append
        for name, ended in {"master": code, **codes}.items():
            if ended != 0:
                say(f"asked to stop, {name} ended with code {ended}")
        for process in self._house.processes():
            say(f"process {process.pid} is left over")
        self._judge_logs()
        self._judge_ownership()
        self._judge_store()
        self._fill_in(until)

    def _judge_ownership(self) -> None:
        log, operator = self._site.log, self._operator
        for breach in log.breaches:
            if not breach.residual:
                self._guard.violations.append(str(breach))
        for ask in log.asks:
            self._guard.owns(ask.account, ask.epoch, ask.worker)
            if ask.account in operator.removed and ask.at > operator.removed[ask.account] + 31.0:
                self._guard.violations.append(f"{ask.account} was asked for after it was removed, by {ask.worker}")
        self._report.violations += list(dict.fromkeys(self._guard.violations))

    def _judge_store(self) -> None:
        stored, posted = Stored(self._house.master.data_dir / "vedette.db"), self._posted()
        self._report.violations += stored.compare(posted)
        self._report.posted = self._count()
        self._report.stored = sum(stored.items[account, text] for account in posted for text in posted[account])

    def _judge_logs(self) -> None:
        lines = Counter[str]()
        for directory in self._house.log_directories():
            for line in faults_in_logs(directory):
                event = str(json.loads(line).get("event")) if line.startswith("{") else line
                if event not in KNOWN:
                    lines[line[:2000]] += 1
        self._report.violations += [f"in the logs: {line}" for line in lines]
        for file in (self._house.master.errors, *(r.directory / "stderr" for r in self._house.remotes.values())):
            if file.exists() and "Traceback" in (text := file.read_text()):
                self._report.violations.append(f"{file.name}: {text[-2000:]}")

    def _fill_in(self, until: float) -> None:
        report, log = self._report, self._site.log
        report.happened = self._hand.happened
        report.requests, report.residual = len(log.asks), sum(breach.residual for breach in log.breaches)
        if report.residual > 1:
            report.violations.append(f"{report.residual} requests after a freeze: {[*map(str, log.breaches)]}")
        report.samples, report.helped = self._guard.samples, self._operator.helped
        found = gaps((ask for ask in log.asks if ask.at < until), self._operator.accounts, until)
        report.unwatched = [longest for longest, *_ in found.values()]
        report.recoveries = recoveries(report.happened, log.asks)
        report.violations += grown(report.before, report.after)
        if not report.after:
            report.violations.append("resources were not measured at the end")
