"""What the fleet is told (events) and what it wants done (commands).

`now` and every age or delay are seconds of the lease clock; wall-clock time only ever comes in as data (`*_ms`).
"""

from dataclasses import dataclass, field

from engine.events import Event as BusEvent
from engine.fleet.parts import Checked, Duty
from engine.records import AccountStatus, Gap, Move, WorkerKind
from worker.protocol.messages import Outcome, Quota, Resources

# --- events ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Event:
    """Base of everything that the fleet is told."""


@dataclass(frozen=True, slots=True)
class AccountAdded(Event):
    """An account to watch: at start, after its creation, or taken out of the bin.

    Attributes:
        owner: the worker that the store names as its owner, if any.
        checked_ago: seconds since its last check, None if it never had one.
        watched_ago, watched_at: since its last good one, in seconds and as milliseconds since 1970 UTC.
    """

    account_id: str
    platform: str
    interval: float
    epoch: int = 0
    owner: str | None = None
    pinned_to: str | None = None
    status: AccountStatus = "active"
    checked_ago: float | None = None
    watched_ago: float | None = None
    watched_at: int | None = None
    quarantined: bool = False
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class AccountEdited(Event):
    """A user changed it; `retask`: its owner has to hear of it (settings, credentials, interval, status)."""

    account_id: str
    interval: float
    pinned_to: str | None
    status: AccountStatus
    retask: bool = True


@dataclass(frozen=True, slots=True)
class AccountRemoved(Event):
    """A user deleted it."""

    account_id: str


@dataclass(frozen=True, slots=True)
class CheckAsked(Event):
    """A user wants it checked now."""

    account_id: str
    request_id: str


@dataclass(frozen=True, slots=True)
class WorkerAdded(Event):
    """A worker that we know of: at start from the store, or new. `spawn` asks for its process."""

    worker_id: str
    name: str
    kind: WorkerKind
    capacity: int
    draining: bool = False
    restarts: int = 0
    spawn: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkerEdited(Event):
    """A user renamed, resized, drained or tagged it; `tags` None: they stay."""

    worker_id: str
    name: str
    capacity: int
    draining: bool
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class WorkerRemoved(Event):
    """A user took it out for good. `by`: which one; empty if that was before our start."""

    worker_id: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class RestartAsked(Event):
    """A user wants its process ended and started again."""

    worker_id: str


@dataclass(frozen=True, slots=True)
class WorkerRegistered(Event):
    """A proven connection said hello. `crashed`: what the process before it was checking when it died."""

    worker_id: str
    incarnation: str
    host: str
    pid: int
    version: str
    platforms: frozenset[str]
    resources: Resources = field(default_factory=Resources)
    crashed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeartbeatReceived(Event):
    """`checks` finished since the last one; `sequence` and `digest` say what it really runs."""

    worker_id: str
    incarnation: str
    sequence: int
    digest: str
    resources: Resources = field(default_factory=Resources)
    outbox: int = 0
    degraded: str = ""
    checks: tuple[Checked, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkLost(Event):
    """The current connection of this incarnation closed; by itself that changes nothing."""

    worker_id: str
    incarnation: str


@dataclass(frozen=True, slots=True)
class ChildStarted(Event):
    """The supervisor started a local worker's process."""

    worker_id: str
    pid: int


@dataclass(frozen=True, slots=True)
class ChildExited(Event):
    """A local worker's process was reaped: it is certainly dead.

    Attributes:
        code: exit code, negative for a signal; None if it could not be started.
        asked: true if we had asked it to end.
        sentence: how it ended, for people.
        checking: the accounts that it was checking, if it crashed or hung.
    """

    worker_id: str
    code: int | None
    asked: bool
    sentence: str
    checking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnerGone(Event):
    """A worker's directory lock could be taken: whatever process held it before is certainly dead."""

    worker_id: str


@dataclass(frozen=True, slots=True)
class OwnershipSaved(Event):
    """These moves are committed."""

    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class OwnershipRefused(Event):
    """The store has another epoch for this account (None: no such account)."""

    account_id: str
    epoch: int | None


@dataclass(frozen=True, slots=True)
class StoreFailed(Event):
    """These moves could not be saved; they are tried again."""

    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Released(Event):
    """The worker will never act with this epoch again."""

    worker_id: str
    account_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Reported(Event):
    """How an account fares; `retry_in` seconds from now, None if the platform did not say."""

    worker_id: str
    account_id: str
    epoch: int
    outcome: Outcome
    message: str = ""
    retry_in: float | None = None
    quota: Quota | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class GapsKnown(Event):
    """At start: gaps that users have not acknowledged, the newest of each account."""

    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class GapsAcknowledged(Event):
    """A user has seen the gaps of these accounts."""

    account_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Woke(Event):
    """A moment asked for with WakeAt has come."""


@dataclass(frozen=True, slots=True)
class LoopStalled(Event):
    """Our own loop stood still for so many seconds: nobody else is dead because of that."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Closing(Event):
    """The master closes: spawn and place nothing any more."""


# --- commands --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Command:
    """Base of everything that the fleet wants done."""


@dataclass(frozen=True, slots=True)
class SaveOwnership(Command):
    """Commit these moves; the answer is OwnershipSaved, OwnershipRefused or StoreFailed."""

    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Assign(Command):
    """Send master:assign; `complete` is the whole assignment."""

    worker_id: str
    sequence: int
    complete: bool
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True)
class Revoke(Command):
    """Send master:revoke."""

    worker_id: str
    sequence: int
    account_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpawnWorker(Command):
    """Start a local worker's process."""

    worker_id: str


@dataclass(frozen=True, slots=True)
class StopWorker(Command):
    """End a local worker's process. `hung`: it does not answer, so SIGTERM at once."""

    worker_id: str
    why: str
    hung: bool = False


@dataclass(frozen=True, slots=True)
class CutWorker(Command):
    """Abort the worker's connection."""

    worker_id: str


@dataclass(frozen=True, slots=True)
class CastOut(Command):
    """Tell a worker of another machine that it is revoked, and abort its transport within a second."""

    worker_id: str


@dataclass(frozen=True, slots=True)
class SaveHealth(Command):
    """Commit an account's status, refused by the store unless the epoch is current."""

    account_id: str
    epoch: int
    status: AccountStatus
    last_error: str | None


@dataclass(frozen=True, slots=True)
class SaveChecks(Command):
    """Commit when accounts were last checked: (account, seconds ago, and if it was good the ms since 1970 UTC)."""

    checks: tuple[tuple[str, float, int | None], ...]


@dataclass(frozen=True, slots=True)
class SaveGaps(Command):
    """Commit gaps that were found or have grown. Comes before the SaveChecks of the checks that found them, so that a
    crash in between finds them again."""

    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class SaveQuarantine(Command):
    """Commit that an account is in quarantine, and why; `reason` None: not any more."""

    account_id: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class SaveRestarts(Command):
    """Commit how often a worker was restarted."""

    worker_id: str
    restarts: int


@dataclass(frozen=True, slots=True)
class Publish(Command):
    """Put a fact on the bus."""

    event: BusEvent


@dataclass(frozen=True, slots=True)
class WakeAt(Command):
    """Say Woke at this moment of the lease clock (or a little later, never earlier)."""

    at: float


@dataclass(frozen=True, slots=True)
class Log(Command):
    """Write a log line."""

    level: str
    event: str
    fields: dict[str, object]
