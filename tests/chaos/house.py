"""One master, its local workers, and remote workers behind bad wires: real processes of one environment."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import psutil

from tests.chaos.environment import install
from tests.chaos.plan import REMOTES
from tests.chaos.proxy import Proxy
from tests.support.master_process import ENVIRONMENT, MasterProcess, alive
from tests.support.waiting import eventually
from worker.protocol.join_code import decode, encode

ROOT = Path(__file__).parents[2]
DOOR = ("--accept-remote", "--remote-host", "127.0.0.1", "--remote-port", "0")


class ChaosMaster(MasterProcess):
    """A master in the environment of the round."""

    def __init__(self, python: Path, data_dir: Path, session: aiohttp.ClientSession, *arguments: str) -> None:
        super().__init__(data_dir, session, *arguments)
        self._python = python
        self.errors = data_dir.with_name("master.stderr")

    @property
    def running(self) -> bool:
        """Whether its process has not ended."""
        return self._process is not None and self._process.returncode is None

    async def _spawn(self, arguments: list[str]) -> asyncio.subprocess.Process:
        with self.errors.open("ab") as errors:
            return await asyncio.create_subprocess_exec(
                *(str(self._python), "-m", "engine", *arguments),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=ENVIRONMENT,
                cwd=ROOT,
            )


class RemoteWorker:
    """A worker that joined by a code, behind a wire of its own; it knows no other way to the master."""

    def __init__(self, name: str, python: Path, directory: Path, master: ChaosMaster) -> None:
        self.name = name
        self.directory = directory
        self.wire = Proxy(lambda: self._door if master.running else None)
        self._door = 0
        self._python = python
        self._master = master
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def join(self) -> None:
        """Start it for the first time, with a code that leads through the wire."""
        status, answer = await self._master.call("POST", "/join-codes", {"name": self.name})
        assert status == 201, answer
        code = decode(answer["data"]["code"])
        self._door = code.port
        through = msgspec.structs.replace(code, port=self.wire.port, hosts=["127.0.0.1"])
        await self.start("--join", encode(through))

    async def start(self, *arguments: str) -> None:
        """Start its process, unless it runs."""
        if self.pid is not None:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "stderr").open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *(str(self._python), "-m", "worker", "--data-dir", str(self.directory / "home"), *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
                env=ENVIRONMENT,
                cwd=ROOT,
            )

    async def end(self, number: int = signal.SIGTERM) -> int | None:
        """Send a signal and wait; returns the exit code."""
        if self._process is None:
            return None
        if self._process.returncode is None:
            self._process.send_signal(number)
        try:
            return await asyncio.wait_for(self._process.wait(), 15)
        finally:
            self._process._transport.close()  # type: ignore[attr-defined]


class House:
    """Everything that runs. Workers go by their names here; a remote one's id is a fingerprint of its key.

    Attributes:
        python: of the environment; every process of the round was started from it.
        names: of workers, by id.
    """

    def __init__(
        self, directory: Path, python: Path, session: aiohttp.ClientSession, names: dict[str, str], *arguments: str
    ) -> None:
        self.directory = directory
        self.names = names
        self.python = python
        self.master = ChaosMaster(python, directory / "data", session, *DOOR, *arguments)
        self.remotes = {name: RemoteWorker(name, python, directory / name, self.master) for name in REMOTES}

    async def workers(self) -> dict[str, dict[str, Any]]:
        """All workers as REST tells of them, by name."""
        found = await self.master.items("/workers")
        self.names.update({worker["id"]: worker["name"] for worker in found})
        return {worker["name"]: worker for worker in found}

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
        return [self.master.data_dir, *(remote.directory / "home" for remote in self.remotes.values())]

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
async def open_house(directory: Path, names: dict[str, str], *arguments: str) -> AsyncIterator[House]:
    """A started master and its started workers, all online; nothing of it is left at the end."""
    python = install(directory / "environment")
    async with AsyncExitStack() as stack:
        timeout = aiohttp.ClientTimeout(total=5)
        connector = aiohttp.TCPConnector(force_close=True)  # our own connections are no descriptors of the master
        session = aiohttp.ClientSession(trust_env=False, timeout=timeout, connector=connector)
        await stack.enter_async_context(session)
        house = House(directory, python, session, names, *arguments)
        stack.push_async_callback(house.close)
        await house.master.start()
        for remote in house.remotes.values():
            await stack.enter_async_context(remote.wire)
            await remote.join()
        yield house


async def all_online(house: House, count: int, within: float = 20.0) -> dict[str, dict[str, Any]]:
    """Wait until so many workers are online; returns them by name."""

    async def online() -> dict[str, dict[str, Any]]:
        workers = {name: one for name, one in (await house.workers()).items() if one["state"] == "online"}
        return workers if len(workers) == count else {}

    return dict(await eventually(online, within=within, what=f"{count} workers online"))
