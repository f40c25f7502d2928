"""Both loops behave as asyncio's does, and Qt lives beside it. Everything runs on each of them."""

import asyncio
import contextlib
import functools
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from PySide6 import QtCore, QtWidgets

from desktop.loop import DequeQEventLoop, HostedQEventLoop
from tests.support.waiting import eventually

LOOPS = [HostedQEventLoop, DequeQEventLoop]
Loop = Any  # tests look at private parts


@pytest.fixture(params=LOOPS)
def loop_class(request: pytest.FixtureRequest) -> Any:
    return request.param


def from_qt(slot: Callable[[], object]) -> None:
    """Have Qt call `slot` as it calls the slot of a clicked button: with no coroutine on the stack."""
    QtCore.QTimer.singleShot(0, slot)


async def qt_turn(loop: Loop) -> None:
    """Wait until asyncio has left the thread to Qt once."""
    turn = loop.create_future()
    from_qt(lambda: turn.set_result(None))
    await turn


@contextlib.asynccontextmanager
async def echo_server() -> AsyncIterator[int]:
    """A TCP server that sends back lines, by its port; at the end it waits for its connections."""
    open_connections = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_connections.append(writer)
        while line := await reader.readline():
            writer.write(line)
        writer.close()
        await writer.wait_closed()
        open_connections.remove(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=200)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await eventually(lambda: not open_connections)


