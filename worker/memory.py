"""What a worker must not forget when its process dies: worker.db, on a thread of its own.

One SQLite transaction per check writes the ids seen, the cursor and the outbox rows, so seen-but-not-reported and
reported-but-not-seen cannot exist (ownership.md).
"""

import asyncio
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack

import msgspec
import structlog

from worker.process.clock import wall_ms
from worker.protocol.messages import MAX_BATCH_BYTES, MAX_ITEMS, CursorAt, Item, Rejected, Task

log = structlog.get_logger("memory")

MAX_ROWS = 100_000  #: outbox rows
MAX_BYTES = 500 * 1024 * 1024  #: of the outbox's bodies
MAX_CURSORS = 1000  #: accounts in one batch
SEEN_KEPT = 5000  #: ids remembered of one account; the master remembers all of them
FULL = "the outbox is full"
RESUME_AT = 0.9  #: share of the limits below which a full outbox counts as having room again
FRAME_SLACK = 1024  #: bytes of a batch's envelope
SCHEMA = """
CREATE TABLE IF NOT EXISTS monitor_tasks (
    account TEXT PRIMARY KEY, epoch INTEGER NOT NULL, body TEXT NOT NULL, cursor TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS crawl_cache (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, hash BLOB NOT NULL, UNIQUE (account, hash)
);
CREATE INDEX IF NOT EXISTS crawl_cache_age ON crawl_cache (account, id);
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, epoch INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('item', 'cursor')), body TEXT NOT NULL, bytes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS unreadable (seq INTEGER PRIMARY KEY, account TEXT NOT NULL, body TEXT NOT NULL);
"""
SET_CURSOR = (
    "INSERT INTO monitor_tasks (account, epoch, body, cursor) VALUES (?, ?, '', ?)"
    " ON CONFLICT (account) DO UPDATE SET cursor = excluded.cursor WHERE epoch = excluded.epoch"
)
DELETE = "DELETE FROM outbox WHERE seq IN (SELECT value FROM json_each(?)) RETURNING bytes"
PUT_ASIDE = "INSERT INTO unreadable SELECT seq, account, body FROM outbox WHERE seq IN (SELECT value FROM json_each(?))"
FORGET_SEEN = "DELETE FROM crawl_cache WHERE account NOT IN (SELECT account FROM monitor_tasks)"
FORGET_OLD_SEEN = (
    "DELETE FROM crawl_cache WHERE account = :account"
    " AND NOT EXISTS (SELECT 1 FROM monitor_tasks WHERE account = :account AND epoch = :epoch)"
)
INSERT = "INSERT INTO outbox (account, epoch, kind, body, bytes) VALUES (?, ?, ?, ?, ?)"

Ts = TypeVarTuple("Ts")
T = TypeVar("T")


class MemoryTrouble(Exception):
    """Nothing more can be written down (outbox full, disk full, disk broken): stop checking, drop nothing."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The oldest outbox rows. `cursor_rows` are the rows behind `cursors`, newest per account."""

    items: list[Item]
    cursors: dict[str, CursorAt]
    cursor_rows: list[int]

    def __bool__(self) -> bool:
        return bool(self.items or self.cursor_rows)


