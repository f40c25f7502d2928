"""Notices when our own event loop stood still: a debugger, a laptop asleep, a blocked callback."""

import asyncio
from collections.abc import Callable

from worker.process import tasks
from worker.process.clock import lease_clock

TICK = 1.0  #: seconds between looks
STALL = 5.0  #: seconds beyond a tick that count as a stall (M4)


class StallMeter:
    """Calls `stalled(seconds)` when a look comes much later than planned. The lease clock counts sleep."""

    def __init__(self, stalled: Callable[[float], None], clock: Callable[[], float] = lease_clock) -> None:
        self._stalled = stalled
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = self._task or tasks.spawn(self._watch(), name="stall-meter")

    async def close(self) -> None:
        """Stop looking."""
        await tasks.cancel(self._task)
        self._task = None

    async def _watch(self) -> None:
        before = self._clock()
        while True:
            await asyncio.sleep(TICK)
            before = self.look(before)

    def look(self, before: float) -> float:
        """Compare with the last look; returns the moment of this one."""
        now = self._clock()
        if now - before - TICK > STALL:
            self._stalled(now - before - TICK)
        return now
