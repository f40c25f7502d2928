"""The one middleware that every request passes, /socket.io/ included: default-deny."""

import re
from collections.abc import Mapping
from math import ceil

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from engine.api import actor
from engine.api.errors import ApiError
from engine.api.remote import NotAdmitted
from engine.gateway.admission import Visit
from engine.gateway.doorkeeper import Doorkeeper
from engine.gateway.rest.respond import failure
from engine.gateway.rights import Caller, Rights
from engine.gateway.surfaces import SOCKETS, Surface, Surfaces
from engine.records import Scope, StorageFault, allows
from worker.process import logs

MAX_BODY = 1024 * 1024  #: bytes
REQUEST_ID = web.RequestKey("request_id", str)
URL_TOKENS = frozenset(("token", "access_token"))  #: query parameters that are refused on every route
SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
FOREIGN = ("cross-site", "same-site")  #: Sec-Fetch-Site; another port on this machine is same-site

log = structlog.get_logger("gateway")

#: what a status that aiohttp raised means in our words
WORDS = {
    400: ("bad_request", "the request makes no sense"),
    404: ("not_found", "there is nothing at this address"),
    405: ("method_not_allowed", "this address does not take that method"),
    413: ("too_large", f"a body may have {MAX_BODY} bytes at most"),
    417: ("expectation_failed", "only “Expect: 100-continue” is understood"),
}


class Refusal(ApiError):
    """A request that may not come in. `noted` is false if it was noted elsewhere."""

    def __init__(self, status: int, code: str, message: str, *, noted: bool = True, **details: object) -> None:
        super().__init__(message, code=code, details=details)
        self.status = status
        self.noted = noted


class Guard:
    """Admits or refuses; turns whatever happens inside into an answer in the envelope, with a request id.

    Until `open` is called every request is refused.

    Attributes:
        surfaces: tells requests of this computer from those of others, and what each may see.
    """

    def __init__(self, rights: Rights, keeper: Doorkeeper) -> None:
        self._rights = rights
        self._keeper = keeper
        self.surfaces = Surfaces()
        self._needs: dict[tuple[str, str], Scope | None] = {}

    def open(self, host: str, port: int, needs: Mapping[tuple[str, str], Scope | None]) -> None:
        """Admit requests that name us as their host; `needs` is the scope by (method, path), None without a token."""
        self.surfaces.open_plain(host, port)
        self._needs = dict(needs)

    async def label(self, request: web.Request, response: web.StreamResponse) -> None:
        """Signal `on_response_prepare`: every answer carries its request id, the websocket's upgrade too."""
        response.headers["X-Request-ID"] = request.get(REQUEST_ID) or logs.new_request_id()
        response.headers["Cache-Control"] = "no-store"  # what accounts say does not belong into a browser's files

    def middleware(self) -> Middleware:
        """The guard as aiohttp wants it."""

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            request[REQUEST_ID] = _request_id(request)
            with logs.request(request[REQUEST_ID]):
                return await self._answer(request, handler)

        return guarded

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        visit: Visit = request.protocol.visit  # type: ignore[attr-defined]  # GuardedProtocol
        response = await self._respond(request, handler, visit)
        if not visit.proven and not response.prepared:
            response.force_close()  # a stranger has one request to a connection
        return response

    async def _respond(self, request: web.Request, handler: Handler, visit: Visit) -> web.StreamResponse:
        try:
            caller = self._admit(request, visit)
        except Refusal as refusal:
            if refusal.noted:
                self._keeper.refusals.note(visit.address, refusal.code)
            return _turned_away(refusal)
        with actor.acting(f"a stranger at {visit.address}" if caller is None else caller.name):
            return await self._handle(request, handler, visit)

    async def _handle(self, request: web.Request, handler: Handler, visit: Visit) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            return self._failed(error, visit)
        except StorageFault as error:  # a full disk, say: no fault of ours, and it passes
            log.warning("gateway.not_stored", path=request.path, why=str(error))
            return failure(503, error.code, str(error))
        except web.HTTPException as error:
            return _http(error)
        except (web.RequestPayloadError, ConnectionError):  # or the peer left in the middle: nobody reads this
            return failure(400, "bad_request", "the body is not what its headers say")
        except Exception:  # our fault: the log has the traceback, the peer gets the request id to look it up
            log.exception("gateway.request_failed", method=request.method, path=request.path)
            message = f"something went wrong here; the log has it under {request[REQUEST_ID]}"
            return failure(500, "internal", message, {"request_id": request[REQUEST_ID]})

    def _failed(self, error: ApiError, visit: Visit) -> web.Response:
        if isinstance(error, NotAdmitted) and error.guessed:  # a code that is wrong is a guess like a token that is
            if wait := self._keeper.guessed_wrong(visit.address, error.code):
                return _turned_away(_too_many(wait))
        elif isinstance(error, NotAdmitted):
            self._keeper.refusals.note(visit.address, error.code)
        return failure(error.status, error.code, error.message, error.details)

    def _admit(self, request: web.Request, visit: Visit) -> Caller | None:
        """Who asks; None where nobody has to say so. Raises Refusal."""
        surface = self.surfaces.of(visit.transport)
        _check_host(request, surface)
        _check_origin(request, surface)
        path, caller = _matched(request), None
        if not surface.serves(request.method, path):
            raise Refusal(404, "not_found", "there is nothing at this address")
        if path != SOCKETS:
            needs = self._needs.get((request.method, path), "read" if path == "" else "admin")
            caller = None if needs is None else self._check_token(request, visit, needs)
        for name in URL_TOKENS.intersection(request.query):
            sentence = "a token never belongs into an address, which logs and histories keep: send it as a header"
            raise Refusal(422, "token_in_url", sentence, field=name)
        if path == SOCKETS:
            _check_handshake(request)
            self._keeper.admission.upgrade(visit)
        return caller

    def _check_token(self, request: web.Request, visit: Visit, needs: Scope) -> Caller:
        """The token is looked up first and the address's failures after: who is right is always answered."""
        secret = _bearer(request)
        caller = self._rights.of(secret, visit.address)
        if caller is None:
            wait = self._keeper.guessed_wrong(visit.address) if secret else 0.0
            if wait:
                raise _too_many(wait)
            sentence = "send “Authorization: Bearer <token>”; master.json holds the token"
            raise Refusal(401, "unauthorized", sentence, noted=not secret)
        self._keeper.admission.prove(visit)
        if not allows(caller.scope, needs):
            sentence = f"this needs a token of the scope “{needs}”; this one's is “{caller.scope}”"
            raise Refusal(403, "scope", sentence, needs=needs, has=caller.scope)
        return caller


