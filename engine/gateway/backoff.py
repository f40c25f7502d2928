"""Failed attempts per address: some are free, after those each one makes the next wait longer."""

from collections.abc import Callable
from dataclasses import dataclass

from worker.process.clock import lease_clock

MAX_ADDRESSES = 4096  #: that are remembered; of more, those that failed last


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0
    until: float = 0.0


class Backoff:
    """Counts failures only: whoever is right is to be answered whatever stands here.

    Args:
        free: failures that cost nothing.
        first, longest: seconds of the first wait, which doubles with each failure, and of the longest.
        forget: seconds without a failure after which an address starts anew.
    """

    def __init__(
        self,
        free: int = 10,
        *,
        first: float = 1.0,
        longest: float = 60.0,
        forget: float = 600.0,
        clock: Callable[[], float] = lease_clock,
    ) -> None:
        self._free = free
        self._first = first
        self._longest = longest
        self._forget = forget
        self._clock = clock
        self._addresses: dict[str, _Failures] = {}

    def failed(self, address: str) -> float:
        """Count one; returns the seconds that this address has to wait now."""
        now = self._clock()
        known = self._addresses.pop(address, None)  # and back in at the end: the dictionary is ordered by last failure
        if known is None or now - known.last > self._forget:
            known = _Failures()
        known.count, known.last = known.count + 1, now
        if (over := known.count - self._free) > 0:
            known.until = now + min(self._longest, self._first * 2.0 ** min(over - 1, 30))
        self._addresses[address] = known
        if len(self._addresses) > MAX_ADDRESSES:
            del self._addresses[next(iter(self._addresses))]
        return self.wait(address)

    def wait(self, address: str) -> float:
        """Seconds that this address still has to wait; 0 for one that need not."""
        known = self._addresses.get(address)
        return 0.0 if known is None else max(0.0, known.until - self._clock())
