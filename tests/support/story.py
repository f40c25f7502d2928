"""A person's first quarter of an hour, played with mouse and keys on the real application on a real display.

Run by tests/desktop/test_story.py under Xvfb: `python -m tests.support.story DATA_DIR`. Prints a line per step; exits 1
at the first that fails, or if Qt complained of anything.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import psutil
from PySide6.QtCore import QEvent, QMessageLogContext, QPoint, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

from desktop.app import App
from desktop.loop import make_loop, run_until_done
from desktop.ui.dialogs.add_account import AddAccountDialog
from engine.config import private_directory, read
from tests.support.master_process import alive
from tests.support.waiting import eventually
from worker.process import tasks
from worker.process.exit_codes import Exit
from worker.process.logs import configure

NAME = "Corner shop"


class Story:
    """One window and the hand that uses it."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.window = app.window

    async def play(self) -> None:
        """All steps, in order."""
        for step in (self.opens, self.adds_an_account, self.reads, self.sees_a_worker_die):
            await step()
            print("ok", step.__name__, flush=True)  # noqa: T201 - the test reads this

    async def opens(self) -> None:
        """The window is on the display, and two workers are online."""
        await eventually(lambda: self.window.isVisible() and self.window.windowHandle().isExposed())
        self.window.activateWindow()  # there is no window manager to do it
        await eventually(self.window.isActiveWindow, what="the keyboard")
        await eventually(lambda: self.window.state == "running", within=20, what="the engine")
        await eventually(lambda: self._states() == ["online", "online"], within=20, what="two workers online")

    async def adds_an_account(self) -> None:
        """Through the dialog: choose, name, test, save."""
        self._go("accounts")
        self._click(self.window.accounts.add)
        dialog = await eventually(lambda: self.window.findChild(AddAccountDialog))
        await eventually(lambda: "demo" in dialog.cards and dialog.cards["demo"].isVisible())
        self._click(dialog.cards["demo"])
        await eventually(lambda: dialog.form is not None and dialog.test.isVisible())
        self._type(dialog.fields.name, NAME)
        assert dialog.fields.name.text() == NAME
        self._type(dialog.fields.interval, "2")
        assert dialog.fields.interval.value() == 2
        self._click(dialog.test)
        await eventually(lambda: dialog.save.isVisible() and dialog.save.isEnabled(), what="a test that passed")
        self._click(dialog.save)
        await eventually(lambda: NAME in [a.display_name for a in self.window.directory.accounts.values()])
        await eventually(lambda: QApplication.activeModalWidget() is None, what="the dialog has gone")
        self.window.activateWindow()
        await eventually(self.window.isActiveWindow, what="the keyboard is back")

    async def reads(self) -> None:
        """A detection is there; J opens it and marks it read, E says that it was handled."""
        self._go("detections")
        page = self.window.detections
        await eventually(lambda: [d for d in page.model.rows if not d.read], within=20, what="an unread detection")
        QTest.keyClick(self._focused(page), Qt.Key.Key_J)
        await eventually(lambda: (one := page.current()) is not None and one.read, what="it was opened and is read")
        QTest.keyClick(self._focused(page), Qt.Key.Key_E)
        await eventually(lambda: [d for d in page.model.rows if d.handled], what="it was handled")

    async def sees_a_worker_die(self) -> None:
        """On the Workers page the account moves to the other worker, and the dead one comes back."""
        self._go("workers")
        directory = self.window.directory
        [account] = directory.accounts.values()
        owner = directory.workers[str(account.worker_id)]
        self._click_row(self.window.workers.table, self.window.workers.model.row_of(owner.id))
        await eventually(self.window.workers.pane.isVisible)
        pane = self.window.workers.pane.accounts
        await eventually(lambda: [a.id for a in pane.accounts] == [account.id], what="the account on its worker")
        psutil.Process(owner.pid).kill()
        await eventually(lambda: pane.accounts == [], within=5, what="it left the dead worker")
        other = next(worker for worker in directory.workers.values() if worker.id != owner.id)
        self._click_row(self.window.workers.table, self.window.workers.model.row_of(other.id))
        await eventually(lambda: [a.id for a in pane.accounts] == [account.id], within=5, what="it is on the other")
        await eventually(lambda: directory.workers[owner.id].state == "online", within=10, what="the worker is back")

    def _states(self) -> list[str]:
        return [worker.state for worker in self.window.directory.workers.values()]

    def _go(self, page: str) -> None:
        self._click(self.window.sidebar.pages[page])
        assert self.window.page == page

    @staticmethod
    def _click(widget: QWidget) -> None:
        assert widget.isVisible() and widget.isEnabled(), f"{widget} cannot be clicked"
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)

    @staticmethod
    def _click_row(table: QAbstractItemView, row: int | None) -> None:
        assert row is not None
        place: QPoint = table.visualRect(table.model().index(row, 0)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)

    @staticmethod
    def _type(field: Any, text: str) -> None:
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, text)

    @staticmethod
    def _focused(page: QWidget) -> QWidget:
        return QApplication.focusWidget() or page


async def main(data_dir: str) -> int:
    """Play the story, close the window as a person does, and look for orphans."""
    options = read("vedette", ["--data-dir", data_dir, "--port", "0"], {}, window=True)
    private_directory(options.data_dir)
    configure("desktop", options.data_dir / "logs" / "master.jsonl")
    app = App(options)
    running = tasks.spawn(app.run(), name="app")
    try:
        await Story(app).play()
    finally:
        children = psutil.Process().children(recursive=True)
        app.window.close()
        code = await asyncio.wait_for(running, 20)
        app.window.deleteLater()
    assert code == Exit.ASKED and not any(alive(child.pid) for child in children)
    print("ok quits", flush=True)  # noqa: T201
    return 0


def run() -> int:
    """The whole program."""
    complaints: list[str] = []

    def heard(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg:
            complaints.append(text)

    qInstallMessageHandler(heard)
    qt = QApplication(["story"])
    qt.setQuitOnLastWindowClosed(False)
    run_until_done(make_loop(qt), main(sys.argv[1]))
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    for line in complaints:
        print("Qt said:", line, flush=True)  # noqa: T201
    return 1 if complaints else 0


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(mode=0o700, parents=True, exist_ok=True)
    sys.exit(run())
