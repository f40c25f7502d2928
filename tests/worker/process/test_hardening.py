"""Seen from outside: what a hardened process shows of itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]
CANARY = "canary-5f3759df"


def started(code: str) -> tuple[subprocess.Popen[str], str]:
    """A process that runs `code`, says a line, and waits for its standard input to end."""
    process = subprocess.Popen(
        [sys.executable, "-c", code + "\nimport sys; print(said, flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "VEDETTE_ENCRYPTION_KEY": CANARY, "VEDETTE_HOST": "stays"},
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def seen(process: subprocess.Popen[str]) -> tuple[bytes, str]:
    """Its environment and its limits as /proc shows them; then it ends."""
    where = Path(f"/proc/{process.pid}")
    shown = (where / "environ").read_bytes(), (where / "limits").read_text()
    process.communicate()
    return shown


def test_a_variable_that_was_read_is_gone_from_the_outside_too() -> None:
    forget = "from worker.process.hardening import forget_variable; forget_variable('VEDETTE_ENCRYPTION_KEY')"
    process, said = started(f"{forget}; import os; said = os.environ.get('VEDETTE_ENCRYPTION_KEY')")
    environment, _ = seen(process)
    assert said == "None" and CANARY.encode() not in environment and b"VEDETTE_HOST=stays" in environment


def test_the_look_from_outside_can_see_a_variable_that_only_python_forgot() -> None:
    process, said = started("import os; os.environ.pop('VEDETTE_ENCRYPTION_KEY'); said = 'forgotten'")
    environment, _ = seen(process)
    assert said == "forgotten" and CANARY.encode() in environment


def test_an_argument_is_hidden_from_whoever_lists_processes() -> None:
    code = (
        "import sys; from worker.process.hardening import hide_argument; hide_argument(sys.argv[2]);"
        "print(sys.argv[2], flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, "--join", CANARY, "--name", "stays"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.readline().strip()
    shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.communicate()
    assert said == CANARY and CANARY.encode() not in shown
    assert shown.endswith(b"--join\0" + b"*" * len(CANARY) + b"\0--name\0stays\0")


def test_no_core_is_dumped_and_nobody_else_looks_in() -> None:
    harden = "from worker.process.hardening import harden; harden(); import ctypes, os"
    process, said = started(f"{harden}; said = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), oct(os.umask(0))")
    _, limits = seen(process)
    assert said == "(0, '0o77')"
    [core] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert core.split()[4:6] == ["0", "0"]


def test_the_window_stays_visible_to_the_desktop() -> None:
    harden = "from worker.process.hardening import harden; harden(undumpable=False); import ctypes"
    process, said = started(f"{harden}; said = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)")
    seen(process)
    assert said == "1"
