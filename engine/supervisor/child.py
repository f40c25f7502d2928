"""One local worker's process.

Secrets go in as the first line on stdin, never in argv or environment. stdin then stays open for as long as we live:
its end tells the child that its parent is gone.
"""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import Callable

from worker.process import tasks

KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE")
LAST_WORDS = 20  #: lines of stderr kept


def command() -> list[str]:
    """How a worker is started: the sibling executable when frozen, else this Python."""
    if getattr(sys, "frozen", False):
        suffix = ".exe" if sys.platform == "win32" else ""
        return [os.path.join(os.path.dirname(sys.executable), "vedette-worker" + suffix), "--local"]
    return [sys.executable, "-m", "worker", "--local"]


def environment() -> dict[str, str]:
    """The environment by allow-list: nothing that was meant for the master reaches a worker."""
    kept = {key: value for key, value in os.environ.items() if key in KEPT_ENVIRONMENT or key.startswith("LC_")}
    if getattr(sys, "frozen", False):
        kept["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    return kept


class Child:
    """A process from its start until it is reaped.

    Attributes:
        pid: of the process; None before the start.
        asked: whether somebody asked it to end. hung: because it did not answer.
    """

    def __init__(self, first_line: bytes, on_exit: Callable[["Child", int, str], None]) -> None:
        self._first_line = first_line
        self._on_exit = on_exit
        self._process: asyncio.subprocess.Process | None = None
        self._waiter: asyncio.Task[None] | None = None
        self._words: deque[str] = deque(maxlen=LAST_WORDS)
        self.asked = self.hung = False

    @property
    def pid(self) -> int | None:
        """Process id, None before the start."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process and hand it its first line. Raises OSError if it cannot be started."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *command(), stdin=pipe, stdout=asyncio.subprocess.DEVNULL, stderr=pipe, env=environment()
        )
        self._waiter = tasks.spawn(self._wait(self._process), name=f"child-{self._process.pid}")
        assert self._process.stdin is not None
        self._process.stdin.write(self._first_line)

    async def _wait(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        listener = tasks.spawn(self._listen(process.stderr), name=f"child-stderr-{process.pid}")
        code = await process.wait()
        await asyncio.wait([listener], timeout=1)  # a grandchild may hold the pipe open: do not wait for that
        await tasks.cancel(listener)
        self._on_exit(self, code, self._words[-1] if self._words else "")

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        while line := await self._line(stream):
            text = line.decode(errors="replace").strip()
            if text:
                self._words.append(text[:500])

    @staticmethod
    async def _line(stream: asyncio.StreamReader) -> bytes:
        try:
            return await stream.readline()
        except ValueError:  # longer than the reader's limit: what it says is lost, that it spoke is not
            return b"(a line too long to keep)\n"

    def terminate(self) -> None:
        """SIGTERM: it drains and ends."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))

    def hang_up(self) -> None:
        """Close its stdin: it ends within a second, whatever its event loop does."""
        self.asked = True
        if self._process and self._process.stdin:
            self._process.stdin.close()

    async def ended(self, within: float) -> bool:
        """Wait until it is reaped, at most so many seconds; whether it was."""
        if self._waiter is None:
            return True
        done, _ = await asyncio.wait([self._waiter], timeout=within)
        return bool(done)

    def _signal(self, number: int) -> None:
        self.asked = True
        if self._process and self._process.returncode is None:
            try:
                self._process.send_signal(number)
            except ProcessLookupError:
                return  # reaped between the look and the call
