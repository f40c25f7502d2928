"""A bounded memory of what happened and why, so that every account can tell its story."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from worker.protocol.messages import Outcome

SAID: dict[Outcome, str] = {  #: a check that did not go well
    "rate_limited": "the platform asked to wait",
    "refused": "the platform refused the credentials",
    "unreachable": "the platform could not be reached",
    "changed": "the platform's answer was not understood",
    "error": "the check failed",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `at` is the lease clock's; `about` are the ids it concerns."""

    at: float
    about: tuple[str, ...]
    what: str
    why: str = ""
    request_id: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


class Journal:
    """The newest lines, oldest first; and those that the interpreter has not yet taken away to keep them for good."""

    def __init__(self, limit: int = 10_000) -> None:
        self._lines: deque[Line] = deque(maxlen=limit)
        self._fresh: list[Line] = []

    def write(
        self,
        now: float,
        what: str,
        *about: str,
        why: str = "",
        request_id: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Remember one line."""
        line = Line(now, about, what, why, request_id, details or {})
        self._lines.append(line)
        self._fresh.append(line)

    def take(self) -> list[Line]:
        """The lines written since the last call, oldest first."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def story(self, subject: str) -> list[Line]:
        """All remembered lines about an account or a worker, oldest first."""
        return [line for line in self._lines if subject in line.about]
