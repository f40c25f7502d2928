"""The one HTTP client: `HttpPool` is the process's, `Http` is what one account gets of it.

Every platform request goes through `Http.request`: time-outs, size limit, redirects, the SSRF rule, the lease look,
conditional requests, redaction and the mapping to `PlatformError` are here and nowhere else.
"""

import asyncio
import base64
import socket
from collections.abc import Callable, Collection, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from worker.platforms.addresses import GuardedResolver, guarded_socket
from worker.platforms.answers import Response, Validators, failure, quota_of, transport_failure
from worker.platforms.base import Changed, PlatformError, Refused
from worker.platforms.redaction import Redactor
from worker.process import clock
from worker.process.secret import Secret

__all__ = ["BasicAuth", "Http", "HttpPool", "Response", "Validators"]

REQUEST_TIMEOUT = 12.0  #: seconds for a whole request with its redirects and body; ownership.md W2 counts on it
MAX_BODY = 10 * 1024 * 1024  #: bytes of a body after decompression
MAX_REDIRECTS = 5
CHUNK = 64 * 1024
CONNECTIONS = 200
CONNECTIONS_PER_HOST = 16
USER_AGENT = "Vedette/0.1"
REDIRECTS = (301, 302, 303, 307, 308)

Headers = Mapping[str, str | Secret]


def _always() -> None:
    """The lease look of a caller that holds no lease."""


# aiohttp gives a connector no way to see whose request it serves, but connects in the task that asks
_look: ContextVar[Callable[[], None]] = ContextVar("look", default=_always)


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """User name and password for basic authorization."""

    username: Secret
    password: Secret

    def header(self) -> Secret:
        """The value of the Authorization header."""
        pair = f"{self.username.reveal()}:{self.password.reveal()}"
        return Secret("Basic " + base64.b64encode(pair.encode()).decode())


class _Connector(aiohttp.TCPConnector):
    """Looks at the lease again once a connection is ready: after a freeze, I/O callbacks run before due timers (W2)."""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        connection = await super().connect(*args, **kwargs)
        try:
            _look.get()()
        except BaseException:
            connection.close()
            raise
        return connection


class HttpPool:
    """The connections of one process, shared by all accounts.

    Two sets, because a kept-alive connection to a private address must never serve an account that may not have one.

    Args:
        timeout: seconds that one request may take as a whole.
        max_body: bytes that a body may have after decompression.
    """

    def __init__(
        self, *, timeout: float = REQUEST_TIMEOUT, max_body: int = MAX_BODY, user_agent: str = USER_AGENT
    ) -> None:
        self.timeout = timeout
        self.max_body = max_body
        self._user_agent = user_agent
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._closing = asyncio.Lock()

    async def start(self) -> None:
        """Open the pool; a second call does nothing."""
        if not self._sessions:
            self._sessions = {
                True: self._session(_connector()),
                False: self._session(_connector(resolver=GuardedResolver(), socket_factory=guarded_socket)),
            }

    async def close(self) -> None:
        """Abort what runs and close all connections; callers wait until it is done."""
        async with self._closing:
            sessions, self._sessions = self._sessions, {}
            for session in sessions.values():
                await session.close()

    def bind(
        self,
        *,
        allow_private_network: bool = False,
        secrets: Iterable[Secret] = (),
        may_start: Callable[[], None] = _always,
        wall_ms: Callable[[], int] = clock.wall_ms,
    ) -> "Http":
        """A view for one account; costs nothing, holds no connection, needs no closing.

        Args:
            allow_private_network: the account's setting of that name.
            secrets: the account's credentials, to keep them out of error messages.
            may_start: called before each request and each redirect, and again once its connection is ready;
                an exception it raises (its own type, no OSError) ends the request unsent and reaches the
                platform's caller as it is.
            wall_ms: milliseconds since 1970 UTC.
        """
        return Http(self, allow_private_network, Redactor(secrets), may_start, wall_ms)

    def session(self, allow_private_network: bool) -> aiohttp.ClientSession:
        """For `Http` only.

        Raises:
            RuntimeError: outside start() and close().
        """
        if not self._sessions:
            raise RuntimeError("the HTTP pool is not open")
        return self._sessions[allow_private_network]

    def _session(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent},
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
            trust_env=False,
        )


