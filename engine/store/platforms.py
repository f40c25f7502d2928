"""The last seen descriptor of every platform."""

from dataclasses import dataclass
from typing import Literal

import msgspec
import structlog
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from engine.store.readers import Readers
from engine.store.schema import platforms
from engine.store.writer import Writer
from worker.protocol.descriptor import Descriptor

log = structlog.get_logger("store")


@dataclass(frozen=True, slots=True)
class _Seen:
    descriptor: Descriptor
    local: bool


class PlatformStore:
    """Kept in memory, so that `get` and `all` answer at once; written through."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers
        self._seen: dict[str, _Seen] = {}

    async def load(self) -> None:
        """Read what was seen before; what no longer decodes will be seen again."""
        rows = await self._readers.run(lambda connection: [tuple(row) for row in connection.execute(select(platforms))])
        for key, text, local in rows:
            try:
                self._seen[key] = _Seen(msgspec.json.decode(text, type=Descriptor), bool(local))
            except msgspec.MsgspecError:
                log.info("store.platform_dropped", platform=key)

    def get(self, key: str) -> Descriptor | None:
        """One descriptor."""
        seen = self._seen.get(key)
        return seen.descriptor if seen else None

    def all(self) -> list[Descriptor]:
        """All descriptors, by key."""
        return [self._seen[key].descriptor for key in sorted(self._seen)]

    async def remember(self, descriptor: Descriptor, local: bool) -> Literal["new", "changed", "same", "ignored"]:
        """Take what a worker offers: a local worker's replaces what is known, a remote one's only adds to it."""
        known = self._seen.get(descriptor.key)
        if known is not None and known.descriptor != descriptor and not local:
            return "ignored"
        if known is not None and known.descriptor == descriptor and (known.local or not local):
            return "same"
        self._seen[descriptor.key] = _Seen(descriptor, local)
        await self._write(descriptor, local)
        if known is None:
            return "new"
        return "same" if known.descriptor == descriptor else "changed"

    async def _write(self, descriptor: Descriptor, local: bool) -> None:
        values = {
            "key": descriptor.key,
            "descriptor": msgspec.json.encode(descriptor).decode(),
            "local": int(local),
        }

        def work(connection: Connection) -> None:
            connection.execute(insert(platforms).values(values).on_conflict_do_update(["key"], set_=values))

        await self._writer.run(work)
