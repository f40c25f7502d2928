"""What it costs to run the engine inside Qt: CPU per request of the hosted loop against plain asyncio.

Each loop serves in a process of its own, this process is the client, and the rounds alternate between the
servers, so that a slow minute of a shared machine hits all of them. Only the servers' CPU time counts.
Stock qasync is measured too, for information.
"""

import asyncio
import contextlib
import itertools
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.benchmarks.table import Row

ROUNDS = 7
IDLE = 1_000
LIMIT = 1.3
LOOPS = ("asyncio", "hosted", "qasync")
CPU = b"?cpu"


def _get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


@dataclass(frozen=True)
class Load:
    """One kind of traffic. To `ask` a server answers with its CPU seconds as the last word, and closes."""

    area: str
    kind: str
    message: bytes
    ask: bytes
    idle: int
    active: int
    round_trips: int


def _http(area: str, active: int, round_trips: int) -> Load:
    return Load(area, "http", _get("/"), _get("/cpu", "Connection: close"), 0, active, round_trips)


def _echo(area: str, active: int, round_trips: int) -> Load:
    return Load(area, "echo", b"x" * 64, CPU, IDLE, active, round_trips)


# One at a time is the worst case for a hosted loop: each packet wakes Qt by itself.
LOADS = (
    _http("CPU per HTTP request (aiohttp), 8 at a time", 8, 2_000),
    _echo(f"CPU per TCP echo, {IDLE:,} idle connections, 8 at a time", 8, 8_000),
    _http("CPU per HTTP request (aiohttp), one at a time", 1, 1_000),
    _echo(f"CPU per TCP echo, {IDLE:,} idle connections, one at a time", 1, 2_000),
)


def rows() -> list[Row]:
    """Per load one row for the hosted loop and one, for information, for stock qasync."""
    allow_sockets(2 * IDLE * len(LOOPS))
    with _one_core():
        return [row for load in LOADS for row in asyncio.run(_compare(load))]


@contextlib.contextmanager
def _one_core() -> Iterator[None]:
    """Keep client and servers on one core: waking a core that sleeps costs a virtual machine up to 20 µs, at random."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_sockets(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


# ---- the client


@dataclass
class Server:
    """A serving process as the client sees it; `costs` are CPU seconds per round trip, one per round."""

    port: int
    idle: list[asyncio.BaseTransport] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    async def cpu(self, ask: bytes) -> float:
        """CPU seconds that the process has used so far."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(ask)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return float(answer.split()[-1])


class _PingPong(asyncio.Protocol):
    """Sends a message, waits for the whole answer, and so on until the shared count is used up."""

    def __init__(self, message: bytes, left: list[int], done: asyncio.Event) -> None:
        self._message, self._left, self._done = message, left, done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._message)

    def data_received(self, data: bytes) -> None:
        self._left[0] -= 1
        if self._left[0] <= 0:
            self._done.set()
        else:
            self._transport.write(self._message)


async def _compare(load: Load) -> list[Row]:
    with contextlib.ExitStack() as processes:
        servers = {loop: Server(processes.enter_context(_process(loop, load.kind))) for loop in LOOPS}
        for server in servers.values():
            await _connect_idle(server, load.idle)
        for _ in range(ROUNDS + 1):
            for server in servers.values():
                await _round(server, load)
        for transport in itertools.chain.from_iterable(server.idle for server in servers.values()):
            transport.close()
        await asyncio.sleep(0)  # close() takes effect in the next iteration
    return _rows(load, *(servers[loop].costs[1:] for loop in LOOPS))  # the first round warms up


def _rows(load: Load, plain: list[float], hosted: list[float], stock: list[float]) -> list[Row]:
    peer = f"plain asyncio {_micro(plain)}"
    return [
        Row(load.area, peer, f"hosted {_micro(hosted)}", _ratio(hosted, plain), LIMIT),
        Row(load.area, peer, f"stock qasync {_micro(stock)}", _ratio(stock, plain), None),
    ]


def _micro(costs: list[float]) -> str:
    return f"{statistics.median(costs) * 1e6:.1f} µs"


def _ratio(ours: list[float], peers: list[float]) -> float:
    """The median of the ratios of the same round: drift of the machine cancels out."""
    return statistics.median(our / peer for our, peer in zip(ours, peers, strict=True))


async def _connect_idle(server: Server, count: int) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(count):
        transport, _protocol = await loop.create_connection(asyncio.Protocol, "127.0.0.1", server.port)
        server.idle.append(transport)


async def _round(server: Server, load: Load) -> None:
    loop, done, left = asyncio.get_running_loop(), asyncio.Event(), [load.round_trips]
    before = await server.cpu(load.ask)
    pairs = [
        await loop.create_connection(lambda: _PingPong(load.message, left, done), "127.0.0.1", server.port)
        for _ in range(load.active)
    ]
    await asyncio.wait_for(done.wait(), 60)
    server.costs.append((await server.cpu(load.ask) - before) / load.round_trips)
    for transport, _ in pairs:
        transport.abort()


@contextlib.contextmanager
def _process(loop: str, kind: str) -> Iterator[int]:
    """A server in its own process, by its port."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_loop", loop, kind]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, env=environment) as child:
        assert child.stdout is not None
        try:
            yield int(child.stdout.readline())
        finally:
            child.terminate()


# ---- the server process


class _Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if data == CPU:
            self._transport.write(f"{time.process_time()}".encode())
            self._transport.close()
        else:
            self._transport.write(data)


async def _serve_echo() -> int:
    server = await asyncio.get_running_loop().create_server(_Echo, "127.0.0.1", 0, backlog=IDLE)
    return int(server.sockets[0].getsockname()[1])


async def _serve_http() -> int:
    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def cpu(_request: web.Request) -> web.Response:
        return web.Response(text=str(time.process_time()))

    app = web.Application()
    app.add_routes([web.get("/", hello), web.get("/cpu", cpu)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return int(runner.addresses[0][1])


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    if name == "asyncio":
        return asyncio.new_event_loop()
    import qasync
    from PySide6.QtWidgets import QApplication

    from desktop.loop import HostedQEventLoop

    kinds: dict[str, Any] = {"hosted": HostedQEventLoop, "qasync": qasync.QEventLoop}
    loop: asyncio.AbstractEventLoop = kinds[name](QApplication([]))  # which keeps the application alive
    return loop


def serve(loop_name: str, kind: str) -> None:
    """Serve until terminated; the first line on stdout is the port."""
    loop = new_loop(loop_name)
    port = loop.run_until_complete({"http": _serve_http, "echo": _serve_echo}[kind]())
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    loop.run_forever()


if __name__ == "__main__":
    serve(*sys.argv[1:])
