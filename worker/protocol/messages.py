"""The thirteen message types of protocol v1 and their answers, as strict structs.

Times are milliseconds since 1970 UTC (`*_at`) or seconds (`*_in`, `interval`, `duration`). Every request struct has
a class variable `TYPE`: it is the Socket.IO event's name and the envelope's `type`.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct, field

from worker.protocol.descriptor import Descriptor, Kind, Values

MAX_ITEMS = 100  #: detections in one batch
MAX_BATCH_BYTES = 128 * 1024  #: encoded size of one batch
MAX_FRAME_BYTES = 256 * 1024  #: one websocket frame; anything larger closes the connection

Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
Short = Annotated[str, Meta(max_length=300)]
Long = Annotated[str, Meta(max_length=20_000)]
Url = Annotated[str, Meta(max_length=2000)]
Cursor = Annotated[str, Meta(max_length=60_000)]
Epoch = Annotated[int, Meta(ge=0, lt=2**53)]
Seq = Annotated[int, Meta(ge=0, lt=2**53)]
Millis = Annotated[int, Meta(ge=0, lt=2**53)]
Seconds = Annotated[float, Meta(ge=0, le=1e7)]
Outcome = Literal["ok", "refused", "rate_limited", "unreachable", "changed", "error"]


class Message(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every payload."""

    TYPE: ClassVar[str] = ""


class Part(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of what payloads are made of."""


# --- parts -----------------------------------------------------------------------------------------------------------


class Held(Part, frozen=True, array_like=True):
    """One account that a worker really runs."""

    account: Id
    epoch: Epoch


class Resources(Part, frozen=True):
    """What the worker's process uses: `cpu` in percent of one core, `memory` in bytes, `loop_lag` in seconds."""

    cpu: Annotated[float, Meta(ge=0)] = 0.0
    memory: Annotated[int, Meta(ge=0)] = 0
    loop_lag: Annotated[float, Meta(ge=0)] = 0.0


class CheckDone(Part, frozen=True, array_like=True):
    """One finished check, or something heard in between (`duration` 0).

    `at` is when it began. `found` counts items that were new; `missed` is why others may have been missed (a code of
    worker.platforms.base.Missed, a platform may have its own), empty if none were; `more`: what is left comes next.
    """

    account: Id
    at: Millis
    duration: Seconds
    outcome: Outcome
    found: Annotated[int, Meta(ge=0)] = 0
    missed: Short = ""
    more: bool = False

    @property
    def ended_at(self) -> int:
        """Milliseconds since 1970 UTC. Of one account this only ever grows, which tells repeats from news."""
        return self.at + round(self.duration * 1000)


class Author(Part, frozen=True):
    """Who wrote an item, as the platform names them."""

    id: Short = ""
    name: Short = ""
    handle: Short = ""
    avatar: Url = ""


class Item(Part, frozen=True):
    """One thing found. `seq` is the outbox row; `baseline` items are stored as already read."""

    seq: Seq
    account: Id
    epoch: Epoch
    kind: Kind
    external_id: Annotated[str, Meta(min_length=1, max_length=500)]
    found_at: Millis
    published_at: Millis | None = None
    thread_id: Short = ""
    author: Author = Author()
    text: Long = ""
    url: Url = ""
    subject: Short = ""
    baseline: bool = False
    request_id: Short = ""


class CursorAt(Part, frozen=True):
    """Where an account's next check starts, and under which epoch that was found."""

    epoch: Epoch
    cursor: Cursor


class Budget(Part, frozen=True):
    """How many requests a check may make within its interval; None is no limit beyond the platform's own."""

    requests: Annotated[int, Meta(ge=0)] | None = None


class Task(Part, frozen=True):
    """One account to watch. `due_in` seconds from now is its next check; `check_request` asks for one at once."""

    account: Id
    epoch: Epoch
    platform: Id
    settings: Values
    interval: Annotated[float, Meta(gt=0, le=3600)]
    due_in: Seconds = 0.0
    budget: Budget | None = None
    cursor: Cursor | None = None
    check_request: Short | None = None


class Quota(Part, frozen=True):
    """What the platform said is left."""

    remaining: int | None = None
    limit: int | None = None
    resets_at: Millis | None = None


class Identity(Part, frozen=True):
    """Whose credentials these are."""

    handle: Short
    display_name: Short
    id: Short = ""


class Rejected(Part, frozen=True):
    """An item that can never be stored, by its outbox row."""

    seq: Seq
    code: Short


# --- /worker: worker → master ----------------------------------------------------------------------------------------


class Register(Message, frozen=True):
    """First message of each connection. `incarnation` is new at each process start; `crashed` are the accounts that its
    predecessor was checking when it died, told until it was heard once."""

    TYPE: ClassVar[str] = "worker:register"
    worker_id: Id
    incarnation: Id
    name: Short
    host: Short
    pid: Annotated[int, Meta(ge=0)]
    version: Short
    platforms: Annotated[list[Descriptor], Meta(max_length=100)]
    capacity: Annotated[int, Meta(ge=0, le=100_000)]
    running: Annotated[list[Held], Meta(max_length=100_000)] = field(default_factory=list)
    resources: Resources = Resources()
    crashed: Annotated[list[Id], Meta(max_length=100)] = field(default_factory=list)


class Heartbeat(Message, frozen=True):
    """Sent every heartbeat interval. `digest` is `digest_of` what really runs."""

    TYPE: ClassVar[str] = "worker:heartbeat"
    nonce: Seq
    sequence: Seq
    digest: Short
    resources: Resources = Resources()
    outbox: Annotated[int, Meta(ge=0)] = 0
    degraded: Short = ""
    checks: Annotated[list[CheckDone], Meta(max_length=2000)] = field(default_factory=list)


class Detections(Message, frozen=True):
    """A batch of outbox rows, oldest first; a cursor comes with or after the last item of its check."""

    TYPE: ClassVar[str] = "worker:detections"
    items: Annotated[list[Item], Meta(max_length=MAX_ITEMS)]
    cursors: Annotated[dict[Id, CursorAt], Meta(max_length=1000)] = field(default_factory=dict)


class Report(Message, frozen=True):
    """How an account fares; sent when that changes."""

    TYPE: ClassVar[str] = "worker:report"
    account: Id
    epoch: Epoch
    state: Outcome
    retry_at: Millis | None = None
    quota: Quota | None = None
    message: Annotated[str, Meta(max_length=2000)] = ""


class Credentials(Message, frozen=True):
    """Asks for an account's credentials, or hands back rotated ones (`replacement`, made from `version`)."""

    TYPE: ClassVar[str] = "worker:credentials"
    account: Id
    epoch: Epoch
    replacement: dict[str, str] | None = None
    version: Seq | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.account!r}, {self.epoch}, ***)"


