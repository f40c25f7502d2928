"""API tokens over REST."""

from engine.api.errors import Invalid
from engine.gateway.rest.answers import TokenAnswer, TokenMadeAnswer, token_answer, token_made_answer
from engine.gateway.rest.bodies import NewTokenBody
from engine.gateway.rest.query import PageQuery
from engine.gateway.rest.respond import Page
from engine.gateway.rest.route import BASE, Call, Route

TOKENS = f"{BASE}/tokens"


def routes() -> list[Route]:
    """The routes of this subject."""
    made = "Make a token; it is shown this once"
    return [
        Route("GET", TOKENS, _page, "API tokens, newest first", Page[TokenAnswer], query=PageQuery, scope="admin"),
        Route("POST", TOKENS, _create, made, TokenMadeAnswer, NewTokenBody, status=201, conflicts=True, scope="admin"),
        Route("DELETE", f"{TOKENS}/{{id}}", _revoke, "Revoke a token, live connections included", scope="admin"),
    ]


async def _page(call: Call) -> Page[TokenAnswer]:
    query: PageQuery = call.query
    tokens = call.api.tokens.all()
    start = 0
    if query.cursor is not None:
        start = next((at for at, token in enumerate(tokens, 1) if token.id == query.cursor), -1)
    if start < 0:
        raise Invalid("cursor", "there is no such token: start from the beginning")
    items = tokens[start : start + query.limit]
    more = start + query.limit < len(tokens)
    return Page([token_answer(token) for token in items], items[-1].id if more else None)


async def _create(call: Call) -> TokenMadeAnswer:
    body: NewTokenBody = call.body
    made = await call.api.tokens.create(body.wanted())
    return token_made_answer(made.token, made.secret)


async def _revoke(call: Call) -> None:
    await call.api.tokens.revoke(call.parts["id"])
