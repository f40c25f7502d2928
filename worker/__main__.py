"""`vedette-worker`: arguments, exit codes, the tie to the parent process."""

import asyncio
import random
import signal
import sqlite3
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import configargparse
import platformdirs

from worker import __version__
from worker.agent import Agent
from worker.config import Setup, from_local_start
from worker.parent import Parent, die_with_parent
from worker.platforms import catalog
from worker.process import logs
from worker.process.banner import say
from worker.process.dir_lock import DirLock
from worker.process.exit_codes import Exit, Stop, cannot_use
from worker.process.hardening import forget_variable, harden, hide_argument
from worker.process.local_start import read_line
from worker.process.tasks import spawn
from worker.protocol.join_code import BadJoinCode, JoinCode, decode

if TYPE_CHECKING:
    from worker.membership import Home

START_LINE_WITHIN = 10.0  #: seconds
LOCK_WITHIN = 3.0  #: seconds; the process before us may be ending
LOCK_RETRY = 0.05  #: seconds
PARENT_GONE_DEADLINE = 0.4  #: seconds: the parent's end leaves nobody to deliver to


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a worker and end the process with the code that contract.md gives."""
    options = _parser().parse_args(arguments)
    try:
        if options.local:
            code = _run_local()
        else:
            code = _run_remote(options)
    except Stop as stop:
        say(f"vedette-worker: {stop.sentence}")
        code = stop.code
    except KeyboardInterrupt:  # before our handlers were in place
        code = Exit.ASKED
    sys.exit(int(code))


def _parser() -> configargparse.ArgumentParser:
    parser = configargparse.ArgumentParser(
        prog="vedette-worker",
        description="Watches accounts for a Vedette master.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--join",
        env_var="VEDETTE_JOIN",
        metavar="CODE",
        help="the code that the master shows for a new worker, - to read it from standard input; needed once",
    )
    parser.add_argument(
        "--name",
        env_var="VEDETTE_NAME",
        metavar="N",
        help="what the master calls this worker; default: the host's name",
    )
    parser.add_argument(
        "--capacity",
        env_var="VEDETTE_WORKER_CAPACITY",
        metavar="N",
        type=_capacity,
        default=100,
        help="accounts that it may be given (0 to 100000); default: 100; the master's once it has joined",
    )
    parser.add_argument(
        "--data-dir",
        env_var="VEDETTE_DATA_DIR",
        metavar="D",
        type=Path,
        default=Path(platformdirs.user_data_dir("vedette-worker", appauthor=False)),
        help="where it keeps what it must not forget; default: %(default)s",
    )
    parser.add_argument(
        "--log-level", env_var="VEDETTE_LOG_LEVEL", default="info", choices=("debug", "info", "warning", "error")
    )
    parser.add_argument("--local", action="store_true", help="for the master only: the start line is on standard input")
    return parser


def _capacity(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 100_000:
        raise ValueError
    return number


def _run_local() -> Exit:
    harden()
    stop = _StopSwitch()
    parent = Parent(stop.parent_gone)
    line = parent.start_line(START_LINE_WITHIN)
    if not line:
        raise Stop(Exit.CONFIG, "no start line came on standard input")
    try:
        start = read_line(line)
    except ValueError as error:
        raise Stop(Exit.CONFIG, str(error)) from None
    if not die_with_parent(start.parent_pid):
        return Exit.PARENT_GONE
    setup = from_local_start(start)
    lock = _locked(setup.directory)
    try:
        file = Path(start.log_file) if start.log_file else None
        logs.configure("worker", file, start.log_level, stderr=file is None)
        agent = Agent(setup, catalog.available(), random.Random(), say if start.banner else lambda text: None)
        return asyncio.run(_run(agent, stop))
    except (OSError, sqlite3.Error) as error:
        raise Stop(Exit.TEMPORARY, f"the worker cannot work in {setup.directory}: {error}") from None
    finally:
        lock.release()


def _run_remote(options: Namespace) -> Exit:
    """A worker that somebody started on another machine than its master's."""
    from worker.membership import Home  # late: a local worker needs neither this nor its cryptography

    harden()
    data_dir: Path = options.data_dir.expanduser().absolute()
    home, code = Home(data_dir), _read_code(options.join)
    if code is None and home.joined() is None:
        _parser().print_usage(sys.stderr)
        say(f"vedette-worker: {data_dir} holds no worker that has joined a master: give it a code with --join CODE")
        return Exit.USAGE
    lock = _locked(data_dir)
    try:
        return asyncio.run(_join_and_run(home, code, options))
    except (OSError, sqlite3.Error) as error:
        raise Stop(Exit.TEMPORARY, f"the worker cannot work in {data_dir}: {error}") from None
    finally:
        lock.release()


def _read_code(given: str | None) -> JoinCode | None:
    forget_variable("VEDETTE_JOIN")
    if not given:
        return None
    if given != "-":
        hide_argument(given)  # whoever lists processes must not be able to join with it
    try:
        return decode(sys.stdin.readline() if given == "-" else given)
    except BadJoinCode as error:
        raise Stop(Exit.CONFIG, str(error)) from None


async def _join_and_run(home: "Home", code: JoinCode | None, options: Namespace) -> Exit:
    from worker.joining import Joining
    from worker.remote import RemoteWay

    logs.configure("worker", None, options.log_level)
    rng = random.SystemRandom()
    membership = home.joined()
    if code is not None:
        joining = Joining(home, (options.name or "").strip(), options.capacity, say)
        asked = spawn(joining.by(code, rng), name="joining")
        _on_signals(asked.cancel)
        try:
            membership = await asked
        except asyncio.CancelledError:
            return Exit.ASKED
    assert membership is not None
    file = home.data_dir / "logs" / f"worker-{membership.worker_id}.jsonl"
    logs.configure("worker", file, options.log_level)
    way = RemoteWay(home, membership, home.key(membership.worker_id))
    setup = Setup(
        way=way,
        worker_id=membership.worker_id,
        incarnation=logs.new_request_id(),
        name=membership.name,
        capacity=options.capacity,
        directory=home.directory(membership.worker_id),
    )
    return await _run(Agent(setup, catalog.available(), rng, say), _StopSwitch())


def _locked(directory: Path) -> DirLock:
    lock, pause = DirLock(directory), Event()
    for _ in range(int(LOCK_WITHIN / LOCK_RETRY)):
        try:
            if lock.take():
                return lock
        except OSError as error:
            raise cannot_use(str(directory), error) from None
        pause.wait(LOCK_RETRY)
    raise Stop(Exit.TEMPORARY, f"another worker uses {directory}")


class _StopSwitch:
    """Passes "stop" from any thread to the agent, also when it comes before there is one."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._agent: Agent | None = None
        self._early = Event()

    def connect(self, agent: Agent) -> None:
        self._loop, self._agent = asyncio.get_running_loop(), agent
        if self._early.is_set():
            agent.ask_stop(PARENT_GONE_DEADLINE)

    def parent_gone(self) -> None:
        self._early.set()
        loop, agent = self._loop, self._agent
        if loop is not None and agent is not None and not loop.is_closed():
            loop.call_soon_threadsafe(agent.ask_stop, PARENT_GONE_DEADLINE)


async def _run(agent: Agent, stop: _StopSwitch) -> Exit:
    _on_signals(agent.ask_stop)
    stop.connect(agent)
    return await agent.run()


def _on_signals(stop: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows: the end of standard input is what stops a worker there
            break


if __name__ == "__main__":
    main()
