"""What happened, for everyone who listens on the bus. Facts only: a reader fetches what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """Base of everything on the bus."""


@dataclass(frozen=True, slots=True)
class DetectionsStored(Event):
    """Committed just now: `count` new detections with ids in [first_id, last_id].

    Attributes:
        per_account: new ones by account id.
        baseline: how many of them were stored as already read.
    """

    first_id: int
    last_id: int
    count: int
    per_account: Mapping[str, int] = field(default_factory=dict)
    baseline: int = 0


@dataclass(frozen=True, slots=True)
class DetectionsMarked(Event):
    """Flags changed: of these ids, or (None) of so many that a reader should fetch its page again."""

    ids: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class AccountChanged(Event):
    """Anything about this account, from its name to its next check; also sent when it is created."""

    account_id: str


@dataclass(frozen=True, slots=True)
class AccountRemoved(Event):
    """Deleted (for 30 days it can be restored)."""

    account_id: str


@dataclass(frozen=True, slots=True)
class WorkerChanged(Event):
    """Anything about this worker, each heartbeat included."""

    worker_id: str


@dataclass(frozen=True, slots=True)
class WorkerRemoved(Event):
    """It will not come back."""

    worker_id: str


@dataclass(frozen=True, slots=True)
class PlatformsChanged(Event):
    """A descriptor is new or differs."""


@dataclass(frozen=True, slots=True)
class DeadLettersChanged(Event):
    """There are more or fewer items that could not be stored."""


@dataclass(frozen=True, slots=True)
class RightsChanged(Event):
    """Who may do what has changed, or a right was used in a way worth a line of the journal.

    Attributes:
        subject: a token's or worker's id, or the name of a thing of the master's such as “remote access”.
        what: a few words, e.g. “token created”.
        by: who did it, as `engine.api.actor` names them.
        details: names, scopes, addresses; never a secret.
    """

    subject: str
    what: str
    by: str
    request_id: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TokenRevoked(Event):
    """An API token counts no longer: whoever holds a connection by it is cut."""

    token_id: str


@dataclass(frozen=True, slots=True)
class DoorRefused(Event):
    """The gateway turned somebody away: at once for the first time, then once a minute with how often since.

    Attributes:
        address: as the peer's connection shows it; an IPv6 one stands for its /64; empty for one of very many.
        kind: why, a stable word such as `unauthorized` or `flood`.
        request_id: of the first of them, empty if it was no request.
    """

    address: str
    kind: str
    count: int
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Stalled(Event):
    """The master's loop stood still for so many seconds: this computer slept or was busy. Nothing was watched from here
    meanwhile, and workers are given time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class MasterClosing(Event):
    """The master began to close; front ends say so and stop asking."""

    reason: str
