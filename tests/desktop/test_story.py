"""The real application on a real display, used with mouse and keys (tests/support/story.py)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.xvfb import display

ROOT = Path(__file__).parents[2]
STEPS = ["ok opens", "ok adds_an_account", "ok reads", "ok sees_a_worker_die", "ok quits"]


@pytest.mark.processes
@pytest.mark.display
@pytest.mark.timeout(180)
def test_a_first_quarter_of_an_hour(tmp_path: Path) -> None:
    with display() as name:
        environment = {**os.environ, "DISPLAY": name, "QT_QPA_PLATFORM": "xcb"}
        result = subprocess.run(
            [sys.executable, "-m", "tests.support.story", str(tmp_path / "data")],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
    assert result.stdout.splitlines() == STEPS, result.stdout + result.stderr[-4000:]
    assert result.returncode == 0, result.stderr[-4000:]
    assert not [line for line in (tmp_path / "data/logs/master.jsonl").read_text().splitlines() if "Traceback" in line]
