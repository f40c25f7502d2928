"""10,000 workers with a heartbeat every 10 s, on the loop that the window hosts: what that costs the master.

The master is the real one in a process of its own; so are the workers, as thin as they can be (`thin_worker`), in two
more. Only the master's CPU time and memory count, and how late its own loop runs, as it sees itself. The peer is a bare
python-socketio server on plain asyncio that answers the same heartbeats.
"""

import asyncio
import contextlib
import gc
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.bench_heartbeats import serve_echo
from tests.benchmarks.bench_loop import allow_sockets, new_loop
from tests.benchmarks.table import Reach, Row, percentile
from tests.benchmarks.thin_worker import ThinWorker
from worker.platforms.demo import Demo
from worker.process.clock import wall_ms
from worker.process.tasks import cancel, spawn
from worker.protocol.digest import digest_of
from worker.protocol.messages import CheckDone, Heartbeat, Register, Resources

WORKERS = 10_000
PROCESSES = 2  #: that pretend to be workers
HEARTBEAT = 10.0  #: seconds between two of one worker, as in production
INTERVAL = 30  #: seconds between two checks of its one account: every third heartbeat tells of one
JOINING = 4  #: workers that connect at the same time, in each process: one address may have 8 unproven sockets
WARMING = 12.0  #: seconds: everybody has beaten once
MEASURED = 30.0  #: seconds
LOOK = 0.02  #: seconds between two looks of the loop at its own lateness
ROOT = Path(__file__).parents[2]


@dataclass
class Cost:
    """Of one server. `cpu`: share of a core; `memory`: bytes; `late` and `trips`: seconds."""

    cpu: float
    memory: int
    late: list[float]
    trips: list[float]


def rows() -> list[Row]:
    """CPU, lateness and memory."""
    allow_sockets(2 * WORKERS)
    peer, ours = _measured("echo"), _measured("master")
    late, rate = percentile(ours.late, 0.99), WORKERS / HEARTBEAT
    area = f"{WORKERS:,} connections, {rate:,.0f} heartbeats/s"
    return [
        Row(
            f"{area}: the master's process",
            f"bare python-socketio echo: {_costs(peer, rate)}",
            _costs(ours, rate),
            ours.cpu / peer.cpu,
            None,
            (Reach("CPU", ours.cpu * 100, 25.0, "%"), Reach("memory", ours.memory / 2**20, 350.0, "MB")),
        ),
        Row(
            f"{area}: how late its loop is",
            f"echo: {_late(peer)}",
            f"{_late(ours)}; round trip p99 {percentile(ours.trips, 0.99) * 1e3:.1f} ms",
            late / percentile(peer.late, 0.99),
            None,
            (Reach("p99", late * 1e3, 20.0, "ms"),),
        ),
    ]


def _costs(cost: Cost, rate: float) -> str:
    return f"{cost.cpu:.1%} of a core, {cost.cpu / rate * 1e6:.0f} µs each; {cost.memory / 2**20:.0f} MB"


def _late(cost: Cost) -> str:
    return f"p50 {percentile(cost.late, 0.5) * 1e3:.2f} ms, p99 {percentile(cost.late, 0.99) * 1e3:.1f} ms"


