"""Virtual time: what happens next, the one source of chance, and the trace of what happened."""

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

KEPT = 400  #: lines of the trace


class Violation(AssertionError):
    """A promise of ownership.md was broken."""


class Timeline:
    """Runs calls in the order of their moments; equal moments in the order in which they were asked for.

    Attributes:
        now: true time in seconds, which no process can read.
        random: every chance of the run comes from here.
        events: calls made so far. counts: how often things happened, by name.
    """

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.random = random.Random(seed)
        self.events = 0
        self.counts: Counter[str] = Counter()
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._asked = 0
        self._ambushes: dict[tuple[str, str], Callable[[], None]] = {}
        self._trace: deque[tuple[object, ...]] = deque(maxlen=KEPT)

    def after(self, seconds: float, call: Callable[..., None], *args: Any) -> None:
        """Make a call `seconds` from now."""
        self._asked += 1
        heapq.heappush(self._heap, (self.now + seconds, self._asked, call, args))

    def lie_in_wait(self, place: str, who: str, call: Callable[[], None]) -> None:
        """Make a call at the worst moment: as soon as somebody gets there, once."""
        self._ambushes[place, who] = call

    def reached(self, place: str, who: str) -> None:
        """Somebody gets where somebody else may lie in wait."""
        if (call := self._ambushes.pop((place, who), None)) is not None:
            call()

    def forget_ambushes(self) -> None:
        """Nobody lies in wait any more."""
        self._ambushes.clear()

    def run(self, until: float) -> None:
        """Let time pass."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, call, args = heapq.heappop(heap)
            self.events += 1
            call(*args)
        self.now = until

    def note(self, *what: object) -> None:
        """Write a line into the trace; it is put into words only if somebody reads it."""
        self._trace.append((self.now, *what))

    def story(self, lines: int = 40) -> str:
        """The newest lines of the trace."""
        return "\n".join(f"{line[0]:9.3f}  " + " ".join(map(str, line[1:])) for line in list(self._trace)[-lines:])

    def fail(self, *what: object) -> None:
        """Raises Violation."""
        self.note("VIOLATION", *what)
        raise Violation(" ".join(map(str, what)))
