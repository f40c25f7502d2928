"""Detections as they are stored: the feed's pages, threads, counts and flags."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from engine.records import Counts, Detection, DetectionFilter, Marks, to_ms
from engine.store.counting import count
from engine.store.directory import Directory
from engine.store.driver import driver
from engine.store.feed_query import Bounds, FeedQuery, Row, fetch_rows
from engine.store.purge import expire_some
from engine.store.rate import Rate
from engine.store.readers import Readers
from engine.store.schema import KINDS
from engine.store.writer import Writer

ROW = (
    "id, account, kind, external_id, detected_at, published_at, worker_id, thread_id, author_id, author_name, "
    "author_handle, author_avatar, text, url, subject, read, handled, starred"
)
# A whole page in one step of SQLite, made into records by msgspec: sqlite3 hands the interpreter over for each row, and
# beside a writer each of 200 hand-overs may wait. The order is that of Detection's fields.
PAGE = f"""SELECT json_group_array(json_array(
        found.id, accounts.id, accounts.platform, found.worker_id,
        CASE found.kind {" ".join(f"WHEN {code} THEN '{kind}'" for code, kind in enumerate(KINDS))} END,
        external_id, detected_at / 1000.0, published_at / 1000.0, thread_id,
        json_object('id', author_id, 'name', author_name, 'handle', author_handle, 'avatar', author_avatar),
        text, url, subject, read, handled, starred))
    FROM ({{query}}) AS found CROSS JOIN accounts ON accounts."key" = found.account
    WHERE accounts.deleted_at IS NULL"""
FLAGS = "id, account, read, handled, starred"
ANY = DetectionFilter()
CHUNK = 1000  #: rows marked in one transaction
_PAGE = msgspec.json.Decoder(list[Detection], strict=False)  # not strict: 0 and 1 for flags, numbers for moments

MARK = """UPDATE detections SET read = coalesce(:read, read), handled = coalesce(:handled, handled),
    starred = coalesce(:starred, starred) WHERE id IN (SELECT value FROM json_each(:ids))"""


class DetectionStore:
    """The feed's reader and marker. Detections of deleted accounts are invisible."""

    def __init__(
        self, writer: Writer, readers: Readers, directory: Directory, rate: Rate, wall_ms: Callable[[], int]
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._directory = directory
        self._rate = rate
        self._wall_ms = wall_ms

    async def page(
        self, where: DetectionFilter, *, after: int | None, before: int | None, limit: int
    ) -> list[Detection]:
        """Newest first below `before`; with `after`, oldest first above it."""
        bounds = Bounds(after, before, limit)
        return await self._readers.run(
            lambda connection: FeedQuery(driver(connection), self._directory, where).rows(ROW, bounds, _fetch),
            single=where == ANY,
        )

    async def get(self, detection_id: int) -> Detection | None:
        """One detection, or None."""
        query = f"SELECT {ROW} FROM detections WHERE id = ?"
        found = await self._readers.run(lambda connection: _fetch(driver(connection), query, (detection_id,)))
        return found[0] if found else None

    async def thread(self, detection: Detection, limit: int) -> list[Detection]:
        """The newest `limit` of its thread in its account, oldest first; itself alone if it has no thread."""
        if not detection.thread_id:
            return [detection]
        where = DetectionFilter(account_id=detection.account_id, thread_id=detection.thread_id)
        return (await self.page(where, after=None, before=None, limit=limit))[::-1]

    async def counts(self) -> Counts:
        """Over all accounts that are not deleted."""
        query = "SELECT total, unread FROM counters WHERE account = 0"
        total, unread = await self._readers.run(
            lambda connection: driver(connection).execute(query).fetchone(), single=True
        )
        return Counts(total, unread, self._rate.per_minute(self._wall_ms()))

    async def newest_id(self) -> int:
        """The highest id ever given, 0 before the first."""
        query = text("SELECT seq FROM sqlite_sequence WHERE name = 'detections'")
        return int(await self._readers.run(lambda connection: connection.execute(query).scalar() or 0))

    async def mark_ids(self, ids: Sequence[int], marks: Marks) -> tuple[int, ...]:
        """Set flags on these; returns the ids that really changed, ascending."""
        chosen = f"SELECT {FLAGS} FROM detections WHERE id IN (SELECT value FROM json_each(?))"
        encoded = msgspec.json.encode(list(ids)).decode()

        def work(connection: Connection) -> tuple[int, ...]:
            rows = driver(connection).execute(chosen, (encoded,)).fetchall()
            visible = [row for row in rows if row[1] not in self._directory.deleted]
            return _mark(connection, visible, marks)

        return await self._writer.run(work)

    async def mark_where(self, where: DetectionFilter, marks: Marks) -> int:
        """Set flags on all that match now, in small transactions, oldest first; returns how many changed."""
        before, changed, after = await self.newest_id() + 1, 0, 0
        while True:
            some = partial(self._mark_some, where=where, marks=marks, bounds=Bounds(after, before, CHUNK))
            ids, number = await self._writer.run(some, background=True)
            changed += number
            if len(ids) < CHUNK:
                return changed
            after = ids[-1]

    async def expire(self, before: datetime) -> int:
        """Remove those found before then that have no star, in small transactions; returns how many."""
        expired = 0
        some = partial(expire_some, before=to_ms(before))
        while removed := await self._writer.run(some, background=True):
            expired += removed
        return expired

    def _mark_some(
        self, connection: Connection, where: DetectionFilter, marks: Marks, bounds: Bounds
    ) -> tuple[list[int], int]:
        rows = FeedQuery(driver(connection), self._directory, where).rows(FLAGS, bounds, fetch_rows)
        return [row[0] for row in rows], len(_mark(connection, rows, marks))


def _fetch(connection: sqlite3.Connection, query: str, values: Sequence[Any]) -> list[Detection]:
    """The rows of a `SELECT ROW …` as records, in its order; those of accounts in the bin are left out."""
    return _PAGE.decode(connection.execute(PAGE.format(query=query), values).fetchone()[0])


def _mark(connection: Connection, rows: Sequence[Row], marks: Marks) -> tuple[int, ...]:
    """Set the flags of these rows (id, account, read, handled, starred) and keep the counters right."""
    wanted = (marks.read, marks.handled, marks.starred)
    changed = [
        row for row in rows if any(to is not None and to != flag for to, flag in zip(wanted, row[2:5], strict=True))
    ]
    ids = tuple(sorted(row[0] for row in changed))
    if not ids:
        return ids
    flags = dict(zip(("read", "handled", "starred"), (None if to is None else int(to) for to in wanted), strict=True))
    driver(connection).execute(MARK, flags | {"ids": msgspec.json.encode(ids).decode()})
    changes: dict[int, tuple[int, int]] = {}
    for row in changed if marks.read is not None else ():
        _, unread = changes.get(row[1], (0, 0))
        changes[row[1]] = (0, unread + row[2] - bool(marks.read))
    count(connection, changes)
    return ids
