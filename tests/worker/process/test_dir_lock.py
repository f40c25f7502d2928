"""The lock on a directory: one holder, gone with its process."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from worker.process.dir_lock import DirLock

HOLD = """
import sys
from pathlib import Path
from worker.process.dir_lock import DirLock
lock = DirLock(Path(sys.argv[1]))
print(lock.take(), flush=True)
sys.stdin.read()
"""


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    first, second = DirLock(tmp_path / "w"), DirLock(tmp_path / "w")
    assert first.take() and first.take()
    assert not second.take()
    first.release()
    first.release()
    assert second.take()
    second.release()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_the_file_is_private_and_stays(tmp_path: Path) -> None:
    lock = DirLock(tmp_path / "w")
    lock.take()
    lock.release()
    assert stat.S_IMODE((tmp_path / "w" / "lock").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "w").stat().st_mode) == 0o700


@pytest.mark.processes
def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        lock = DirLock(tmp_path)
        assert not lock.take()
        holder.kill()
        holder.wait(10)
        assert lock.take()
        lock.release()
