"""The frozen records that the engine's parts hand to each other. Pure.

Moments are aware UTC datetimes; ids of detections are ascending integers; every other id is a string.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import msgspec

from worker.protocol.descriptor import Kind, Values
from worker.protocol.messages import Author

AccountStatus = Literal["active", "paused", "failing", "reauthenticate"]
MASTER = "master"  #: the subject of what concerns the master itself
WorkerKind = Literal["local", "remote"]
WorkerState = Literal["starting", "online", "degraded", "offline", "draining", "failed", "revoked"]
Scope = Literal["read", "operate", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)  #: each may do what those before it may


def allows(has: Scope, needs: Scope) -> bool:
    """Whether who has this scope may do what needs that one."""
    return SCOPES.index(has) >= SCOPES.index(needs)


def from_ms(milliseconds: int) -> datetime:
    """A moment from milliseconds since 1970 UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 UTC, rounded down."""
    return round(moment.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Account:
    """One login on one platform, as it is stored. Credentials are kept apart and never travel with it.

    Attributes:
        interval: seconds between checks, as the user wants it.
        worker_id, epoch: the owner and the fencing number of its assignment; no owner is None.
        watched_at: when the last good check began; None before it, and while nobody wants it watched.
        cursor: where the next check starts; None before the first one.
        revision: grows with each change by a user; PATCH must carry it.
        unread: detections not yet read.
        quarantined: checking it ended worker processes; nobody watches it until a user does something about it.
        deleted_at: set while the account is in the bin (30 days).
    """

    id: str
    platform: str
    display_name: str
    interval: int
    created_at: datetime
    handle: str = ""
    settings: Values = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    pinned_to: str | None = None
    status: AccountStatus = "active"
    last_error: str | None = None
    last_check_at: datetime | None = None
    watched_at: datetime | None = None
    worker_id: str | None = None
    epoch: int = 0
    cursor: str | None = None
    revision: int = 1
    unread: int = 0
    deleted_at: datetime | None = None
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker as it is stored; what it does right now is in the fleet's state.

    Attributes:
        restarts: how often its process was started again, ever.
        tags: what an account's `pinned_to` may name instead of one worker: `tag:` and one of these.
        public_key: Ed25519, 32 bytes, of a worker on another machine; None of a local one.
    """

    id: str
    name: str
    kind: WorkerKind
    capacity: int
    created_at: datetime
    draining: bool = False
    revoked: bool = False
    restarts: int = 0
    tags: tuple[str, ...] = ()
    public_key: bytes | None = None


@dataclass(frozen=True, slots=True)
class OpenCode:
    """A join code that was given out and still lets somebody in; its token is not among what is remembered.

    Attributes:
        name: for the worker that joins by it; empty: its host's.
        uses_left: how many more workers may join by it.
    """

    id: str
    name: str
    uses_left: int
    expires_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """One account's next owner; `epoch` is the new one, exactly one above the epoch it was decided on."""

    account_id: str
    worker_id: str | None
    epoch: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nobody watched an account, or in which items may have been missed.

    Attributes:
        since: when the last good check before it began.
        until: when the first good one after it did; None while it lasts.
        caught_up: items that were found as soon as it was over.
        complete: everything was caught up; False if that cannot be known, None while it lasts.
        why: why nobody watched; empty if somebody did, but something may have been missed.
        missed: why something may have been missed; empty if nothing was.
    """

    account_id: str
    since: datetime
    until: datetime | None
    caught_up: int = 0
    complete: bool | None = None
    why: str = ""
    missed: str = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Sealed credentials and their version, which grows with each replacement."""

    blob: bytes
    version: int


@dataclass(frozen=True, slots=True)
class SealedRow:
    """Sealed credentials on their way to another data key. `key` is the account's number, `account_id` its id."""

    key: int
    account_id: str
    blob: bytes
    version: int


@dataclass(frozen=True, slots=True)
class DataKey:
    """One data key, wrapped by the key-encryption key. `id` stands in the head of all that it sealed."""

    id: int
    wrapped: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeyBox:
    """All that is stored about keys: nothing in it opens anything by itself.

    Attributes:
        source: where the key-encryption key is kept; empty until one was chosen.
        facts: what that place needs to find it again (a salt, the name of an entry); never the key.
        current: id of the data key that seals; 0 if there is none yet.
    """

    source: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[DataKey, ...] = ()
    current: int = 0


class Detection(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One comment, mention, direct message … found, as stored.

    A Struct: a page of them is decoded straight from what SQLite answers, and the garbage collector need not look at
    the many that a window holds. Changed copies come from msgspec.structs.replace.
    """

    id: int
    account_id: str
    platform: str
    worker_id: str
    kind: Kind
    external_id: str
    detected_at: datetime
    published_at: datetime | None = None
    thread_id: str = ""
    author: Author = msgspec.field(default_factory=Author)
    text: str = ""
    url: str = ""
    subject: str = ""
    read: bool = False
    handled: bool = False
    starred: bool = False


@dataclass(frozen=True, slots=True)
class DetectionFilter:
    """Which detections are meant; None means any. `q` is words or any 2+ Chinese characters, all of which must occur.

    Attributes:
        since, until: bounds of `detected_at`, until exclusive.
        tag: of the account.
    """

    account_id: str | None = None
    platform: str | None = None
    kind: Kind | None = None
    tag: str | None = None
    thread_id: str | None = None
    unread: bool | None = None
    handled: bool | None = None
    starred: bool | None = None
    q: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """Flags to set; None leaves one as it is."""

    read: bool | None = None
    handled: bool | None = None
    starred: bool | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is stored: `unread` over all accounts that are not deleted."""

    total: int
    unread: int
    per_minute: int


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of what happened and why.

    Attributes:
        subjects: ids of the accounts and workers that it is about, or MASTER.
        id: ascending in the order in which things happened.
    """

    at: datetime
    subjects: tuple[str, ...]
    what: str
    why: str = ""
    request_id: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which lines of the journal are meant; None means any.

    Attributes:
        since, until: bounds of `at`, until exclusive.
        q: text that occurs in what, why, details or request id, whatever its case.
    """

    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True)
class Misfit:
    """An item of a batch that does not fit the protocol: its outbox row, what is wrong, and the item as it came."""

    seq: int
    why: str
    item: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """An item that cannot be stored. `code` is for programs, `why` a sentence; `item` is the item as it came."""

    worker_id: str
    code: str
    why: str
    item: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The same as it is kept: `at` is when it was refused."""

    id: int
    at: datetime
    letter: Letter


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is known about a token for scripts and devices; the token itself is kept nowhere.

    Attributes:
        expires_at: from then on it counts no longer; None: it does not expire.
        last_used_at: to the minute.
        device_id: if not empty, the only device that /client takes it from.
    """

    id: str
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    device_id: str = ""
    device_name: str = ""


JoinRefusal = Literal["wrong", "used", "expired", "revoked"]


class JoinRefused(Exception):
    """A worker may not join by this code. `revoked`: its key was cast out before."""

    def __init__(self, why: JoinRefusal) -> None:
        super().__init__(why)
        self.why: JoinRefusal = why


class StaleRevision(Exception):
    """The record was changed meanwhile; read it again and repeat."""


class StorageFault(Exception):
    """The database or its disk cannot be used; `str(error)` is a sentence for a person, `code` is for programs."""

    code = "store_failed"


class Missing(Exception):
    """No such record (any more)."""
