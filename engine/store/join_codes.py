"""Join codes: given out, used up, expired. Tokens are kept as their hashes."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from engine.records import JoinRefused, Missing, OpenCode, Worker, from_ms, to_ms
from engine.store.readers import Readers
from engine.store.schema import join_codes, workers
from engine.store.workers import worker_row
from engine.store.writer import Writer

REMEMBERED_MS = 7 * 86_400_000  #: after its end a code is known for as long, so that its user hears what became of it


class JoinCodeStore:
    """Every code of the last days."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def add(self, code: OpenCode, token_hash: bytes) -> None:
        """Remember a new code; forget those that ended long ago."""
        created = to_ms(code.created_at)
        values = asdict(code) | {"hash": token_hash, "expires_at": to_ms(code.expires_at), "created_at": created}

        def work(connection: Connection) -> None:
            connection.execute(delete(join_codes).where(join_codes.c.expires_at < created - REMEMBERED_MS))
            connection.execute(insert(join_codes).values(values))

        await self._writer.run(work)

    async def all_open(self, now_ms: int) -> list[OpenCode]:
        """Those that still let somebody in, newest first."""
        still = (join_codes.c.uses_left > 0) & (join_codes.c.expires_at > now_ms)
        query = select(join_codes).where(still).order_by(join_codes.c.created_at.desc(), join_codes.c.id)
        return await self._readers.run(lambda connection: [_code(row) for row in connection.execute(query)])

    async def cancel(self, code_id: str) -> None:
        """Nobody joins by it any more. Raises Missing."""

        def work(connection: Connection) -> None:
            if not connection.execute(delete(join_codes).where(join_codes.c.id == code_id)).rowcount:
                raise Missing(code_id)

        await self._writer.run(work)

    async def name_for(self, token_hash: bytes) -> str:
        """What the worker that joins by this code shall be called; empty if nobody said, or there is no such code."""
        query = select(join_codes.c.name).where(join_codes.c.hash == token_hash)
        return await self._readers.run(lambda connection: str(connection.execute(query).scalar() or ""))

    async def enrol(self, token_hash: bytes, worker: Worker, now_ms: int) -> bool:
        """Use a code up for this worker, or once if it has several uses, and keep the worker: both or neither.

        Returns:
            false if the worker is in already: it did not hear the answer the first time, and uses nothing up.

        Raises:
            JoinRefused: and nothing is changed.
        """
        values = worker_row(worker)

        def work(connection: Connection) -> bool:
            known = connection.execute(select(workers.c.revoked).where(workers.c.id == worker.id)).first()
            if known is not None and known.revoked:
                raise JoinRefused("revoked")
            code = connection.execute(select(join_codes).where(join_codes.c.hash == token_hash)).first()
            if code is None:
                raise JoinRefused("wrong")
            if known is not None:
                return False
            fits = (join_codes.c.hash == token_hash) & (join_codes.c.uses_left > 0) & (join_codes.c.expires_at > now_ms)
            if not connection.execute(
                update(join_codes).where(fits).values(uses_left=join_codes.c.uses_left - 1)
            ).rowcount:
                raise JoinRefused("used" if code.uses_left < 1 else "expired")
            connection.execute(insert(workers).values(values))
            return True

        return await self._writer.run(work)


def _code(row: Row[*tuple[Any, ...]]) -> OpenCode:
    return OpenCode(row.id, row.name, row.uses_left, from_ms(row.expires_at), from_ms(row.created_at))
