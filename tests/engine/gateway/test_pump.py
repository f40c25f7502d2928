"""A websocket's life without engine.io's timers: pings, and peers that do not answer them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engineio.async_socket import AsyncSocket

from engine.gateway.pump import carry, sweep
from engine.gateway.sockets import Engine
from tests.support.waiting import eventually
from worker.process.tasks import cancel, spawn


class Wire:
    """A websocket in memory: what the peer says, and what it hears."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[str | None] = asyncio.Queue()
        self.heard: list[str] = []
        self.closed = False

    async def wait(self) -> str:
        frame = await self.said.get()
        if frame is None:
            raise OSError("the connection has ended")
        return frame

    async def send(self, message: str) -> None:
        self.heard.append(message)

    async def close(self) -> None:
        self.closed = True


@asynccontextmanager
async def peer(messages: list[str]) -> AsyncIterator[tuple[Wire, AsyncSocket]]:
    """A peer that is pinged every 0.1 s and has 0.2 s to answer."""
    server = Engine(async_mode="aiohttp", ping_interval=0.1, ping_timeout=0.2, monitor_clients=False)

    async def received(_sid: str, message: str) -> None:
        messages.append(message)

    server.on("message", received)
    wire, socket = Wire(), AsyncSocket(server, "s1")
    server.sockets["s1"] = socket
    socket.schedule_ping()
    life, looking = spawn(carry(socket, wire), name="life"), spawn(sweep(server), name="sweep")
    yield wire, socket
    wire.said.put_nowait(None)
    await life
    await cancel(looking)
    await server.end()
    assert wire.closed and "s1" not in server.quiet_since


async def test_a_peer_that_answers_is_pinged_again_and_again() -> None:
    async with peer([]) as (wire, socket):
        for count in range(1, 4):
            await eventually(lambda count=count: wire.heard.count("2") == count, within=3)
            wire.said.put_nowait("3")
            await eventually(lambda: socket.last_ping is None, within=1)
        assert not socket.closed


async def test_a_peer_that_does_not_answer_is_ended() -> None:
    async with peer([]) as (wire, socket):
        await eventually(lambda: socket.closed, within=3)
        assert wire.heard[0] == "2" and time.time() - socket.last_ping >= 0.2


async def test_messages_come_in_order_and_a_goodbye_ends_it() -> None:
    messages: list[str] = []
    async with peer(messages) as (wire, socket):
        for frame in ("4one", "4two", "1"):
            wire.said.put_nowait(frame)
        await eventually(lambda: socket.closed, within=1)
    assert messages == ["one", "two"]
