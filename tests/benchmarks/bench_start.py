"""How long a user waits: from the start of the process to the window, and to the first account that is really watched.

The window is shown when the window system exposes it for the first time. An account is watched when the first thing
that a local worker found for it is stored, which comes after the first finished check. The peer is an empty PySide6
window. All starts are warm: the data directory and the disk cache are there from the start before.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.product import ROOT, add_accounts, display, running
from tests.benchmarks.table import Reach, Row

STARTS = 5
SETTINGS = {"rate_per_minute": 6000}
HERE = ["-m", "tests.benchmarks.bench_start"]


def rows() -> list[Row]:
    """Window shown, engine ready, first worker watching."""
    with tempfile.TemporaryDirectory() as directory, display() as environment:
        data_dir = Path(directory)
        add_accounts(data_dir, 4, 1, SETTINGS)
        runs = [_start("window", data_dir, environment) for _ in range(STARTS + 1)][1:]
        bare = [_start("bare", data_dir, environment)[0] for _ in range(STARTS + 1)][1:]
    shown, ready, watching = ([run[number] for run in runs] for number in range(3))
    empty, where = statistics.median(bare), environment["QT_QPA_PLATFORM"]
    return [
        Row(
            f"start: window shown, warm ({where})",
            f"empty PySide6 window: {empty:.2f} s",
            _seconds(shown),
            statistics.median(shown) / empty,
            None,
            (Reach("p50", statistics.median(shown), 1.0, "s"),),
        ),
        Row("start: engine ready behind the window", "", _seconds(ready), None, None),
        Row(
            "start: first account watched by a local worker",
            "",
            _seconds(watching),
            None,
            None,
            (Reach("p50", statistics.median(watching), 3.0, "s"),),
        ),
    ]


def _seconds(times: Sequence[float]) -> str:
    return f"p50 {statistics.median(times):.2f} s, worst {max(times):.2f} s"


def _start(kind: str, data_dir: Path, environment: dict[str, str]) -> tuple[float, float, float]:
    """Seconds to the window, to the engine, to the first detection."""
    with running([*HERE, kind], data_dir, environment) as product:
        shown = float(product.line()) - product.started
        if kind == "bare":
            return shown, 0.0, 0.0
        return shown, product.logged("master.ready"), product.logged("detections.stored")


# ---- the window process


def show(kind: str, arguments: list[str]) -> None:
    """The window as `vedette` opens it (or an empty one), which says on stdout when it is exposed."""
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtGui import QWindow
    from PySide6.QtWidgets import QApplication, QMainWindow

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Expose and isinstance(watched, QWindow) and watched.isExposed():
                sys.stdout.write(f"{time.time()}\n")
                sys.stdout.flush()
                application.removeEventFilter(self)
            return False

    application = QApplication(["vedette"])
    watch = Watch()
    application.installEventFilter(watch)
    if kind == "bare":
        window = QMainWindow()
        window.show()
        application.exec()
        return
    from desktop.__main__ import main

    main(arguments)


if __name__ == "__main__":
    assert Path.cwd() == ROOT
    show(sys.argv[1], sys.argv[2:])
