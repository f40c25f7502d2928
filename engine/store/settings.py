"""What a user set in the window and is to hold after a restart: short texts by name."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from engine.store.readers import Readers
from engine.store.schema import settings
from engine.store.writer import Writer


class SettingStore:
    """The settings; `search.mark` among them is the index's own."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def get(self, key: str) -> str | None:
        """A setting; None if nobody ever set it."""
        query = select(settings.c.value).where(settings.c.key == key)
        return await self._readers.run(lambda connection: connection.execute(query).scalar())

    async def put(self, key: str, value: str) -> None:
        """Set it."""
        values = {"key": key, "value": value}

        def work(connection: Connection) -> None:
            connection.execute(insert(settings).values(values).on_conflict_do_update(["key"], set_=values))

        await self._writer.run(work)
