"""When a crashed local worker is started again, and when not any more."""

from dataclasses import dataclass, field
from typing import Protocol

DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0)  #: seconds before the first, second … restart
WINDOW = 600.0  #: seconds; so many restarts as there are delays fit into it
HEALTHY = 300.0  #: seconds of answered heartbeats, with a finished check, that clear the count
JITTER = 0.1  #: part of a delay by which it may be shorter, so that workers do not start in step


class Rng(Protocol):
    """What of random.Random is needed: injected, so that a run can be repeated."""

    def random(self) -> float: ...


@dataclass(slots=True)
class Restarts:
    """Counts one worker's crashes.

    Attributes:
        crashes: moments of the crashes that still count.
        healthy_since: since when heartbeats have come without a break; None while none do.
        checked: whether a check was finished since then.
    """

    crashes: list[float] = field(default_factory=list)
    healthy_since: float | None = None
    checked: bool = False

    def crashed(self, now: float, rng: Rng) -> float | None:
        """Count a crash. Returns seconds until the restart, or None: it crashed too often."""
        self.healthy_since, self.checked = None, False
        self.crashes = [at for at in self.crashes if now - at < WINDOW]
        self.crashes.append(now)
        if self.exhausted:
            return None
        return DELAYS[len(self.crashes) - 1] * (1 - JITTER * rng.random())

    def beat(self, now: float, checked: bool) -> None:
        """Count a heartbeat; a healthy stretch clears the crashes."""
        if self.healthy_since is None:
            self.healthy_since = now
        self.checked = self.checked or checked
        if self.checked and now - self.healthy_since >= HEALTHY:
            self.crashes.clear()

    @property
    def exhausted(self) -> bool:
        """It crashed too often."""
        return len(self.crashes) > len(DELAYS)

    def take_back(self, at: float) -> None:
        """The crash at this moment was not the worker's fault."""
        self.crashes = [moment for moment in self.crashes if moment != at]

    def silent(self) -> None:
        """Heartbeats have ceased: the healthy stretch is over."""
        self.healthy_since, self.checked = None, False

    def forget(self) -> None:
        """Start with a clean count: a user asked for the restart."""
        self.crashes.clear()
        self.healthy_since, self.checked = None, False
