"""What could not be stored: kept whole, each once, within bounds."""

import json
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection

from engine.records import DeadLetter, Letter, from_ms
from engine.store.driver import driver
from engine.store.readers import Readers
from engine.store.writer import Writer

MAX_LETTERS = 10_000
MAX_BYTES = 64 * 1024 * 1024  #: of the items
DROPPED = "dead_letters.dropped"  #: the setting that counts letters that had to go for newer ones

BURY = """INSERT OR IGNORE INTO dead_letters (at, worker_id, code, why, item, bytes, fingerprint)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
SIZE = "SELECT count(*), coalesce(sum(bytes), 0) FROM dead_letters INDEXED BY dead_letters_bytes"
COUNT_DROPPED = """INSERT INTO settings (key, value) VALUES (:key, :n)
    ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + :n"""
COUNTS = f"SELECT (SELECT count(*) FROM dead_letters), (SELECT value FROM settings WHERE key = '{DROPPED}')"
COLUMNS = "id, at, worker_id, code, why, item"


class DeadLetterStore:
    """At most MAX_LETTERS and MAX_BYTES: beyond that the oldest go, and are counted."""

    def __init__(self, writer: Writer, readers: Readers, wall_ms: Callable[[], int]) -> None:
        self._writer = writer
        self._readers = readers
        self._wall_ms = wall_ms

    async def bury(self, letters: Sequence[Letter]) -> int:
        """Keep what cannot be stored; the same again is one letter. Returns how many older ones had to go."""
        now = self._wall_ms()
        rows = [_row(letter, now) for letter in letters]
        return await self._writer.run(lambda connection: _bury(connection, rows))

    async def page(self, before: int | None, limit: int) -> list[DeadLetter]:
        """Newest first, below the id `before` if given."""
        query = f"SELECT {COLUMNS} FROM dead_letters WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?"
        return await self._records(query, before, before, limit)

    async def get(self, letter_id: int) -> DeadLetter | None:
        """One, or None."""
        found = await self._records(f"SELECT {COLUMNS} FROM dead_letters WHERE id = ?", letter_id)
        return found[0] if found else None

    async def remove(self, letter_id: int) -> bool:
        """Take one out; false if it is not there."""
        query = "DELETE FROM dead_letters WHERE id = ?"
        return await self._writer.run(lambda connection: driver(connection).execute(query, (letter_id,)).rowcount == 1)

    async def counts(self) -> tuple[int, int]:
        """How many there are, and how many ever had to go for newer ones."""
        kept, dropped = await self._readers.run(
            lambda connection: driver(connection).execute(COUNTS).fetchone(), single=True
        )
        return int(kept), int(dropped or 0)

    async def _records(self, query: str, *values: Any) -> list[DeadLetter]:
        return await self._readers.run(
            lambda connection: [_record(row) for row in driver(connection).execute(query, values)], single=True
        )


def _bury(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
    raw = driver(connection)
    raw.executemany(BURY, rows)
    count, size = raw.execute(SIZE).fetchone()
    oldest = raw.execute("SELECT id, bytes FROM dead_letters ORDER BY id")
    gone: list[int] = []
    while count > MAX_LETTERS or size > MAX_BYTES:
        letter_id, its = oldest.fetchone()
        gone.append(letter_id)
        count, size = count - 1, size - its
    oldest.close()
    if gone:
        raw.execute("DELETE FROM dead_letters WHERE id <= ?", (gone[-1],))
        raw.execute(COUNT_DROPPED, {"n": len(gone), "key": DROPPED})
    return len(gone)


def _row(letter: Letter, now: int) -> tuple[Any, ...]:
    # the standard library's encoder, as msgspec refuses the lone surrogates that may be what is wrong with the item
    encoded = json.dumps(letter.item)
    digest = blake2b(f"{letter.worker_id} {encoded}".encode(), digest_size=16).digest()
    return now, letter.worker_id, letter.code, letter.why, encoded, len(encoded), digest


def _record(row: Sequence[Any]) -> DeadLetter:
    return DeadLetter(row[0], from_ms(row[1]), Letter(row[2], row[3], row[4], json.loads(row[5])))
