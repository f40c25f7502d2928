"""What happened and why, kept across restarts."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection

from engine.records import JournalEntry, JournalFilter, from_ms, to_ms
from engine.store.driver import driver
from engine.store.readers import Readers
from engine.store.writer import Writer

CHUNK = 1000  #: lines pruned in one transaction
# a line that was committed although its writer heard of a failure comes again, and is the same line
INSERT = "INSERT OR IGNORE INTO journal (id, at, subjects, what, why, request_id, details) VALUES (?, ?, ?, ?, ?, ?, ?)"
INDEX = "INSERT OR IGNORE INTO journal_subjects (subject, line) VALUES (?, ?)"
COLUMNS = "journal.id, at, subjects, what, why, request_id, details"
TEXT = "what || ' ' || why || ' ' || request_id || ' ' || details"
OLDEST = """SELECT id, subjects FROM journal WHERE at < :before OR id <= (
    SELECT id FROM journal ORDER BY id DESC LIMIT 1 OFFSET :keep) ORDER BY id LIMIT :chunk"""


class JournalStore:
    """An append-only list of lines, each found by any of its subjects."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def append(self, entries: Sequence[JournalEntry]) -> None:
        """Add lines under the ids that they have; one whose id is there already is passed over. Raises StoreError."""
        rows = [_row(entry) for entry in entries]
        index = [(subject, entry.id) for entry in entries for subject in entry.subjects]

        def work(connection: Connection) -> None:
            raw = driver(connection)
            raw.executemany(INSERT, rows)
            raw.executemany(INDEX, index)

        if rows:
            await self._writer.run(work, background=True)

    async def newest_id(self) -> int:
        """The highest id ever given, 0 before the first."""
        query = "SELECT seq FROM sqlite_sequence WHERE name = 'journal'"
        row = await self._readers.run(lambda connection: driver(connection).execute(query).fetchone(), single=True)
        return int(row[0]) if row else 0

    async def page(self, where: JournalFilter, *, before: int | None, limit: int) -> list[JournalEntry]:
        """Lines that fit, newest first, below the id `before` if given."""
        query, values = _query(where, before, limit)
        return await self._readers.run(
            lambda connection: [_entry(row) for row in driver(connection).execute(query, values)], single=True
        )

    async def prune(self, before: datetime, keep: int) -> int:
        """Remove lines from before then, and all but the newest `keep`, a little in each transaction; returns how many.

        Raises:
            StoreError: what was removed until then stays so.
        """
        pruned = 0
        work = partial(_prune_some, before=to_ms(before), keep=keep)
        while removed := await self._writer.run(work, background=True):
            pruned += removed
        return pruned


def _query(where: JournalFilter, before: int | None, limit: int) -> tuple[str, list[Any]]:
    """By subject the index of subjects leads, else the ids do."""
    source, key, conditions = "journal", "journal.id", ["true"]
    values: list[Any] = []
    if where.subject is not None:
        source, key = "journal_subjects CROSS JOIN journal ON journal.id = line", "line"
        conditions, values = ["subject = ?"], [where.subject]
    for condition, value in (
        (f"{key} < ?", before),
        ("at >= ?", None if where.since is None else to_ms(where.since)),
        ("at < ?", None if where.until is None else to_ms(where.until)),
        (f"{TEXT} LIKE ? ESCAPE '\\'", _pattern(where.q)),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    query = f"SELECT {COLUMNS} FROM {source} WHERE {' AND '.join(conditions)} ORDER BY {key} DESC LIMIT ?"
    return query, [*values, limit]


def _pattern(q: str | None) -> str | None:
    if q is None:
        return None
    for special in "\\%_":
        q = q.replace(special, "\\" + special)
    return f"%{q}%"


def _row(entry: JournalEntry) -> tuple[Any, ...]:
    subjects, details = (msgspec.json.encode(part).decode() for part in (entry.subjects, dict(entry.details)))
    return entry.id, to_ms(entry.at), subjects, entry.what, entry.why, entry.request_id, details


def _entry(row: Sequence[Any]) -> JournalEntry:
    subjects = msgspec.json.decode(row[2], type=tuple[str, ...])
    details = msgspec.json.decode(row[6], type=dict[str, str])
    return JournalEntry(from_ms(row[1]), subjects, row[3], row[4], row[5], details, row[0])


def _prune_some(connection: Connection, before: int, keep: int) -> int:
    raw = driver(connection)
    given = {"before": before, "keep": keep, "chunk": CHUNK}
    old = raw.execute(OLDEST, given).fetchall()
    index = [(subject, line) for line, subjects in old for subject in msgspec.json.decode(subjects)]
    raw.executemany("DELETE FROM journal_subjects WHERE subject = ? AND line = ?", index)
    raw.executemany("DELETE FROM journal WHERE id = ?", [(line,) for line, _ in old])
    return len(old)
