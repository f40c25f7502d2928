"""Servers that repeat the credentials they were given in every answer."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from tests.support.fake_platform import FakePlatform


def blab(site: FakePlatform, path: str, status: int) -> None:
    """Answer every request for `path` with what its Authorization header holds: body, headers, reason."""

    async def handle(request: web.Request) -> web.StreamResponse:
        header = request.headers.get("Authorization", "")
        with suppress(ValueError):
            header += " " + base64.b64decode(header.removeprefix("Basic ")).decode()
        plain = header.encode("ascii", "xmlcharrefreplace").decode()
        headers = {"Location": f"http://127.0.0.1:9/?said={plain}", "X-Said": plain, "ETag": f'"{plain}"'}
        body = f"<rss><channel><title>you said {header}".encode()
        return web.Response(status=status, reason=f"You said {plain}", body=body, headers=headers)

    site.answer_with(path, handle)


@asynccontextmanager
async def blabbing_imap() -> AsyncIterator[tuple[int, list[bytes]]]:
    """An IMAP server that refuses every login and repeats it; gives its port, and what it was told."""
    told: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        with suppress(ConnectionError):
            while line := await reader.readline():
                told.append(line)
                tag = line.split(b" ", 1)[0]
                if b"LOGIN" in line.upper():
                    while line.rstrip().endswith(b"}"):
                        writer.write(b"+ go on\r\n")
                        line = await reader.readline()
                        told.append(line)
                    said = b" ".join(told).replace(b"\r\n", b" ")
                    writer.write(tag + b" NO [AUTHENTICATIONFAILED] wrong: " + said + b"\r\n")
                else:
                    writer.write(tag + b" OK done\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], told
    finally:
        server.close()
        await server.wait_closed()
