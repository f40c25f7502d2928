"""Stores, workers and a fleet that live in memory: what is behind the walls of `memory_ports.make_api()`."""

import bisect
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from engine.api.accounts import AccountLive
from engine.api.errors import ApiError
from engine.api.secret_values import SecretValues
from engine.api.workers import WorkerChanges, WorkerSnapshot
from engine.bus import Bus
from engine.events import (
    AccountChanged,
    AccountRemoved,
    WorkerChanged,
    WorkerRemoved,
)
from engine.records import (
    Account,
    ApiToken,
    Counts,
    DeadLetter,
    Detection,
    DetectionFilter,
    Gap,
    JournalEntry,
    JournalFilter,
    Letter,
    Marks,
    Missing,
    StaleRevision,
    to_ms,
)
from worker.protocol.descriptor import Descriptor, Field, Text, Values
from worker.protocol.messages import Identity, Item

BEGAN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  #: when the first thing was added
VERSION = "0.1.0"

FEED = Descriptor(
    key="feed",
    name=Text(en="Feed", zh="订阅源"),
    kinds=("post", "comment"),
    min_interval=10,
    icon="mdi6.rss",
    credential_fields=(
        Field(name="username", label=Text(en="User name", zh="用户名")),
        Field(name="password", label=Text(en="Password", zh="密码"), type="secret"),
    ),
    setting_fields=(
        Field(name="url", label=Text(en="Address", zh="地址"), type="url", required=True),
        Field(
            name="allow_private_network",
            label=Text(en="Allow private addresses", zh="允许内网地址"),
            type="boolean",
            default=False,
        ),
    ),
)
DEMO = Descriptor(
    key="demo",
    name=Text(en="Demo", zh="演示"),
    kinds=("comment", "mention", "direct_message", "reaction", "follow"),
    min_interval=1,
    icon="mdi6.flask",
    setting_fields=(
        Field(
            name="rate_per_minute",
            label=Text(en="Items a minute", zh="每分钟条数"),
            type="number",
            default=6,
            minimum=0,
            maximum=6000,
        ),
        Field(name="seed", label=Text(en="Seed", zh="种子"), type="integer", default=1),
    ),
)


class MemoryDescriptors:
    """Satisfies `engine.api.platforms.Descriptors`."""

    def __init__(self, *descriptors: Descriptor) -> None:
        self.by_key = {descriptor.key: descriptor for descriptor in descriptors}

    def get(self, key: str) -> Descriptor | None:
        return self.by_key.get(key)

    def all(self) -> list[Descriptor]:
        return list(self.by_key.values())


