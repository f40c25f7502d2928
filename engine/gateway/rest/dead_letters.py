"""Dead letters over REST."""

from engine.api.dead_letters import DeadLetterSnapshot
from engine.gateway.rest.ids import number
from engine.gateway.rest.query import StoryQuery
from engine.gateway.rest.respond import Page
from engine.gateway.rest.route import BASE, Call, Route

LETTERS = f"{BASE}/dead-letters"
ONE = f"{LETTERS}/{{id}}"


def routes() -> list[Route]:
    """The routes of this subject."""
    summary = "Items that could not be stored, newest first"
    return [
        Route("GET", LETTERS, _page, summary, Page[DeadLetterSnapshot], query=StoryQuery, scope="read"),
        Route("GET", ONE, _get, "One of them, whole", DeadLetterSnapshot, scope="read"),
        Route(
            "POST",
            f"{ONE}/retry",
            _retry,
            "Store it after all and take it out of the list",
            conflicts=True,
            scope="operate",
        ),
        Route("DELETE", ONE, _delete, "Take it out of the list for good", scope="operate"),
    ]


async def _page(call: Call) -> Page[DeadLetterSnapshot]:
    query: StoryQuery = call.query
    letters = await call.api.dead_letters.page(before=query.cursor, limit=query.limit)
    return Page(letters, letters[-1].id if len(letters) == query.limit else None)


async def _get(call: Call) -> DeadLetterSnapshot:
    return await call.api.dead_letters.get(number(call, "dead letter"))


async def _retry(call: Call) -> None:
    await call.api.dead_letters.retry(number(call, "dead letter"))


async def _delete(call: Call) -> None:
    await call.api.dead_letters.delete(number(call, "dead letter"))
