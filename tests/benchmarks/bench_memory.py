"""Resident memory: the window with its engine at rest, a worker at rest, and what each watched account adds.

RSS counts shared libraries in full, PSS shares them among the processes that map them; the limits are for RSS. An
account is watched when its worker has checked it; the growth is between a worker with 100 accounts and one with 2,100,
and the same of its master.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.benchmarks.product import add_accounts, display, running, unchecked, until
from tests.benchmarks.table import Reach, Row

MB = 2**20
REST = 5.0  #: seconds that a process is left alone before it is measured
FEW, MANY = 100, 2_100
INTERVAL = 20  #: seconds between checks
SETTINGS = {"rate_per_minute": 0.1}


@dataclass(frozen=True)
class Size:
    """Bytes of one process."""

    rss: int
    pss: int

    def __str__(self) -> str:
        return f"RSS {self.rss / MB:.0f} MB, PSS {self.pss / MB:.0f} MB"


def rows() -> list[Row]:
    """Window + engine, worker, account."""
    with display() as environment:
        with (
            tempfile.TemporaryDirectory() as directory,
            running(["-m", "tests.benchmarks.bench_start", "bare"], Path(directory), environment) as product,
        ):
            product.line()
            bare = _size(product.process)
        window, worker = _idle(environment)
        few, many = _watching(FEW, environment), _watching(MANY, environment)
    accounts = MANY - FEW
    theirs, masters = ((after.rss - before.rss) / accounts / MB for before, after in zip(few, many, strict=True))
    return [
        _row("memory: window and engine, idle", f"empty PySide6 window: {bare}", window, 180.0, window.rss / bare.rss),
        _row("memory: a worker, idle", "", worker, 60.0, None),
        Row(
            f"memory: each watched account, {FEW:,} → {MANY:,} in one worker",
            f"worker with {MANY:,}: {many[0]}",
            f"{theirs * 1024:.1f} KB in the worker, {masters * 1024:.1f} KB in the master",
            None,
            None,
            (Reach("", theirs + masters, 0.3, "MB"),),
        ),
    ]


def _row(area: str, peer: str, size: Size, bound: float, ratio: float | None) -> Row:
    return Row(area, peer, str(size), ratio, None, (Reach("RSS", size.rss / MB, bound, "MB"),))


def _size(process: psutil.Process) -> Size:
    memory = process.memory_full_info()
    return Size(memory.rss, memory.pss)


def _idle(environment: dict[str, str]) -> tuple[Size, Size]:
    """The window with two local workers and nothing to do, at its second start: the first one creates the database."""
    with tempfile.TemporaryDirectory() as directory:
        _idle_once(Path(directory), environment)
        return _idle_once(Path(directory), environment)


def _idle_once(data_dir: Path, environment: dict[str, str]) -> tuple[Size, Size]:
    with running(["-m", "desktop"], data_dir, environment) as product:
        product.logged("worker.online")
        until(lambda: product.workers() if len(product.workers()) == 2 else None, "two workers")
        time.sleep(REST)
        return _size(product.process), max((_size(worker) for worker in product.workers()), key=lambda size: size.rss)


def _watching(count: int, environment: dict[str, str]) -> tuple[Size, Size]:
    """One worker and its master, without a window, after every account was checked."""
    with tempfile.TemporaryDirectory() as directory:
        data_dir = Path(directory)
        add_accounts(data_dir, count, INTERVAL, SETTINGS)
        with running(
            ["-m", "engine", "--local-workers", "1", "--worker-capacity", str(MANY)], data_dir, environment
        ) as product:
            until(lambda: None if unchecked(data_dir) else True, "every account's first check", every=0.5)
            time.sleep(REST)
            (worker,) = product.workers()
            return _size(worker), _size(product.process)