class Store:
    """worker.db itself. Synchronous; used by one thread at a time.

    Attributes:
        rows, size: rows in the outbox and bytes of their bodies.
        trouble: why nothing more can be written; empty while all is well.
    """

    def __init__(self, file: Path, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> None:
        self._file = file
        self._max_rows, self._max_bytes = max_rows, max_bytes
        self._db: sqlite3.Connection | None = None
        self.rows = self.size = 0
        self.trouble = ""

    def open(self) -> None:
        """Open or make the file (0600); one that is damaged is moved aside and the loss is logged.

        Raises:
            OSError, sqlite3.Error: if not even a fresh file can be made.
        """
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._db = _connect(self._file)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked, no space, not allowed: the file may be sound
                raise
            aside = _move_aside(self._file)
            log.error("memory.corrupt", reason=str(error), moved_to=aside.name)
            self._db = _connect(self._file)
        self._open_db().execute(FORGET_SEEN)  # of accounts that went elsewhere; the master remembers them for ever
        self._recount()

    def close(self) -> None:
        """Close; a second call does nothing."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def remember_tasks(self, tasks: Iterable[Task]) -> None:
        """Write down assigned tasks; under an unchanged epoch the cursor found here stays, else the master's counts.

        With another epoch what was seen here is forgotten: a master that was restored from a backup lacks what it had
        acknowledged, and its cursor asks for that again. What it does not lack it knows by itself.
        """
        rows = [(t.account, t.epoch, msgspec.json.encode(t).decode(), t.cursor) for t in tasks]
        with self._writing() as db:
            db.executemany(FORGET_OLD_SEEN, [{"account": account, "epoch": epoch} for account, epoch, _, _ in rows])
            db.executemany(
                "INSERT INTO monitor_tasks VALUES (?, ?, ?, ?) ON CONFLICT (account) DO UPDATE SET"
                " cursor = CASE WHEN epoch = excluded.epoch THEN ifnull(cursor, excluded.cursor)"
                " ELSE excluded.cursor END, epoch = excluded.epoch, body = excluded.body",
                rows,
            )

    def forget_tasks(self, accounts: Iterable[str]) -> None:
        """Strike out tasks; their outbox rows and seen ids stay."""
        with self._writing() as db:
            db.executemany("DELETE FROM monitor_tasks WHERE account = ?", [(account,) for account in accounts])

    def cursor_of(self, task: Task) -> str | None:
        """Where the next check of a task starts: what was found under its epoch here, else what the master knows."""
        found = self._open_db().execute(
            "SELECT cursor FROM monitor_tasks WHERE account = ? AND epoch = ?", (task.account, task.epoch)
        )
        row = found.fetchone()
        return task.cursor if row is None or row[0] is None else str(row[0])

    def record(self, task: Task, items: Sequence[Item], seen_only: Sequence[Item], cursor: str | None) -> int:
        """Take what one check found, all or nothing: items first, then the cursor.

        Args:
            items: oldest first; those seen before are left out. Their `seq` is ignored.
            seen_only: remembered as seen but not reported.
            cursor: None keeps the old one.

        Returns:
            how many items were new.

        Raises:
            MemoryTrouble: nothing was written.
        """
        if not items and not seen_only and cursor in (None, self.cursor_of(task)):
            return 0
        if self.trouble.startswith(FULL):
            raise MemoryTrouble(self.trouble)
        with self._writing() as db:
            for item in seen_only:
                _see(db, item)
            bodies = [msgspec.json.encode(item).decode() for item in items if _see(db, item)]
            rows = [(task.account, task.epoch, "item", body, len(body.encode())) for body in bodies]
            if cursor not in (None, self.cursor_of(task)):
                rows.append((task.account, task.epoch, "cursor", cursor, len(cursor.encode())))
                db.execute(SET_CURSOR, (task.account, task.epoch, cursor))
            db.executemany(INSERT, rows)
            _prune(db, task.account, len(bodies) + len(seen_only))
        self._count(self.rows + len(rows), self.size + sum(row[4] for row in rows))
        return len(bodies)

    def next_batch(self) -> Batch:
        """The oldest rows, at most 100 items and 128 KiB as sent; a row that is larger goes alone.

        Changes nothing, but that a row which no longer fits the protocol (another version wrote it) is put aside, since
        it would keep all others from being sent for ever.
        """
        batch, room, unreadable = Batch([], {}, []), MAX_BATCH_BYTES - FRAME_SLACK, []
        rows = self._open_db().execute("SELECT seq, account, epoch, kind, body FROM outbox ORDER BY seq")
        for seq, account, epoch, kind, body in rows:
            size = _sent_size(kind, account, body)
            if batch and size > room:
                break
            room -= size
            if kind == "item":
                if len(batch.items) == MAX_ITEMS:
                    break
                try:
                    item = msgspec.json.decode(body, type=Item)
                except msgspec.MsgspecError as error:
                    unreadable.append(seq)
                    log.error("memory.unreadable", account=account, seq=seq, reason=str(error))
                    continue
                batch.items.append(msgspec.structs.replace(item, seq=seq))
            else:
                if len(batch.cursors) == MAX_CURSORS:
                    break
                batch.cursors[account] = CursorAt(epoch=epoch, cursor=body)
                batch.cursor_rows.append(seq)
        rows.close()
        if unreadable:
            self._put_aside(unreadable)
        return batch

    def _put_aside(self, rows: list[int]) -> None:
        chosen = msgspec.json.encode(rows).decode()
        with suppress(MemoryTrouble), self._writing() as db:  # else they are passed over once more next time
            db.execute(PUT_ASIDE, (chosen,))
            sizes = db.execute(DELETE, (chosen,)).fetchall()
            self._count(self.rows - len(sizes), self.size - sum(row[0] for row in sizes))

    def drop(self, batch: Batch, done: Iterable[int], rejected: Iterable[Rejected]) -> int:
        """Take the master's answer to a batch: its rows go, and its cursors once none of its items is left.

        Returns:
            how many rows went; 0 means that the answer was about nothing in this batch.

        Raises:
            MemoryTrouble: nothing was removed; the same rows will be sent again.
        """
        ours = {item.seq: item for item in batch.items}
        refused = {each.seq: each.code for each in rejected if each.seq in ours}
        for seq, code in refused.items():
            log.warning("memory.rejected", account=ours[seq].account, seq=seq, code=code, kind=ours[seq].kind)
        gone = (set(done) | set(refused)) & set(ours)
        if len(gone) == len(ours):
            gone |= set(batch.cursor_rows)
        with self._writing() as db:
            sizes = db.execute(DELETE, (msgspec.json.encode(sorted(gone)).decode(),)).fetchall()
        self._count(self.rows - len(sizes), self.size - sum(row[0] for row in sizes))
        return len(sizes)

    def recover(self) -> None:
        """Look whether a disk that failed takes a write again, by writing."""
        if self.trouble and not self.trouble.startswith(FULL):
            with self._writing() as db:
                db.execute("CREATE TABLE probe (x)")
                db.execute("DROP TABLE probe")
            self._recount()

    def _open_db(self) -> sqlite3.Connection:
        if self._db is None:
            raise RuntimeError("worker.db is not open")
        return self._db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        db = self._open_db()
        try:
            with db:
                db.execute("BEGIN IMMEDIATE")
                yield db
        except sqlite3.Error as error:
            self.trouble = f"worker.db cannot be written: {error}"
            raise MemoryTrouble(self.trouble) from error

    def _count(self, rows: int, size: int) -> None:
        """Take the outbox's new figures after a write that succeeded."""
        was_full = self.trouble.startswith(FULL)
        self.rows, self.size, self.trouble = rows, size, ""
        share = RESUME_AT if was_full else 1.0  # else it would stop and start with every batch
        if rows >= self._max_rows * share or size >= self._max_bytes * share:
            self.trouble = f"{FULL} ({rows} rows, {size} bytes)"

    def _recount(self) -> None:
        found = self._open_db().execute("SELECT count(*), ifnull(sum(bytes), 0) FROM outbox").fetchone()
        self._count(int(found[0]), int(found[1]))


class Memory:
    """`Store` for the event loop: every call runs on one dedicated thread, in order.

    Methods are those of Store and raise what it raises.
    """

    def __init__(self, file: Path, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> None:
        self._store = Store(file, max_rows=max_rows, max_bytes=max_bytes)
        self._thread: ThreadPoolExecutor | None = None

    @property
    def rows(self) -> int:
        """Rows in the outbox as of the last finished call."""
        return self._store.rows

    @property
    def trouble(self) -> str:
        """Why nothing more can be written; empty while all is well."""
        return self._store.trouble

    async def start(self) -> None:
        """Start the thread and open the file; a second call does nothing."""
        if self._thread is not None:
            return
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="memory")
        try:
            await self._run(self._store.open)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what is queued, close the file and end the thread; a second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._store.close)
            thread.shutdown()

    async def remember_tasks(self, tasks: Sequence[Task]) -> None:
        await self._run(self._store.remember_tasks, tasks)

    async def forget_tasks(self, accounts: Sequence[str]) -> None:
        await self._run(self._store.forget_tasks, accounts)

    async def cursor_of(self, task: Task) -> str | None:
        return await self._run(self._store.cursor_of, task)

    async def record(self, task: Task, items: Sequence[Item], seen_only: Sequence[Item], cursor: str | None) -> int:
        return await self._run(self._store.record, task, items, seen_only, cursor)

    async def next_batch(self) -> Batch:
        return await self._run(self._store.next_batch)

    async def drop(self, batch: Batch, done: Sequence[int], rejected: Sequence[Rejected]) -> int:
        return await self._run(self._store.drop, batch, done, rejected)

    async def recover(self) -> None:
        await self._run(self._store.recover)

    def _run(self, function: Callable[[Unpack[Ts]], T], *args: *Ts) -> "asyncio.Future[T]":
        if self._thread is None:
            raise RuntimeError("the memory is not open")
        return asyncio.get_running_loop().run_in_executor(self._thread, function, *args)