def _connector(**options: Any) -> aiohttp.TCPConnector:
    family = socket.AF_UNSPEC
    return _Connector(limit=CONNECTIONS, limit_per_host=CONNECTIONS_PER_HOST, family=family, **options)


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request of a chain of redirects. Headers that are a Secret stay with the origin they were meant for."""

    method: str
    url: URL
    headers: Headers = field(default_factory=dict)
    body: bytes | None = None

    def sent_headers(self) -> dict[str, str]:
        return {name: _header(value) for name, value in self.headers.items()}

    def to(self, status: int, location: str) -> "_Hop":
        """The hop that a redirect with `status` to `location` asks for.

        Raises:
            Changed: if it leads to no web address, or would carry a body to another origin.
        """
        target = _web_address(location, self.url)[0]
        there = replace(self, url=target)
        if target.origin() != self.url.origin():
            there = replace(there, headers={k: v for k, v in self.headers.items() if not isinstance(v, Secret)})
            if self.body is not None and status in (307, 308):
                raise Changed(f"{_who(self.url)} sends the request on to {_who(target)}. Enter that address instead.")
        if status == 303 or (status in (301, 302) and self.method == "POST"):
            kept = {k: v for k, v in there.headers.items() if k.lower() != "content-type"}
            return replace(there, method="HEAD" if self.method == "HEAD" else "GET", body=None, headers=kept)
        return there


def _header(value: str | Secret) -> str:
    text = value.reveal() if isinstance(value, Secret) else value
    if any(character in text for character in "\r\n\0"):
        raise Refused("The credentials hold a line break. Enter them again.")
    return text


def _who(url: URL) -> str:
    host = url.host or "the address"
    return host if url.is_default_port() else f"{host}:{url.port}"


def _web_address(text: str, base: URL | None = None) -> tuple[URL, BasicAuth | None]:
    """A URL without its user name and password, and these.

    Raises:
        Changed: if it is not http or https, or cannot be understood.
    """
    try:
        url = base.join(URL(text)) if base else URL(text)
        bare = url.with_user(None).with_fragment(None) if url.absolute else url
    except (ValueError, TypeError):
        url = bare = URL()
    if url.scheme not in ("http", "https") or not url.host:
        whence = f"{_who(base)} redirects to an address" if base else "The address is one"
        raise Changed(f"{whence} that does not start with http:// or https://. Check the account's settings.")
    return bare, BasicAuth(Secret(url.user), Secret(url.password or "")) if url.user else None


class Http:
    """The HTTP client as one account may use it; made by `HttpPool.bind`."""

    def __init__(
        self,
        pool: HttpPool,
        allow_private_network: bool,
        redact: Redactor,
        may_start: Callable[[], None],
        wall_ms: Callable[[], int],
    ) -> None:
        self._pool = pool
        self._private = allow_private_network
        self._redact = redact
        self._may_start = may_start
        self._wall_ms = wall_ms

    async def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Headers | None = None,
        auth: BasicAuth | None = None,
        validators: Validators | None = None,
        accept: Collection[int] = (),
    ) -> Response:
        """GET `url`; see `request`."""
        return await self.request(
            "GET", url, params=params, headers=headers, auth=auth, validators=validators, accept=accept
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Headers | None = None,
        json: object = None,
        auth: BasicAuth | None = None,
        validators: Validators | None = None,
        accept: Collection[int] = (),
    ) -> Response:
        """Send one request, follow at most 5 redirects, return the whole answer.

        Args:
            headers: one whose value is a Secret is dropped when a redirect leaves the origin.
            json: encoded as the body; None sends no body.
            auth: instead of a user name and password in `url`.
            validators: from the last answer; then a 304 comes back as `not_modified`.
            accept: statuses >= 400 that the caller wants to judge itself.

        Raises:
            Refused: 401, 403.
            RateLimited: 429; with `retry_after` and `quota` where the platform said them.
            Unreachable: no server, no connection, no answer in time, 5xx.
            Changed: another 4xx, too many redirects, a body over the limit, no web address.
            PrivateAddress: see addresses.is_public.
        """
        address, inner = _web_address(url)
        sent: dict[str, str | Secret] = {**(headers or {}), **(validators.headers() if validators else {})}
        if (credentials := auth or inner) is not None:
            sent["Authorization"] = credentials.header()
        if json is not None:
            sent["Content-Type"] = "application/json"
        body = None if json is None else msgspec.json.encode(json)
        hop = _Hop(method, address.update_query(params) if params else address, sent, body)
        return await self._in_time(hop, validators or Validators(), accept)

    async def _in_time(self, hop: _Hop, validators: Validators, accept: Collection[int]) -> Response:
        who, look = _who(hop.url), _look.set(self._may_start)
        try:
            async with asyncio.timeout(self._pool.timeout):
                return await self._follow(hop, validators, accept)
        except PlatformError as error:
            error.message = self._redact(error.message)
            error.args = (error.message,)
            raise
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            failed = transport_failure(error, who, self._pool.timeout)
            # `from None`: what aiohttp raised may hold the URL, and with it a secret
            raise type(failed)(self._redact(failed.message)) from None
        finally:
            _look.reset(look)

    async def _follow(self, hop: _Hop, validators: Validators, accept: Collection[int]) -> Response:
        who = _who(hop.url)
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._once(hop, validators, accept)
            if isinstance(answer, Response):
                return answer
            hop = answer
        raise Changed(f"{who} redirects more than {MAX_REDIRECTS} times. Check the account's settings.")

    async def _once(self, hop: _Hop, validators: Validators, accept: Collection[int]) -> Response | _Hop:
        self._may_start()
        session = self._pool.session(self._private)
        async with session.request(
            hop.method, hop.url, headers=hop.sent_headers(), data=hop.body, allow_redirects=False
        ) as answer:
            if answer.status in REDIRECTS and (location := answer.headers.get("Location")):
                return hop.to(answer.status, location)
            if answer.status >= 400 and answer.status not in accept:
                raise failure(answer.status, answer.headers, _who(hop.url), self._wall_ms())
            return await self._read(answer, hop, validators)

    async def _read(self, answer: aiohttp.ClientResponse, hop: _Hop, old: Validators) -> Response:
        headers, unchanged = answer.headers, answer.status == 304
        new = Validators(headers.get("ETag", ""), headers.get("Last-Modified", ""))
        kept = Validators(new.etag or old.etag, new.last_modified or old.last_modified)
        return Response(
            status=answer.status,
            headers=headers,
            body=b"" if unchanged else await self._body(answer, _who(hop.url)),
            url=str(hop.url),
            who=_who(hop.url),
            validators=kept if unchanged else new,
            not_modified=unchanged,
            quota=quota_of(headers, self._wall_ms()),
        )

    async def _body(self, answer: aiohttp.ClientResponse, who: str) -> bytes:
        # aiohttp hands decompressed bytes over in bounded pieces, so a gzip bomb ends at the limit, not in memory
        body = bytearray()
        async for chunk in answer.content.iter_chunked(CHUNK):
            body += chunk
            if len(body) > self._pool.max_body:
                raise Changed(f"{who} answers with more than {self._pool.max_body} bytes. Check the address.")
        return bytes(body)
