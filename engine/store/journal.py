"""What happened and why, kept across restarts."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, insert, select

from engine.records import JournalEntry, from_ms, to_ms
from engine.store.readers import Readers
from engine.store.schema import journal
from engine.store.writer import Writer


class JournalStore:
    """An append-only list of entries."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def append(self, entries: Sequence[JournalEntry]) -> None:
        """Add entries, oldest first."""
        rows = [
            {
                "at": to_ms(entry.at),
                "subject": entry.subject,
                "what": entry.what,
                "why": entry.why,
                "request_id": entry.request_id,
                "details": msgspec.json.encode(dict(entry.details)).decode(),
            }
            for entry in entries
        ]

        def work(connection: Connection) -> None:
            connection.execute(insert(journal), rows)

        if rows:
            await self._writer.run(work)

    async def page(
        self, *, subject: str | None = None, before: int | None = None, limit: int = 200
    ) -> list[tuple[int, JournalEntry]]:
        """Entries with their ids, newest first, below `before` if given; of one account or worker if given."""
        query = select(journal).order_by(journal.c.id.desc()).limit(limit)
        if subject is not None:
            query = query.where(journal.c.subject == subject)
        if before is not None:
            query = query.where(journal.c.id < before)

        def work(connection: Connection) -> list[tuple[int, JournalEntry]]:
            return [
                (
                    row.id,
                    JournalEntry(
                        from_ms(row.at),
                        row.subject,
                        row.what,
                        row.why,
                        row.request_id,
                        msgspec.json.decode(row.details, type=dict[str, str]),
                    ),
                )
                for row in connection.execute(query)
            ]

        return await self._readers.run(work)
