"""How late checks start when one process watches 100,000 accounts, each every 30 seconds.

The peer is the obvious way, in the same run: one asyncio task for each account, which sleeps until its next deadline.
"""

import asyncio
import gc
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.benchmarks.table import Reach, Row, percentile
from worker.alarm import Alarm
from worker.process.clock import lease_clock
from worker.process.tasks import cancel, spawn
from worker.protocol.messages import Task
from worker.watch import events as ev
from worker.watch.schedule import Schedule
from worker.watch.session import Session

ACCOUNTS = 100_000
INTERVAL = 30.0
SECONDS = 9.0  #: of measuring; 30,000 slots fall into them
SETTLING = 3.0  #: seconds to build everything before the first slot

Starts = dict[str, float]


@dataclass
class Run:
    """What one way of keeping the schedule did: seconds late, share of a core, seconds of drift if known."""

    late: list[float] = field(default_factory=list)
    cpu: float = 0.0
    drift: float | None = None

    def note(self, due: Starts, key: str, now: float) -> None:
        """A slot was kept; the next one is expected exactly one interval after it was due."""
        self.late.append(now - due[key])
        due[key] += INTERVAL


Keeper = Callable[[Starts, Run], Awaitable[None]]


def rows() -> list[Row]:
    """The schedule alone, and with the whole of what a worker decides, against a task per account."""
    peer, ours, session = (asyncio.run(_measured(keep)) for keep in (_tasks, _schedule, _session))
    against = f"a task per account: {_lateness(peer)}, {peer.cpu:.1%} CPU"
    return [_row("one heap", ours, peer, against), _row("a worker's whole session", session, peer, against)]


def _row(how: str, run: Run, peer: Run, against: str) -> Row:
    assert len(run.late) > 0.9 * ACCOUNTS * SECONDS / INTERVAL, "slots were missed"
    assert min(run.late) > -0.001, "a check started before its time"
    reach = [Reach("p99", percentile(run.late, 0.99) * 1e3, 5.0, "ms late")]
    if run.drift is not None:
        reach += [Reach("CPU", run.cpu * 100, 10.0, "%"), Reach("drift", run.drift * 1e3, 0.001, "ms")]
    measured = f"{_lateness(run)}, {run.cpu:.1%} CPU"
    name = f"schedule: {ACCOUNTS:,} accounts × {INTERVAL:g} s, {how}"
    return Row(name, against, measured, run.cpu / peer.cpu, None, tuple(reach))


def _lateness(run: Run) -> str:
    return f"p50 {statistics.median(run.late) * 1e3:.2f} ms, p99 {percentile(run.late, 0.99) * 1e3:.1f} ms late"


async def _measured(keep: Keeper) -> Run:
    chance = random.Random(1)
    base = lease_clock() + SETTLING
    due = {f"acc_{number:06}": base + chance.random() * INTERVAL for number in range(ACCOUNTS)}
    run = Run()
    gc.collect()
    gc.freeze()  # a worker's accounts stay: the collector need not look at them
    keeping = spawn(keep(due, run), name="keeping")  # type: ignore[arg-type]
    await asyncio.sleep(base - lease_clock())
    run.late.clear()
    cpu, began = time.process_time(), lease_clock()
    await asyncio.sleep(SECONDS)
    run.cpu = (time.process_time() - cpu) / (lease_clock() - began)
    await cancel(keeping)
    gc.unfreeze()
    return run


async def _tasks(due: Starts, run: Run) -> None:
    async def watch(key: str) -> None:
        while True:
            await asyncio.sleep(max(0.0, due[key] - lease_clock()))
            run.note(due, key, lease_clock())

    async with asyncio.TaskGroup() as group:
        for key in due:
            group.create_task(watch(key))


async def _schedule(due: Starts, run: Run) -> None:
    schedule, first = Schedule(), dict(due)
    for key, moment in due.items():
        schedule.add(key, INTERVAL, moment)

    def ring() -> None:
        now = lease_clock()
        for key in schedule.pop_due(now):
            run.note(due, key, now)
        alarm.set(schedule.next_at() or now)

    alarm = Alarm(ring, lambda _late: None)
    alarm.start()
    try:
        await asyncio.Event().wait()
    finally:
        alarm.close()
        kept = [key for key, moment in due.items() if moment != first[key]]
        run.drift = max(abs(schedule.due_at(key) - first[key] - INTERVAL) for key in kept)


async def _session(due: Starts, run: Run) -> None:
    """As an Agent performs it; every check is done at once, and the lease is as good as endless."""
    session, loop = Session(max_running=ACCOUNTS), asyncio.get_running_loop()

    def tell(event: ev.Event) -> float:
        now = lease_clock()
        for command in session.handle(event, now):
            match command:
                case ev.StartCheck(task=task):
                    run.note(due, task.account, now)
                    loop.call_soon(tell, ev.CheckFinished(task.account, task.epoch, "ok"))
                case ev.WakeAt(moment=moment):
                    alarm.set(moment)
        return now

    def ring() -> None:
        tell(ev.ClockTick())

    alarm = Alarm(ring, lambda _late: None)
    alarm.start()
    now = lease_clock()
    tasks = tuple(Task(key, 1, "demo", {}, INTERVAL, due_in=moment - now) for key, moment in due.items())
    after = tell(ev.Registered(1, 1e6, tasks)) - now
    due.update({key: moment + after for key, moment in due.items()})  # `due_in` counts from when it is taken in
    tell(ev.HeartbeatSent(1))
    tell(ev.HeartbeatAnswered(1))
    try:
        await asyncio.Event().wait()
    finally:
        alarm.close()
