"""What one route is, and how a request becomes a call of its handler."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from msgspec import Struct

from engine.api.errors import ApiError
from engine.api.room import Api
from engine.gateway.rest.fit import fit_body, fit_query
from engine.gateway.rest.respond import success
from engine.records import Scope
from worker.process import logs

BASE = "/api/v1"
JSON = "application/json"
CSV = "text/csv"


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A route that takes no query parameters: any is refused."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, checked against its route's types.

    Attributes:
        parts: what stands in the path's braces.
        body: of the route's body type; the bytes themselves where the route takes files; else None.
        query: of the route's query type.
    """

    api: Api
    parts: Mapping[str, str]
    body: Any
    query: Any
    content_type: str

    @property
    def request_id(self) -> str:
        """The id that this request has in the logs."""
        return logs.current_request_id()


@dataclass(frozen=True, slots=True)
class File:
    """An answer outside of the envelope. `name` makes a browser save it."""

    content: bytes
    content_type: str
    name: str = ""


Handler = Callable[[Call], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Route:
    """One route; the router and openapi.json are both made from it.

    Attributes:
        answer: the type of `data` in the envelope; None is null.
        body, query: what the request must fit.
        takes: content types of a body that the handler reads itself; such a route has no body type.
        gives: further content types of the answer, outside of the envelope.
        public: needs no token.
        remote: served to workers on other machines, by TLS.
        scope: what a token must at least have; a route that does not say so is for administrators, and fails a test.
        conflicts: may answer 409.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    answer: Any = None
    body: type[Struct] | None = None
    query: type[Struct] = NoQuery
    status: int = 200
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    public: bool = False
    remote: bool = False
    conflicts: bool = False
    scope: Scope | None = None

    @property
    def needs(self) -> Scope | None:
        """The least scope; None if no token is needed."""
        return None if self.public else self.scope or "admin"


def install(app: web.Application, routes: Iterable[Route], api: Api) -> None:
    """Add the routes to the application."""
    for route in routes:
        app.router.add_route(route.method, route.path, _adapter(route, api))


def _adapter(route: Route, api: Api) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        query = fit_query(request.query.items(), route.query)
        body = await _body(request, route)
        answer = await route.handler(Call(api, request.match_info, body, query, request.content_type))
        return _file(answer) if isinstance(answer, File) else success(answer, route.status)

    return handle


async def _body(request: web.Request, route: Route) -> Any:
    if route.takes:
        if request.content_type not in route.takes:
            raise _Unsupported(f"send {' or '.join(route.takes)} and say so in Content-Type")
        return await request.read()
    if route.body is None:
        return None
    return fit_body(await request.read(), route.body)


class _Unsupported(ApiError):
    status, code = 415, "unsupported_media_type"


def _file(file: File) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'} if file.name else {}
    return web.Response(body=file.content, content_type=file.content_type, charset=_charset(file), headers=headers)


def _charset(file: File) -> str | None:
    return "utf-8" if file.content_type.startswith("text/") else None
