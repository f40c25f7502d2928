"""A real `vedette-worker` process that joins by a code, as on another machine."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from worker.process.tasks import spawn

ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("VEDETTE_")}


class RemoteWorker:
    """One data directory and the workers that were started on it, one after the other.

    Args:
        prefix: put before the command, as `ip netns exec NAME`.
        folder: where it runs, if that matters.
    """

    def __init__(self, data_dir: Path, prefix: Sequence[str] = (), folder: Path | None = None) -> None:
        self.data_dir = data_dir
        self._folder = folder
        self._prefix = prefix
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self, code: str | None = None, *arguments: str) -> None:
        """Start it; a code is needed only the first time."""
        join = ["--join", code] if code is not None else []
        command = [sys.executable, "-m", "worker", *join, "--data-dir", str(self.data_dir), *arguments]
        self._process = await asyncio.create_subprocess_exec(
            *self._prefix,
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
            cwd=self._folder,
        )
        assert self._process.stderr is not None
        self._reader = spawn(self._process.stderr.read(), name="stderr")

    async def ended(self, within: float = 20) -> tuple[int, str]:
        """Wait for its end: the exit code, and all that it said on stderr."""
        assert self._process is not None and self._reader is not None
        code = await asyncio.wait_for(self._process.wait(), within)
        said = (await self._reader).decode()
        self._process._transport.close()  # type: ignore[attr-defined]
        return code, said

    async def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal and wait for the end."""
        if self.running:
            assert self._process is not None
            self._process.send_signal(number)
        return await self.ended()


@asynccontextmanager
async def remote_worker(
    data_dir: Path, prefix: Sequence[str] = (), folder: Path | None = None
) -> AsyncIterator[RemoteWorker]:
    """A worker that is not started yet; whatever the test did, no process of it is left at the end."""
    worker = RemoteWorker(data_dir, prefix, folder)
    try:
        yield worker
    finally:
        if worker.running:
            await worker.stop(signal.SIGKILL)
