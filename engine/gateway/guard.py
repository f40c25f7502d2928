"""The one middleware that every request passes, /socket.io/ included: default-deny."""

import re
from collections.abc import Iterable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from engine.api.errors import ApiError
from engine.gateway.auth import Tokens
from engine.gateway.rest.respond import failure
from engine.records import StorageFault
from worker.process import logs

MAX_BODY = 1024 * 1024  #: bytes
SOCKETS = "/socket.io/"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
REQUEST_ID = web.RequestKey("request_id", str)
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
    """A request that may not come in."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message, code=code)
        self.status = status


class Guard:
    """Admits or refuses; turns whatever happens inside into an answer in the envelope, with a request id.

    Until `open` is called every request is refused.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._hosts: frozenset[str] = frozenset()
        self._public: frozenset[tuple[str, str]] = frozenset()

    def open(self, host: str, port: int, public: Iterable[tuple[str, str]]) -> None:
        """Admit requests that name us as their host; `public` are (method, path) pairs that need no token."""
        name = f"[{host}]" if ":" in host and not host.startswith("[") else host
        names = {*LOOPBACK, name.lower()}
        self._hosts = frozenset({f"{name}:{port}" for name in names} | (names if port == 80 else set()))
        self._public = frozenset(public)

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
        try:
            self._admit(request)
            return await handler(request)
        except ApiError as error:
            return failure(error.status, error.code, error.message, error.details)
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

    def _admit(self, request: web.Request) -> None:
        self._check_host(request)
        self._check_origin(request)
        path = _matched(request)
        if path == SOCKETS:
            _check_handshake(request)
        elif (request.method, path) not in self._public and not self._tokens.check_client(_bearer(request)):
            raise Refusal(401, "unauthorized", "send “Authorization: Bearer <token>”; master.json holds the token")

    def _check_host(self, request: web.Request) -> None:
        given = request.headers.getall("Host", [])
        if len(given) != 1 or given[0].lower() not in self._hosts:
            raise Refusal(421, "wrong_host", "this is not the host that the request names")

    def _check_origin(self, request: web.Request) -> None:
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower().removeprefix("http://") not in self._hosts:
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


def _http(error: web.HTTPException) -> web.Response:
    code, message = WORDS.get(error.status, ("bad_request", error.reason))
    answer = failure(error.status, code, message)
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer
