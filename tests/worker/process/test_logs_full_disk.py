"""A log line that cannot be written is lost, and nothing else happens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from pathlib import Path
import structlog
from worker.process.logs import configure
configure("worker", Path("/dev/full"))
for _ in range(3):
    structlog.get_logger("x").warning("something.happened", text="x" * 10_000)
print("alive")
"""


@pytest.mark.processes
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is always full")
def test_a_full_disk_prints_no_tracebacks() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, cwd=root, check=True)
    assert (done.stdout, done.stderr) == ("alive\n", "")
