"""API tokens as they are stored: never the token, only its SHA-256."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from engine.records import ApiToken, from_ms, to_ms
from engine.store.readers import Readers
from engine.store.schema import api_tokens
from engine.store.writer import Writer

MOMENTS = ("created_at", "expires_at", "last_used_at", "revoked_at")


class TokenStore:
    """Every API token there ever was; revoked ones stay, so that the journal's ids keep their names."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def load_all(self) -> list[tuple[ApiToken, bytes]]:
        """All with their digests, oldest first."""
        query = select(api_tokens).order_by(api_tokens.c.created_at, api_tokens.c.id)
        return await self._readers.run(lambda connection: [_token(row) for row in connection.execute(query)])

    async def add(self, token: ApiToken, digest: bytes) -> None:
        """Insert a new one."""
        values = asdict(token) | {name: _ms(getattr(token, name)) for name in MOMENTS} | {"hash": digest}

        def work(connection: Connection) -> None:
            connection.execute(insert(api_tokens).values(values))

        await self._writer.run(work)

    async def revoke(self, token_id: str, at: datetime) -> None:
        """It counts no longer."""
        await self._set(token_id, revoked_at=to_ms(at))

    async def touch(self, token_id: str, at: datetime) -> None:
        """It was used just now."""
        await self._set(token_id, last_used_at=to_ms(at))

    async def _set(self, token_id: str, **values: int) -> None:
        def work(connection: Connection) -> None:
            connection.execute(update(api_tokens).where(api_tokens.c.id == token_id).values(**values))

        await self._writer.run(work)


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else to_ms(moment)


def _token(row: Row[*tuple[Any, ...]]) -> tuple[ApiToken, bytes]:
    values = {field.name: getattr(row, field.name) for field in fields(ApiToken)}
    moments = {name: None if values[name] is None else from_ms(values[name]) for name in MOMENTS}
    return ApiToken(**(values | moments)), row.hash
