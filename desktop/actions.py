"""The only way a slot starts a coroutine."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from engine.api.errors import ApiError
from worker.process import tasks
from worker.process.logs import new_request_id, request

T = TypeVar("T")
log = structlog.get_logger("desktop")


class Actions(QObject):
    """Runs what a click asks for, one request id each, with its button disabled meanwhile.

    A coroutine must not be started in any other way: `qasync.asyncSlot` only schedules, so that
    a second click would come through before the button is disabled.

    Signals:
        failed(Exception, str): an error that no `on_error` took, and the request id under which it was logged.
    """

    failed = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def run(
        self,
        coro: Coroutine[Any, Any, T],
        *,
        busy: QWidget | None = None,
        on_done: Callable[[T], None] | None = None,
        on_error: Callable[[ApiError], None] | None = None,
    ) -> None:
        """Start `coro` on the running loop.

        Args:
            busy: disabled at once and enabled again when it has ended, if it still exists.
            on_done: gets the result.
            on_error: gets an ApiError instead of the toast; any other exception is logged and told by `failed`.
        """
        if self._closed:
            coro.close()
            return
        held = _Busy(busy)
        request_id = new_request_id()
        name = f"action {getattr(coro, '__qualname__', coro)}"
        task = tasks.spawn(self._perform(coro, held, request_id, on_done, on_error), name=name)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(done, coro, held))

    @property
    def running(self) -> int:
        """How many have not ended."""
        return len(self._tasks)

    async def close(self) -> None:
        """Cancel what runs and refuse what comes; call it before the engine closes."""
        self._closed = True
        await tasks.cancel(*self._tasks)

    def _ended(self, task: asyncio.Task[None], coro: Coroutine[Any, Any, Any], held: "_Busy") -> None:
        """Also for a task that was cancelled before its first step, which runs no `finally` of its coroutine."""
        self._tasks.discard(task)
        coro.close()
        held.release()

    async def _perform(
        self,
        coro: Coroutine[Any, Any, T],
        held: "_Busy",
        request_id: str,
        on_done: Callable[[T], None] | None,
        on_error: Callable[[ApiError], None] | None,
    ) -> None:
        with request(request_id):
            try:
                result = await coro
            except ApiError as error:
                held.release()
                (on_error or (lambda error: self.failed.emit(error, request_id)))(error)
            except Exception as error:  # a click's fault is told to the person who clicked, and nothing else stops
                held.release()
                log.exception("action.failed")
                self.failed.emit(error, request_id)
            else:
                held.release()
                if on_done is not None:
                    on_done(result)


class _Busy:
    """A widget disabled until `release`, which hands the keyboard back if nobody moved it meanwhile."""

    def __init__(self, widget: QWidget | None) -> None:
        self._widget = widget
        self._had_focus = widget is not None and widget.hasFocus()
        if widget is not None:
            widget.setEnabled(False)
            self._next = widget.window().focusWidget()

    def release(self) -> None:
        """Enable it again; only the first call does something."""
        widget, self._widget = self._widget, None
        if widget is None or not isValid(widget):  # its dialog may be gone by now
            return
        widget.setEnabled(True)
        if self._had_focus and widget.window().focusWidget() is self._next:
            widget.setFocus()
