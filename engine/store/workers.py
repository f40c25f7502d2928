"""Workers as they are stored."""

from dataclasses import asdict
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects.sqlite import insert

from engine.records import Worker, from_ms, to_ms
from engine.store.readers import Readers
from engine.store.schema import workers
from engine.store.writer import Writer


class WorkerStore:
    """Every worker that was ever accepted and not removed."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def load_all(self) -> list[Worker]:
        """All, by id."""
        return await self._readers.run(
            lambda connection: [_worker(row) for row in connection.execute(select(workers).order_by(workers.c.id))]
        )

    async def save(self, worker: Worker) -> None:
        """Insert or replace."""
        values = worker_row(worker)

        def work(connection: Connection) -> None:
            connection.execute(insert(workers).values(values).on_conflict_do_update(["id"], set_=values))

        await self._writer.run(work)

    async def remove(self, worker_id: str) -> None:
        """Forget it; detections keep its id."""

        def work(connection: Connection) -> None:
            connection.execute(delete(workers).where(workers.c.id == worker_id))

        await self._writer.run(work)


def worker_row(worker: Worker) -> dict[str, Any]:
    """A worker's columns."""
    tags = msgspec.json.encode(worker.tags).decode()
    return asdict(worker) | {"created_at": to_ms(worker.created_at), "tags": tags}


def _worker(row: Row[*tuple[Any, ...]]) -> Worker:
    values = dict(row._mapping)
    flags = {name: bool(values[name]) for name in ("draining", "revoked")}
    tags = msgspec.json.decode(values["tags"], type=tuple[str, ...])
    return Worker(**(values | flags | {"created_at": from_ms(values["created_at"]), "tags": tags}))