def _connect(file: Path) -> sqlite3.Connection:
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    # one thread at a time, but not always the one that opened it; transactions are begun by hand
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        db.executescript(SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def _move_aside(file: Path) -> Path:
    aside = file.with_name(f"{file.name}.corrupt-{wall_ms()}")
    for suffix in ("", "-wal", "-shm"):
        part = file.with_name(file.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _sent_size(kind: str, account: str, body: str) -> int:
    """Bytes of a row inside worker:detections; a cursor is text in JSON there, so its quotes count twice."""
    if kind == "item":
        return len(body.encode()) + 20
    return len(msgspec.json.encode(body)) + len(account) + 60


def _see(db: sqlite3.Connection, item: Item) -> bool:
    """Remember an item as seen; true if it was not."""
    digest = hashlib.blake2b(f"{item.kind}\0{item.external_id}".encode(), digest_size=16).digest()
    done = db.execute("INSERT OR IGNORE INTO crawl_cache (account, hash) VALUES (?, ?)", (item.account, digest))
    return done.rowcount == 1


def _prune(db: sqlite3.Connection, account: str, added: int) -> None:
    if added:
        oldest_kept = "SELECT id FROM crawl_cache WHERE account = :a ORDER BY id DESC LIMIT 1 OFFSET :kept"
        db.execute(
            f"DELETE FROM crawl_cache WHERE account = :a AND id <= ({oldest_kept})", {"a": account, "kept": SEEN_KEPT}
        )