class Released(Message, frozen=True):
    """The worker will never act with this epoch again."""

    TYPE: ClassVar[str] = "worker:released"
    account: Id
    epoch: Epoch


# --- /worker: master → worker ----------------------------------------------------------------------------------------


class Assign(Message, frozen=True):
    """Desired state: the whole assignment (`complete`) or a change to it."""

    TYPE: ClassVar[str] = "master:assign"
    sequence: Seq
    complete: bool
    tasks: list[Task]


class Revoke(Message, frozen=True):
    """Accounts to let go; each is answered by worker:released."""

    TYPE: ClassVar[str] = "master:revoke"
    sequence: Seq
    accounts: list[Id]


class Probe(Message, frozen=True):
    """Try credentials before they are saved."""

    TYPE: ClassVar[str] = "master:probe"
    platform: Id
    credentials: Values
    settings: Values

    def __repr__(self) -> str:
        return f"Probe({self.platform!r}, ***)"


class Shutdown(Message, frozen=True):
    """Drain and end within `deadline` seconds."""

    TYPE: ClassVar[str] = "master:shutdown"
    reason: Short
    deadline: Seconds


# --- /client ---------------------------------------------------------------------------------------------------------


class Sync(Message, frozen=True):
    """What was missed: detections with an id above `after`, oldest first, at most `limit`."""

    TYPE: ClassVar[str] = "client:sync"
    after: Seq = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 500


class Mark(Message, frozen=True):
    """Sets flags on detections; absent flags stay as they are."""

    TYPE: ClassVar[str] = "client:mark"
    ids: Annotated[list[Seq], Meta(max_length=1000)]
    read: bool | None = None
    handled: bool | None = None
    starred: bool | None = None


class Event(Message, frozen=True):
    """A hint that something changed; client:sync is the truth. `cursor` is the newest detection's id."""

    TYPE: ClassVar[str] = "master:event"
    topic: Literal["detection", "account", "worker", "notification", "status"]
    cursor: Seq
    data: dict[str, object]


FROM_WORKER: dict[str, type[Message]] = {
    m.TYPE: m for m in (Register, Heartbeat, Detections, Report, Credentials, Released)
}
FROM_MASTER: dict[str, type[Message]] = {m.TYPE: m for m in (Assign, Revoke, Probe, Shutdown)}
FROM_CLIENT: dict[str, type[Message]] = {m.TYPE: m for m in (Sync, Mark)}
TO_CLIENT: dict[str, type[Message]] = {Event.TYPE: Event}
ALL = FROM_WORKER | FROM_MASTER | FROM_CLIENT | TO_CLIENT


# --- answers (fields of an ok ack) -----------------------------------------------------------------------------------


class Answer(Struct, frozen=True, omit_defaults=True):
    """Base of every ok answer. Unknown fields are let pass: a newer peer may say more."""


class Registered(Answer, frozen=True):
    """`heartbeat_interval` and `lease` in seconds; `tasks` is the whole assignment as of `sequence`."""

    heartbeat_interval: Seconds
    lease: Seconds
    sequence: Seq
    tasks: list[Task] = field(default_factory=list)


class Beaten(Answer, frozen=True):
    """Renews the lease that the heartbeat with this nonce asked for."""

    nonce: Seq


class Stored(Answer, frozen=True):
    """What became of a batch: stored (or known already), never storable, or nothing yet (`retry_after` seconds)."""

    done: list[Seq] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    retry_after: Seconds | None = None


class CredentialsGiven(Answer, frozen=True):
    """The owner's credentials and their version."""

    credentials: dict[str, str]
    version: Seq

    def __repr__(self) -> str:
        return f"CredentialsGiven(***, version={self.version})"


class Probed(Answer, frozen=True):
    """The identity behind probed credentials."""

    identity: Identity
