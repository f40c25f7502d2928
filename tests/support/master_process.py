"""A real `vedette-master` process on a fresh data directory, spoken to only through REST."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from tests.support.waiting import eventually

ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("VEDETTE_")}


class MasterProcess:
    """One data directory and the masters that were started on it, one after the other.

    Attributes:
        url, token: of the running master.
        pid: of its process.
        arguments: of the next start.
    """

    def __init__(
        self, data_dir: Path, session: aiohttp.ClientSession, *arguments: str, folder: Path | None = None
    ) -> None:
        self.data_dir = data_dir
        self._folder = folder
        self.url = ""
        self.token = ""
        self._session = session
        self.arguments = list(arguments)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait for its ready line."""
        self._process = await self._spawn(["--data-dir", str(self.data_dir), "--port", "0", *self.arguments])
        assert self._process.stdout is not None
        line = (await asyncio.wait_for(self._process.stdout.readline(), 30)).decode()
        assert line.startswith("ready http://127.0.0.1:"), f"instead of the ready line: {line!r}"
        said = json.loads((self.data_dir / "master.json").read_text())
        self.url, self.token = said["url"], said["token"]
        assert line.strip() == f"ready {self.url}"

    async def _spawn(self, arguments: list[str]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "engine", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd=self._folder,
        )

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        code = await asyncio.wait_for(self._process.wait(), 20)
        self._process._transport.close()  # type: ignore[attr-defined]
        return code

    async def call(
        self, method: str, path: str, body: object = None, *, request_id: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """One REST call: status and the whole answer."""
        headers = {"Authorization": f"Bearer {self.token}"} | ({"X-Request-ID": request_id} if request_id else {})
        async with self._session.request(method, self.url + "/api/v1" + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str) -> Any:
        """The `data` of a GET."""
        status, answer = await self.call("GET", path)
        assert status == 200, answer
        return answer["data"]

    async def items(self, path: str) -> list[dict[str, Any]]:
        """The items of a list."""
        return list((await self.get(path))["items"])

    async def workers_online(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many workers are online and really run; returns them."""

        async def online() -> list[dict[str, Any]]:
            workers = [w for w in await self.items("/workers") if w["state"] == "online" and alive(w["pid"])]
            return workers if len(workers) == count else []

        return list(await eventually(online, within=20, what=f"{count} workers online"))

    async def create_account(self, **body: object) -> dict[str, Any]:
        """POST /accounts; returns the account."""
        status, answer = await self.call("POST", "/accounts", body)
        assert status == 201, answer
        return dict(answer["data"])

    async def account(self, account_id: str) -> dict[str, Any]:
        """GET /accounts/{id}."""
        return dict(await self.get(f"/accounts/{account_id}"))

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Lines of the master's log with this event."""
        lines = (self.data_dir / "logs" / "master.jsonl").read_text().splitlines()
        return [line for line in map(json.loads, lines) if line["event"] == event]


def alive(pid: int | None) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return pid is not None and psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


@asynccontextmanager
async def running_master(data_dir: Path, *arguments: str, folder: Path | None = None) -> AsyncIterator[MasterProcess]:
    """A started master that works in `folder`; whatever the test did, no process of it is left at the end."""
    async with aiohttp.ClientSession(trust_env=False) as session:
        master = MasterProcess(data_dir, session, *arguments, folder=folder)
        await master.start()
        try:
            yield master
        finally:
            children = psutil.Process(master.pid).children(recursive=True) if alive(master.pid) else []
            await master.end(signal.SIGKILL)
            await eventually(lambda: not any(alive(child.pid) for child in children), within=5, what="orphans")
