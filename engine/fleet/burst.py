"""First checks of many accounts at once are spread over their interval, however the many arrive."""

BULK = 20  #: so many are checked at once
QUIET = 10.0  #: seconds without one after which the next is not of the same bulk
STEP = 0.6180339887498949  #: golden ratio: its multiples, whole parts dropped, fill an interval evenly, few or many


class Burst:
    """Counts accounts that are overdue when they are given to a worker: an import, a start after a night, a failover.

    They come as one decision or as thousands of events, to one worker or to all, and nobody says how many will follow.
    """

    def __init__(self) -> None:
        self._count = 0
        self._last = float("-inf")

    def share(self, now: float) -> float:
        """The part of its interval, in [0, 1), that the next of them waits for its check."""
        if now - self._last > QUIET:
            self._count = 0
        self._last = now
        self._count += 1
        return 0.0 if self._count <= BULK else (self._count - BULK) * STEP % 1
