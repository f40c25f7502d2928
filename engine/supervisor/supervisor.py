"""Starts local workers' processes and ends them. Whether and when to restart one is the fleet's decision."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from engine.supervisor.child import Child
from engine.supervisor.endings import sentence
from worker.process import tasks
from worker.process.clock import lease_clock
from worker.process.dir_lock import DirLock
from worker.process.exit_codes import Exit
from worker.process.local_start import LocalStart
from worker.process.under_check import take

log = structlog.get_logger("supervisor")

LOCK_WAIT = 5.0  #: seconds that a process of a former master may take to end
TERM_AFTER, HANG_UP_AFTER, KILL_AFTER = 8.0, 10.0, 12.0  #: seconds after the farewell, when the master closes
HUNG_GRACE = 5.0  #: seconds between SIGTERM and SIGKILL for one that does not answer


class Listener(Protocol):
    """Who is told what becomes of the processes."""

    def child_started(self, worker_id: str, pid: int) -> None: ...
    def child_exited(
        self, worker_id: str, code: int | None, asked: bool, how: str, checking: tuple[str, ...] = ()
    ) -> None: ...
    def owner_gone(self, worker_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What every local worker is told at its start."""

    url: str
    data_dir: Path
    log_level: str


class Supervisor:
    """One process per local worker.

    Args:
        describe: a worker's name and capacity.
        issue_token: makes the token that is good for one start.
        farewell: tells a worker over its connection to drain and end within so many seconds.
    """

    def __init__(
        self,
        listener: Listener,
        *,
        describe: Callable[[str], tuple[str, int]],
        issue_token: Callable[[str], str],
        farewell: Callable[[str, str, float], Awaitable[None]],
    ) -> None:
        self._listener = listener
        self._describe = describe
        self._issue_token = issue_token
        self._farewell = farewell
        self._plan: Plan | None = None
        self._children: dict[str, Child] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._starting: dict[str, asyncio.Task[None]] = {}
        self._proven: set[str] = set()
        self._closing = False

    def start(self, plan: Plan) -> None:
        """From now on processes may be started."""
        self._plan = plan

    def spawn(self, worker_id: str) -> None:
        """Start a worker's process, unless it has one or we are closing."""
        if worker_id not in self._children and worker_id not in self._starting and not self._closing:
            task = tasks.spawn(self._start(worker_id), name=f"spawn-{worker_id}")
            self._starting[worker_id] = task
            task.add_done_callback(lambda _task: self._starting.pop(worker_id, None))

    def stop(self, worker_id: str, why: str, *, hung: bool) -> None:
        """End a worker's process: it drains first, unless it is hung."""
        child = self._children.get(worker_id)
        if child is not None:
            log.info("worker.stopping", worker_id=worker_id, why=why)
            self._job(self._end_hung(child) if hung else self._end(worker_id, child, why), f"stop-{worker_id}")

    async def close(self, reason: str) -> None:
        """End every process, gently first; returns when all are reaped."""
        self._closing = True
        await asyncio.gather(*self._starting.values(), return_exceptions=True)
        await asyncio.gather(*(self._end(key, child, reason) for key, child in list(self._children.items())))
        await tasks.cancel(*self._jobs)

    def _job(self, work: Awaitable[None], name: str) -> None:
        async def run() -> None:
            await work

        task = tasks.spawn(run(), name=name)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    async def _start(self, worker_id: str) -> None:
        await self._prove_gone(worker_id)
        if self._closing:
            return
        if worker_id in self._proven:  # whatever a process left behind that was ended from outside concerns nobody
            take(self._directory(worker_id))
        child = Child(self._first_line(worker_id), lambda c, code, words: self._exited(worker_id, c, code, words))
        self._children[worker_id] = child
        try:
            await child.start()
        except OSError as error:
            del self._children[worker_id]
            self._listener.child_exited(worker_id, None, False, sentence(None, str(error)))
            return
        log.info("worker.started", worker_id=worker_id, pid=child.pid)
        self._listener.child_started(worker_id, child.pid or 0)

    async def _prove_gone(self, worker_id: str) -> None:
        """Once per worker: a process of a master that was killed may need a moment to end. It never holds the lock of
        a new one back for long, and its accounts must not move while it may still act."""
        if worker_id in self._proven or self._plan is None:
            return
        lock = DirLock(self._directory(worker_id))
        deadline = lease_clock() + LOCK_WAIT
        while not lock.take():
            if lease_clock() > deadline:
                log.warning("worker.lock_held", worker_id=worker_id)
                return
            await asyncio.sleep(0.02)
        lock.release()
        self._proven.add(worker_id)
        self._listener.owner_gone(worker_id)

    def _directory(self, worker_id: str) -> Path:
        assert self._plan is not None, "start() comes first"
        return self._plan.data_dir / "workers" / worker_id

    def _first_line(self, worker_id: str) -> bytes:
        assert self._plan is not None, "start() comes first"
        name, capacity = self._describe(worker_id)
        return LocalStart(
            url=self._plan.url,
            worker_id=worker_id,
            token=self._issue_token(worker_id),
            name=name,
            capacity=capacity,
            data_dir=str(self._plan.data_dir),
            log_file=str(self._plan.data_dir / "logs" / f"worker-{worker_id}.jsonl"),
            log_level=self._plan.log_level,
            parent_pid=os.getpid(),
        ).line()

    def _exited(self, worker_id: str, child: Child, code: int, last_words: str) -> None:
        if self._children.get(worker_id) is child:
            del self._children[worker_id]
        how = sentence(code, last_words)
        log.info("worker.ended", worker_id=worker_id, pid=child.pid, code=code, how=how)
        self._listener.child_exited(worker_id, code, child.asked, how, self._under_check(worker_id, child, code))

    def _under_check(self, worker_id: str, child: Child, code: int) -> tuple[str, ...]:
        """What it was checking when it crashed or hung; nothing if it ended in order or somebody wanted it to end."""
        ended_itself = code in list(Exit)
        crashed = not child.asked and not ended_itself
        return take(self._directory(worker_id)) if crashed or child.hung else ()

    async def _end(self, worker_id: str, child: Child, why: str) -> None:
        """Farewell at once, SIGTERM at 8 s, close stdin at 10 s, SIGKILL at 12 s. One that never connected hears no
        farewell: SIGTERM at once."""
        child.asked = True
        began = lease_clock()
        try:
            await self._farewell(worker_id, why, TERM_AFTER - 1)  # one that hangs does not answer: that counts as well
        except ConnectionError:
            child.terminate()
        for after, harsher in ((TERM_AFTER, child.terminate), (HANG_UP_AFTER, child.hang_up), (KILL_AFTER, child.kill)):
            if await child.ended(max(0.0, began + after - lease_clock())):
                return
            harsher()
        await child.ended(HUNG_GRACE)

    async def _end_hung(self, child: Child) -> None:
        child.hung = True
        child.terminate()
        if not await child.ended(HUNG_GRACE):
            child.kill()
            await child.ended(HUNG_GRACE)
