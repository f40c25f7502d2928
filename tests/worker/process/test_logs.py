"""Log lines are JSON, in order, with the request id, in a private file."""

import json
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from worker.process import logs
from worker.process.secret import Secret


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[Path]:
    """A process's logs in a file; the test's own set-up is back afterwards."""
    root, before, config = logging.getLogger(), logging.getLogger().handlers[:], structlog.get_config()
    level = root.level
    for handler in before:
        root.removeHandler(handler)
    file = tmp_path / "logs" / "worker.jsonl"
    logs.configure("worker", file, "info")
    yield file
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    for handler in before:
        root.addHandler(handler)
    root.setLevel(level)
    logging.getLogger("vedette").setLevel(logging.NOTSET)
    structlog.configure(**config)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_line_has_the_contracts_fields_first_and_in_order(configured: Path) -> None:
    with logs.request("r-1"):
        structlog.get_logger("checks").info("check.done", account="a", found=3)
    (line,) = lines(configured)
    assert list(line) == ["timestamp", "level", "event", "component", "request_id", "account", "found"]
    assert line["timestamp"].endswith("Z")
    assert (line["level"], line["event"], line["component"]) == ("info", "check.done", "checks")
    assert (line["request_id"], line["found"]) == ("r-1", 3)


def test_the_request_id_ends_with_its_block(configured: Path) -> None:
    with logs.request("r-1"):
        assert logs.current_request_id() == "r-1"
    assert logs.current_request_id() == ""
    structlog.get_logger("x").info("outside")
    assert lines(configured)[0]["request_id"] == ""


def test_libraries_speak_only_when_something_is_wrong(configured: Path) -> None:
    logging.getLogger("aiohttp").info("chatter")
    logging.getLogger("aiohttp").warning("trouble %s", 7)
    assert [(line["event"], line["component"]) for line in lines(configured)] == [("trouble 7", "worker")]


def test_the_level_holds_and_tracebacks_are_text(configured: Path) -> None:
    log = structlog.get_logger("x")
    log.debug("hidden")
    try:
        raise ValueError("boom")
    except ValueError:
        log.exception("failed")
    (line,) = lines(configured)
    assert "ValueError: boom" in line["exception"]


def test_a_secret_never_reaches_the_file(configured: Path) -> None:
    structlog.get_logger("x").info("login", token=Secret("hunter2"), all=[Secret("hunter2")])
    assert "hunter2" not in configured.read_text()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_the_file_is_private(configured: Path) -> None:
    assert stat.S_IMODE(configured.stat().st_mode) == 0o600
    assert stat.S_IMODE(configured.parent.stat().st_mode) == 0o700


def test_request_ids_differ() -> None:
    assert len({logs.new_request_id() for _ in range(1000)}) == 1000
