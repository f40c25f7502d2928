"""How soon a heartbeat is answered while 1,000 workers with 100,000 accounts are connected to one master.

The master is the real one in a process of its own, on the loop that the window hosts; its store holds the workers and
their accounts. This process is all the workers: 1,000 Socket.IO connections. The peer is a bare python-socketio server
that echoes the same heartbeats to the same clients.
"""

import asyncio
import contextlib
import gc
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import socketio

from tests.benchmarks.bench_loop import allow_sockets, new_loop
from tests.benchmarks.table import Reach, Row, percentile
from worker.process import wire_json
from worker.process.clock import wall_ms
from worker.process.tasks import cancel, spawn
from worker.protocol.digest import digest_of
from worker.protocol.envelope import pack
from worker.protocol.messages import CheckDone, Heartbeat, Message, Register, Resources

WORKERS = 1_000
EACH = 100  #: accounts of a worker
HEARTBEAT = 10.0  #: seconds between two of one worker, as in production
CHECKS = 33  #: finished checks in one heartbeat: 100 accounts, each every 30 s
ROUNDS = 1  #: heartbeats of each worker that count
WARMING = 5.0  #: seconds
JOINING = 8  #: workers that connect at the same time: so many unproven sockets one address may have
NAMESPACE = "/worker"


@dataclass
class Load:
    """What the workers saw, and what it cost the server."""

    trips: list[float] = field(default_factory=list)
    cpu: float = 0.0
    memory: int = 0
    ready: float = 0.0


def rows() -> list[Row]:
    """Round trips of heartbeats, and what they cost."""
    allow_sockets(4 * WORKERS)
    peer, ours = asyncio.run(_measured("echo")), asyncio.run(_measured("master"))
    late = percentile(ours.trips, 0.99)
    area = f"heartbeat round trip, {WORKERS:,} workers × {EACH} accounts, {WORKERS / HEARTBEAT:g}/s"
    rate = WORKERS / HEARTBEAT
    costs = f"{ours.cpu / rate * 1e6:.0f} µs CPU each; {ours.memory / 2**20:.0f} MB; start {ours.ready:.1f} s"
    return [
        Row(
            area,
            f"bare python-socketio echo: {_trips(peer)}",
            _trips(ours),
            late / percentile(peer.trips, 0.99),
            None,
            (Reach("p99", late * 1e3, 20.0, "ms"),),
        ),
        Row(
            "the same, the master's process",
            f"echo: {peer.cpu:.1%} of a core",
            f"{ours.cpu:.1%} of a core, {costs}",
            ours.cpu / peer.cpu,
            None,
        ),
    ]


def _trips(load: Load) -> str:
    middle, late = statistics.median(load.trips), percentile(load.trips, 0.99)
    return f"p50 {middle * 1e3:.2f} ms, p99 {late * 1e3:.1f} ms"


async def _measured(kind: str) -> Load:
    load = Load()
    with tempfile.TemporaryDirectory() as directory, _server(kind, Path(directory)) as (process, said, ready):
        load.ready = ready
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, trust_env=False) as http:
            workers = [Worker(number, said, http) for number in range(WORKERS)]
            for start in range(0, WORKERS, JOINING):
                await asyncio.gather(*(worker.join() for worker in workers[start : start + JOINING]))
            gc.collect()
            gc.freeze()
            await _beat_all(workers, load, process)
            gc.unfreeze()
            for worker in workers:
                await worker.leave()
    return load


async def _beat_all(workers: list["Worker"], load: Load, process: psutil.Process) -> None:
    """Each worker beats at its own time; the first seconds do not count."""
    beating = [spawn(worker.beat(load), name="beating") for worker in workers]
    await asyncio.sleep(WARMING)
    load.trips.clear()
    before, began = _cpu(process), time.perf_counter()
    await asyncio.sleep(HEARTBEAT * ROUNDS)
    load.cpu = (_cpu(process) - before) / (time.perf_counter() - began)
    load.memory = process.memory_info().rss
    await cancel(*beating)
    assert len(load.trips) > 0.95 * WORKERS * ROUNDS, f"only {len(load.trips)} heartbeats were answered"


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


