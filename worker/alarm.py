"""Calls back when a moment of the lease clock has come."""

import asyncio
from collections.abc import Callable

from worker.process.clock import lease_clock

LONGEST = 1.0  #: seconds between two calls; the loop's timers do not count suspend, so a wake-up shows only here


class Alarm:
    """Calls `ring` at the moment last set, and at least once a second.

    Args:
        late: told how many seconds after its time each call came.
    """

    def __init__(self, ring: Callable[[], None], late: Callable[[float], None]) -> None:
        self._ring = ring
        self._late = late
        self._moment: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._open = False

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if not self._open:
            self._open = True
            self._arm()

    def close(self) -> None:
        """End; a second call does nothing."""
        self._open = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def set(self, moment: float) -> None:
        """Ring at `moment` (instead of the one set before)."""
        self._moment = moment
        if self._open:
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        now = lease_clock()
        target = min(now + LONGEST, self._moment if self._moment is not None else now + LONGEST)
        self._timer = asyncio.get_running_loop().call_later(max(0.0, target - now), self._fire, target)

    def _fire(self, target: float) -> None:
        now = lease_clock()
        self._late(max(0.0, now - target))
        if self._moment is not None and now >= self._moment:
            self._moment = None
        self._ring()
        if self._open:
            self._arm()
