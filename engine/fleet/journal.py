"""A bounded memory of what happened and why, so that every account can tell its story."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `at` is the lease clock's; `about` are the ids it concerns."""

    at: float
    about: tuple[str, ...]
    what: str
    why: str = ""
    request_id: str = ""


class Journal:
    """The newest lines, oldest first."""

    def __init__(self, limit: int = 10_000) -> None:
        self._lines: deque[Line] = deque(maxlen=limit)

    def write(self, now: float, what: str, *about: str, why: str = "", request_id: str = "") -> None:
        """Remember one line."""
        self._lines.append(Line(now, about, what, why, request_id))

    def story(self, subject: str) -> list[Line]:
        """All remembered lines about an account or a worker, oldest first."""
        return [line for line in self._lines if subject in line.about]