class Worker:
    """One worker's connection: registers and beats as a real one does."""

    def __init__(self, number: int, said: dict[str, Any], http: aiohttp.ClientSession) -> None:
        self._id = name_of(number)
        self._url, self._token = str(said["url"]), str(said["tokens"].get(self._id, ""))
        self._client = socketio.AsyncClient(reconnection=False, handle_sigint=False, http_session=http, json=wire_json)
        self._sequence = 0
        self._nonce = 0

    async def join(self) -> None:
        """Connect and register."""
        auth = {"id": self._id, "token": self._token}
        await self._client.connect(self._url, auth=auth, namespaces=[NAMESPACE], transports=["websocket"])
        register = Register(self._id, "i1", self._id, "host", 1, "0", [], EACH)
        answer = await self._call(register)
        assert answer["ok"], answer
        self._sequence = int(answer.get("sequence", 0))

    async def beat(self, load: Load) -> None:
        """A heartbeat every interval, at a phase of its own, until cancelled."""
        await asyncio.sleep(random.random() * HEARTBEAT)
        due = time.perf_counter()
        while True:
            message = self._heartbeat()
            began = time.perf_counter()
            answer = await self._call(message)
            load.trips.append(time.perf_counter() - began)
            assert answer["ok"], answer
            due += HEARTBEAT
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    async def leave(self) -> None:
        """Disconnect, and wait until the client's own tasks have ended."""
        await self._client.disconnect()
        tasks = [self._client.eio.read_loop_task, self._client.eio.write_loop_task]
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)

    def _heartbeat(self) -> Heartbeat:
        self._nonce += 1
        accounts = [account_of(self._id, number) for number in range(EACH)]
        now = wall_ms()
        return Heartbeat(
            nonce=self._nonce,
            sequence=self._sequence,
            digest=digest_of((account, 1) for account in accounts),
            resources=Resources(),
            checks=[CheckDone(account, now, 0.1, "ok") for account in accounts[:CHECKS]],
        )

    async def _call(self, message: Message) -> dict[str, Any]:
        data = pack(message, f"{self._id}-{self._nonce}", wall_ms())
        answer: dict[str, Any] = await self._client.call(message.TYPE, data, namespace=NAMESPACE, timeout=30)
        return answer


def name_of(number: int) -> str:
    """A worker's id."""
    return f"w{number:04}"


def account_of(worker_id: str, number: int) -> str:
    """The id of one of its accounts."""
    return f"acc_{worker_id}_{number:03}"


@contextlib.contextmanager
def _server(kind: str, directory: Path) -> Iterator[tuple[psutil.Process, dict[str, Any], float]]:
    """A server in its own process, what it said when it was ready, and after how many seconds that was."""
    if kind == "master":
        _fill(directory / "vedette.db")
    command = [sys.executable, "-m", "tests.benchmarks.bench_heartbeats", kind, str(directory)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], env=environment) as child:
        assert child.stdout is not None
        try:
            said = json.loads(child.stdout.readline())
            yield psutil.Process(child.pid), said, time.perf_counter() - began
        finally:
            child.terminate()


def _fill(path: Path) -> None:
    """A store with all workers and accounts, each owned under epoch 1."""
    from engine.store.database import Database

    Database(path).prepare()
    connection = sqlite3.connect(path)
    now = wall_ms()
    for worker_id in map(name_of, range(WORKERS)):
        connection.execute(
            "INSERT INTO workers (id, name, kind, capacity, created_at, draining, revoked, restarts, tags) "
            "VALUES (?, ?, 'remote', ?, ?, 0, 0, 0, '[]')",
            (worker_id, worker_id, 2 * EACH, now),
        )
        connection.executemany(
            "INSERT INTO accounts (id, platform, display_name, handle, settings, tags, interval, status, worker_id, "
            "epoch, revision, created_at, quarantined) "
            "VALUES (?, 'demo', '', '', '{}', '[]', 30, 'active', ?, 1, 1, ?, 0)",
            [(account_of(worker_id, number), worker_id, now) for number in range(EACH)],
        )
    connection.commit()
    connection.close()


# ---- the server processes


async def _serve_master(directory: Path) -> tuple[dict[str, Any], object]:
    from engine.config import read
    from engine.master import Master

    arguments = ["--data-dir", str(directory), "--port", "0", "--local-workers", "0"]
    master = Master(read("vedette", arguments, {}, window=True))
    await master.start()
    gc.freeze()  # as the window does
    tokens = {name: master.tokens.issue(name) for name in map(name_of, range(WORKERS))}
    return {"url": master.url, "tokens": tokens}, master


async def serve_echo(_directory: Path) -> tuple[dict[str, Any], object]:
    from aiohttp import web

    sockets = socketio.AsyncServer(async_mode="aiohttp", namespaces=[NAMESPACE], transports=["websocket"])

    async def echo(_event: str, _sid: str, data: object) -> dict[str, Any]:
        return {"ok": True, "heard": data}

    sockets.on("*", echo, namespace=NAMESPACE)
    app = web.Application()
    sockets.attach(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return {"url": f"http://127.0.0.1:{runner.addresses[0][1]}", "tokens": {}}, runner


def serve(kind: str, directory: str) -> None:
    """Serve until terminated; the first line on stdout says where."""
    from worker.process.logs import configure

    configure("benchmark", Path(directory) / "logs" / "master.jsonl")
    loop = new_loop("hosted" if kind == "master" else "asyncio")
    said, _served = loop.run_until_complete({"master": _serve_master, "echo": serve_echo}[kind](Path(directory)))
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    loop.run_forever()


if __name__ == "__main__":
    serve(*sys.argv[1:])
