"""asyncio inside Qt's event loop: one thread paints the window and runs the engine.

Stock qasync turns every callback into a Qt timer and every descriptor into a notifier that Qt polls on each pass.
With 1,000 connections that cost 6 to 20 times asyncio's CPU (tests/benchmarks/bench_loop.py), with 10,000 workers it
collapsed (97 % of a core, 3.4 s behind); its timers came back from 100 ms early to 105 ms late, and cancelled ones
lived on. So both loops here are `qasync.QEventLoop`s by type and keep none of its scheduling:

- asyncio's own queue, heap and `_run_once` do the work; its `select()` never blocks, because Qt does the waiting;
- Qt wakes us through **one** QSocketNotifier on the epoll or kqueue descriptor, **one** precise single-shot
  QTimer for the head of the timer heap, and **one** posted event for `call_soon` from a slot;
- each wake is a *tick*: `_run_once` until idle or until `BUDGET` is spent, then the window has its turn.

`HostedQEventLoop` is the one for Unix: 1.0 to 1.2 times plain asyncio. `DequeQEventLoop` leaves descriptors to
qasync (IOCP on Windows, a notifier each on Unix): for Windows, and for a Unix where the hosted one fails its
self-test at start. `make_loop` chooses.

A nested Qt loop (`exec()` of a dialog, a menu, a file chooser) keeps the engine alive. Even in a coroutine, where it
does not belong: that coroutine waits, the other tasks go on (`_nested_turns`).

What is private in asyncio and qasync and used here is checked by tests/desktop/test_loop_life.py.
"""

import asyncio
import contextlib
import logging
import math
import os
import selectors
import signal
import socket
import threading
from asyncio import base_events, selector_events
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from PySide6 import QtCore, QtWidgets

# qasync obeys this variable before it looks at what is imported, and a user's shell may name another binding.
os.environ["QT_API"] = "pyside6"

import qasync

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

BUDGET = 0.004
"""Seconds of engine work in one tick before the window gets its turn: a quarter of a 60 Hz frame."""

_LONGEST_MS = 24 * 3600 * 1000  # QTimer counts in a C int; a timer further away is looked at once a day
_WAKE = QtCore.QEvent.Type(QtCore.QEvent.registerEventType())

# Any, because the stubs leave out what is private. Neither class is ever instantiated here.
_Base: Any = base_events.BaseEventLoop
_Selector: Any = selector_events.BaseSelectorEventLoop


class _Waker(QtCore.QObject):
    """Turns an event that is posted to it, from any thread, into a call of `target`."""

    def __init__(self, target: Callable[[], None]) -> None:
        super().__init__()
        self._target = target

    def customEvent(self, _event: QtCore.QEvent) -> None:
        self._target()


class _Poll(selectors.DefaultSelector):
    """asyncio's selector, except that it never blocks. `found` is how much the last look brought."""

    found = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        self.found = len(ready)
        return ready


class _NoPoll:
    """Stands in for the selector where qasync's notifiers or its IOCP thread bring what is ready."""

    found = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        return []

    def close(self) -> None:
        pass


@contextlib.contextmanager
def _signals_reach(wake: socket.socket) -> Iterator[None]:
    """Let a Unix signal end Qt's wait.

    Python runs its signal handlers between byte codes, and a waiting Qt executes none: without
    this, Ctrl-C would be heard at the next network packet. asyncio reads and ignores the bytes.
    """
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)


