"""A platform's server for tests: real HTTP on loopback, scripted feeds, and every way to misbehave.

async with FakePlatform() as site:
    feed = site.feed("/feed.xml")
    feed.add("1", "hello")
    ... poll site.url + "/feed.xml" ...
    assert [seen.path for seen in site.requests] == ["/feed.xml"]
"""

import asyncio
import base64
import gzip
import zlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from xml.sax.saxutils import escape, quoteattr

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
FIRST_PUBLISHED = 1_767_225_600_000  #: ms; 2026-01-01, entries follow minute by minute


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived. `conditional` is true if it carried validators."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def conditional(self) -> bool:
        return "If-None-Match" in self.headers or "If-Modified-Since" in self.headers


@dataclass(slots=True)
class Written:
    """One entry of a fake feed; `published` in ms since 1970 UTC, None leaves the date out."""

    id: str
    text: str
    title: str = ""
    author: str = ""
    link: str = ""
    published: int | None = None

    def atom(self) -> str:
        parts = [f"<id>{escape(self.id)}</id><title>{escape(self.title)}</title>"]
        if self.author:
            parts.append(f"<author><name>{escape(self.author)}</name></author>")
        if self.published is not None:
            moment = datetime.fromtimestamp(self.published / 1000, UTC)
            parts.append(f"<updated>{moment:%Y-%m-%dT%H:%M:%SZ}</updated>")
        if self.link:
            parts.append(f"<link href={quoteattr(self.link)}/>")
        return f"<entry>{''.join(parts)}<content>{escape(self.text)}</content></entry>"


@dataclass(slots=True)
class FakeFeed:
    """An Atom feed, newest entry first, with ETag and 304. `auth` is "user:password" if it is behind one."""

    title: str = "Fake feed"
    auth: str = ""
    entries: list[Written] = field(default_factory=list)

    def add(self, id: str, text: str, **more: object) -> Written:
        """Publish an entry; `more`: title, author, link, published (default: a minute after the one before)."""
        more.setdefault("published", FIRST_PUBLISHED + 60_000 * len(self.entries))
        more.setdefault("title", f"Title of {id}")
        entry = Written(id, text, **more)  # type: ignore[arg-type]
        self.entries.append(entry)
        return entry

    @property
    def etag(self) -> str:
        return f'"{zlib.crc32(self.body()):x}"'

    def body(self) -> bytes:
        entries = "".join(entry.atom() for entry in reversed(self.entries))
        head = f"<id>urn:fake</id><title>{escape(self.title)}</title>"
        return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{entries}</feed>'.encode()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        expected = "Basic " + base64.b64encode(self.auth.encode()).decode()
        if self.auth and request.headers.get("Authorization") != expected:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="fake"'})
        headers = {"ETag": self.etag}
        if request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=self.body(), headers=headers, content_type="application/atom+xml")


class FakePlatform:
    """The server. Everything it was asked is in `requests`; what it answers is scripted per path, unknown ones 404."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.url = ""
        self._answers: dict[str, Answer] = {}
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [seen.path for seen in self.requests]

    def feed(self, path: str, *, title: str = "Fake feed", auth: str = "") -> FakeFeed:
        """Serve a feed at `path`; `auth` is "user:password" if it is behind one."""
        feed = FakeFeed(title, auth)
        self.answer_with(path, feed.answer)
        return feed

    def answer_with(self, path: str, answer: Answer) -> None:
        """Let `answer` handle every request for `path`."""
        self._answers[path] = answer

    def answer(
        self, path: str, body: bytes | str = b"", status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Always answer the same."""
        content = body.encode() if isinstance(body, str) else body

        async def handle(_request: web.Request) -> web.StreamResponse:
            return web.Response(body=content, status=status, headers=headers)

        self.answer_with(path, handle)

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        """Send every request for `path` on to `target`."""
        self.answer(path, status=status, headers={"Location": target})

    def stream(self, path: str, size: int, headers: Mapping[str, str] | None = None) -> None:
        """A body of `size` bytes without a Content-Length."""

        async def handle(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers=headers)
            await response.prepare(request)
            with suppress(ConnectionError):  # a client that has had enough hangs up
                for _ in range(size // 65_536):
                    await response.write(b"x" * 65_536)
            return response

        self.answer_with(path, handle)

    def gzip_bomb(self, path: str, size: int) -> None:
        """A small body that unpacks to `size` bytes."""
        self.answer(path, gzip.compress(bytes(size)), headers={"Content-Encoding": "gzip"})

    def hang(self, path: str) -> None:
        """Take the request and never answer."""

        async def handle(_request: web.Request) -> web.StreamResponse:
            await self._closing.wait()
            return web.Response()

        self.answer_with(path, handle)

    def half_body(self, path: str, *, then_close: bool = False) -> None:
        """Promise 1,000 bytes, send 10, then go silent or hang up."""

        async def handle(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b"0123456789")
            if not then_close:
                await self._closing.wait()
            if request.transport is not None:
                request.transport.abort()
            return response

        self.answer_with(path, handle)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append(Seen(request.method, request.path, request.query_string, dict(request.headers), body))
        answer = self._answers.get(request.path)
        return web.Response(status=404) if answer is None else await answer(request)
