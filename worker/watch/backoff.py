"""How long to wait before trying again. Pure: the random source is an argument."""

from typing import Protocol

CAP = 30.0  #: seconds
SLOWEST = 3600.0  #: seconds; the most that failures alone add to an interval
LONGEST = 24 * 3600.0  #: seconds; a platform that asks for more is asked again after a day


class Rng(Protocol):
    """What is needed of `random.Random`."""

    def random(self) -> float:
        """A number in [0, 1)."""
        ...


def compute(attempt: int, rng: Rng) -> float:
    """Seconds before attempt number `attempt` (from 0): 1, 2, 4 … 30, each shortened by up to half at random.

    The jitter keeps a thousand workers from returning to a restarted master in step.
    """
    full = min(CAP, 2.0 ** min(attempt, 10))
    return full * (1 - rng.random() / 2)


def slowed(interval: float, failures: int, retry_after: float | None) -> float:
    """Seconds during which an account is not checked by schedule after `failures` bad checks in a row; 0 is none.

    One failure costs nothing (it may be a hiccup), then 1, 3, 7 … intervals up to 10 or an hour. What the platform
    asked for (`retry_after`) is obeyed up to a day.
    """
    own = 0.0
    if failures > 1:
        own = min(interval * (2.0 ** min(failures - 1, 10) - 1), 10 * interval, SLOWEST)
    return max(own, min(retry_after or 0.0, LONGEST))
