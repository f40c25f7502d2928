"""Accounts over REST."""

from engine.gateway.rest import exchange
from engine.gateway.rest.answers import Accepted, AccountAnswer, Imported, Tried, account_answer
from engine.gateway.rest.bodies import AccountPatch, AccountTry, NewAccountBody
from engine.gateway.rest.journal import part
from engine.gateway.rest.query import ExportQuery, PageQuery, StoryQuery
from engine.gateway.rest.respond import Page
from engine.gateway.rest.route import BASE, CSV, JSON, Call, File, Route
from engine.records import JournalEntry

ACCOUNTS = f"{BASE}/accounts"
ONE = f"{ACCOUNTS}/{{id}}"


def routes() -> list[Route]:
    """The routes of this subject."""
    return [
        Route("GET", ACCOUNTS, _page, "Accounts, oldest first", Page[AccountAnswer], query=PageQuery, scope="read"),
        Route(
            "POST", ACCOUNTS, _create, "Create an account", AccountAnswer, NewAccountBody, status=201, scope="operate"
        ),
        Route(
            "POST",
            f"{ACCOUNTS}/test",
            _try,
            "Try credentials before anything is saved",
            Tried,
            AccountTry,
            scope="operate",
        ),
        Route(
            "POST", f"{ACCOUNTS}/import", _import, "Create many at once", Imported, takes=(JSON, CSV), scope="operate"
        ),
        Route(
            "GET",
            f"{ACCOUNTS}/export",
            _export,
            "All accounts as a file, without credentials",
            Page[exchange.Exported],
            query=ExportQuery,
            gives=(CSV,),
            scope="read",
        ),
        Route("GET", ONE, _get, "One account", AccountAnswer, scope="read"),
        Route("PATCH", ONE, _change, "Change an account", AccountAnswer, AccountPatch, conflicts=True, scope="operate"),
        Route("DELETE", ONE, _delete, "Put an account in the bin for 30 days", scope="operate"),
        Route("POST", f"{ONE}/restore", _restore, "Take an account out of the bin", AccountAnswer, scope="operate"),
        Route("POST", f"{ONE}/check", _check, "Check it now", Accepted, status=202, conflicts=True, scope="operate"),
        Route(
            "GET",
            f"{ONE}/story",
            _story,
            "Why it is where it is, newest first",
            Page[JournalEntry],
            query=StoryQuery,
            scope="read",
        ),
    ]


async def _page(call: Call) -> Page[AccountAnswer]:
    query: PageQuery = call.query
    accounts = await call.api.accounts.page(query.cursor, query.limit)
    full = len(accounts) == query.limit
    return Page([account_answer(account) for account in accounts], accounts[-1].id if full else None)


async def _create(call: Call) -> AccountAnswer:
    body: NewAccountBody = call.body
    return account_answer(await call.api.accounts.create(body.wanted()))


async def _get(call: Call) -> AccountAnswer:
    return account_answer(await call.api.accounts.get(call.parts["id"]))


async def _change(call: Call) -> AccountAnswer:
    body: AccountPatch = call.body
    return account_answer(await call.api.accounts.change(call.parts["id"], body.revision, body.changes()))


async def _delete(call: Call) -> None:
    await call.api.accounts.delete(call.parts["id"])


async def _restore(call: Call) -> AccountAnswer:
    return account_answer(await call.api.accounts.restore(call.parts["id"]))


async def _check(call: Call) -> Accepted:
    await call.api.accounts.check(call.parts["id"])
    return Accepted(call.request_id)


async def _story(call: Call) -> Page[JournalEntry]:
    query: StoryQuery = call.query
    lines = await call.api.accounts.story(call.parts["id"], before=query.cursor, limit=query.limit)
    return part(lines, query.limit)


async def _try(call: Call) -> Tried:
    body: AccountTry = call.body
    identity = await call.api.accounts.test(body.platform, body.credentials, body.settings)
    return Tried(ok=True, handle=identity.handle, display_name=identity.display_name)


async def _import(call: Call) -> Imported:
    read = exchange.rows_of_csv if call.content_type == CSV else exchange.rows_of_json
    return await exchange.take_in(call.api, read(call.body))


async def _export(call: Call) -> Page[exchange.Exported] | File:
    query: ExportQuery = call.query
    rows = await exchange.give_out(call.api.accounts)
    if query.format == "csv":
        return File(exchange.write_csv(rows), CSV, "accounts.csv")
    return Page(rows)
