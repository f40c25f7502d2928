"""Heartbeats: at a fixed beat while the link stands; their answers renew the lease."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import structlog

from worker.link import Link, LinkDown
from worker.memory import Memory, MemoryTrouble
from worker.process.clock import lease_clock
from worker.process.tasks import cancel, spawn
from worker.protocol.errors import ProtocolError
from worker.protocol.messages import Beaten, CheckDone, Heartbeat
from worker.vitals import Vitals
from worker.watch import events as ev
from worker.watch.session import Session

MAX_CHECKS = 2000  #: finished checks in one heartbeat; of more, the newest

log = structlog.get_logger("heart")


class Heart:
    """Sends heartbeats; the session is told (`tell`) of each before it leaves and after it is answered.

    A memory in trouble is asked before each beat whether it has recovered; `settled` is called after that.
    """

    def __init__(
        self,
        *,
        link: Link,
        session: Session,
        memory: Memory,
        vitals: Vitals,
        tell: Callable[[ev.Event], None],
        settled: Callable[[], None],
    ) -> None:
        self._link = link
        self._session = session
        self._memory = memory
        self._vitals = vitals
        self._tell = tell
        self._settled = settled
        self._nonce = 0
        self._checks: deque[CheckDone] = deque(maxlen=MAX_CHECKS)
        self._beat: asyncio.Task[None] | None = None
        self._sent: set[asyncio.Task[None]] = set()

    @property
    def beating(self) -> bool:
        """True while the link stands and is registered."""
        return self._beat is not None

    def note_check(self, ended: ev.CheckFinished, at: int, duration: float) -> None:
        """A check that began `at` (ms since 1970 UTC) has ended; the next heartbeat tells if it really happened."""
        if ended.outcome is not None:
            took, missed = max(0.0, duration), ended.missed[:300]
            done = CheckDone(ended.account, at, took, ended.outcome, ended.found, missed, ended.more)
            self._checks.append(done)

    def begin(self, interval: float) -> None:
        """Beat now and then every `interval` seconds; replaces the beat before it."""
        self.pause()
        self._beat = spawn(self._run(interval), name="heart")

    def pause(self) -> None:
        """No more beats until begin()."""
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None

    async def close(self) -> None:
        """End all that was begun."""
        beat, self._beat = self._beat, None
        await cancel(beat, *self._sent)

    async def _run(self, interval: float) -> None:
        due = lease_clock()
        while True:
            # a task of its own: a slow answer must not hold up the next heartbeat
            task = spawn(self._send(), name="heartbeat")
            self._sent.add(task)
            task.add_done_callback(self._sent.discard)
            due = max(due + interval, lease_clock())
            await asyncio.sleep(due - lease_clock())
            self._vitals.late(max(0.0, lease_clock() - due))

    async def _send(self) -> None:
        if self._memory.trouble:
            with suppress(MemoryTrouble):  # then it stays degraded, and says so
                await self._memory.recover()
            self._settled()
        self._nonce += 1
        nonce, checks = self._nonce, list(self._checks)
        self._checks.clear()
        heartbeat = Heartbeat(
            nonce=nonce,
            sequence=self._session.sequence,
            digest=self._session.digest(),
            resources=self._vitals.read(),
            outbox=self._memory.rows,
            degraded=self._memory.trouble[:300],
            checks=checks,
        )
        self._tell(ev.HeartbeatSent(nonce))
        try:
            answer = await self._link.call(heartbeat, Beaten, timeout=max(1.0, self._session.lease.length))
        except (LinkDown, ProtocolError) as error:
            log.info("heart.unanswered", nonce=nonce, reason=str(error))
            self._take_back(checks)
            return
        self._tell(ev.HeartbeatAnswered(answer.nonce))

    def _take_back(self, checks: list[CheckDone]) -> None:
        """Tell them again, oldest first: of two heartbeats that a lost link took, the second may fail first."""
        waiting = sorted([*checks, *self._checks], key=lambda done: done.ended_at)
        self._checks = deque(waiting, maxlen=MAX_CHECKS)
