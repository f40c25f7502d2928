"""The composition root: QApplication, loop, window, and the engine behind it.

Order of the start: the window is shown, then the engine is imported on a thread (half a second that nobody should
wait for in front of nothing), started on the window's loop, and attached. Order of the end: nothing new is asked, the
window says that it is closing, the workers drain, the store is closed, Qt quits. See desktop/loop.py for the loop.
"""

import asyncio
import contextlib
import gc
import importlib
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from PySide6.QtCore import QEvent, QObject, QSettings
from PySide6.QtWidgets import QApplication

from desktop.actions import Actions
from desktop.bridge import Bridge
from desktop.ui.main_window import MainWindow
from desktop.ui.preferences import Preferences
from engine.config import Options
from worker import __version__
from worker.process import tasks
from worker.process.exit_codes import Exit, Stop

if TYPE_CHECKING:
    from engine.master import Master

log = structlog.get_logger("desktop")


class QuitFilter(QObject):
    """Turns “quit” from outside (the system's menu, the end of the session) into our own orderly end.

    Qt would leave its loop at once, and the workers' last detections would wait for the next start.
    """

    def __init__(self, asked: Callable[[], None]) -> None:
        super().__init__()
        self._asked = asked

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Swallow the application's Quit event."""
        if event.type() == QEvent.Type.Quit:
            self._asked()
            return True
        return super().eventFilter(watched, event)


class App:
    """The window and the engine that it hosts.

    Attributes:
        window: shown by run().
        master: the running engine, None before and after.
        failed: why the engine could not be started, None while all is well.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._quit = asyncio.Event()
        self._starting: asyncio.Task[None] | None = None
        self._bridge = Bridge()
        self._actions = Actions()
        self._outside = QuitFilter(self._quit.set)
        settings = QSettings(str(options.data_dir / "window.ini"), QSettings.Format.IniFormat)
        self.window = MainWindow(self._bridge, self._actions, Preferences(settings), __version__)
        self.master: Master | None = None
        self.failed: Stop | None = None

    async def run(self) -> Exit:
        """Show the window, host the engine until somebody quits, and close both; returns the exit code."""
        self.window.quit_requested.connect(self._quit.set)
        self.window.restart_requested.connect(self._start_again)
        self._listen_to_signals()
        qt = QApplication.instance()
        assert qt is not None
        qt.installEventFilter(self._outside)  # all events pass it: it looks at one number
        self.window.show()
        self._start_again()
        try:
            await self._quit.wait()
        finally:
            await self._close()
        return self.failed.code if self.failed else Exit.ASKED

    def quit(self) -> None:
        """Ask the application to end."""
        self._quit.set()

    def _listen_to_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # Windows has no handlers on the loop
                asyncio.get_running_loop().add_signal_handler(number, self._quit.set)

    def _start_again(self) -> None:
        if self._starting is None or self._starting.done():
            self._starting = tasks.spawn(self._start(), name="start-engine")

    async def _start(self) -> None:
        engine = await asyncio.to_thread(importlib.import_module, "engine.master")
        master: Master = engine.Master(with_free_port(self._options))
        try:
            await master.start()
        except Stop as stop:
            self.failed = stop
            log.error("engine.not_started", why=stop.sentence)
            self.window.engine_failed(stop.sentence)
            return
        self.master, self.failed = master, None
        self.window.attach(master.api)
        gc.freeze()  # what is here now stays: the collector need not look at it while the window is painting

    async def _close(self) -> None:
        self.window.engine_closing()
        self.window.hide()
        await tasks.cancel(self._starting)
        await self._actions.close()
        if self.master is not None:
            await self.master.close("the window was closed")
        self._bridge.close()


def with_free_port(options: Options) -> Options:
    """The same options, with any free port if nobody asked for this one and it is in use."""
    if options.port_given:
        return options
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.host, options.port))
        except OSError:
            return replace(options, port=0)
    return options


def run(options: Options) -> Exit:
    """Run the application; returns its exit code."""
    from desktop.loop import make_loop, run_until_done

    qt = QApplication.instance() or QApplication(["vedette"])
    assert isinstance(qt, QApplication)
    qt.setApplicationName("Vedette")
    qt.setDesktopFileName("vedette")
    qt.setQuitOnLastWindowClosed(False)

    code = run_until_done(make_loop(qt), _live(options))
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()  # a pixmap that outlives the QApplication ends the process badly
    return code


async def _live(options: Options) -> Exit:
    app = App(options)
    try:
        return await app.run()
    finally:
        app.window.deleteLater()
