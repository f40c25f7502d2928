"""The main window over an engine in memory, for tests on the `qtloop`."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QWidget

from desktop.actions import Actions
from desktop.bridge import Bridge
from desktop.ui.dialogs.confirm import ConfirmDialog
from desktop.ui.main_window import MainWindow
from desktop.ui.preferences import Appearance, Language, Preferences
from tests.support.memory_ports import MemoryApi, make_api
from tests.support.waiting import eventually


@dataclass
class Opened:
    """A window that is shown, and what it is over."""

    window: MainWindow
    actions: Actions
    bridge: Bridge
    memory: MemoryApi
    preferences: Preferences

    async def idle(self) -> None:
        """Until nothing runs and everything was told."""
        await eventually(lambda: not self.actions.running and not self.bridge.pending)
        await eventually(lambda: not self.actions.running and self.window.directory.loaded)

    def toasts(self) -> list[str]:
        """What the window says at its bottom."""
        return [toast.text for toast in self.window.toasts.toasts()]

    def answer(self, yes: bool) -> str:
        """Answer the question that is open; returns what it says."""
        [asked] = [one for one in QApplication.topLevelWidgets() if isinstance(one, ConfirmDialog) and one.isVisible()]
        said = f"{asked.title.text()} {asked.text.text()}"
        (asked.yes if yes else asked.cancel).click()
        return said

    def undo(self) -> None:
        """Press Undo of the newest toast."""
        button = self.window.toasts.toasts()[-1].undo
        assert button is not None
        button.click()


def preferences_in(folder: Path) -> Preferences:
    """Preferences of their own."""
    return Preferences(QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat))


@asynccontextmanager
async def open_window(
    folder: Path,
    memory: MemoryApi | None = None,
    *,
    language: Language = "en",
    appearance: Appearance = "light",
    attach: bool = True,
) -> AsyncIterator[Opened]:
    """A window over `memory` (empty, with one worker, by default); taken down without a trace."""
    preferences = preferences_in(folder)
    preferences.language, preferences.appearance = language, appearance
    bridge, actions = Bridge(), Actions()
    window = MainWindow(bridge, actions, preferences, "0.1.0")
    opened = Opened(window, actions, bridge, memory or make_api(), preferences)
    window.show()
    try:
        if attach:
            window.attach(opened.memory.api)
            await opened.idle()
        yield opened
    finally:
        bridge.close()
        window.overview.close()
        await actions.close()
        window.close()
        window.languages.close()
        destroy(window)


def destroy(widget: QWidget) -> None:
    """Delete it now, with all that it holds: a pixmap that outlives the application ends the process badly."""
    widget.deleteLater()
    QApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    gc.collect()
