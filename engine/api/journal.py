"""The journal: what happened and why."""

from typing import Protocol

from engine.api.errors import Invalid
from engine.records import JournalEntry, JournalFilter

MAX_PAGE = 1000
MAX_QUERY = 200


class JournalReader(Protocol):
    """Reads lines, those included that are not yet written."""

    async def page(self, where: JournalFilter, *, before: int | None, limit: int) -> list[JournalEntry]: ...


class Journal:
    """What a front end may ask of the journal."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader

    async def page(self, where: JournalFilter, *, before: int | None = None, limit: int = 200) -> list[JournalEntry]:
        """Lines that fit, newest first, below the id `before` if given. Raises Invalid."""
        if not 1 <= limit <= MAX_PAGE:
            raise Invalid("limit", f"“limit” must be from 1 to {MAX_PAGE}")
        if where.q is not None and len(where.q) > MAX_QUERY:
            raise Invalid("q", f"the search text is longer than {MAX_QUERY} characters")
        return await self._reader.page(where, before=before, limit=limit)

    async def story(self, subject: str, *, before: int | None = None, limit: int = 200) -> list[JournalEntry]:
        """The lines about one account or worker, newest first; none about one that never was. Raises Invalid."""
        return await self.page(JournalFilter(subject=subject), before=before, limit=limit)