class MemoryFeed:
    """Satisfies `FeedReader` and `FeedMarker`. Ids ascend from 1; reading a page costs what it looks at."""

    def __init__(self) -> None:
        self.rows: list[Detection] = []
        self._ids: list[int] = []
        self.unread: Counter[str] = Counter()
        self.tags: dict[str, tuple[str, ...]] = {}
        self.per_minute = 0

    def append(self, detection: Detection) -> None:
        self.rows.append(detection)
        self._ids.append(detection.id)
        self.unread[detection.account_id] += not detection.read

    async def page(
        self, where: DetectionFilter, *, after: int | None, before: int | None, limit: int
    ) -> list[Detection]:
        if after is not None:
            chosen = self.rows[bisect.bisect_right(self._ids, after) :]
        else:
            end = len(self.rows) if before is None else bisect.bisect_left(self._ids, before)
            chosen = self.rows[:end][::-1]
        return [row for row in chosen if self._matches(row, where)][:limit]

    async def get(self, detection_id: int) -> Detection | None:
        at = bisect.bisect_left(self._ids, detection_id)
        return self.rows[at] if at < len(self.rows) and self._ids[at] == detection_id else None

    async def counts(self) -> Counts:
        return Counts(len(self.rows), self.unread.total(), self.per_minute)

    async def thread(self, detection: Detection, limit: int) -> list[Detection]:
        if not detection.thread_id:
            return [detection]
        where = DetectionFilter(account_id=detection.account_id, thread_id=detection.thread_id)
        return [row for row in self.rows if self._matches(row, where)][-limit:]

    async def mark_ids(self, ids: Sequence[int], marks: Marks) -> tuple[int, ...]:
        return self._mark([row for row in [await self.get(i) for i in dict.fromkeys(ids)] if row], marks)

    async def mark_where(self, where: DetectionFilter, marks: Marks) -> int:
        return len(self._mark([row for row in self.rows if self._matches(row, where)], marks))

    def _mark(self, rows: list[Detection], marks: Marks) -> tuple[int, ...]:
        names = ("read", "handled", "starred")
        flags: dict[str, Any] = {name: getattr(marks, name) for name in names if getattr(marks, name) is not None}
        changed = []
        for row in rows:
            new = msgspec.structs.replace(row, **flags)
            if new != row:
                self.rows[bisect.bisect_left(self._ids, row.id)] = new
                self.unread[row.account_id] += row.read - new.read
                changed.append(row.id)
        return tuple(changed)

    def _matches(self, row: Detection, where: DetectionFilter) -> bool:
        same = ("account_id", "platform", "kind", "thread_id", "handled", "starred")
        if any(getattr(where, name) not in (None, getattr(row, name)) for name in same):
            return False
        words = (where.q or "").lower().split()
        text = f"{row.text} {row.subject} {row.author.name}".lower()
        return (
            where.unread in (None, not row.read)
            and (where.tag is None or where.tag in self.tags.get(row.account_id, ()))
            and (where.since is None or row.detected_at >= where.since)
            and (where.until is None or row.detected_at < where.until)
            and all(word in text for word in words)
        )


class MemoryAccountStore:
    """Satisfies `AccountStore`; `sealed` keeps what was sealed, so that a test can look for it."""

    def __init__(self, feed: MemoryFeed) -> None:
        self._feed = feed
        self.rows: dict[str, Account] = {}
        self.sealed: dict[str, bytes] = {}

    def put(self, account: Account) -> None:
        self.rows[account.id] = account
        self._feed.tags[account.id] = account.tags

    async def add(self, account: Account, sealed: bytes | None) -> None:
        self.put(account)
        if sealed is not None:
            self.sealed[account.id] = sealed

    async def get(self, account_id: str) -> Account | None:
        account = self.rows.get(account_id)
        return None if account is None or account.deleted_at else self._counted(account)

    async def get_many(self, account_ids: Sequence[str]) -> dict[str, Account]:
        found = [await self.get(account_id) for account_id in account_ids]
        return {account.id: account for account in found if account is not None}

    async def page(self, after: str | None, limit: int) -> list[Account]:
        ids = sorted(i for i, row in self.rows.items() if row.deleted_at is None and (after is None or i > after))
        return [self._counted(self.rows[i]) for i in ids[:limit]]

    async def change(self, account_id: str, revision: int, fields: dict[str, Any], sealed: bytes | None) -> Account:
        account = await self.get(account_id)
        if account is None:
            raise Missing(account_id)
        if account.revision != revision:
            raise StaleRevision(account_id)
        await self.add(replace(account, **fields, revision=revision + 1), sealed)
        return self._counted(self.rows[account_id])

    async def delete(self, account_id: str) -> None:
        self.put(replace(self.rows[account_id], deleted_at=BEGAN, worker_id=None))

    async def restore(self, account_id: str) -> Account:
        account = self.rows.get(account_id)
        if account is None or account.deleted_at is None:
            raise Missing(account_id)
        self.put(replace(account, deleted_at=None))
        return self._counted(self.rows[account_id])

    def _counted(self, account: Account) -> Account:
        return replace(account, unread=self._feed.unread[account.id])


