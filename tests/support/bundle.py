"""The frozen application, started as a user's desktop does, and looked at from outside only."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from tests.support.master_process import alive
from tests.support.waiting import eventually

START_WITHIN = 30.0  #: seconds; a cold disk reads 140 MB
STOP_WITHIN = 20.0


@dataclass
class FrozenApp:
    """A running `Vedette` of the bundle.

    Attributes:
        display: the X display that its window is on.
        data_dir: its data directory.
        process: its process; what it writes to stderr is kept in `stderr`.
    """

    display: str
    data_dir: Path
    process: asyncio.subprocess.Process
    stderr: Path
    _session: aiohttp.ClientSession

    async def items(self, path: str) -> list[dict[str, Any]]:
        """The items of a REST list; none while the master is not there yet."""
        try:
            said = json.loads((self.data_dir / "master.json").read_text())
        except FileNotFoundError:
            assert self.process.returncode is None, f"Vedette ended: {self.stderr.read_text()}"
            return []
        headers = {"Authorization": f"Bearer {said['token']}"}
        async with self._session.get(f"{said['url']}/api/v1{path}", headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return list((await answer.json())["data"]["items"])

    async def workers_online(self, count: int) -> list[psutil.Process]:
        """Wait until so many workers are online; their processes."""

        async def online() -> list[psutil.Process]:
            pids = [worker["pid"] for worker in await self.items("/workers") if worker["state"] == "online"]
            return [psutil.Process(pid) for pid in pids] if len(pids) == count else []

        return list(await eventually(online, within=START_WITHIN, what=f"{count} frozen workers online"))

    async def window(self, title: str) -> str:
        """Wait until a window of this title is on the display; its geometry, “1180x760”."""

        async def shown() -> str:
            told = await _output("xwininfo", "-display", self.display, "-name", title)
            size = re.search(r"-geometry (\d+x\d+)", told)
            return size[1] if size and "IsViewable" in told else ""

        return str(await eventually(shown, within=START_WITHIN, what=f"a window called {title}"))

    async def stop(self) -> int:
        """SIGTERM, as at the end of a session; the exit code."""
        self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), STOP_WITHIN)


async def _output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    said, _ = await process.communicate()
    return said.decode()


async def run_alone(executable: Path, cwd: Path, *arguments: str) -> tuple[int | None, str]:
    """Run one executable with an empty environment to its end: exit code and stderr."""
    process = await asyncio.create_subprocess_exec(
        executable, *arguments, env={}, cwd=cwd, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), STOP_WITHIN)
    return process.returncode, said.decode()


@asynccontextmanager
async def frozen_app(executable: Path, home: Path, display: str) -> AsyncIterator[FrozenApp]:
    """Start `Vedette --demo` with nothing in its environment but HOME and DISPLAY; nothing of it is left at the end."""
    data_dir, stderr = home / "data", home / "stderr.txt"
    environment = {"HOME": str(home), "DISPLAY": display}
    arguments = ("--data-dir", str(data_dir), "--demo", "--port", "0")
    with stderr.open("wb") as spoken:
        process = await asyncio.create_subprocess_exec(
            executable, *arguments, env=environment, cwd=home, stdin=asyncio.subprocess.DEVNULL, stderr=spoken
        )
    async with aiohttp.ClientSession(trust_env=False) as session:
        try:
            yield FrozenApp(display, data_dir, process, stderr, session)
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what a failed test left; its workers die with it, which is waited for."""
    if process.returncode is None:
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        await process.wait()
        await eventually(lambda: not any(alive(child.pid) for child in children), within=5, what="orphans")


def loaded_files(pid: int) -> set[str]:
    """Names of the files that a process has mapped."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {os.path.basename(line.split(maxsplit=5)[5]) for line in lines if "/" in line}


def weight(folder: Path) -> int:
    """Bytes of all files below a folder; links count as links."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_symlink() or file.is_file())
