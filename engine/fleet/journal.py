"""What happened and why, on its way to those who keep it, so that every account can tell its story."""

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
    """Lines that the interpreter has not yet taken away."""

    def __init__(self) -> None:
        self._lines: list[Line] = []

    def write(
        self,
        now: float,
        what: str,
        *about: str,
        why: str = "",
        request_id: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Add one line."""
        self._lines.append(Line(now, about, what, why, request_id, details or {}))

    def take(self) -> list[Line]:
        """The lines written since the last call, oldest first."""
        lines, self._lines = self._lines, []
        return lines