class _HostedByQt(qasync.QEventLoop):  # type: ignore[misc]  # qasync is untyped
    """What both loops share: asyncio's scheduling, woken by Qt."""

    # qasync replaced these by Qt objects (or by copies that forget asyncgens and contexts): take asyncio's back.
    run_forever = _Base.run_forever
    run_until_complete = _Base.run_until_complete
    is_running = _Base.is_running
    time = _Base.time
    call_later = _Base.call_later
    call_soon_threadsafe = _Base.call_soon_threadsafe
    run_in_executor = _Base.run_in_executor
    set_default_executor = _Base.set_default_executor
    set_exception_handler = _Base.set_exception_handler
    default_exception_handler = _Base.default_exception_handler
    call_exception_handler = _Base.call_exception_handler
    _add_callback = _Base._add_callback

    def __init__(self, app: QtWidgets.QApplication) -> None:
        """Build the loop for this thread's application. Nothing runs before run_forever()."""
        self._app = app
        self._hosting = False  # Qt runs for us: between exec() and the decision to leave it
        self._looking = True  # asyncio will look at its queues by itself: nobody needs to be woken
        self._posted = False  # a wake event is on its way
        self._depth = 0  # ticks on the stack; more than one when a callback runs a nested Qt loop
        self._alarm_at = math.inf  # loop time for which the QTimer is set
        self._failure: BaseException | None = None
        super().__init__(app)
        self._waker = _Waker(self._on_wake)
        self._alarm = QtCore.QTimer(singleShot=True, timerType=QtCore.Qt.TimerType.PreciseTimer)
        self._alarm.timeout.connect(self._on_alarm)
        self._dispatcher = QtCore.QAbstractEventDispatcher.instance()
        self._dispatcher.aboutToBlock.connect(self._on_about_to_wait)
        self._spent = asyncio.Handle(self._wake, (), self)  # see _nested_turns
        self._spent.cancel()

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Any = None) -> asyncio.Handle:
        """As asyncio's; from a slot it also wakes the engine."""
        handle: asyncio.Handle = _Base.call_soon(self, callback, *args, context=context)
        if not self._looking:
            self._wake()
        return handle

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        """As asyncio's; from a slot it also sets Qt's timer. Never early, at most a millisecond late by design."""
        timer: asyncio.TimerHandle = _Base.call_at(self, when, callback, *args, context=context)
        if not self._looking:
            self._set_alarm()
        return timer

    def stop(self) -> None:
        """As asyncio's: what is ready now still runs. Also ends nested Qt loops. Not for other threads."""
        _Base.stop(self)
        if not self._looking:
            self._wake()

    def close(self) -> None:
        """Release everything; idempotent. Raises RuntimeError while the loop runs."""
        if not self.is_running() and not self.is_closed():
            self._alarm.stop()
            self._dispatcher.aboutToBlock.disconnect(self._on_about_to_wait)
        super().close()

    def _run_once(self) -> None:
        """One run of Qt, where asyncio's run_forever() expects one iteration: its set-up and clean-up stay its own."""
        self._before_run_forever()  # Windows: the thread that polls the IOCP
        self._watch(True)
        self._hosting, self._looking = True, False
        self._wake()
        try:
            with _signals_reach(self._csock):
                self._app.exec()
        finally:
            self._hosting, self._looking = False, True
            self._watch(False)
            self._after_run_forever()
        self._stopping = True  # Qt may have been told to quit by others: end of session, Cmd-Q
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _watch(self, on: bool) -> None:
        """Start or stop listening to descriptors: between runs Qt may be spun by others (tests, a splash)."""

    # Qt calls these three and _tick. No parameters: PySide would convert each argument, 1 µs per wake.

    def _on_wake(self) -> None:
        self._posted = False
        self._tick()

    def _on_alarm(self) -> None:
        self._alarm_at = math.inf
        self._tick()

    def _on_about_to_wait(self) -> None:
        """If a tick is on the stack now, one of its callbacks runs a nested Qt loop: do not let that sleep on work."""
        if self._depth and self._hosting:
            self._looking = False
            self._settle()

    def _tick(self) -> None:
        """Give asyncio its turn."""
        if not self._hosting:
            return
        self._depth += 1
        self._looking = True
        try:
            if self._depth == 1:
                self._turns()
            else:
                self._nested_turns()
        except BaseException as failure:  # KeyboardInterrupt, SystemExit: Qt would print it and go on
            self._failure = failure
            self._stopping = True
        finally:
            self._depth -= 1
            self._looking = False
        self._settle()

    def _turns(self) -> None:
        """Run asyncio's iterations until there is nothing to do or the budget is spent."""
        iterate, clock, poll = _Base._run_once, self.time, self._selector
        end = clock() + BUDGET
        while True:
            iterate(self)
            if self._stopping or not (self._ready or poll.found) or clock() >= end:
                return

    def _nested_turns(self) -> None:
        """Go on although the callback of an outer tick is still on the stack.

        asyncio refuses to step a task while another is current, and loses that step for ever: so the
        outer task is not current meanwhile. And the outer `_run_once` has counted its queue and will
        pop that many handles: so we leave it as many, cancelled ones, which it skips.
        """
        owed, task = len(self._ready), asyncio.current_task(self)
        if task is not None:
            asyncio.tasks._leave_task(self, task)
        try:
            self._turns()
        finally:
            if task is not None:
                asyncio.tasks._enter_task(self, task)
            self._ready.extend([self._spent] * (owed - len(self._ready)))

    def _work_in_nested_loop(self) -> bool:
        return any(handle is not self._spent for handle in tuple(self._ready))  # a copy: threads append

    def _settle(self) -> None:
        """Leave Qt in a state in which it wakes us when there is something to do."""
        if self._stopping:
            self._hosting = False
            self._app.exit()
        elif self._ready and (not self._depth or self._work_in_nested_loop()):
            self._wake()
        else:
            self._set_alarm()

    def _wake(self) -> None:
        if not self._posted:
            self._posted = True
            QtCore.QCoreApplication.postEvent(self._waker, QtCore.QEvent(_WAKE))

    def _set_alarm(self) -> None:
        """Have Qt call us for the first timer.

        An alarm that is set too early stays: one idle tick costs less than a QTimer
        restarted for every time-out that is cancelled.
        """
        if self._scheduled and (when := self._scheduled[0]._when) < self._alarm_at:
            self._alarm_at = when
            away = math.ceil(min(max(0.0, when - self.time()) * 1000, _LONGEST_MS))
            self._alarm.start(away)