def _too_many(wait: float) -> Refusal:
    sentence = f"too many wrong tokens came from this address: the next counts in {ceil(wait)} s"
    return Refusal(429, "too_many_attempts", sentence, noted=False, retry_after=ceil(wait))


def _check_host(request: web.Request, surface: Surface) -> None:
    given = request.headers.getall("Host", [])
    if len(given) != 1 or not surface.is_named(given[0]):
        raise Refusal(421, "wrong_host", "this is not the host that the request names")


def _check_origin(request: web.Request, surface: Surface) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and not surface.is_own_origin(origin):
        raise Refusal(403, "foreign_origin", "other sites may not ask here")
    if request.headers.get("Sec-Fetch-Site", "").lower() in FOREIGN:
        raise Refusal(403, "foreign_origin", "other sites may not ask here")


def _matched(request: web.Request) -> str:
    """The path of the route that was matched, as it was registered: a request can spell it in many ways."""
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical


def _request_id(request: web.Request) -> str:
    given = request.headers.get("X-Request-ID", "")
    return given if SANE_ID.match(given) else logs.new_request_id()


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _check_handshake(request: web.Request) -> None:
    """Let only a fresh websocket reach engine.io: it logs an error for anything else and keeps half a connection."""
    query = request.query
    fresh = query.get("transport") == "websocket" and query.get("EIO") == "4" and not {"sid", "j"} & set(query)
    if request.method != "GET" or not fresh or not web.WebSocketResponse().can_prepare(request).ok:
        raise Refusal(400, "websocket_only", "this address speaks Socket.IO 5 over a websocket only")


def _turned_away(refusal: Refusal) -> web.Response:
    answer = failure(refusal.status, refusal.code, refusal.message, refusal.details)
    if "retry_after" in refusal.details:
        answer.headers["Retry-After"] = str(refusal.details["retry_after"])
    return answer


def _http(error: web.HTTPException) -> web.Response:
    code, message = WORDS.get(error.status, ("bad_request", error.reason))
    answer = failure(error.status, code, message)
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer
