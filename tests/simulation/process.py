"""One operating-system process: its clock, its starts and ends, and what a freeze holds back."""

from collections.abc import Callable
from typing import Any

from tests.simulation.timeline import Timeline

Held = list[tuple[Callable[..., None], tuple[Any, ...]]]


class Process:
    """Base of master and workers.

    Attributes:
        generation: changes with every start and end; what was asked for in another one never happens.
        rate: how fast its clock runs against true time.
        frozen: by SIGSTOP or a blocked loop: whatever comes waits.
    """

    def __init__(self, timeline: Timeline, name: str) -> None:
        self.timeline = timeline
        self.name = name
        self.rate = 1 + timeline.random.uniform(-0.01, 0.01)
        self.generation = 0
        self.alive = self.frozen = False
        self._offset = timeline.random.uniform(1e3, 1e6)
        self._arrived: Held = []
        self._due: Held = []

    def clock(self) -> float:
        """Its lease clock."""
        return self._offset + self.timeline.now * self.rate

    def io(self, seconds: float, call: Callable[..., None], *args: Any) -> None:
        """Something from outside arrives after `seconds` of true time."""
        self.timeline.after(seconds, self._happen, self.generation, self._arrived, call, args)

    def timer(self, seconds: float, call: Callable[..., None], *args: Any) -> None:
        """A timer of its own, in seconds of its own clock."""
        self.timeline.after(max(0.0, seconds) / self.rate, self._happen, self.generation, self._due, call, args)

    def _happen(self, generation: int, held: Held, call: Callable[..., None], args: tuple[Any, ...]) -> None:
        if generation != self.generation or not self.alive:
            return
        if self.frozen:
            held.append((call, args))
        else:
            call(*args)

    def begin(self) -> None:
        """It starts."""
        self.generation += 1
        self.alive, self.frozen = True, False
        self._arrived, self._due = [], []

    def end(self) -> None:
        """It is no more, from one moment to the next."""
        self.generation += 1
        self.alive = self.frozen = False
        self._arrived, self._due = [], []

    def freeze(self, seconds: float) -> None:
        """Stop it for so long."""
        if self.alive and not self.frozen:
            self.frozen = True
            self.timeline.after(seconds, self.thaw, self.generation)

    def thaw(self, generation: int) -> None:
        """It goes on: as in an event loop, what has arrived comes first and only then what is due."""
        if generation != self.generation or not self.frozen:
            return
        self.frozen = False
        self.timeline.note(self.name, "goes on")
        waiting = [*self._arrived, *self._due]
        self._arrived.clear()
        self._due.clear()
        for call, args in waiting:
            if generation == self.generation:
                call(*args)
