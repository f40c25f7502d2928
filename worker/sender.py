"""Delivers the outbox: oldest rows first, one batch in flight, the same rows again until the master has them."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from worker.link import LinkDown
from worker.memory import Batch, Memory, MemoryTrouble
from worker.protocol.errors import ProtocolError
from worker.protocol.messages import MAX_ITEMS, Detections, Stored
from worker.watch import backoff

LINGER = 0.05  #: seconds that a batch which is not full waits for more
LONGEST_WAIT = 30.0  #: seconds; whatever the master asks for

log = structlog.get_logger("sender")


class Sender:
    """Sends what Memory holds.

    Args:
        send: delivers one batch and returns the master's answer.
        settled: called after each answer was written down, or could not be: the outbox's state may have changed.
    """

    def __init__(
        self,
        memory: Memory,
        send: Callable[[Detections], Awaitable[Stored]],
        rng: backoff.Rng,
        settled: Callable[[], None],
    ) -> None:
        self._memory = memory
        self._send = send
        self._rng = rng
        self._settled = settled
        self._work = asyncio.Event()
        self._linked = asyncio.Event()
        self._relinked = asyncio.Event()
        self._empty = asyncio.Event()
        self._attempt = 0

    def wake(self) -> None:
        """There is something to send."""
        self._empty.clear()
        self._work.set()

    def link_up(self) -> None:
        """A new connection is registered: go on at once."""
        self._attempt = 0
        self._linked.set()
        self._relinked.set()

    def link_down(self) -> None:
        """The connection is gone: wait for the next."""
        self._linked.clear()

    async def flushed(self, within: float | None = None) -> bool:
        """Wait until nothing is left to send; false if that took longer than `within` seconds (None: no limit)."""
        try:
            async with asyncio.timeout(within):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Send for ever."""
        self.wake()  # what the last process left behind
        while True:
            await self._work.wait()
            self._work.clear()
            await self._linked.wait()
            if self._memory.rows < MAX_ITEMS:
                await asyncio.sleep(LINGER)
            while batch := await self._memory.next_batch():
                await self._deliver(batch)
            if not self._work.is_set():
                self._empty.set()

    async def _deliver(self, batch: Batch) -> None:
        """Send exactly these rows until an answer takes some of them."""
        while not await self._try(batch):
            self._attempt += 1

    async def _try(self, batch: Batch) -> bool:
        await self._linked.wait()
        try:
            answer = await self._send(Detections(items=batch.items, cursors=batch.cursors))
        except (LinkDown, ProtocolError) as error:
            log.info("sender.unanswered", rows=len(batch.items), reason=f"{type(error).__name__}: {error}")
            return await self._pause(backoff.compute(self._attempt, self._rng))
        if answer.retry_after is not None:
            return await self._pause(min(answer.retry_after, LONGEST_WAIT))
        return await self._take(batch, answer)

    async def _take(self, batch: Batch, answer: Stored) -> bool:
        try:
            gone = await self._memory.drop(batch, answer.done, answer.rejected)
        except MemoryTrouble as error:
            log.error("sender.not_dropped", reason=str(error))
            gone = 0
        self._settled()
        if gone == 0:
            return await self._pause(backoff.compute(self._attempt, self._rng))
        self._attempt = 0
        return True

    async def _pause(self, seconds: float) -> bool:
        """Wait, but no longer than until the next connection; always false: not delivered."""
        self._relinked.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._relinked.wait()
        except TimeoutError:
            pass
        return False
