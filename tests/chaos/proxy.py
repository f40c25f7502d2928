"""A wire that can be made bad: TCP between one worker and the master, frozen, cut or slow on command."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from worker.process.tasks import cancel, spawn

CHUNK = 64 * 1024


class _Way:
    """One direction."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.delay = 0.0


class Proxy:
    """Listens on a port of its own and passes on to where `target` says.

    Args:
        target: the port on loopback to pass on to, asked for each connection; None refuses it.
    """

    def __init__(self, target: Callable[[], int | None]) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._up, self._down = _Way(), _Way()
        self._refusing = False
        self._wires: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await cancel(*self._wires)

    def freeze(self, *, up: bool = True, down: bool = True) -> None:
        """Let nothing through to the master (`up`), to the worker (`down`); nobody is told, nothing is lost."""
        for way, wanted in ((self._up, up), (self._down, down)):
            if wanted:
                way.open.clear()

    def slow(self, seconds: float) -> None:
        """Let every piece wait for so long, each way."""
        self._up.delay = self._down.delay = seconds

    async def cut(self) -> None:
        """End all connections, and refuse new ones."""
        self._refusing = True
        await cancel(*self._wires)

    def mend(self) -> None:
        """All well again."""
        self._refusing = False
        self.slow(0.0)
        self._up.open.set()
        self._down.open.set()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = spawn(self._carry(reader, writer), name="wire")
        self._wires.add(wire)
        wire.add_done_callback(self._wires.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self._target()
        ends = [writer]
        try:
            if port is None or self._refusing:
                return
            await self._up.open.wait()
            answers, onward = await asyncio.open_connection("127.0.0.1", port)
            ends.append(onward)
            pumps = [spawn(_pump(reader, onward, self._up), name="up")]
            pumps.append(spawn(_pump(answers, writer, self._down), name="down"))
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await cancel(*pumps)
        except OSError:
            return
        finally:
            for end in ends:
                end.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: _Way) -> None:
    with suppress(OSError):
        while True:
            piece = await reader.read(CHUNK)
            if way.delay:
                await asyncio.sleep(way.delay)
            await way.open.wait()
            if not piece:
                return
            writer.write(piece)
            await writer.drain()
