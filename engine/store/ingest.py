"""The SQL of ingest: one statement a step for a whole group of detections, all in one transaction."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from engine.records import Letter
from engine.store.counting import count
from engine.store.dead_letters import DeadLetterStore
from engine.store.directory import Directory, Known
from engine.store.driver import driver
from engine.store.errors import DiskFull, StoreError
from engine.store.platforms import PlatformStore
from engine.store.rate import SECONDS, Rate
from engine.store.readers import Readers
from engine.store.schema import KIND_CODES
from engine.store.writer import Writer
from worker.protocol.descriptor import Kind
from worker.protocol.messages import CursorAt, Item

SIZES = (512, 128, 32, 8, 1)  #: rows in one statement: few different texts, so that SQLite keeps them prepared
LATEST = 253_402_300_799_999  #: milliseconds; the end of the year 9999, after which a row could not be read
COLUMNS = (
    "account kind read detected_at published_at worker_id external_id thread_id author_id author_name author_handle "
    "author_avatar text url subject"
).split()
CURSORS = """UPDATE accounts SET cursor = found.cursor
    FROM (SELECT json_extract(value, '$[0]') AS account, json_extract(value, '$[1]') AS epoch,
        json_extract(value, '$[2]') AS worker_id, json_extract(value, '$[3]') AS cursor FROM json_each(?)) AS found
    WHERE accounts."key" = found.account AND accounts.epoch = found.epoch AND accounts.worker_id = found.worker_id
        AND accounts.deleted_at IS NULL"""

Found = tuple[str, Item]  #: the worker that found it, and the item
Place = tuple[str, str, CursorAt]  #: the worker that says so, and where the account's next check starts
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """What one transaction stored. Ids are 0 if that was nothing; `per_account` by account id.

    What belongs to an account in the bin is stored and not counted: nobody sees it unless the account is restored.
    """

    first_id: int = 0
    last_id: int = 0
    count: int = 0
    baseline: int = 0
    per_account: dict[str, int] = field(default_factory=dict)


class IngestStore:
    """Stores what workers found, each thing once.

    Attributes:
        faults: errors that are the file's or the disk's; every other error of `store` is an item's.
    """

    faults: tuple[type[Exception], ...] = (StoreError, OperationalError, sqlite3.OperationalError)
    disk_full: type[Exception] = DiskFull

    def __init__(
        self,
        writer: Writer,
        readers: Readers,
        *,
        directory: Directory,
        platforms: PlatformStore,
        letters: DeadLetterStore,
        rate: Rate,
        wall_ms: Callable[[], int],
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._directory = directory
        self._platforms = platforms
        self._letters = letters
        self._rate = rate
        self._wall_ms = wall_ms

    async def load(self) -> None:
        """Count the last minute before this start."""
        now = self._wall_ms()
        query = text("SELECT count(*) FROM detections WHERE detected_at > :since")
        since = {"since": now - SECONDS * 1000}
        self._rate.note(await self._readers.run(lambda c: int(c.execute(query, since).scalar_one())), now)

    def account(self, account_id: str) -> Known | None:
        """What is known of an account, deleted or not; answers at once."""
        return self._directory.by_id(account_id)

    def was_entrusted(self, account_id: str, worker_id: str) -> bool:
        """Whether this worker owns the account or ever did; answers at once."""
        return self._directory.was_entrusted(account_id, worker_id)

    def kinds(self, platform: str) -> Sequence[Kind] | None:
        """Which kinds a platform has; None if no worker ever said so."""
        descriptor = self._platforms.get(platform)
        return descriptor.kinds if descriptor else None

    async def store(self, found: Sequence[Found], cursors: Sequence[Place]) -> Group:
        """Store the items never seen before, in this order, then the current owners' cursors; commit.

        Every account must be known.

        Raises:
            StoreError: if the file or the disk is at fault; anything else is an item's fault. Nothing is stored then.
        """
        now = self._wall_ms()
        group = await self._writer.run(lambda connection: self._store(connection, found, cursors, now))
        self._rate.note(group.count, now)
        return group

    async def bury(self, letters: Sequence[Letter]) -> int:
        """Keep what cannot be stored; returns how many older letters had to go."""
        return await self._letters.bury(letters)

    def _store(self, connection: Connection, found: Sequence[Found], cursors: Sequence[Place], now: int) -> Group:
        rows = _unseen(connection, _keyed(self._directory, found))
        group = self._insert(connection, [(*key[:2], *_row(now, *of)) for key, of in rows.items()], rows)
        if cursors:
            self._set_cursors(connection, cursors)
        return group

    def _insert(self, connection: Connection, values: list[Row], rows: "Keyed") -> Group:
        if not values:
            return Group()
        _insert_rows(connection, "detections", COLUMNS, values)
        last = int(connection.exec_driver_sql("SELECT last_insert_rowid()").scalar_one())
        changes: dict[int, tuple[int, int]] = {}
        names: dict[str, int] = {}
        baseline = 0
        for (account, _, _), (_, item) in rows.items():
            total, unread = changes.get(account, (0, 0))
            changes[account] = (total + 1, unread + (not item.baseline))
            if account not in self._directory.deleted:
                names[item.account] = total + 1
                baseline += item.baseline
        count(connection, changes)
        return Group(last - len(values) + 1, last, sum(names.values()), baseline, names)

    def _set_cursors(self, connection: Connection, cursors: Sequence[Place]) -> None:
        latest: dict[tuple[int, int, str], str] = {}
        for worker_id, account_id, at in cursors:
            known = self._directory.by_id(account_id)
            if known is not None:
                latest[known.key, at.epoch, worker_id] = at.cursor
        rows = [(*key, cursor) for key, cursor in latest.items()]
        connection.exec_driver_sql(CURSORS, (msgspec.json.encode(rows).decode(),))


Key = tuple[int, int, bytes]  #: account, kind, hash of the external id
Keyed = dict[Key, Found]


def _keyed(directory: Directory, found: Sequence[Found]) -> Keyed:
    """By what makes an item the same one; of two in one group the first stays."""
    keyed: Keyed = {}
    for each in found:
        item = each[1]
        known = directory.by_id(item.account)
        if known is None:
            raise ValueError(f"the account {item.account} is gone")
        digest = blake2b(item.external_id.encode(), digest_size=16).digest()
        keyed.setdefault((known.key, KIND_CODES[item.kind], digest), each)
    return keyed


def _unseen(connection: Connection, keyed: Keyed) -> Keyed:
    """Those never seen before; from now on they are. Almost always that is all of them, so try that first."""
    raw = driver(connection)
    raw.execute("SAVEPOINT seen")
    try:
        _insert_rows(connection, "seen", SEEN, list(keyed))
    except sqlite3.IntegrityError:
        raw.execute("ROLLBACK TO seen")
        known = _already(connection, list(keyed))
        keyed = {key: of for key, of in keyed.items() if key not in known}
        _insert_rows(connection, "seen", SEEN, list(keyed))
    raw.execute("RELEASE seen")
    return keyed


SEEN = ("account", "kind", "hash")


def _already(connection: Connection, keys: Sequence[Key]) -> set[Key]:
    known: set[Key] = set()
    for start, size in _chunks(len(keys)):
        given = [value for key in keys[start : start + size] for value in key]
        known.update(driver(connection).execute(_lookup(size), given))
    return known


def _insert_rows(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Many rows a statement, straight to sqlite3: `executemany` hands the GIL over for each row."""
    raw = driver(connection)
    for start, size in _chunks(len(rows)):
        values = [value for row in rows[start : start + size] for value in row]
        raw.execute(_insertion(table, tuple(columns), size), values)


