"""What is left of a process that died in the middle of its checks."""

import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

from worker.process.under_check import NAME, SLOTS, UnderCheck, take

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
