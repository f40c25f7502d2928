"""What messages of the fleet are made of."""

from dataclasses import dataclass
from typing import NamedTuple

from worker.protocol.messages import Outcome


class Checked(NamedTuple):
    """One finished check.

    Attributes:
        ago: seconds since it began.
        at, ended: when it began and ended, ms since 1970 UTC, by the worker's clock.
        found, missed, more: see worker.protocol.messages.CheckDone.
    """

    account_id: str
    ago: float
    outcome: Outcome
    at: int = 0
    ended: int = 0
    found: int = 0
    missed: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True)
class Duty:
    """One account in an Assign; the interpreter adds settings and cursor."""

    account_id: str
    epoch: int
    due_in: float = 0.0
    check_request: str | None = None
