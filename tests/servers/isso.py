"""isso, a real comment server with Atom feeds, on a free port of loopback.

async with Isso(tmp_path) as isso:
    await isso.post_comment("/blog/", "Nice post", "Ming")
    ... poll isso.feed_url("/blog/") ...
"""

import asyncio
import os
import socket
from asyncio.subprocess import Process
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from tests.servers.cache import Server
from tests.support.waiting import eventually

# isso imports pkg_resources through a dependency in some versions; setuptools 81 dropped it
SERVER = Server("isso", ("isso==0.14.0", "setuptools<81"))

READY_WITHIN = 30.0  #: seconds
ENDED_WITHIN = 5.0  #: seconds

CONFIGURATION = """\
[general]
dbpath = {directory}/isso.db
host = {url}
[server]
listen = {url}
public-endpoint = {url}
[moderation]
enabled = false
[guard]
enabled = false
[hash]
salt = vedette-tests
algorithm = sha1
[rss]
base = https://blog.example
"""


class Isso:
    """One running isso; comments are public at once and not limited in number."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.url = ""
        self._process: Process | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(trust_env=False)
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the server; a second call does nothing."""
        session, self._session = self._session, None
        process, self._process = self._process, None
        if session is not None:
            await session.close()
        if process is not None and process.returncode is None:
            await _end(process)

    def feed_url(self, uri: str) -> str:
        """The Atom feed of the comments below the page `uri`."""
        return f"{self.url}/feed?uri={uri}"

    async def post_comment(self, uri: str, text: str, author: str) -> int:
        """Comment on the page `uri` as anybody may; returns the comment's number."""
        assert self._session is not None
        # with a title isso does not fetch the page to find one
        body = {"text": text, "author": author, "title": f"Page {uri}"}
        async with self._session.post(f"{self.url}/new", params={"uri": uri}, json=body) as answer:
            assert answer.status == 201, f"isso: {answer.status} {await answer.text()}"
            return int((await answer.json())["id"])

    async def _start(self) -> None:
        self.url = f"http://127.0.0.1:{_free_port()}"
        configuration = self._directory / "isso.cfg"
        configuration.write_text(CONFIGURATION.format(directory=self._directory, url=self.url))
        with (self._directory / "isso.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(SERVER.program("isso")), "-c", str(configuration), "run",
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": os.environ["PATH"], "TZ": "UTC"},  # isso writes local time and calls it UTC
            )  # fmt: skip
        await eventually(self._answers, within=READY_WITHIN, what="isso answers")

    async def _answers(self) -> bool:
        assert self._session is not None
        assert self._process is not None
        assert self._process.returncode is None, f"isso ended: {(self._directory / 'isso.log').read_text()}"
        try:
            async with self._session.get(self.feed_url("/ready/")) as answer:
                return answer.status == 200
        except aiohttp.ClientConnectionError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _end(process: Process) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(ENDED_WITHIN):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
