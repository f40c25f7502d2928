"""The network between workers and master: lossy, doubling, reordering; at times slow, or cut in one way or both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tests.simulation.timeline import Timeline

LOST, DOUBLED, LATE = 0.03, 0.03, 0.04  #: shares of all messages
LATENESS = (2.0, 90.0)  #: seconds
SLOW, SLOWNESS = 0.5, (6.0, 24.0)  #: share, and seconds, on a line that is about to break
SILENCE = (10.0, 40.0)  #: seconds until a peer that is cut off is given up

Cut = Literal["up", "down", "both"]
UP: Cut = "up"
DOWN: Cut = "down"
BOTH: Cut = "both"


@dataclass(eq=False, slots=True)
class Connection:
    """One socket. `peer` is the master's generation; each side knows only its own end of it."""

    worker_id: str
    incarnation: str
    peer: int
    accepted: bool = False
    registered: bool = False
    storing: bool = False
    over_here: bool = False
    over_there: bool = False


class Network:
    """Carries messages of one worker each.

    Attributes:
        calm: nothing is lost, doubled or late.
        slow: workers whose messages are often late, as before a line breaks.
        cut: workers that messages do not reach or leave.
        held: seconds that the next message to a worker takes.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.calm = False
        self.slow: set[str] = set()
        self.cut: dict[str, Cut] = {}
        self.held: dict[str, float] = {}
        self._timeline = timeline

    def to_master(self, worker_id: str, deliver: Callable[..., None], *args: Any) -> None:
        """Take a message; `deliver` is called for each copy that arrives."""
        self._carry(worker_id, UP, deliver, args)

    def to_worker(self, worker_id: str, deliver: Callable[..., None], *args: Any) -> None:
        """The same in the other direction."""
        self._carry(worker_id, DOWN, deliver, args)

    def _carry(self, worker_id: str, way: Cut, deliver: Callable[..., None], args: tuple[Any, ...]) -> None:
        if self.cut.get(worker_id) in (way, BOTH):
            return
        random = self._timeline.random
        if self.calm:
            self._timeline.after(0.002, self._arrive, worker_id, way, deliver, args)
        elif random.random() >= LOST:
            for _ in range(2 if random.random() < DOUBLED else 1):
                delay = self.held.pop(worker_id, 0.0) if way == DOWN else 0.0
                delay = delay or self._delay(worker_id)
                self._timeline.after(delay, self._arrive, worker_id, way, deliver, args)

    def _delay(self, worker_id: str) -> float:
        random = self._timeline.random
        if worker_id in self.slow and random.random() < SLOW:
            return random.uniform(*SLOWNESS)
        return random.uniform(*LATENESS) if random.random() < LATE else 0.002 + random.expovariate(30)

    def _arrive(self, worker_id: str, way: Cut, deliver: Callable[..., None], args: tuple[Any, ...]) -> None:
        if self.cut.get(worker_id) not in (way, BOTH):
            deliver(*args)

    def silence(self) -> float:
        """Seconds after which a side that hears nothing gives a connection up."""
        return self._timeline.random.uniform(*SILENCE)
