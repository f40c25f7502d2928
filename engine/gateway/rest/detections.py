"""The feed over REST."""

from msgspec import UnsetType

from engine.api.errors import Invalid
from engine.gateway.rest.answers import DetectionAnswer, Marked, detection_answer
from engine.gateway.rest.bodies import DetectionsPatch
from engine.gateway.rest.ids import number
from engine.gateway.rest.query import DetectionsQuery
from engine.gateway.rest.respond import Page
from engine.gateway.rest.route import BASE, Call, Route

DETECTIONS = f"{BASE}/detections"


def routes() -> list[Route]:
    """The routes of this subject."""
    summary = "Newest first, or oldest first above “after”; filtered and searched"
    return [
        Route("GET", DETECTIONS, _page, summary, Page[DetectionAnswer], query=DetectionsQuery, scope="read"),
        Route(
            "PATCH",
            DETECTIONS,
            _mark,
            "Set flags on some or on all that a filter matches",
            Marked,
            DetectionsPatch,
            scope="operate",
        ),
        Route("GET", f"{DETECTIONS}/{{id}}", _get, "One detection", DetectionAnswer, scope="read"),
    ]


async def _page(call: Call) -> Page[DetectionAnswer]:
    query: DetectionsQuery = call.query
    found = await call.api.detections.page(query.where(), after=query.after, before=query.before, limit=query.limit)
    full = len(found) == query.limit
    return Page([detection_answer(detection) for detection in found], found[-1].id if full else None)


async def _get(call: Call) -> DetectionAnswer:
    return detection_answer(await call.api.detections.get(number(call, "detection")))


async def _mark(call: Call) -> Marked:
    body: DetectionsPatch = call.body
    if not isinstance(body.ids, UnsetType) and isinstance(body.filter, UnsetType):
        return Marked(await call.api.detections.mark(body.ids, body.marks()))
    if isinstance(body.ids, UnsetType) and not isinstance(body.filter, UnsetType):
        return Marked(await call.api.detections.mark_where(body.filter.where(), body.marks()))
    raise Invalid("ids", "give “ids” or “filter”, one of them")
