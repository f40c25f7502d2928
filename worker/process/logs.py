"""structlog set-up: one JSON object a line, with the request id of whatever is being done."""

import logging
import logging.handlers
import os
import secrets
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
import structlog

FILE_BYTES = 10 * 1024 * 1024
FILES_KEPT = 5
FIRST = ("timestamp", "level", "event", "component", "request_id")


def new_request_id() -> str:
    """An id for one thing that starts: a REST call, a check, a click."""
    return secrets.token_hex(8)


class _Request:
    """What `with request(…)` enters. A class: as a generator it cost a heartbeat more than its decision (measured)."""

    __slots__ = ("_before", "_request_id")

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id

    def __enter__(self) -> None:
        self._before = structlog.contextvars.bind_contextvars(request_id=self._request_id)

    def __exit__(self, *_error: object) -> None:
        structlog.contextvars.reset_contextvars(**self._before)


def request(request_id: str) -> AbstractContextManager[None]:
    """Everything logged inside carries this request id."""
    return _Request(request_id)


def current_request_id() -> str:
    """The request id of what is being done, or an empty string."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def configure(component: str, file: Path | None, level: str = "info", *, stderr: bool = False) -> None:
    """Send all logs of this process to `file` (rotated, 0600) and, if asked, to stderr.

    Args:
        component: which process this is; `get_logger("x")` lines carry `x` instead.
        level: debug, info, warning or error.
    """
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _Component(component),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=_factory,
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    _route(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=_render), file, level, stderr)


def _factory(*args: Any) -> logging.Logger:
    return logging.getLogger("vedette." + str(args[0]) if args else "vedette")


def _route(formatter: logging.Formatter, file: Path | None, level: str, stderr: bool) -> None:
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)] if stderr else []
    if file is not None:
        handlers.append(_private_file(file))
    for handler in handlers or [logging.NullHandler()]:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(logging.WARNING)  # libraries speak only when something is wrong
    logging.getLogger("vedette").setLevel(level.upper())


def _private_file(file: Path) -> logging.Handler:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    return _LogFile(file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")


class _LogFile(logging.handlers.RotatingFileHandler):
    """On a full disk lines are lost, quietly: the stock handler would print a traceback to stderr for each of them."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


class _Component:
    """Adds which part speaks: the logger's own name, else the process."""

    def __init__(self, process: str) -> None:
        self._process = process

    def __call__(self, logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        name = getattr(logger, "name", "") or ""
        entry["component"] = name.removeprefix("vedette.") if name.startswith("vedette.") else self._process
        return entry


def _render(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> str:
    entry.setdefault("request_id", "")
    for private in ("_record", "_from_structlog"):
        entry.pop(private, None)
    ordered = {key: entry.pop(key, "") for key in FIRST} | dict(entry)
    return msgspec.json.encode(ordered, enc_hook=str).decode()
