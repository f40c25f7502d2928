"""Connections that are not HTTP: the two looks at the lease around opening one."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from worker.platforms.redaction import Redactor
from worker.platforms.tcp import Tcp


class LeaseOver(Exception):
    """What the look raises."""


class Listening:
    """A server that says nothing: `came` counts connections, `heard` is all that they sent."""

    def __init__(self) -> None:
        self.came = 0
        self.heard = b""
        self.port = 0
        self.quiet = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += 1
        self.heard += await reader.read()
        writer.close()
        self.quiet.set()


@asynccontextmanager
async def listening() -> AsyncIterator[Listening]:
    site = Listening()
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    async with server:
        yield site


@pytest.mark.parametrize("allowed", [0, 1])
async def test_w2_the_lease_is_looked_at_before_and_when_the_connection_is_ready(allowed: int) -> None:
    """After a freeze the connection may be ready long after the lease was: then not even a handshake begins."""
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks > allowed:
            raise LeaseOver

    async with listening() as site:
        tcp = Tcp(True, Redactor([]), look, lambda: 5.0)
        with pytest.raises(LeaseOver):
            async with tcp.connect("127.0.0.1", site.port, tls=ssl.create_default_context()):
                pass
        if allowed:
            await site.quiet.wait()
        assert (site.came, site.heard) == (allowed, b"")
