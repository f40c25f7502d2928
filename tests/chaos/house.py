"""One master, its local workers, and remote workers behind bad wires: real processes of one environment."""

import asyncio
import json
import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from tests.chaos.environment import install
from tests.chaos.plan import REMOTES
from tests.chaos.proxy import Proxy
from tests.support.master_process import ENVIRONMENT, MasterProcess, alive
from tests.support.waiting import eventually
from worker.process.local_start import LocalStart

ROOT = Path(__file__).parents[2]


class ChaosMaster(MasterProcess):
    """A master in the environment of the round, which knows the remote workers."""

    def __init__(self, python: Path, data_dir: Path, session: aiohttp.ClientSession, *arguments: str) -> None:
        super().__init__(data_dir, session, *arguments)
        self._python = python
        self.remotes: dict[str, str] = {}
        self.errors = data_dir.with_name("master.stderr")

    @property
    def running(self) -> bool:
        """Whether its process has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def port(self) -> int | None:
        """Where it listens; None while it does not run."""
        return int(self.url.rpartition(":")[2]) if self.running and self.url else None

    async def _spawn(self, arguments: list[str]) -> asyncio.subprocess.Process:
        self.url = ""
        with self.errors.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(str(self._python), "-m", "tests.chaos.run_master"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=ENVIRONMENT,
                cwd=ROOT,
            )
        assert process.stdin is not None
        process.stdin.write(json.dumps({"arguments": arguments, "remotes": self.remotes}).encode() + b"\n")
        return process


class RemoteWorker:
    """A worker process that somebody else starts, behind a wire of its own."""

    def __init__(self, name: str, python: Path, directory: Path, master: ChaosMaster) -> None:
        self.name = name
        self.wire = Proxy(lambda: master.port)
        self.directory = directory
        self._python = python
        self._process: asyncio.subprocess.Process | None = None
        self.token = master.remotes[name] = secrets.token_urlsafe(16)

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Start its process, unless it runs."""
        if self.pid is not None:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "stderr").open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *(str(self._python), "-m", "worker", "--local"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
                env=ENVIRONMENT,
                cwd=ROOT,
            )
        assert self._process.stdin is not None
        self._process.stdin.write(self._first_line())

    def _first_line(self) -> bytes:
        return LocalStart(
            url=f"http://127.0.0.1:{self.wire.port}",
            worker_id=self.name,
            token=self.token,
            name=self.name,
            data_dir=str(self.directory),
            log_file=str(self.directory / "logs" / "worker.jsonl"),
            parent_pid=os.getpid(),
        ).line()

    async def end(self, number: int = signal.SIGTERM) -> int | None:
        """Send a signal and wait; returns the exit code."""
        if self._process is None:
            return None
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
        try:
            return await asyncio.wait_for(self._process.wait(), 15)
        finally:
            self._process._transport.close()  # type: ignore[attr-defined]


class House:
    """Everything that runs.

    Attributes:
        python: of the environment; every process of the round was started from it.
    """

    def __init__(self, directory: Path, python: Path, session: aiohttp.ClientSession, *arguments: str) -> None:
        self.directory = directory
        self.python = python
        self.master = ChaosMaster(python, directory / "data", session, *arguments)
        self.remotes = {name: RemoteWorker(name, python, directory / name, self.master) for name in REMOTES}

    def pid_of(self, worker: str, known: dict[str, dict[str, Any]]) -> int | None:
        """A worker's process; `known` are the workers as REST tells of them."""
        if worker in self.remotes:
            return self.remotes[worker].pid
        pid = known.get(worker, {}).get("pid")
        return pid if alive(pid) else None

    def processes(self) -> list[psutil.Process]:
        """All processes of this environment that run, whoever started them."""
        everybody = psutil.process_iter(["cmdline"])
        return [one for one in everybody if (one.info["cmdline"] or [""])[0] == str(self.python) and alive(one.pid)]

    def log_directories(self) -> list[Path]:
        """Where logs are."""
        return [self.master.data_dir, *(remote.directory for remote in self.remotes.values())]

    async def close(self) -> None:
        """End everything, hard: our children first, since asyncio alone may reap them, then whatever is left."""
        if self.master.running:
            await self.master.end(signal.SIGKILL)
        for remote in self.remotes.values():
            await remote.end(signal.SIGKILL)
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        await eventually(lambda: not self.processes(), within=5, what="all processes have ended")


@asynccontextmanager
async def open_house(directory: Path, *arguments: str) -> AsyncIterator[House]:
    """A started master and its started workers, all online; nothing of it is left at the end."""
    python = install(directory / "environment")
    async with AsyncExitStack() as stack:
        timeout = aiohttp.ClientTimeout(total=5)
        connector = aiohttp.TCPConnector(force_close=True)  # our own connections are no descriptors of the master
        session = aiohttp.ClientSession(trust_env=False, timeout=timeout, connector=connector)
        await stack.enter_async_context(session)
        house = House(directory, python, session, *arguments)
        stack.push_async_callback(house.close)
        await house.master.start()
        for remote in house.remotes.values():
            await stack.enter_async_context(remote.wire)
            await remote.start()
        yield house


async def all_online(house: House, count: int, within: float = 20.0) -> dict[str, dict[str, Any]]:
    """Wait until so many workers are online; returns them by id."""

    async def online() -> dict[str, dict[str, Any]]:
        workers = {w["id"]: w for w in await house.master.items("/workers") if w["state"] == "online"}
        return workers if len(workers) == count else {}

    return dict(await eventually(online, within=within, what=f"{count} workers online"))