class HostedQEventLoop(_HostedByQt):
    """asyncio's selector loop with Qt doing the waiting. For Unix."""

    # Descriptors belong to asyncio's selector again, not to one QSocketNotifier each.
    _add_reader = _Selector._add_reader
    _remove_reader = _Selector._remove_reader
    _add_writer = _Selector._add_writer
    _remove_writer = _Selector._remove_writer
    _process_events = _Selector._process_events

    def __init__(self, app: QtWidgets.QApplication) -> None:
        """Build the loop. Needs a selector that is a descriptor itself: epoll or kqueue."""
        super().__init__(app)
        self._notifier = QtCore.QSocketNotifier(self._selector.fileno(), QtCore.QSocketNotifier.Type.Read)
        self._notifier.setEnabled(False)
        self._notifier.activated.connect(self._tick)

    def _make_self_pipe(self) -> None:
        """asyncio's constructor calls this between choosing the selector and using it: the place to put in ours."""
        self._selector = _Poll()
        _Selector._make_self_pipe(self)

    def _watch(self, on: bool) -> None:
        self._notifier.setEnabled(on)


class DequeQEventLoop(_HostedByQt):
    """The same with descriptors left to qasync. For Windows, and where the self-test fails."""

    def __init__(self, app: QtWidgets.QApplication) -> None:
        """As the base class."""
        super().__init__(app)
        self._selector = _NoPoll()

    def _write_to_self(self) -> None:
        """Called by call_soon_threadsafe(). On Windows nobody reads the self-pipe; a posted event works everywhere."""
        self._wake()


def make_loop(app: QtWidgets.QApplication, *, patience: float = 3.0) -> asyncio.AbstractEventLoop:
    """The best loop that works here: the hosted one if its self-test passes within `patience` seconds.

    Call it before a window is shown. Whoever gets the loop closes it (`run_until_done` does).
    """
    if os.name == "posix" and hasattr(selectors.DefaultSelector, "fileno"):  # epoll, kqueue; not poll, select
        loop = None
        try:
            loop = HostedQEventLoop(app)
            self_test(loop, patience)
            return loop
        except Exception:  # a library update may break what is private in any way: start all the same
            _log.warning("the hosted event loop is unfit here, falling back to the slower one", exc_info=True)
            if loop is not None:
                loop.close()
    return DequeQEventLoop(app)


def run_until_done(loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, _T]) -> _T:
    """Run `main` on `loop` as asyncio.run does: then cancel what is left, join the executor and close the loop.

    Raises:
        KeyboardInterrupt: on Ctrl-C, and
        RuntimeError: if others told Qt to quit; either after `main` was cancelled and has cleaned up.
    """
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main)


def self_test(loop: asyncio.AbstractEventLoop, patience: float = 3.0) -> None:
    """Prove in a few milliseconds that `loop` hears a socket, a thread, a timer and call_soon.

    Raises:
        Exception: of any kind if it does not. RuntimeError after `patience` seconds, by a Qt timer, because
            a deaf loop cannot time itself out.
    """
    watchdog = QtCore.QTimer(singleShot=True)
    watchdog.timeout.connect(QtCore.QCoreApplication.exit)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.settimeout(patience)
        client = stack.enter_context(socket.socket())
        client.setblocking(False)
        told: asyncio.Future[None] = loop.create_future()
        peer = threading.Thread(target=_echo_once, args=(listener, loop, told), name="loop-self-test", daemon=True)
        peer.start()
        stack.callback(peer.join, patience)
        watchdog.start(math.ceil(patience * 1000))
        stack.callback(watchdog.stop)
        probe = _probe(client, listener.getsockname(), told)
        stack.callback(probe.close)  # a deaf loop has not even started it
        loop.run_until_complete(probe)


def _echo_once(listener: socket.socket, loop: asyncio.AbstractEventLoop, told: "asyncio.Future[None]") -> None:
    """The other end, in a thread: data from the same thread would be found without Qt having to wake us."""
    with contextlib.suppress(OSError, RuntimeError):  # the loop gave up and is closed: there is nobody to tell
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(listener.gettimeout())
            connection.sendall(connection.recv(16))
        loop.call_soon_threadsafe(told.set_result, None)


async def _probe(client: socket.socket, address: tuple[str, int], told: "asyncio.Future[None]") -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, address)
    await loop.sock_sendall(client, b"echo")
    if await loop.sock_recv(client, 16) != b"echo":
        raise RuntimeError("the echo came back changed")
    await told
    soon: asyncio.Future[None] = loop.create_future()
    loop.call_soon(soon.set_result, None)
    await soon
    due = loop.time() + 0.002
    await asyncio.sleep(0.002)
    if loop.time() < due:
        raise RuntimeError("a timer came back early")
