"""The figures of ownership that derive from two options (ownership.md)."""

from dataclasses import dataclass

MARGIN = 3.0  #: seconds of slack between a renewed lease and the last request that may start; see worker.watch.lease


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds. `heartbeat` between heartbeats; `timeout` (D) after which a silent worker is dead; `lease` (L) is how
    long a worker may act without an answer."""

    heartbeat: float
    timeout: float
    lease: float


def derive(heartbeat: float, timeout: float) -> Figures:
    """The lease ends before the worker is declared dead, whatever two clocks 1 % apart say.

    Raises:
        ValueError: with the sentence for the user, if the two options leave no room.
    """
    if timeout < 3 * heartbeat:
        raise ValueError(f"the heartbeat time-out ({timeout:g} s) must be at least 3 × the interval ({heartbeat:g} s)")
    lease = timeout * 5 / 6
    room = lease - heartbeat - MARGIN
    if room < 1:
        raise ValueError(f"a heartbeat time-out of {timeout:g} s leaves no time for a request: use at least 12 s")
    return Figures(heartbeat, timeout, lease)