def _chunks(count: int) -> list[tuple[int, int]]:
    chunks, start = [], 0
    for size in SIZES:
        while count - start >= size:
            chunks.append((start, size))
            start += size
    return chunks


@cache
def _insertion(table: str, columns: tuple[str, ...], size: int) -> str:
    constants = ", handled, starred" if table == "detections" else ""
    one = "(" + ", ".join("?" * len(columns)) + (", 0, 0" if constants else "") + ")"
    return f"INSERT INTO {table} ({', '.join(columns)}{constants}) VALUES {', '.join([one] * size)}"


@cache
def _lookup(size: int) -> str:
    given = ", ".join(["(?, ?, ?)"] * size)
    return (
        f"WITH given (account, kind, hash) AS (VALUES {given}) SELECT account, kind, hash FROM given CROSS JOIN seen "
        "USING (account, kind, hash)"
    )


def _row(now: int, worker_id: str, item: Item) -> Row:
    """The columns after account and kind. The master's clock bounds what a worker's clock says."""
    author, published = item.author, item.published_at
    return (
        1 if item.baseline else 0,
        min(item.found_at, now),
        published if published is None or published <= LATEST else None,
        worker_id,
        item.external_id,
        item.thread_id,
        author.id,
        author.name,
        author.handle,
        author.avatar,
        item.text,
        item.url,
        item.subject,
    )
