"""What REST answers where the engine's own snapshot would leave fields out or count time in milliseconds."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from engine.api.accounts import AccountSnapshot
from engine.records import AccountStatus, ApiToken, Detection, Gap, Scope, from_ms
from worker.protocol.descriptor import Kind, Values
from worker.protocol.messages import Quota


class QuotaAnswer(Struct, frozen=True):
    """What the platform said is left."""

    remaining: int | None
    limit: int | None
    resets_at: datetime | None


class GapAnswer(Struct, frozen=True, kw_only=True):
    """A time in which nobody watched an account, or in which items may have been missed.

    `until` is null while it lasts. `caught_up` items were found as soon as it was over. `complete`: everything was
    caught up; false if that cannot be known (`missed` says why), null while it lasts. `why` is empty if the account was
    watched but something may have been missed.
    """

    since: datetime
    until: datetime | None
    caught_up: int
    complete: bool | None
    why: str
    missed: str


class AccountAnswer(Struct, frozen=True, kw_only=True):
    """One account: what is stored, and what is done with it right now. Credentials never come back.

    `interval` in seconds; `reason` says why it is unplaced or slowed; PATCH must carry `revision`. `gap` is the time in
    which nobody watched it: the one that lasts, else the newest that was not acknowledged.
    """

    id: str
    platform: str
    display_name: str
    handle: str
    settings: Values
    status: AccountStatus
    worker_id: str | None
    epoch: int
    reason: str | None
    pinned_to: str | None
    interval: int
    quota: QuotaAnswer | None
    last_check_at: datetime | None
    next_check_at: datetime | None
    last_error: str | None
    unread: int
    tags: tuple[str, ...]
    created_at: datetime
    revision: int
    gap: GapAnswer | None
    quarantined: bool


class AuthorAnswer(Struct, frozen=True):
    """Who wrote it, as the platform names them."""

    id: str
    name: str
    handle: str
    avatar: str


class DetectionAnswer(Struct, frozen=True, kw_only=True):
    """One comment, mention, direct message … found. All text comes from outside: show it as plain text."""

    id: int
    account_id: str
    platform: str
    worker_id: str
    kind: Kind
    external_id: str
    thread_id: str
    author: AuthorAnswer
    text: str
    url: str
    subject: str
    published_at: datetime | None
    detected_at: datetime
    read: bool
    handled: bool
    starred: bool


class Hello(Struct, frozen=True):
    """Who answers here. `protocol` is the version that Socket.IO messages carry."""

    name: str
    version: str
    protocol: str


class Health(Struct, frozen=True):
    """It answers, so it lives."""

    status: str


class Tried(Struct, frozen=True):
    """The credentials work; whose they are."""

    ok: bool
    handle: str
    display_name: str


class Accepted(Struct, frozen=True):
    """It will be done; the logs and the account's story name it by this id."""

    request_id: str


class RowFailed(Struct, frozen=True):
    """A row that did not go in. `row` counts from 1, the heading of a CSV file not included."""

    row: int
    code: str
    message: str
    field: str | None


class Imported(Struct, frozen=True):
    """What became of an import: ids of the new accounts, in the order of their rows, and the rows that failed."""

    created: list[str]
    failed: list[RowFailed]


class Marked(Struct, frozen=True):
    """How many detections changed."""

    changed: int


def account_answer(snapshot: AccountSnapshot) -> AccountAnswer:
    """A snapshot as REST shows it."""
    fields: dict[str, Any] = {name: getattr(snapshot, name) for name in AccountAnswer.__struct_fields__}
    gap = None if snapshot.gap is None else gap_answer(snapshot.gap)
    return AccountAnswer(**{**fields, "quota": _quota(snapshot.quota), "gap": gap})


def gap_answer(gap: Gap) -> GapAnswer:
    """A gap as REST shows it."""
    return msgspec.convert(gap, GapAnswer, from_attributes=True)


def detection_answer(detection: Detection) -> DetectionAnswer:
    """A detection as REST shows it: with every field of its author."""
    return msgspec.convert(detection, DetectionAnswer, from_attributes=True)


def _quota(quota: Quota | None) -> QuotaAnswer | None:
    if quota is None:
        return None
    return QuotaAnswer(quota.remaining, quota.limit, None if quota.resets_at is None else from_ms(quota.resets_at))


class TokenAnswer(Struct, frozen=True, kw_only=True):
    """One API token; the token itself never comes back."""

    id: str
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    device_id: str
    device_name: str


class TokenMadeAnswer(TokenAnswer, frozen=True, kw_only=True):
    """A new API token. `token` is shown this once."""

    token: str

    def __repr__(self) -> str:
        return f"TokenMadeAnswer({self.id!r}, ***)"


def token_answer(token: ApiToken) -> TokenAnswer:
    """The token as REST shows it."""
    return TokenAnswer(**asdict(token))


def token_made_answer(token: ApiToken, secret: str) -> TokenMadeAnswer:
    """A new token as REST shows it."""
    return TokenMadeAnswer(**asdict(token), token=secret)
