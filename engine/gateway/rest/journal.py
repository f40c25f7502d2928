"""The journal over REST."""

from collections.abc import Sequence

from engine.gateway.rest.query import JournalQuery
from engine.gateway.rest.respond import Page
from engine.gateway.rest.route import BASE, Call, Route
from engine.records import JournalEntry


def routes() -> list[Route]:
    """The routes of this subject."""
    summary = "What happened and why, newest first; of one account, worker or the master, by time and by words"
    return [Route("GET", f"{BASE}/journal", _page, summary, Page[JournalEntry], query=JournalQuery, scope="read")]


def part(lines: Sequence[JournalEntry], limit: int) -> Page[JournalEntry]:
    """A part of a list of lines; more may follow a full one."""
    return Page(list(lines), lines[-1].id if len(lines) == limit else None)


async def _page(call: Call) -> Page[JournalEntry]:
    query: JournalQuery = call.query
    return part(await call.api.journal.page(query.where(), before=query.cursor, limit=query.limit), query.limit)
