"""What is left of a process that died in the middle of its checks."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from worker.process.tasks import spawn
from worker.process.under_check import NAME, SLOTS, UnderCheck, take

T = TypeVar("T")

DIES = """
import os, signal, sys
from pathlib import Path
from worker.process.under_check import UnderCheck
under = UnderCheck(Path(sys.argv[1])).__enter__()
with under.checking("done"):
    pass
with under.checking("acc_1"), under.checking("acc_2"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_behind_what_it_was_checking(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert take(tmp_path) == ("acc_1", "acc_2")
    assert take(tmp_path) == (), "it is told once"


LISTENS = """
import asyncio, os, signal, sys
from pathlib import Path
from worker.process.under_check import UnderCheck

async def hear(dies):
    while True:
        await asyncio.sleep(0.01)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)

async def main(under, dies):
    with under.checking("checked"):
        await asyncio.gather(under.steps("quiet", hear(False)), under.steps("bad", hear(dies)), end())

async def end():
    await asyncio.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(UnderCheck(Path(sys.argv[1])).__enter__(), sys.argv[2] == "dies"))
"""


@pytest.mark.parametrize(("how", "left"), [("dies", ("bad",)), ("is killed", ("checked",))])
def test_a_listen_is_under_suspicion_only_while_its_own_code_runs(
    tmp_path: Path, how: str, left: tuple[str, ...]
) -> None:
    """Then alone: what others were checking had no part in it."""
    ended = subprocess.run([sys.executable, "-c", LISTENS, str(tmp_path), how], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert take(tmp_path) == left


async def test_steps_pass_on_results_errors_and_cancellation(tmp_path: Path) -> None:
    with UnderCheck(tmp_path) as under:

        async def fails() -> None:
            await asyncio.sleep(0)
            raise LookupError

        async def says_why() -> str:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                return "cancelled"
            return "not cancelled"

        async def steps(work: Coroutine[Any, Any, T]) -> T:
            return await under.steps("acc_1", work)

        assert await steps(asyncio.sleep(0, "done")) == "done"
        with pytest.raises(LookupError):
            await steps(fails())
        waiting = spawn(steps(says_why()), name="steps")
        await asyncio.sleep(0)
        waiting.cancel()
        assert await waiting == "cancelled"
        assert (tmp_path / NAME).read_bytes() == bytes(SLOTS * 64)


def test_the_next_process_learns_of_it_and_begins_empty(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], check=False)
    with UnderCheck(tmp_path) as under:
        assert under.left_behind == ("acc_1", "acc_2")
    assert take(tmp_path) == ()


def test_a_check_that_raises_leaves_nothing(tmp_path: Path) -> None:
    with UnderCheck(tmp_path) as under, suppress(RuntimeError), under.checking("acc_1"):
        raise RuntimeError("the platform's own fault")
    assert (tmp_path / NAME).read_bytes() == bytes(SLOTS * 64)


def test_more_checks_than_slots_do_no_harm(tmp_path: Path) -> None:
    with UnderCheck(tmp_path) as under:
        with ExitStack() as checks:
            for n in range(SLOTS + 3):
                checks.enter_context(under.checking(f"acc_{n}"))
        assert (tmp_path / NAME).read_bytes() == bytes(SLOTS * 64)
    with under.checking("acc_1"):
        pass


def test_a_file_of_something_else_names_nobody(tmp_path: Path) -> None:
    assert take(tmp_path) == ()
    (tmp_path / NAME).write_bytes(b"\xff\xfe not ids \0" * 40)
    assert take(tmp_path) == ()