def _measured(kind: str) -> Cost:
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        if kind == "master":
            _fill(Path(directory) / "vedette.db")
        server = stack.enter_context(_process("serve", kind, directory))
        said = _line(server)
        (Path(directory) / "server.json").write_text(json.dumps(said))
        crowds = [stack.enter_context(_process("crowd", directory, str(part))) for part in range(PROCESSES)]
        for crowd in crowds:
            assert _line(crowd) == {"joined": WORKERS // PROCESSES}
        time.sleep(WARMING)
        for crowd in crowds:
            _tell(crowd)
        process = psutil.Process(server.pid)
        _tell(server)
        before = _cpu(process)
        time.sleep(MEASURED)
        cpu, memory = (_cpu(process) - before), process.memory_info().rss
        _tell(server)
        late = list(map(float, _line(server)["late"]))
        trips: list[float] = []
        for crowd in crowds:
            _tell(crowd)
            trips += _line(crowd)["trips"]
    # on a busy machine the pretended workers fall behind: what counts is the cost of a heartbeat that was answered
    assert len(trips) > 0.7 * WORKERS * MEASURED / HEARTBEAT, f"only {len(trips)} heartbeats were answered"
    return Cost(cpu / len(trips) * WORKERS / HEARTBEAT, memory, late, trips)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextlib.contextmanager
def _process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """This module as a process that answers lines with lines."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_connections", *arguments]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT, env=environment) as child:
        try:
            yield child
        finally:
            child.kill()


def _line(child: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert child.stdout is not None
    said: dict[str, Any] = json.loads(child.stdout.readline())
    return said


def _tell(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    child.stdin.write(b"\n")
    child.stdin.flush()


def name_of(number: int) -> str:
    """A worker's id."""
    return f"w{number:05}"


def _fill(path: Path) -> None:
    """A store with all workers, each with one account under epoch 1."""
    from engine.store.database import Database

    Database(path).prepare()
    connection = sqlite3.connect(path)
    now = wall_ms()
    for name in map(name_of, range(WORKERS)):
        connection.execute(
            "INSERT INTO workers (id, name, kind, capacity, created_at, draining, revoked, restarts) "
            "VALUES (?, ?, 'remote', 10, ?, 0, 0, 0)",
            (name, name, now),
        )
        connection.execute(
            "INSERT INTO accounts (id, platform, display_name, handle, settings, tags, interval, status, worker_id, "
            "epoch, revision, created_at) VALUES (?, 'demo', '', '', '{}', '[]', ?, 'active', ?, 1, 1, ?)",
            (f"acc_{name}", INTERVAL, name, now),
        )
    connection.commit()
    connection.close()


# ---- the processes


async def _asked() -> None:
    """The next line on standard input."""
    await asyncio.to_thread(sys.stdin.buffer.readline)


def _say(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def _crowd(directory: Path, part: int) -> None:
    """Its share of the workers: join, beat, tell how long the answers took."""
    said, trips = json.loads((directory / "server.json").read_text()), list[float]()
    numbers = range(part, WORKERS, PROCESSES)
    crowd = [ThinWorker(name_of(n), str(said["tokens"].get(name_of(n), "")), trips) for n in numbers]
    sequences: dict[str, int] = {}

    async def join(worker: ThinWorker) -> None:
        await worker.connect(said["url"])
        answer = await worker.call(
            Register(worker.worker_id, "i1", worker.worker_id, "host", 1, "0", [Demo.descriptor], 10)
        )
        assert answer["ok"], answer
        sequences[worker.worker_id] = int(answer.get("sequence", 0))

    beating = spawn(_beat(crowd, sequences), name="beating")
    for start in range(0, len(crowd), JOINING):
        await asyncio.gather(*map(join, crowd[start : start + JOINING]))
    _say({"joined": len(crowd)})
    await _asked()
    trips.clear()
    await _asked()
    assert not any(worker.lost for worker in crowd), "the server has cut workers"
    _say({"trips": trips})
    await cancel(beating)


async def _beat(crowd: list[ThinWorker], sequences: dict[str, int]) -> None:
    """All heartbeats of this process, evenly over each interval: one in three tells of a finished check."""
    due, turn = time.perf_counter(), 0
    order = random.sample(crowd, len(crowd))
    while True:
        for worker in order:
            due += HEARTBEAT / len(crowd)
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            if worker.worker_id in sequences:
                worker.tell(_heartbeat(worker.worker_id, sequences[worker.worker_id], turn))
        turn += 1


def _heartbeat(worker_id: str, sequence: int, turn: int) -> Heartbeat:
    account = f"acc_{worker_id}"
    checks = [CheckDone(account, wall_ms(), 0.1, "ok")] if turn % 3 == hash(worker_id) % 3 else []
    return Heartbeat(turn + 1, sequence, digest_of([(account, 1)]), Resources(), checks=checks)


async def _serve_master(directory: Path) -> tuple[dict[str, Any], object]:
    from engine.config import read
    from engine.master import Master

    # nobody is to be called dead while the crowd joins: a thin worker does not take accounts over
    patient = ["--heartbeat-timeout", "600"]
    arguments = ["--data-dir", str(directory), "--port", "0", "--local-workers", "0", *patient]
    master = Master(read("vedette", arguments, {}, window=True))
    await master.start()
    gc.freeze()  # as the window does
    tokens = {name: master.tokens.issue(name) for name in map(name_of, range(WORKERS))}
    return {"url": master.url, "tokens": tokens}, master


async def _measure_lateness() -> list[float]:
    """From one line on standard input to the next."""
    late: list[float] = []
    await _asked()
    over = spawn(_asked(), name="asked")
    while not over.done():
        before = time.perf_counter()
        await asyncio.sleep(LOOK)
        late.append(max(0.0, time.perf_counter() - before - LOOK))
    return late


async def _serve(kind: str, directory: Path) -> None:
    said, _served = await (_serve_master(directory) if kind == "master" else serve_echo(directory))
    _say(said)
    _say({"late": await _measure_lateness()})
    await asyncio.Event().wait()


def main(what: str, *arguments: str) -> None:
    """Be one of the processes."""
    allow_sockets(2 * WORKERS)
    if what == "crowd":
        asyncio.run(_crowd(Path(arguments[0]), int(arguments[1])))
        return
    from worker.process.logs import configure

    kind, directory = arguments
    configure("benchmark", Path(directory) / "logs" / "master.jsonl")
    loop = new_loop("hosted" if kind == "master" else "asyncio")
    loop.run_until_complete(_serve(kind, Path(directory)))


if __name__ == "__main__":
    main(*sys.argv[1:])
