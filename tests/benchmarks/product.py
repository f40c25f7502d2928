"""Real processes of the product on a data directory of their own, for benchmarks of starts and of memory."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import psutil

from worker.process.clock import lease_clock, wall_ms

ROOT = Path(__file__).parents[2]
T = TypeVar("T")

PATIENCE = 60.0  #: seconds to wait for anything


@contextlib.contextmanager
def display() -> Iterator[dict[str, str]]:
    """An environment for windows: a real X server of our own if there is one, else Qt without a screen."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("VEDETTE_", "WAYLAND_"))}
    server = shutil.which("Xvfb")
    if server is None:
        yield environment | {"QT_QPA_PLATFORM": "offscreen"}
        return
    command = [server, "-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        try:
            number = child.stdout.readline().decode().strip()
            yield environment | {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        finally:
            child.terminate()


class Product:
    """One running process of ours.

    Attributes:
        started: wall-clock seconds of the moment before it was created.
    """

    def __init__(self, command: list[str], data_dir: Path, environment: dict[str, str]) -> None:
        self._log = data_dir / "logs" / "master.jsonl"
        self._read = self._log.stat().st_size if self._log.exists() else 0
        arguments = ["--data-dir", str(data_dir), "--port", "0"]
        self.started = time.time()
        self._process = subprocess.Popen(
            [sys.executable, *command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=environment,
        )

    @property
    def process(self) -> psutil.Process:
        """The process itself."""
        return psutil.Process(self._process.pid)

    def line(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().strip()

    def logged(self, event: str) -> float:
        """Seconds from its start to the first such line of this run in the master's log; waits for it."""
        return until(lambda: self._find(event), event) - self.started

    def _find(self, event: str) -> float | None:
        with contextlib.suppress(FileNotFoundError), self._log.open(encoding="utf-8") as file:
            file.seek(self._read)
            for line in file:
                if line.endswith("\n") and (entry := json.loads(line))["event"] == event:
                    return datetime.fromisoformat(entry["timestamp"]).timestamp()
        return None

    def workers(self) -> list[psutil.Process]:
        """Its worker processes."""
        return [child for child in self.process.children() if "worker" in " ".join(child.cmdline())]

    def close(self) -> None:
        """Ask it to end, and wait."""
        self._process.terminate()
        self._process.communicate(timeout=PATIENCE)


@contextlib.contextmanager
def running(command: list[str], data_dir: Path, environment: dict[str, str]) -> Iterator[Product]:
    """A started product, closed at the end."""
    product = Product(command, data_dir, environment)
    try:
        yield product
    finally:
        product.close()


def until(ask: Callable[[], T | None], what: str, every: float = 0.02) -> T:
    """Ask until the answer is not None."""
    deadline = lease_clock() + PATIENCE
    while (answer := ask()) is None:
        assert lease_clock() < deadline, f"waited in vain for {what}"
        time.sleep(every)
    return answer


def add_accounts(data_dir: Path, count: int, interval: int, settings: dict[str, Any]) -> None:
    """Put demo accounts straight into a new database."""
    from engine.store.database import Database

    Database(data_dir / "vedette.db").prepare()
    connection = sqlite3.connect(data_dir / "vedette.db")
    connection.executemany(
        "INSERT INTO accounts (id, platform, display_name, handle, settings, tags, interval, status, worker_id, "
        "epoch, revision, created_at, quarantined) "
        "VALUES (?, 'demo', ?, '', ?, '[]', ?, 'active', NULL, 0, 1, ?, 0)",
        [
            (f"acc_{number:05}", f"Account {number}", json.dumps(settings), interval, wall_ms())
            for number in range(count)
        ],
    )
    connection.commit()
    connection.close()


def unchecked(data_dir: Path) -> int:
    """How many accounts have never been checked, as far as the master has heard."""
    connection = sqlite3.connect(data_dir / "vedette.db")
    (count,) = connection.execute("SELECT count(*) FROM accounts WHERE last_check_at IS NULL").fetchone()
    connection.close()
    return int(count)
