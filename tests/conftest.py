"""What makes every test strict: async tests on a fresh loop, unexpected logs and leaks fail."""

import asyncio
import inspect
import logging
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
import structlog

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# nothing that a test starts may touch the keychain of whoever runs it
os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def` tests on a fresh loop; a task that outlives its test fails it."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj) or "qtloop" in pyfuncitem.fixturenames:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(_alone(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})))
    return True


async def _alone(test: Any) -> None:
    await test
    leaked = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not leaked, f"tasks outlive the test: {leaked}"


class LogWatch:
    """Collects log records and fails the test on those of WARNING or worse that it did not announce."""

    def __init__(self) -> None:
        self.records: list[str] = []
        self._allowed: list[str] = []

    def __call__(self, *events: str) -> None:
        """Announce events (a part of the line is enough) that this test provokes."""
        self._allowed += events

    def unexpected(self) -> list[str]:
        return [line for line in self.records if not any(allowed in line for allowed in self._allowed)]


class _Collect(logging.Handler):
    def __init__(self, watch: LogWatch) -> None:
        super().__init__(logging.WARNING)
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        self._watch.records.append(f"{record.name} {record.levelname} {record.getMessage()} {record.exc_info or ''}")


@pytest.fixture(autouse=True)
def expected_logs() -> Iterator[LogWatch]:
    """`expected_logs("worker.offline")` announces a warning that the test provokes; any other fails it."""
    watch = LogWatch()
    handler = _Collect(watch)
    logging.getLogger().addHandler(handler)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    yield watch
    logging.getLogger().removeHandler(handler)
    assert not watch.unexpected(), "unexpected log:\n" + "\n".join(watch.unexpected())


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """Threads, child processes and listening sockets that outlive a test fail it."""
    process = psutil.Process()
    threads, children, sockets = _threads(), _children(process), _sockets(process)
    yield
    assert _soon(lambda: _threads() <= threads), f"threads outlive the test: {_threads() - threads}"
    assert _soon(lambda: _children(process) <= children), f"processes outlive the test: {_children(process) - children}"
    assert _soon(lambda: _sockets(process) <= sockets), f"sockets outlive the test: {_sockets(process) - sockets}"


def _soon(condition: Callable[[], bool]) -> bool:
    """Give the system a second to tidy up what was closed just now."""
    event = threading.Event()
    return any(condition() or event.wait(0.02) for _ in range(50))


def _threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if not thread.name.startswith(("asyncio_", "Dummy-"))}


def _children(process: psutil.Process) -> set[int]:
    return {child.pid for child in process.children(recursive=True)}


def _sockets(process: psutil.Process) -> set[Any]:
    return {(c.laddr, c.status) for c in process.net_connections(kind="inet") if c.status in ("LISTEN", "ESTABLISHED")}
