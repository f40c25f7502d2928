"""Tests of the window: `async def` tests that ask for `qtloop` run inside Qt's event loop."""

import asyncio
import contextlib
import inspect
import os
from collections.abc import Iterator
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6 import QtCore, QtWidgets

from desktop.loop import DequeQEventLoop, HostedQEventLoop

PATIENCE_MS = 50_000  # under the time-out in pyproject.toml


@pytest.fixture
def loop_class() -> type[HostedQEventLoop] | type[DequeQEventLoop]:
    """Which loop `qtloop` is; a module may override it."""
    return HostedQEventLoop if os.name == "posix" else DequeQEventLoop


@pytest.fixture
def qtloop(qapp: QtWidgets.QApplication, loop_class: Any) -> Iterator[asyncio.AbstractEventLoop]:
    """A fresh loop in the session's QApplication; a task that outlives its test fails it."""
    qapp.setQuitOnLastWindowClosed(False)  # as desktop/app.py does: closing a dialog must not end Qt
    runner = asyncio.Runner(loop_factory=lambda: loop_class(qapp))
    loop = runner.get_loop()
    yield loop
    leaked = [task.get_name() for task in asyncio.all_tasks(loop)]
    with bounded("the end of the test's tasks"):
        runner.close()
    assert not leaked, f"tasks outlive the test: {leaked}"


@contextlib.contextmanager
def bounded(what: str) -> Iterator[None]:
    """Leave Qt and fail after a while: what pytest-timeout raises in a waiting Qt is printed and lost."""
    late: list[str] = []
    watchdog = QtCore.QTimer(singleShot=True)
    watchdog.timeout.connect(lambda: late.append(what))
    watchdog.timeout.connect(QtCore.QCoreApplication.exit)
    watchdog.start(PATIENCE_MS)
    try:
        yield
    finally:
        watchdog.stop()
        assert not late, f"{what}: not within {PATIENCE_MS / 1000} s"


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def` tests that use `qtloop` on it; all others are somebody else's."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj) or "qtloop" not in pyfuncitem.fixturenames:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    test = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    with bounded("the test"):
        pyfuncitem.funcargs["qtloop"].run_until_complete(test)
    return True