async def echo(port: int, text: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{text}\n".encode())
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answer.decode().strip()


class TestAsAsyncio:
    async def test_callbacks_run_in_order(self, qtloop: Loop) -> None:
        seen: list[int] = []
        done = qtloop.create_future()
        for number in range(300):
            qtloop.call_soon(seen.append, number)
        qtloop.call_soon(lambda: qtloop.call_soon(done.set_result, None))
        await done
        assert seen == list(range(300))

    async def test_timers_run_in_order_of_time(self, qtloop: Loop) -> None:
        seen: list[str] = []
        done, start = qtloop.create_future(), qtloop.time()
        qtloop.call_at(start + 0.03, done.set_result, None)
        qtloop.call_at(start + 0.02, seen.append, "second")
        qtloop.call_at(start + 0.01, seen.append, "first")
        qtloop.call_soon(seen.append, "at once")
        await done
        assert seen == ["at once", "first", "second"]

    async def test_timers_are_never_early(self, qtloop: Loop) -> None:
        early: list[float] = []

        async def wait(delay: float) -> None:
            due = qtloop.time() + delay
            await asyncio.sleep(delay)
            early.append(due - qtloop.time())

        await asyncio.gather(*(wait(0.0003 * step) for step in range(60)))
        assert max(early) <= time.get_clock_info("monotonic").resolution

    async def test_a_sooner_timer_overtakes_and_a_far_one_is_accepted(self, qtloop: Loop) -> None:
        for delay in (float("inf"), 90 * 86400, 3600):
            qtloop.call_later(delay, pytest.fail)
            await qt_turn(qtloop)  # Qt's timer is set for it now
        soon = qtloop.create_future()
        from_qt(lambda: qtloop.call_later(0.001, soon.set_result, "soon"))
        assert await soon == "soon"

    async def test_what_is_cancelled_does_not_run(self, qtloop: Loop) -> None:
        qtloop.call_soon(pytest.fail).cancel()
        qtloop.call_later(0.001, pytest.fail).cancel()
        task = qtloop.create_task(asyncio.sleep(3600))
        await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_cancelled_timers_do_not_accumulate(self, qtloop: Loop) -> None:
        for _ in range(5_000):
            qtloop.call_later(3600, pytest.fail).cancel()
        await eventually(lambda: len(qtloop._scheduled) < 200)

    async def test_an_exception_goes_to_the_handler(self, qtloop: Loop) -> None:
        contexts: list[dict[str, Any]] = []
        qtloop.set_exception_handler(lambda _loop, context: contexts.append(context))
        qtloop.call_soon(lambda: 1 / 0)
        qtloop.call_later(0.001, lambda: {}[1])
        await eventually(lambda: len(contexts) == 2)
        assert [type(context["exception"]) for context in contexts] == [ZeroDivisionError, KeyError]

    async def test_without_a_handler_an_exception_is_logged(self, qtloop: Loop, expected_logs: Any) -> None:
        expected_logs("ZeroDivisionError")
        qtloop.call_soon(lambda: 1 / 0)
        await eventually(lambda: any("ZeroDivisionError" in line for line in expected_logs.records))

    async def test_wait_for(self, qtloop: Loop) -> None:
        assert await asyncio.wait_for(asyncio.sleep(0, "in time"), 10) == "in time"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(qtloop.create_future(), 0.01)

    async def test_threads(self, qtloop: Loop) -> None:
        seen: list[int] = []
        threads = [threading.Thread(target=qtloop.call_soon_threadsafe, args=(seen.append, n)) for n in range(20)]
        for thread in threads:
            thread.start()
        await eventually(lambda: len(seen) == 20)
        assert await qtloop.run_in_executor(None, threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        for thread in threads:
            thread.join()

    async def test_an_abandoned_async_generator_is_finalised(self, qtloop: Loop) -> None:
        closed = []

        async def numbers() -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                closed.append(True)

        async for _ in numbers():
            break
        gc.collect()
        await eventually(lambda: closed)


class TestSystem:
    async def test_a_hundred_connections(self, qtloop: Loop, loop_class: Any) -> None:
        async with echo_server() as port:
            answers = await asyncio.gather(*(echo(port, f"hello {n}") for n in range(100)))
            qt_notifiers = len(qtloop._read_notifiers)
        assert answers == [f"hello {n}" for n in range(100)]
        assert qt_notifiers == 0 if loop_class is HostedQEventLoop else qt_notifiers > 0

    async def test_aiohttp(self, qtloop: Loop) -> None:
        async def hello(request: web.Request) -> web.Response:
            return web.Response(text=f"hello {request.query['name']}")

        app = web.Application()
        app.add_routes([web.get("/", hello)])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        async with aiohttp.ClientSession() as session, session.get(url, params={"name": "Qt"}) as response:
            assert await response.text() == "hello Qt"
        await runner.cleanup()

    @pytest.mark.processes
    async def test_a_subprocess(self, qtloop: Loop) -> None:
        code = "import sys; sys.stdout.write(sys.stdin.read().upper()); sys.exit(7)"
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdin=pipe, stdout=pipe)
        output, _ = await child.communicate(b"through the pipe")
        assert (output, child.returncode) == (b"THROUGH THE PIPE", 7)
        await eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("asyncio-waitpid")])

    @pytest.mark.processes
    async def test_a_killed_subprocess(self, qtloop: Loop) -> None:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
        )
        child.kill()
        assert await child.wait() == -signal.SIGKILL

    @pytest.mark.parametrize("by", ["asyncio", "Python"])
    async def test_a_signal_ends_qts_wait(self, qtloop: Loop, by: str) -> None:
        heard, waiting = qtloop.create_future(), threading.Event()
        if by == "asyncio":
            qtloop.add_signal_handler(signal.SIGUSR1, heard.set_result, None)
        else:
            signal.signal(signal.SIGUSR1, lambda *_: qtloop.call_soon_threadsafe(heard.set_result, None))
        QtCore.QAbstractEventDispatcher.instance().aboutToBlock.connect(waiting.set)
        thread = threading.Thread(target=lambda: (waiting.wait(), os.kill(os.getpid(), signal.SIGUSR1)))
        thread.start()
        await heard
        QtCore.QAbstractEventDispatcher.instance().aboutToBlock.disconnect(waiting.set)
        thread.join()
        qtloop.remove_signal_handler(signal.SIGUSR1)
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)


