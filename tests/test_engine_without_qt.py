"""The engine runs where no Qt is installed: its own tests pass with PySide6 not importable."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTEST = [
    sys.executable,
    "-m",
    "pytest",
    "-q",
    "-c",
    "tests/support/no_qt.ini",
    "--rootdir",
    str(ROOT),
    "--confcutdir",
    str(ROOT),
]


@pytest.mark.timeout(600)
def test_the_engines_tests_pass_with_pyside6_out_of_reach() -> None:
    result = subprocess.run([*PYTEST, "tests/engine"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-2000:]
    assert " passed" in result.stdout and "failed" not in result.stdout.splitlines()[-1]


def test_qt_really_is_out_of_reach_there(tmp_path: Path) -> None:
    probe = tmp_path / "test_probe.py"
    probe.write_text("import PySide6\n")
    result = subprocess.run([*PYTEST, str(probe)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 2 and "PySide6 is out of reach here" in result.stdout