class MemoryTokens:
    """Satisfies `TokenKeeper`."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[ApiToken, bytes]] = {}

    async def load_all(self) -> list[tuple[ApiToken, bytes]]:
        return list(self.rows.values())

    async def add(self, token: ApiToken, digest: bytes) -> None:
        self.rows[token.id] = (token, digest)

    async def revoke(self, token_id: str, at: datetime) -> None:
        token, digest = self.rows[token_id]
        self.rows[token_id] = (replace(token, revoked_at=at), digest)

    async def touch(self, token_id: str, at: datetime) -> None:
        token, digest = self.rows[token_id]
        self.rows[token_id] = (replace(token, last_used_at=at), digest)


class MemoryWorkers:
    """Satisfies `WorkerControl`; `restarted` and `removed` say what was asked for."""

    local_maximum = 10

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.rows: dict[str, WorkerSnapshot] = {}
        self.restarted: list[str] = []
        self.removed: list[str] = []

    def put(self, worker: WorkerSnapshot) -> None:
        self.rows[worker.id] = worker
        self._bus.publish(WorkerChanged(worker.id))

    def snapshots(self) -> list[WorkerSnapshot]:
        return list(self.rows.values())

    def snapshot(self, worker_id: str) -> WorkerSnapshot | None:
        return self.rows.get(worker_id)

    async def change(self, worker_id: str, changes: WorkerChanges) -> None:
        names = ("name", "capacity", "draining", "tags")
        given: dict[str, Any] = {n: getattr(changes, n) for n in names if getattr(changes, n) is not None}
        self.put(replace(self.rows[worker_id], **given))

    async def add_local(self, count: int) -> list[str]:
        ids = [f"local-{len(self.rows) + n + 1}" for n in range(count)]
        for worker_id in ids:
            self.put(a_worker(worker_id, state="starting", pid=None))
        return ids

    async def restart(self, worker_id: str) -> None:
        self.restarted.append(worker_id)
        worker = self.rows[worker_id]
        self.put(replace(worker, state="starting", restarts=worker.restarts + 1))

    async def remove(self, worker_id: str) -> None:
        self.removed.append(worker_id)
        del self.rows[worker_id]
        self._bus.publish(WorkerRemoved(worker_id))


class MemoryJournal:
    """Satisfies `JournalReader`; `add` numbers the lines."""

    def __init__(self) -> None:
        self.lines: list[JournalEntry] = []

    def add(self, *entries: JournalEntry) -> None:
        for entry in entries:
            self.lines.append(replace(entry, id=len(self.lines) + 1))

    async def page(self, where: JournalFilter, *, before: int | None, limit: int) -> list[JournalEntry]:
        fitting = [line for line in self.lines if self._fits(line, where) and (before is None or line.id < before)]
        return fitting[::-1][:limit]

    def _fits(self, line: JournalEntry, where: JournalFilter) -> bool:
        return (
            (where.subject is None or where.subject in line.subjects)
            and (where.since is None or line.at >= where.since)
            and (where.until is None or line.at < where.until)
            and (where.q is None or where.q.lower() in f"{line.what} {line.why}".lower())
        )


class MemoryLetters:
    """Satisfies the `DeadLetterStore` and `Retrier` of engine.api; `refusal` is what a retry is answered with."""

    def __init__(self) -> None:
        self.rows: list[DeadLetter] = []
        self.dropped = 0
        self.retried: list[Item] = []
        self.refusal: tuple[str, str] | None = None

    def add(self, letter: Letter, at: datetime = BEGAN) -> DeadLetter:
        self.rows.append(DeadLetter(len(self.rows) + 1, at, letter))
        return self.rows[-1]

    async def page(self, before: int | None, limit: int) -> list[DeadLetter]:
        return [row for row in self.rows[::-1] if before is None or row.id < before][:limit]

    async def get(self, letter_id: int) -> DeadLetter | None:
        return next((row for row in self.rows if row.id == letter_id), None)

    async def remove(self, letter_id: int) -> bool:
        before = len(self.rows)
        self.rows = [row for row in self.rows if row.id != letter_id]
        return len(self.rows) < before

    async def counts(self) -> tuple[int, int]:
        return len(self.rows), self.dropped

    async def retry(self, worker_id: str, item: Item) -> tuple[str, str] | None:
        if self.refusal is None:
            self.retried.append(item)
        return self.refusal


class MemoryGaps:
    """Satisfies `GapStore`; `rows` are newest first, `acknowledged` names who was acknowledged."""

    def __init__(self) -> None:
        self.rows: list[Gap] = []
        self.acknowledged: list[str] = []

    async def page(self, account_id: str, before: int | None, limit: int) -> list[Gap]:
        mine = [gap for gap in self.rows if gap.account_id == account_id]
        return [gap for gap in mine if before is None or to_ms(gap.since) < before][:limit]

    async def acknowledge(self, account_ids: Sequence[str]) -> None:
        self.acknowledged += account_ids


class MemoryFleet:
    """Satisfies `AccountFleet`: places an account on the first worker, once. `probe_answer` is what a probe finds."""

    def __init__(self, workers: MemoryWorkers, bus: Bus) -> None:
        self._workers = workers
        self._bus = bus
        self.lives: dict[str, AccountLive] = {}
        self.journal = MemoryJournal()
        self.gaps = MemoryGaps()
        self.checked: list[str] = []
        self.probed: list[tuple[str, Values, Values]] = []
        self.probe_answer: Identity | ApiError = Identity(handle="@blog", display_name="Blog")

    def live(self, account_id: str) -> AccountLive | None:
        return self.lives.get(account_id)

    def acknowledge(self, account_ids: Sequence[str]) -> None:
        for account_id in account_ids:
            self.lives[account_id] = replace(self.lives[account_id], gap=None)
            self._bus.publish(AccountChanged(account_id))

    def knows_worker(self, worker_id: str) -> bool:
        return worker_id in self._workers.rows

    async def account_added(self, account: Account, *, restored: bool = False) -> None:
        self.place(account)

    async def account_changed(self, account: Account, *, retask: bool, changed: Collection[str]) -> None:
        self._bus.publish(AccountChanged(account.id))

    async def account_removed(self, account_id: str) -> None:
        self.lives.pop(account_id, None)
        self._bus.publish(AccountRemoved(account_id))

    async def check_now(self, account_id: str) -> None:
        self.checked.append(account_id)

    async def probe(self, platform: str, credentials: SecretValues, settings: Values) -> Identity:
        self.probed.append((platform, credentials, settings))
        if isinstance(self.probe_answer, ApiError):
            raise self.probe_answer
        return self.probe_answer

    def place(self, account: Account) -> None:
        """Give it to the first worker (or say that there is none), write that down and tell."""
        worker = next(iter(self._workers.rows), None)
        reason = None if worker else "no worker is online"
        self.lives[account.id] = AccountLive(worker, account.epoch + 1, reason)
        what = "placed" if worker else "unplaced"
        self.journal.add(JournalEntry(BEGAN, (account.id,), what, reason or "it is new"))
        self._bus.publish(AccountChanged(account.id))


class OpenSealer:
    """Satisfies `Sealer` without sealing: a test can see what would have been sealed."""

    def seal(self, account_id: str, kind: str, plain: bytes) -> bytes:
        return plain


def a_worker(worker_id: str = "local-1", **fields: Any) -> WorkerSnapshot:
    """An online local worker; `fields` replace."""
    worker = WorkerSnapshot(
        id=worker_id,
        name=worker_id,
        kind="local",
        host="here",
        pid=4711,
        version=VERSION,
        state="online",
        capacity=100,
        accounts=0,
        cpu=1.5,
        memory=50_000_000,
        loop_lag=0.001,
        heartbeat_age=0.5,
        restarts=0,
        outbox=0,
        platforms=("demo", "feed"),
    )
    return replace(worker, **fields)