class TestBesideQt:
    async def test_a_slot_reaches_the_engine(self, qtloop: Loop) -> None:
        reached = qtloop.create_future()

        async def work() -> None:
            assert asyncio.get_running_loop() is qtloop
            reached.set_result("yes")

        from_qt(lambda: asyncio.get_running_loop().create_task(work()))
        assert await reached == "yes"

    async def test_an_open_dialog_keeps_the_engine_alive(self, qtloop: Loop) -> None:
        dialog, closed = QtWidgets.QDialog(), qtloop.create_future()
        dialog.finished.connect(closed.set_result)
        from_qt(dialog.open)
        await eventually(dialog.isVisible)
        async with echo_server() as port:
            assert await echo(port, "behind the dialog") == "behind the dialog"
        dialog.accept()
        assert await closed == QtWidgets.QDialog.DialogCode.Accepted

    async def test_an_executed_dialog_keeps_the_engine_alive(self, qtloop: Loop) -> None:
        dialog, results = QtWidgets.QDialog(), list[int]()
        from_qt(lambda: results.append(dialog.exec()))
        await eventually(dialog.isVisible)
        async with echo_server() as port:
            assert await echo(port, "behind the dialog") == "behind the dialog"
        assert await asyncio.to_thread(len, "abc") == 3
        clicked = qtloop.create_future()
        from_qt(lambda: qtloop.call_soon(clicked.set_result, "in the dialog"))
        assert await clicked == "in the dialog"
        dialog.reject()
        assert await eventually(lambda: results) == [QtWidgets.QDialog.DialogCode.Rejected]

    async def test_a_nested_loop_in_a_coroutine_kills_nobody(self, qtloop: Loop) -> None:
        nested, me = QtCore.QEventLoop(), asyncio.current_task()

        async def other() -> None:
            async with echo_server() as port:
                assert await echo(port, "meanwhile") == "meanwhile"
            from_qt(lambda: qtloop.call_soon(nested.quit))

        bystander = qtloop.create_task(other())
        nested.exec()
        assert asyncio.current_task() is me
        await bystander

    async def test_a_nested_loop_in_a_callback_runs_the_queue_and_then_waits(self, qtloop: Loop) -> None:
        nested, seen, waits = QtCore.QEventLoop(), list[int](), list[int]()
        count = functools.partial(waits.append, 1)
        QtCore.QAbstractEventDispatcher.instance().aboutToBlock.connect(count)
        qtloop.call_later(0.05, nested.quit)
        qtloop.call_soon(nested.exec)
        for number in range(50):
            qtloop.call_soon(seen.append, number)
        await eventually(lambda: len(seen) == 50 and not nested.isRunning())
        QtCore.QAbstractEventDispatcher.instance().aboutToBlock.disconnect(count)
        assert seen == list(range(50))
        assert len(waits) < 100, "it spins"

    async def test_what_is_ready_wakes_a_nested_loop(self, qtloop: Loop) -> None:
        nested = QtCore.QEventLoop()
        for _ in range(2):  # the first is noticed when Qt is about to wait, the second is posted
            qtloop.call_soon(nested.quit)
            nested.exec()
        qtloop._ready.append(asyncio.Handle(nested.quit, (), qtloop))  # as asyncio's selector does
        nested.exec()

    async def test_process_events_in_a_coroutine_is_harmless(self, qtloop: Loop) -> None:
        async with echo_server() as port:
            answer = qtloop.create_task(echo(port, "still here"))
            for _ in range(100):
                QtWidgets.QApplication.processEvents()
                await asyncio.sleep(0)
            assert await answer == "still here"

    def test_the_end_of_the_engine_ends_a_dialog(self, qtloop: Loop) -> None:
        dialog, results = QtWidgets.QDialog(), list[int]()
        from_qt(lambda: results.append(dialog.exec()))
        qtloop.run_until_complete(eventually(dialog.isVisible))
        assert results == [QtWidgets.QDialog.DialogCode.Rejected]

    async def test_the_window_is_not_starved(self, qtloop: Loop) -> None:
        painted, enough, give_up = list[int](), qtloop.create_future(), qtloop.time() + 20
        timer = QtCore.QTimer(interval=5)
        timer.timeout.connect(lambda: painted.append(1))
        timer.start()

        def flood() -> None:
            if len(painted) < 5 and qtloop.time() < give_up:
                qtloop.call_soon(flood)
            elif not enough.done():
                enough.set_result(None)

        for _ in range(100):
            qtloop.call_soon(flood)
        await enough
        timer.stop()
        assert len(painted) >= 5

    async def test_the_engine_is_not_starved(self, qtloop: Loop) -> None:
        busy = QtCore.QTimer(interval=0)
        busy.timeout.connect(lambda: None)
        busy.start()
        async with echo_server() as port:
            answers = await asyncio.gather(*(echo(port, "busy") for _ in range(20)))
        assert answers == ["busy"] * 20
        busy.stop()
