"""engine.io's life of a websocket without its timers.

The stock one makes two tasks and two timers for each packet and two more for each ping, and wakes a thousand times a
second to see which of 10,000 peers are gone: more than the heartbeats themselves cost (tests/benchmarks/
bench_connections.py). Here a peer has one writer, and one sweep pings everybody and finds those that do not answer.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Protocol

from engineio import exceptions, packet

SWEEPS = 10  #: slices of a second: a tenth of the peers is looked at in each
CLOSE, PONG, MESSAGE = "1", "3", "4"


class Websocket(Protocol):
    """What a peer is reached by. All may raise OSError once it is gone."""

    async def wait(self) -> str: ...
    async def send(self, message: str) -> None: ...
    async def close(self) -> None: ...


class Line:
    """The way out to one peer. `busy` while its writer has something to write."""

    __slots__ = ("busy", "websocket")

    def __init__(self, websocket: Websocket) -> None:
        self.websocket = websocket
        self.busy = False


async def say(socket: Any, text: str) -> None:
    """Send one message: straight away if nothing waits for this peer, else after what waits."""
    line = socket.server.lines.get(socket.sid)
    if line is None or line.busy or not socket.queue.empty():
        socket.queue.put_nowait(packet.Packet(packet.MESSAGE, text))
        return
    with suppress(OSError):  # it is gone, as its reader is about to see
        await line.websocket.send(MESSAGE + text)


async def carry(socket: Any, websocket: Websocket) -> None:
    """Read and write one engine.io socket until either side ends it.

    Args:
        socket: engine.io's AsyncSocket, which has just been opened over this websocket.
    """
    socket.connected = socket.upgraded = True
    line = socket.server.lines[socket.sid] = Line(websocket)
    writer = socket.server.start_background_task(_write, socket, line)
    try:
        await _read(socket, websocket)
    finally:
        socket.queue.put_nowait(None)  # the writer says what still waits, and ends
        await writer
        socket.server.quiet_since.pop(socket.sid, None)
        del socket.server.lines[socket.sid]
        await socket.close(wait=False, abort=True, reason=socket.server.reason.TRANSPORT_CLOSE)


async def _read(socket: Any, websocket: Websocket) -> None:
    server = socket.server
    with suppress(OSError, exceptions.SocketIsClosedError):
        while not socket.closed:
            frame = await websocket.wait()
            server.quiet_since[socket.sid] = time.time()  # whatever it says, it lives: one that beats needs no pings
            if frame[:1] == PONG:
                socket.last_ping = None
            elif frame[:1] == CLOSE:
                await socket.close(wait=False, abort=True, reason=server.reason.CLIENT_DISCONNECT)
            else:
                await server._trigger_event("message", socket.sid, frame[1:], run_async=False)


async def _write(socket: Any, line: Line) -> None:
    with suppress(OSError):
        async for waiting in _waiting(socket.queue):
            line.busy = True
            await line.websocket.send(waiting.encode())
            line.busy = False
    await line.websocket.close()


async def _waiting(queue: "asyncio.Queue[Any]") -> AsyncIterator[Any]:
    while (waiting := await queue.get()) is not None:
        queue.task_done()
        yield waiting
    queue.task_done()


async def sweep(server: Any) -> None:
    """Ping whoever has been quiet for an interval, end whoever has not answered within the time-out. Runs for ever.

    Args:
        server: an engine.io server with `quiet_since`: socket id → when it last said anything (time.time()).
    """
    while True:
        for part in range(SWEEPS):
            await asyncio.sleep(1 / SWEEPS)
            now = time.time()
            for socket in list(server.sockets.values())[part::SWEEPS]:
                if socket.closed or socket.last_ping or _quiet(server, socket, now):
                    await _look(server, socket, now)


async def _look(server: Any, socket: Any, now: float) -> None:
    if socket.closed:
        server.sockets.pop(socket.sid, None)
    elif socket.closing:
        return
    elif socket.last_ping:
        if now - socket.last_ping > server.ping_timeout:
            await socket.close(wait=False, reason=server.reason.PING_TIMEOUT)
    elif _quiet(server, socket, now):
        socket.last_ping = now
        socket.queue.put_nowait(packet.Packet(packet.PING))


def _quiet(server: Any, socket: Any, now: float) -> bool:
    return bool(now - server.quiet_since.get(socket.sid, now) >= server.ping_interval)
