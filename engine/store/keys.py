"""Wrapped data keys, where their key is kept, and the credentials that they sealed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from engine.records import DataKey, KeyBox, SealedRow, from_ms, to_ms
from engine.store.readers import Readers
from engine.store.schema import accounts, credentials, data_keys, settings
from engine.store.writer import Writer

SETTING = "vault"
RESTORED = "restored"  #: tells the next start of a restore

#: the data key's id in the head of a sealed blob
KEY_ID = func.substr(credentials.c.blob, 2, 4)
RESEAL = (
    update(credentials)
    .where(credentials.c.account == bindparam("row"), credentials.c.version == bindparam("was"))
    .values(blob=bindparam("sealed"))
)


class KeyStore:
    """Part of the store; knows nothing of what a key is."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def load(self) -> KeyBox:
        """What is stored about keys; an empty box before the first start with it."""
        return await self._readers.run(read_box)

    async def save(self, box: KeyBox) -> None:
        """Replace all of it in one transaction."""
        await self._writer.run(lambda connection: write_box(connection, box))

    async def any_sealed(self) -> bool:
        """Whether any credentials are stored, those of deleted accounts included."""
        query = select(credentials.c.account).limit(1)
        return await self._readers.run(lambda connection: connection.execute(query).scalar() is not None)

    async def take_restored(self) -> tuple[datetime, datetime] | None:
        """When this installation was brought back from a backup, and when that was made; only once after it."""

        def work(connection: Connection) -> str | None:
            value: str | None = connection.execute(select(settings.c.value).where(settings.c.key == RESTORED)).scalar()
            connection.execute(delete(settings).where(settings.c.key == RESTORED))
            return value

        value = await self._writer.run(work)
        facts = {} if value is None else msgspec.json.decode(value, type=dict[str, int])
        return (from_ms(facts["at"]), from_ms(facts["made_at"])) if facts else None

    async def stale(self, current: int, after: int, limit: int) -> list[SealedRow]:
        """Credentials sealed with another data key than this one, by account number, beyond `after`."""
        query = select(credentials.c.account, accounts.c.id, credentials.c.blob, credentials.c.version).join(accounts)
        query = query.where(credentials.c.account > after, KEY_ID != current.to_bytes(4))
        query = query.order_by(credentials.c.account).limit(limit)

        def work(connection: Connection) -> list[SealedRow]:
            return [SealedRow(*row) for row in connection.execute(query)]

        return await self._readers.run(work)

    async def replace(self, rows: Sequence[SealedRow]) -> int:
        """Put other blobs in place, each only if its version is still the one it was made from; returns how many.

        The version stays: what is inside is the same, so that a worker's compare-and-set still fits.
        """

        values = [{"row": row.key, "was": row.version, "sealed": row.blob} for row in rows]

        def work(connection: Connection) -> int:
            return connection.execute(RESEAL, values).rowcount

        return await self._writer.run(work, background=True) if rows else 0

    async def retire(self, current: int) -> bool:
        """Forget all data keys but this one, if nothing is sealed with another; whether they are forgotten.

        Queued behind every write that was asked for before, so that nothing sealed with an old key can follow.
        """
        others = select(credentials.c.account).where(KEY_ID != current.to_bytes(4)).limit(1)

        def work(connection: Connection) -> bool:
            if connection.execute(others).scalar() is not None:
                return False
            connection.execute(delete(data_keys).where(data_keys.c.id != current))
            return True

        return await self._writer.run(work)


def read_box(connection: Connection) -> KeyBox:
    """The box in this database."""
    text = connection.execute(select(settings.c.value).where(settings.c.key == SETTING)).scalar()
    stored: dict[str, Any] = msgspec.json.decode(text) if text else {}
    rows = connection.execute(select(data_keys).order_by(data_keys.c.id))
    keys = tuple(DataKey(row.id, row.wrapped, from_ms(row.created_at)) for row in rows)
    return KeyBox(stored.get("source", ""), stored.get("facts", {}), keys, stored.get("current", 0))


def write_box(connection: Connection, box: KeyBox) -> None:
    """Replace the box in this database; the caller holds the transaction."""
    value = msgspec.json.encode({"source": box.source, "facts": dict(box.facts), "current": box.current}).decode()
    saving = insert(settings).values(key=SETTING, value=value)
    connection.execute(saving.on_conflict_do_update(["key"], set_={"value": value}))
    connection.execute(delete(data_keys))
    rows = [{"id": key.id, "wrapped": key.wrapped, "created_at": to_ms(key.created_at)} for key in box.keys]
    if rows:
        connection.execute(insert(data_keys), rows)
