"""Gaps of accounts over REST."""

from engine.api.errors import Invalid
from engine.gateway.rest.accounts import ONE
from engine.gateway.rest.answers import GapAnswer, gap_answer
from engine.gateway.rest.query import PageQuery
from engine.gateway.rest.respond import Page
from engine.gateway.rest.route import Call, Route
from engine.records import to_ms


def routes() -> list[Route]:
    """The routes of this subject."""
    return [
        Route(
            "GET",
            f"{ONE}/gaps",
            _page,
            "When nobody watched it, newest first",
            Page[GapAnswer],
            query=PageQuery,
            scope="read",
        ),
        Route("POST", f"{ONE}/gaps/acknowledge", _acknowledge, "Its gaps have been seen", scope="operate"),
    ]


async def _page(call: Call) -> Page[GapAnswer]:
    query: PageQuery = call.query
    gaps = await call.api.gaps.page(call.parts["id"], before=_moment(query.cursor), limit=query.limit)
    full = len(gaps) == query.limit
    return Page([gap_answer(gap) for gap in gaps], str(to_ms(gaps[-1].since)) if full else None)


async def _acknowledge(call: Call) -> None:
    await call.api.gaps.acknowledge([call.parts["id"]])


def _moment(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20):
        raise Invalid("cursor", "“cursor” must be the one that came with the part before")
    return int(cursor)
