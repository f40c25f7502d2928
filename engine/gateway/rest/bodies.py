"""What request bodies must fit: strict types, unknown fields refused."""

from typing import Annotated, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, field

from engine.api.accounts import AccountChanges, NewAccount
from engine.api.secret_values import SecretValues
from engine.api.tokens import NewToken
from engine.api.workers import WorkerChanges
from engine.gateway.rest.query import FilterFields, Moment
from engine.records import Marks, Scope
from worker.protocol.descriptor import Values

T = TypeVar("T")
MAX_IDS = 10_000
Revision = Annotated[int, Meta(ge=0, lt=2**53)]
DetectionId = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every body. It may hold credentials, so that none shows what is in it."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class NewAccountBody(Body, frozen=True):
    """An account to create. `interval` in seconds, from the platform's least to 3600. `pinned_to` is a worker's id, or
    `tag:` and a tag: any worker that carries it."""

    platform: str
    display_name: str
    interval: int | None = None
    credentials: SecretValues = field(default_factory=SecretValues)
    settings: Values = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    pinned_to: str | None = None

    def wanted(self) -> NewAccount:
        """The same for the room."""
        return NewAccount(
            platform=self.platform,
            display_name=self.display_name,
            interval=self.interval,
            credentials=self.credentials,
            settings=self.settings,
            tags=tuple(self.tags),
            pinned_to=self.pinned_to,
        )


class AccountPatch(Body, frozen=True):
    """What to change; absent fields stay. `revision` is the one last seen. `pinned_to: null` takes the pin away."""

    revision: Revision
    display_name: str | UnsetType = UNSET
    interval: int | UnsetType = UNSET
    credentials: SecretValues | UnsetType = UNSET
    settings: Values | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    pinned_to: str | UnsetType | None = UNSET
    paused: bool | UnsetType = UNSET

    def changes(self) -> AccountChanges:
        """The same for the room."""
        return AccountChanges(
            display_name=_or_none(self.display_name),
            interval=_or_none(self.interval),
            credentials=_or_none(self.credentials),
            settings=_or_none(self.settings),
            tags=None if isinstance(self.tags, UnsetType) else tuple(self.tags),
            pinned_to="" if self.pinned_to is None else _or_none(self.pinned_to),
            paused=_or_none(self.paused),
        )


class AccountTry(Body, frozen=True):
    """Credentials and settings to try."""

    platform: str
    credentials: SecretValues = field(default_factory=SecretValues)
    settings: Values = field(default_factory=dict)


class WorkerPatch(Body, frozen=True):
    """What to change; absent fields stay."""

    name: str | UnsetType = UNSET
    capacity: int | UnsetType = UNSET
    draining: bool | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET

    def changes(self) -> WorkerChanges:
        """The same for the room."""
        tags = None if isinstance(self.tags, UnsetType) else tuple(self.tags)
        return WorkerChanges(_or_none(self.name), _or_none(self.capacity), _or_none(self.draining), tags)


class LocalWorkers(Body, frozen=True):
    """How many workers to start on this computer."""

    count: int


class NewTokenBody(Body, frozen=True):
    """A token to make. From `expires_at` on it counts no longer; with `device_id` /client takes it from that alone."""

    name: str
    scope: Scope
    expires_at: Moment | None = None
    device_id: str = ""
    device_name: str = ""

    def wanted(self) -> NewToken:
        """The same for the room."""
        return NewToken(self.name, self.scope, self.expires_at, self.device_id, self.device_name)


class FilterBody(FilterFields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which detections are meant; `{}` is all of them."""


class DetectionsPatch(Body, frozen=True):
    """Flags to set on `ids` or on all that `filter` matches; absent flags stay."""

    ids: Annotated[list[DetectionId], Meta(max_length=MAX_IDS)] | UnsetType = UNSET
    filter: FilterBody | UnsetType = UNSET
    read: bool | UnsetType = UNSET
    handled: bool | UnsetType = UNSET
    starred: bool | UnsetType = UNSET

    def marks(self) -> Marks:
        """The flags for the room."""
        return Marks(_or_none(self.read), _or_none(self.handled), _or_none(self.starred))


def _or_none(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value
