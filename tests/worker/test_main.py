"""`python -m worker` as a real process: what it imports, how it starts, how it ends."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.fake_master import FakeMaster
from tests.support.tasks import task
from tests.support.waiting import eventually
from worker.process.clock import lease_clock
from worker.process.dir_lock import DirLock
from worker.process.exit_codes import Exit
from worker.process.local_start import LocalStart
from worker.protocol.messages import Heartbeat, Register, Released

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
FORBIDDEN = ("sqlalchemy", "PySide6", "qasync", "engine", "desktop", "cryptography", "feedparser")
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and modes are POSIX")


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """`python -m worker` with these arguments, to its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VEDETTE_")}
    command = [sys.executable, "-m", "worker", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, cwd=ROOT, timeout=30, check=False, env=environment)


class Local:
    """One `python -m worker --local`, started as a supervisor does."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        return self.process.pid

    def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    async def ended(self, within: float = 10.0) -> int:
        async with asyncio.timeout(within):
            return await self.process.wait()

    async def stderr(self) -> str:
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()


@asynccontextmanager
async def local(start: LocalStart) -> AsyncIterator[Local]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "worker", "--local", stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT
    )
    assert process.stdin is not None
    process.stdin.write(start.line())
    await process.stdin.drain()
    worker = Local(process)
    try:
        yield worker
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


def start_line(master: FakeMaster, directory: Path, **fields: Any) -> LocalStart:
    log = str(directory / "logs" / "worker-w1.jsonl")
    given: dict[str, Any] = {"log_file": log, "log_level": "debug", "parent_pid": os.getpid(), **fields}
    return LocalStart(master.url, "w1", "canary-t0ken", "local-1", str(directory), **given)


@asynccontextmanager
async def watching(directory: Path, **fields: Any) -> AsyncIterator[tuple[FakeMaster, Local]]:
    """A master with a worker that watches the demo account `shop`."""
    async with FakeMaster() as master:
        master.tasks = [task("shop", 3, settings={"rate_per_minute": 600}, interval=1.0)]
        async with local(start_line(master, directory, **fields)) as worker:
            await eventually(lambda: master.stored, within=20)
            yield master, worker


# --- arguments -------------------------------------------------------------------------------------------------------


def test_it_imports_nothing_that_it_does_not_ship_with() -> None:
    code = (
        "import sys, worker.__main__, worker.platforms.catalog; print(sorted({m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, timeout=30, check=True)
    loaded = set(json.loads(done.stdout.decode().replace("'", '"')))
    assert "aiohttp" in loaded
    assert not loaded & set(FORBIDDEN)


def test_without_arguments_it_prints_its_usage() -> None:
    done = run()
    assert done.returncode == Exit.USAGE and b"usage: vedette-worker" in done.stderr and not done.stdout


def test_an_unknown_option_is_a_usage_error() -> None:
    assert run("--nonsense").returncode == Exit.USAGE
    assert run("--capacity", "many", "--join", "x").returncode == Exit.USAGE


def test_a_code_that_is_none_ends_before_anybody_is_called(tmp_path: Path) -> None:
    done = run("--join", "VDT1.abc", "--name", "attic", "--capacity", "5", "--data-dir", str(tmp_path))
    assert done.returncode == Exit.CONFIG
    assert done.stderr == b"vedette-worker: the code is damaged or cut short; copy it again\n"


def test_a_capacity_that_makes_no_sense_is_a_usage_error(tmp_path: Path) -> None:
    assert run("--capacity", "-1", "--join", "VDT1.abc", "--data-dir", str(tmp_path)).returncode == Exit.USAGE


def test_help_names_every_public_option_and_its_environment_variable() -> None:
    text = run("--help").stdout.decode()
    for name in ("--join", "--name", "--capacity", "--data-dir", "VEDETTE_WORKER_CAPACITY", "VEDETTE_DATA_DIR"):
        assert name in text


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"", b"no start line"),
        (b"hello\n", b"not JSON"),
        (b'{"token": "canary-t0ken", "surprise": 1}\n', b"does not fit"),
        (b"x" * 100_000, b"not JSON"),
    ],
)
def test_a_wrong_first_line_ends_it_with_a_sentence(line: bytes, says: bytes) -> None:
    done = run("--local", stdin=line)
    assert done.returncode == Exit.CONFIG and says in done.stderr
    assert b"Traceback" not in done.stderr and b"canary" not in done.stderr


def files_in(directory: Path) -> list[Path]:
    return [file for file in directory.rglob("*") if file.is_file()]


# --- life ------------------------------------------------------------------------------------------------------------


async def test_it_watches_and_keeps_its_secrets_to_itself(tmp_path: Path) -> None:
    async with watching(tmp_path) as (master, worker):
        process = psutil.Process(worker.pid)
        assert "canary" not in " ".join(process.cmdline()) + " ".join(process.environ().values())
        register = master.of(Register)[0]
        assert register.pid == worker.pid and register.name == "local-1"
        assert master.connects == [{"id": "w1", "token": "canary-t0ken"}]
        worker.process.send_signal(signal.SIGTERM)
        assert await worker.ended() == Exit.ASKED
        assert master.of(Released) == [Released("shop", 3)]
        assert await worker.stderr() == ""
    log = (tmp_path / "logs" / "worker-w1.jsonl").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    checks = {line["request_id"] for line in lines if line["event"] == "check.done"}
    assert checks >= {item.request_id for item in master.stored.values()}
    assert not [file for file in files_in(tmp_path) if b"canary" in file.read_bytes()]


@POSIX
async def test_everything_it_writes_is_the_users_alone(tmp_path: Path) -> None:
    async with watching(tmp_path) as (_, worker):
        files = files_in(tmp_path)
        assert {"worker.db", "lock", "worker-w1.jsonl"} <= {file.name for file in files}
        assert not [file for file in files if file.stat().st_mode & 0o077]
        if sys.platform == "linux":
            assert psutil.Process(worker.pid).rlimit(psutil.RLIMIT_CORE) == (0, 0)


async def test_when_standard_input_ends_it_ends(tmp_path: Path) -> None:
    async with watching(tmp_path) as (_, worker):
        worker.close_stdin()
        assert await worker.ended(3) == Exit.ASKED


@POSIX
async def test_when_standard_input_ends_it_ends_even_if_its_loop_hangs(tmp_path: Path) -> None:
    log = tmp_path / "log.pipe"
    os.mkfifo(log, 0o600)
    pipe = os.open(log, os.O_RDWR | os.O_NONBLOCK)
    async with watching(tmp_path, log_file=str(log)) as (_, worker):
        with suppress(BlockingIOError):
            while os.write(pipe, b"x" * 1024):  # once the pipe is full, the next line logged hangs the loop for ever
                pass
        worker.close_stdin()
        assert await worker.ended(5) == Exit.PARENT_GONE
    os.close(pipe)


@pytest.mark.skipif(sys.platform != "linux", reason="PDEATHSIG is Linux's")
async def test_a_killed_parent_takes_it_along_although_standard_input_stays_open(tmp_path: Path) -> None:
    parent = """
