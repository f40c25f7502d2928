"""Workers over REST."""

from engine.api.errors import Invalid
from engine.api.workers import WorkerSnapshot
from engine.gateway.rest.bodies import LocalWorkers, WorkerPatch
from engine.gateway.rest.journal import part
from engine.gateway.rest.query import PageQuery, StoryQuery
from engine.gateway.rest.respond import Page
from engine.gateway.rest.route import BASE, Call, Route
from engine.records import JournalEntry

WORKERS = f"{BASE}/workers"
ONE = f"{WORKERS}/{{id}}"


def routes() -> list[Route]:
    """The routes of this subject."""
    return [
        Route("GET", WORKERS, _page, "Workers, local ones first", Page[WorkerSnapshot], query=PageQuery, scope="read"),
        Route(
            "POST",
            f"{WORKERS}/local",
            _add_local,
            "Start more workers on this computer",
            Page[WorkerSnapshot],
            LocalWorkers,
            status=201,
            conflicts=True,
            scope="admin",
        ),
        Route("GET", ONE, _get, "One worker", WorkerSnapshot, scope="read"),
        Route(
            "PATCH", ONE, _change, "Rename, resize, drain or tag a worker", WorkerSnapshot, WorkerPatch, scope="operate"
        ),
        Route("DELETE", ONE, _remove, "Take a worker out for good", scope="admin"),
        Route(
            "POST",
            f"{ONE}/restart",
            _restart,
            "Restart a local worker",
            WorkerSnapshot,
            status=202,
            conflicts=True,
            scope="operate",
        ),
        Route(
            "GET",
            f"{ONE}/story",
            _story,
            "What happened to it, newest first",
            Page[JournalEntry],
            query=StoryQuery,
            scope="read",
        ),
    ]


async def _page(call: Call) -> Page[WorkerSnapshot]:
    query: PageQuery = call.query
    workers = call.api.workers.all()
    start = 0
    if query.cursor is not None:
        start = next((at for at, worker in enumerate(workers, 1) if worker.id == query.cursor), -1)
    if start < 0:
        raise Invalid("cursor", "this worker is gone: start from the beginning")
    items = workers[start : start + query.limit]
    return Page(items, items[-1].id if start + query.limit < len(workers) else None)


async def _get(call: Call) -> WorkerSnapshot:
    return call.api.workers.get(call.parts["id"])


async def _change(call: Call) -> WorkerSnapshot:
    body: WorkerPatch = call.body
    return await call.api.workers.change(call.parts["id"], body.changes())


async def _remove(call: Call) -> None:
    await call.api.workers.remove(call.parts["id"])


async def _add_local(call: Call) -> Page[WorkerSnapshot]:
    body: LocalWorkers = call.body
    return Page(await call.api.workers.add_local(body.count))


async def _restart(call: Call) -> WorkerSnapshot:
    return await call.api.workers.restart(call.parts["id"])


async def _story(call: Call) -> Page[JournalEntry]:
    query: StoryQuery = call.query
    lines = await call.api.workers.story(call.parts["id"], before=query.cursor, limit=query.limit)
    return part(lines, query.limit)
