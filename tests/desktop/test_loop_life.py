"""How the loop begins and ends, how it is chosen, and which private parts of asyncio and qasync it needs."""

import asyncio
import os
import selectors
import signal
import subprocess
import sys
import threading
from asyncio import base_events, selector_events
from typing import Any

import pytest
import qasync
from PySide6 import QtCore, QtWidgets

from desktop.loop import DequeQEventLoop, HostedQEventLoop, make_loop, run_until_done, self_test

LOOPS = [HostedQEventLoop, DequeQEventLoop]
Loop = Any  # tests look at private parts


@pytest.fixture(params=LOOPS)
def loop_class(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def loop(qapp: QtWidgets.QApplication, loop_class: Any) -> Loop:
    """One that the test closes itself."""
    qapp.setQuitOnLastWindowClosed(False)
    return loop_class(qapp)


class TestLife:
    def test_stop_and_close_again_and_again(self, loop: Loop) -> None:
        seen: list[str] = []
        loop.call_soon(seen.append, "stopped beforehand: one iteration")
        loop.stop()
        loop.stop()
        loop.run_forever()
        QtCore.QTimer.singleShot(0, lambda: QtCore.QTimer.singleShot(0, loop.stop))  # when the engine is idle
        loop.run_forever()
        assert seen and not loop.is_running()
        loop.close()
        loop.close()
        assert loop.is_closed()
        with pytest.raises(RuntimeError, match="closed"):
            loop.call_soon(print)
        with pytest.raises(RuntimeError, match="closed"):
            loop.run_forever()

    async def test_it_cannot_be_run_twice_or_closed_while_it_runs(self, qtloop: Loop) -> None:
        with pytest.raises(RuntimeError, match="already running"):
            qtloop.run_forever()
        with pytest.raises(RuntimeError, match="Cannot close"):
            qtloop.close()

    @pytest.mark.parametrize("failure", [SystemExit, KeyboardInterrupt])
    def test_an_exit_from_a_callback_leaves_the_loop(self, qtloop: Loop, failure: type[BaseException]) -> None:
        def leave() -> None:
            raise failure

        qtloop.call_soon(leave)
        with pytest.raises(failure):
            qtloop.run_forever()
        assert qtloop.run_until_complete(asyncio.sleep(0.001, "usable")) == "usable"

    def test_run_until_done(self, loop: Loop) -> None:
        left_over = []

        async def background() -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                left_over.append("cleaned up")

        async def main() -> str:
            loop.create_task(background())
            return await asyncio.to_thread(str, "done")

        assert run_until_done(loop, main()) == "done"
        assert left_over == ["cleaned up"] and loop.is_closed()

    @pytest.mark.parametrize(("end", "error"), [("quit", RuntimeError), ("ctrl-c", KeyboardInterrupt)])
    def test_an_end_from_outside_cancels_main(self, loop: Loop, end: str, error: type[BaseException]) -> None:
        cleaned_up = []

        async def main() -> None:
            try:
                if end == "quit":
                    QtCore.QTimer.singleShot(0, QtWidgets.QApplication.quit)
                else:
                    await asyncio.to_thread(os.kill, os.getpid(), signal.SIGINT)
                await asyncio.sleep(3600)
            finally:
                await asyncio.sleep(0.001)
                cleaned_up.append(True)

        with pytest.raises(error):
            run_until_done(loop, main())
        assert cleaned_up and loop.is_closed()


class TestChoice:
    def test_the_hosted_loop_passes_its_self_test(self, qapp: QtWidgets.QApplication) -> None:
        loop = make_loop(qapp)
        assert type(loop) is HostedQEventLoop
        loop.close()

    @pytest.mark.parametrize("part", ["_watch", "_set_alarm", "_wake"])
    def test_a_deaf_one_is_replaced(self, qapp: Any, part: str, monkeypatch: Any, expected_logs: Any) -> None:
        monkeypatch.setattr(HostedQEventLoop, part, lambda *_: None)
        expected_logs("unfit here")
        loop = make_loop(qapp, patience=0.3)
        assert type(loop) is DequeQEventLoop
        monkeypatch.undo()
        self_test(loop)
        loop.close()

    def test_no_selector_of_its_own(self, qapp: Any, monkeypatch: Any) -> None:
        monkeypatch.setattr(selectors, "DefaultSelector", selectors.PollSelector)
        loop = make_loop(qapp)
        assert type(loop) is DequeQEventLoop
        loop.close()


EVENTS = """
import asyncio, sys
from PySide6 import QtCore, QtWidgets
from desktop.loop import {loop}, run_until_done

class Counter(QtCore.QObject):
    seen = 0
    def event(self, event):
        self.seen += 1
        self.setObjectName("a void call")
        return super().event(event)

async def main():
    counter, nones = Counter(), sys.getrefcount(None)
    while counter.seen < 20_000:
        QtCore.QCoreApplication.postEvent(counter, QtCore.QEvent(QtCore.QEvent.Type.User))
        await asyncio.sleep(0)
    sys.stdout.write(f"{{nones - sys.getrefcount(None)}}")

run_until_done({loop}(QtWidgets.QApplication([])), main())
"""


@pytest.mark.processes
@pytest.mark.parametrize("name", [loop.__name__ for loop in LOOPS])
def test_twenty_thousand_qt_events_do_not_end_the_process(name: str) -> None:
    """PySide6 6.12 drops a reference to None on every void call under CPython 3.11."""
    ended = subprocess.run(
        [sys.executable, "-c", EVENTS.format(loop=name)], capture_output=True, timeout=50, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()
    assert int(ended.stdout) < 1_000


@pytest.mark.parametrize("loop_class", [DequeQEventLoop])
async def test_threads_wake_the_deque_loop_without_the_self_pipe(qtloop: Loop) -> None:
    """On Windows nobody reads it."""
    qtloop._remove_reader(qtloop._ssock.fileno())
    waiting, dispatcher = threading.Event(), QtCore.QAbstractEventDispatcher.instance()
    dispatcher.aboutToBlock.connect(waiting.set)  # before that the loop finds by itself what the thread left
    assert await asyncio.to_thread(waiting.wait, 20)
    dispatcher.aboutToBlock.disconnect(waiting.set)


class TestPrivateParts:
    """What desktop/loop.py leans on. A failure here after an update says where to look."""

    def test_asyncio_has_what_we_call(self) -> None:
        base, selector = base_events.BaseEventLoop, selector_events.BaseSelectorEventLoop
        for name in ("_run_once", "_add_callback", "_timer_handle_cancelled", "_write_to_self"):
            assert callable(getattr(base, name))
        for name in (
            "_add_reader",
            "_remove_reader",
            "_add_writer",
            "_remove_writer",
            "_process_events",
            "_make_self_pipe",
        ):
            assert callable(getattr(selector, name))
        assert callable(asyncio.tasks._leave_task) and callable(asyncio.tasks._enter_task)

    def test_the_loops_hold_what_we_read(self, qtloop: Loop) -> None:
        assert type(qtloop._ready).__name__ == "deque" and type(qtloop._scheduled) is list
        assert qtloop._stopping is False and qtloop._csock.fileno() > 0
        handle = qtloop.call_at(7.0, print)
        assert handle._when == 7.0
        handle.cancel()

    def test_qasync_overrides_nothing_new(self, loop_class: Any) -> None:
        """Each name that qasync takes from asyncio is either taken back or known here."""
        theirs = {**vars(qasync._QEventLoop), **vars(qasync._unix._SelectorEventLoop)}
        asyncios = {name for name in theirs if hasattr(asyncio.SelectorEventLoop, name)}
        kept = {name for name in asyncios if getattr(loop_class, name) is getattr(qasync.QEventLoop, name)}
        descriptors = {"_add_reader", "_remove_reader", "_add_writer", "_remove_writer"}
        assert kept - {"__module__", "__doc__", "__init_subclass__", "__weakref__", "__dict__"} == (
            {"get_debug", "set_debug"} | (descriptors if loop_class is DequeQEventLoop else set())
        )
