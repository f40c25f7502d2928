"""What a session is told (events) and what it wants done (commands). Durations in seconds of the lease clock."""

from dataclasses import dataclass

from worker.protocol.messages import Assign, Outcome, Quota, Revoke, Task


@dataclass(frozen=True, slots=True)
class Event:
    """Base of everything that a session is told."""


@dataclass(frozen=True, slots=True)
class Registered(Event):
    """The master answered worker:register on a new connection; `tasks` is the whole assignment as of `sequence`."""

    sequence: int
    lease: float
    tasks: tuple[Task, ...]
    heartbeat_interval: float = 10.0


@dataclass(frozen=True, slots=True)
class Assigned(Event):
    """master:assign arrived."""

    message: Assign


@dataclass(frozen=True, slots=True)
class Revoked(Event):
    """master:revoke arrived."""

    message: Revoke


@dataclass(frozen=True, slots=True)
class HeartbeatSent(Event):
    """A heartbeat is about to leave; `now` is the moment that its lease will count from."""

    nonce: int


@dataclass(frozen=True, slots=True)
class HeartbeatAnswered(Event):
    """The master answered the heartbeat with this nonce."""

    nonce: int


@dataclass(frozen=True, slots=True)
class CheckFinished(Event):
    """A started check has ended, exactly once for each StartCheck.

    Attributes:
        outcome: None if the platform was not asked or the check was aborted: nothing is known about the account.
        retry_after: seconds during which the platform wants no further check.
        more: the platform has more right now.
        found: items that were new. missed: why others may have been missed, empty if none were.
    """

    account: str
    epoch: int
    outcome: Outcome | None
    retry_after: float | None = None
    more: bool = False
    request_id: str = ""
    quota: Quota | None = None
    message: str = ""
    found: int = 0
    missed: str = ""


@dataclass(frozen=True, slots=True)
class Heard(Event):
    """A listen gave a check that was written down; the first one says that it listens.

    Attributes:
        found: as if a check had ended with `ok`, but that no StartCheck came before it.
    """

    found: CheckFinished


@dataclass(frozen=True, slots=True)
class ListenFinished(Event):
    """A started listen has ended, exactly once for each StartListen.

    Attributes:
        outcome: `ok` if the server does not offer it; None if it was aborted or not allowed to go on.
        retry_after: seconds during which the platform wants no further one.
    """

    account: str
    epoch: int
    outcome: Outcome | None
    retry_after: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseAnswered(Event):
    """The master took note of (or refused, which ends it as well) a worker:released."""

    account: str
    epoch: int


@dataclass(frozen=True, slots=True)
class MemoryFull(Event):
    """The outbox or the disk is full (`full`), or has room again."""

    full: bool


@dataclass(frozen=True, slots=True)
class LinkLost(Event):
    """The connection is gone."""


@dataclass(frozen=True, slots=True)
class ClockTick(Event):
    """Time has passed: the moment of a WakeAt came, or the process woke up."""


@dataclass(frozen=True, slots=True)
class Stalled(Event):
    """The process stood still for so many seconds: frozen, asleep, or a blocked loop."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ShutdownAsked(Event):
    """Start nothing more, abort what runs."""


@dataclass(frozen=True, slots=True)
class Drained(Event):
    """After ShutdownAsked: what could be delivered was; let all accounts go."""


@dataclass(frozen=True, slots=True)
class Command:
    """Base of everything that a session wants done."""


@dataclass(frozen=True, slots=True)
class StartCheck(Command):
    """Check `task` now; answered by one CheckFinished. `request_id` is set if the master asked for this check."""

    task: Task
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class AbortCheck(Command):
    """Cancel the running check; its CheckFinished still comes."""

    account: str


@dataclass(frozen=True, slots=True)
class StartListen(Command):
    """Listen to `task` until told otherwise; answered by Heard events and one ListenFinished."""

    task: Task


@dataclass(frozen=True, slots=True)
class AbortListen(Command):
    """Cut the listen off; its ListenFinished still comes."""

    account: str


@dataclass(frozen=True, slots=True)
class SendReleased(Command):
    """Send worker:released; answered by ReleaseAnswered, or repeated with a later heartbeat."""

    account: str
    epoch: int


@dataclass(frozen=True, slots=True)
class DropCredentials(Command):
    """Forget the credentials of an account, None: of all."""

    account: str | None


@dataclass(frozen=True, slots=True)
class SendReport(Command):
    """Send worker:report. `retry_in` seconds is when the next check comes; None: by schedule, or never by itself."""

    account: str
    epoch: int
    state: Outcome
    retry_in: float | None = None
    quota: Quota | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class RememberTasks(Command):
    """Write down what was assigned. Comes before any StartCheck of these tasks."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class ForgetTasks(Command):
    """Strike out what is no longer assigned."""

    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reconnect(Command):
    """Hang up and register anew: the lease ran out, so the master may have given the accounts to others."""


@dataclass(frozen=True, slots=True)
class WakeAt(Command):
    """Send a ClockTick at `moment`; replaces the WakeAt before it."""

    moment: float
