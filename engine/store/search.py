"""The search index: filled after the fact in small batches, asked together with the rows it does not know yet."""

import msgspec
from sqlalchemy import Connection, column, func, select, table, text, update

from engine.store.readers import Readers
from engine.store.schema import detections, settings
from engine.store.terms import terms_of
from engine.store.writer import Writer

MARK = "search.mark"  #: the setting that holds the newest indexed id
search = table("search", column("rowid"), column("terms"))
SEARCHED = (
    detections.c.text,
    detections.c.subject,
    detections.c.author_name,
    detections.c.author_handle,
)
ADD = text("""INSERT INTO search (rowid, terms)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:rows)""")
REMOVE = text("""INSERT INTO search (search, rowid, terms)
    SELECT 'delete', json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:rows)""")


class SearchStore:
    """Fills the index."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def index_some(self, limit: int) -> int:
        """Index the oldest rows that are not indexed yet, at most `limit`; returns how many. One caller at a time."""
        rows = await self._readers.run(lambda connection: _unindexed(connection, limit))
        if not rows:
            return 0
        encoded = msgspec.json.encode(rows).decode()

        def work(connection: Connection) -> None:
            connection.execute(ADD, {"rows": encoded})
            connection.execute(update(settings).where(settings.c.key == MARK).values(value=str(rows[-1][0])))

        await self._writer.run(work, background=True)
        return len(rows)

    async def behind(self) -> int:
        """How many ids the index is behind the newest row."""
        return await self._readers.run(
            lambda connection: (connection.execute(select(func.max(detections.c.id))).scalar() or 0) - mark(connection)
        )


def mark(connection: Connection) -> int:
    """The newest id that is in the index."""
    return int(connection.execute(select(settings.c.value).where(settings.c.key == MARK)).scalar() or 0)


def unindex(connection: Connection, ids: list[int]) -> None:
    """Take rows that are about to be deleted out of the index, as far as they are in it."""
    chosen = select(detections.c.id, *SEARCHED)
    chosen = chosen.where(detections.c.id.in_(ids), detections.c.id <= mark(connection))
    # the index keeps no texts: it must be told again what it was given
    rows = [(row[0], terms_of(*row[1:])) for row in connection.execute(chosen)]
    if rows:
        connection.execute(REMOVE, {"rows": msgspec.json.encode(rows).decode()})


def _unindexed(connection: Connection, limit: int) -> list[tuple[int, str]]:
    query = select(detections.c.id, *SEARCHED).where(detections.c.id > mark(connection))
    rows = connection.execute(query.order_by(detections.c.id).limit(limit))
    return [(row[0], terms_of(*row[1:])) for row in rows]
