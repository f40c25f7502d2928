"""Accounts: create, read, change, delete, restore, try and check."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import msgspec

from engine.api.errors import Conflict, Invalid, NotFound
from engine.api.journal import Journal
from engine.api.platforms import Platforms
from engine.api.secret_values import SecretValues
from engine.api.tags import MAX_TAG, clean_tags
from engine.records import Account, AccountStatus, Gap, JournalEntry, Missing, StaleRevision, from_ms
from worker.protocol.descriptor import MAX_INTERVAL, Values
from worker.protocol.messages import Identity, Quota

MAX_NAME = 100
PIN_TO_TAG = "tag:"  #: before a tag in `pinned_to`: any worker that carries it
MAX_PAGE = 1000
RETASK = {"interval", "settings", "status"}  #: changes that the worker has to hear of


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """One account as front ends see it: what is stored, and what the fleet does with it right now.

    Attributes:
        reason: why it is unplaced or slowed; None while all is well.
        interval: seconds. quota: what the platform said is left, None where it does not say.
        gap: the time in which nobody watched it: the one that lasts, else the newest that was not acknowledged.
        quarantined: its checks ended worker processes; it is not watched until a user does something about it.
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
    quota: Quota | None
    last_check_at: datetime | None
    next_check_at: datetime | None
    last_error: str | None
    unread: int
    tags: tuple[str, ...]
    created_at: datetime
    revision: int
    gap: Gap | None = None
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What a user gives to create an account. Credentials are sealed at once and never come back."""

    platform: str
    display_name: str
    interval: int | None = None
    credentials: SecretValues = field(default_factory=SecretValues)
    settings: Values = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    pinned_to: str | None = None


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """What a user changes; None leaves it. `pinned_to=""` takes the pin away."""

    display_name: str | None = None
    interval: int | None = None
    credentials: SecretValues | None = None
    settings: Values | None = None
    tags: tuple[str, ...] | None = None
    pinned_to: str | None = None
    paused: bool | None = None


@dataclass(frozen=True, slots=True)
class AccountLive:
    """What the fleet knows of an account beyond the stored record. Moments are UTC."""

    worker_id: str | None
    epoch: int
    reason: str | None = None
    quota: Quota | None = None
    last_check_at: datetime | None = None
    next_check_at: datetime | None = None
    gap: Gap | None = None
    quarantined: bool = False


class AccountStore(Protocol):
    """Where accounts are kept; deleted ones are invisible except to `restore`."""

    async def add(self, account: Account, sealed: bytes | None) -> None: ...
    async def get(self, account_id: str) -> Account | None: ...
    async def page(self, after: str | None, limit: int) -> list[Account]: ...
    async def change(self, account_id: str, revision: int, fields: dict[str, Any], sealed: bytes | None) -> Account: ...
    async def delete(self, account_id: str) -> None: ...
    async def restore(self, account_id: str) -> Account: ...


class AccountFleet(Protocol):
    """The part of the fleet that accounts need."""

    def live(self, account_id: str) -> AccountLive | None: ...
    def knows_worker(self, worker_id: str) -> bool: ...
    async def account_added(self, account: Account, *, restored: bool = False) -> None: ...
    async def account_changed(self, account: Account, *, retask: bool, changed: Collection[str]) -> None: ...
    async def account_removed(self, account_id: str) -> None: ...
    async def check_now(self, account_id: str) -> None: ...
    async def probe(self, platform: str, credentials: SecretValues, settings: Values) -> Identity: ...


class Sealer(Protocol):
    """Seals secrets so that they open only for the same account and kind."""

    def seal(self, account_id: str, kind: str, plain: bytes) -> bytes: ...


class Accounts:
    """What a front end may do with accounts."""

    def __init__(
        self,
        store: AccountStore,
        fleet: AccountFleet,
        sealer: Sealer,
        platforms: Platforms,
        *,
        wall_ms: Callable[[], int],
        journal: Journal,
        default_interval: int = 30,
    ) -> None:
        self._journal = journal
        self._store = store
        self._fleet = fleet
        self._sealer = sealer
        self._platforms = platforms
        self._wall_ms = wall_ms
        self._default_interval = default_interval

    async def page(self, after: str | None = None, limit: int = 200) -> list[AccountSnapshot]:
        """Accounts in the order of their creation, after the id `after`. Raises Invalid."""
        if not 1 <= limit <= MAX_PAGE:
            raise Invalid("limit", f"“limit” must be from 1 to {MAX_PAGE}")
        return [self._snapshot(account) for account in await self._store.page(after, limit)]

    async def get(self, account_id: str) -> AccountSnapshot:
        """One account. Raises NotFound."""
        return self._snapshot(await self._record(account_id))

    async def create(self, new: NewAccount) -> AccountSnapshot:
        """Validate, seal, store, and let the fleet place it. Raises Invalid."""
        account = self._validated(new)
        credentials = self._platforms.check_credentials(new.platform, new.credentials)
        await self._store.add(account, self._seal(account.id, credentials))
        await self._fleet.account_added(account)
        return self._snapshot(account)

    async def change(self, account_id: str, revision: int, changes: AccountChanges) -> AccountSnapshot:
        """Change what a user may change. Raises NotFound, Invalid, Conflict (stale revision)."""
        account = await self._record(account_id)
        fields, sealed = self._changed_fields(account, changes)
        try:
            changed = await self._store.change(account_id, revision, fields, sealed)
        except StaleRevision:
            raise Conflict("the account was changed meanwhile: load it again", code="stale_revision") from None
        except Missing:
            raise _no_account(account_id) from None
        names = [*fields, *(["credentials"] if sealed is not None else [])]
        retask = sealed is not None or bool(fields.keys() & RETASK)
        await self._fleet.account_changed(changed, retask=retask, changed=names)
        return self._snapshot(changed)

    async def delete(self, account_id: str) -> None:
        """Stop watching it and put it in the bin for 30 days. Raises NotFound."""
        await self._record(account_id)
        await self._store.delete(account_id)
        await self._fleet.account_removed(account_id)

    async def restore(self, account_id: str) -> AccountSnapshot:
        """Take it out of the bin and watch it again. Raises NotFound."""
        try:
            account = await self._store.restore(account_id)
        except Missing:
            raise _no_account(account_id) from None
        await self._fleet.account_added(account, restored=True)
        return self._snapshot(account)

    async def test(self, platform: str, credentials: SecretValues, settings: Values) -> Identity:
        """Try credentials on a worker before anything is saved. Raises Invalid, ProbeFailed, Unavailable."""
        settings = self._platforms.check_settings(platform, settings)
        credentials = self._platforms.check_credentials(platform, credentials)
        return await self._fleet.probe(platform, credentials, settings)

    async def check(self, account_id: str) -> None:
        """Check it now, out of turn; that ends its quarantine. Raises NotFound, Conflict while paused or unplaced."""
        account = await self._record(account_id)
        if account.status == "paused":
            raise Conflict("the account is paused: resume it first", code="paused")
        live = self._fleet.live(account_id)
        if live is None or (live.worker_id is None and not live.quarantined):
            raise Conflict((live.reason if live else None) or "no worker watches it yet", code="unplaced")
        await self._fleet.check_now(account_id)

    async def story(self, account_id: str, *, before: int | None = None, limit: int = 200) -> list[JournalEntry]:
        """Why it is where it is, newest first, below the line `before` if given. Raises NotFound, Invalid."""
        await self._record(account_id)
        return await self._journal.story(account_id, before=before, limit=limit)

    async def _record(self, account_id: str) -> Account:
        account = await self._store.get(account_id)
        if account is None:
            raise _no_account(account_id)
        return account

    def _validated(self, new: NewAccount) -> Account:
        descriptor = self._platforms.get(new.platform)
        now = self._wall_ms()
        account = Account(
            id=_new_id(now),
            platform=new.platform,
            display_name=_name(new.display_name),
            interval=max(descriptor.min_interval, self._default_interval) if new.interval is None else new.interval,
            created_at=from_ms(now),
            settings=self._platforms.check_settings(new.platform, new.settings),
            tags=clean_tags(new.tags),
            pinned_to=self._pin(new.pinned_to),
        )
        self._check_interval(account)
        return account

    def _check_interval(self, account: Account) -> None:
        least = self._platforms.get(account.platform).min_interval
        if not least <= account.interval <= MAX_INTERVAL:
            raise Invalid("interval", f"“interval” must be from {least} to {MAX_INTERVAL} seconds")

    def _changed_fields(self, account: Account, changes: AccountChanges) -> tuple[dict[str, Any], bytes | None]:
        changed = account
        if changes.display_name is not None:
            changed = replace(changed, display_name=_name(changes.display_name))
        if changes.interval is not None:
            changed = replace(changed, interval=changes.interval)
            self._check_interval(changed)
        if changes.tags is not None:
            changed = replace(changed, tags=clean_tags(changes.tags))
        if changes.pinned_to is not None:
            changed = replace(changed, pinned_to=self._pin(changes.pinned_to))
        if changes.settings is not None:
            changed = replace(changed, settings=self._platforms.check_settings(account.platform, changes.settings))
        sealed = None
        if changes.credentials is not None:
            sealed = self._seal(account.id, self._platforms.check_credentials(account.platform, changes.credentials))
        changed = replace(changed, status=_status(account, changes))
        names = ("display_name", "interval", "tags", "pinned_to", "settings", "status")
        return {
            name: getattr(changed, name) for name in names if getattr(changed, name) != getattr(account, name)
        }, sealed

    def _pin(self, pin: str | None) -> str | None:
        """A worker must exist; a tag need not be carried by anybody yet: the account says that it waits for it."""
        if pin and pin.startswith(PIN_TO_TAG):
            tag = pin.removeprefix(PIN_TO_TAG).strip()
            if not 1 <= len(tag) <= MAX_TAG:
                raise Invalid("pinned_to", f"“{PIN_TO_TAG}” is followed by a worker's tag of 1 to {MAX_TAG} characters")
            return PIN_TO_TAG + tag
        if pin and not self._fleet.knows_worker(pin):
            raise Invalid("pinned_to", f"there is no worker “{pin[:64]}”")
        return pin or None

    def _seal(self, account_id: str, credentials: SecretValues) -> bytes | None:
        texts = {name: str(value) for name, value in credentials.reveal().items()}
        return self._sealer.seal(account_id, "credentials", msgspec.json.encode(texts)) if texts else None

    def _snapshot(self, account: Account) -> AccountSnapshot:
        live = self._fleet.live(account.id) or AccountLive(account.worker_id, account.epoch)
        return AccountSnapshot(
            id=account.id,
            platform=account.platform,
            display_name=account.display_name,
            handle=account.handle,
            settings=account.settings,
            status=account.status,
            worker_id=live.worker_id,
            epoch=live.epoch,
            reason=live.reason,
            pinned_to=account.pinned_to,
            interval=account.interval,
            quota=live.quota,
            last_check_at=live.last_check_at or account.last_check_at,
            next_check_at=live.next_check_at,
            last_error=account.last_error,
            unread=account.unread,
            tags=account.tags,
            created_at=account.created_at,
            revision=account.revision,
            gap=live.gap,
            quarantined=live.quarantined,
        )


def _new_id(now_ms: int) -> str:
    """Sorts by creation: 11 hex digits of milliseconds, 10 of chance."""
    return f"acc_{now_ms:011x}{secrets.token_hex(5)}"


def _no_account(account_id: str) -> NotFound:
    return NotFound(f"there is no account “{account_id[:64]}”")


def _name(name: str) -> str:
    if not 1 <= len(name.strip()) <= MAX_NAME:
        raise Invalid("display_name", f"“display_name” must have 1 to {MAX_NAME} characters")
    return name.strip()


def _status(account: Account, changes: AccountChanges) -> AccountStatus:
    """Resuming, or new credentials or settings, give a failing account a fresh start."""
    if changes.paused is True:
        return "paused"
    fresh = changes.paused is False or changes.credentials is not None or changes.settings is not None
    if fresh and not (account.status == "paused" and changes.paused is None):
        return "active"
    return account.status