import subprocess, sys
worker = subprocess.Popen([sys.executable, "-m", "worker", "--local"], stdin=0, stdout=subprocess.DEVNULL)
print(worker.pid, flush=True)
worker.wait()
"""
    theirs, ours = os.pipe()  # not asyncio's: that closes its end when the process is gone
    async with FakeMaster() as master:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", parent), stdin=theirs, stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        os.close(theirs)
        assert process.stdout is not None
        worker = psutil.Process(int(await process.stdout.readline()))
        os.write(ours, start_line(master, tmp_path, parent_pid=process.pid).line())
        await eventually(lambda: master.of(Heartbeat), within=20)
        process.kill()
        await eventually(lambda: not worker.is_running(), within=5)
        await process.communicate()
    os.close(ours)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody can say who the parent was")
async def test_a_parent_that_is_not_who_it_should_be_is_gone(tmp_path: Path) -> None:
    async with FakeMaster() as master, local(start_line(master, tmp_path, parent_pid=1)) as worker:
        assert await worker.ended() == Exit.PARENT_GONE


async def test_two_cannot_share_a_directory(tmp_path: Path) -> None:
    lock = DirLock(tmp_path / "workers" / "w1")
    assert lock.take()
    async with FakeMaster() as master, local(start_line(master, tmp_path)) as worker:
        assert await worker.ended() == Exit.TEMPORARY
        assert "another worker uses" in await worker.stderr()
        assert not master.connects
    lock.release()


async def test_a_killed_workers_directory_is_free_at_once(tmp_path: Path) -> None:
    async with watching(tmp_path) as (_, worker):
        lock = DirLock(tmp_path / "workers" / "w1")
        assert not lock.take()
        worker.process.kill()
        await worker.ended()
        assert lock.take()
        lock.release()


async def test_killed_and_started_again_it_goes_on_where_it_was(tmp_path: Path) -> None:
    async with watching(tmp_path) as (first, worker):
        # a second batch tells that the answer to the first one came: what is killed before that is sent again
        await eventually(lambda: not all(item.baseline for item in first.stored.values()))
        worker.process.kill()
        await worker.ended()
    async with watching(tmp_path) as (second, _):
        await eventually(lambda: len(second.stored) > 3)
    numbers = [int(item.external_id.rpartition("-")[2]) for item in second.stored.values()]
    assert not any(item.baseline for item in second.stored.values())
    assert numbers == sorted(set(numbers))


@POSIX
async def test_frozen_past_its_lease_it_does_nothing_more_with_it(tmp_path: Path) -> None:
    """As after a sleep: what was due, and what the platform sent meanwhile, must not be looked at before the lease."""
    async with FakeMaster(heartbeat_interval=0.5, lease=6.0) as master:
        master.tasks = [task("shop", 3, settings={"rate_per_minute": 600}, interval=1.0)]
        async with local(start_line(master, tmp_path)) as worker:
            await eventually(lambda: master.stored, within=20)
            worker.process.send_signal(signal.SIGSTOP)
            over = lease_clock() + 8
            await eventually(lambda: lease_clock() > over, within=20)
            before = len(log_of(tmp_path))
            worker.process.send_signal(signal.SIGCONT)
            await eventually(lambda: "check.done" in log_of(tmp_path)[before:], within=20)
            assert len(master.of(Register)) == 2
    events = log_of(tmp_path)[before:]
    assert "agent.stalled" in events[: events.index("check.done")]
    assert "agent.registered" in events[: events.index("check.done")]


def log_of(directory: Path) -> list[str]:
    """The events of its log, in order."""
    return [json.loads(line)["event"] for line in (directory / "logs" / "worker-w1.jsonl").read_text().splitlines()]


async def test_a_master_that_does_not_know_it_ends_it_with_the_reason(tmp_path: Path) -> None:
    from socketio.exceptions import ConnectionRefusedError as Refuse

    async with FakeMaster() as master:
        master.refuse = Refuse("no", {"code": "unauthorized", "message": "the token was used"})
        async with local(start_line(master, tmp_path)) as worker:
            assert await worker.ended() == Exit.CONFIG
            assert "the token was used" in await worker.stderr()


async def test_asked_for_a_banner_it_prints_one(tmp_path: Path) -> None:
    async with watching(tmp_path, banner=True) as (_, worker):
        worker.process.send_signal(signal.SIGTERM)
        assert await worker.ended() == Exit.ASKED
        said = await worker.stderr()
    assert "║  Worker Starting" in said and "✓ Registered with master (1 accounts assigned)" in said
