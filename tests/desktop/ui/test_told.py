"""What the engine says is told in the window's language."""

import ast
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.ui.told import TEMPLATES, sentence, told
from engine.feed.ingest import UNSTORABLE, WHY
from engine.feed.sparing import MORE
from engine.fleet import messages as m
from engine.fleet.gaps import ABSENT, ASLEEP, MISSED, UNFINISHED, UNKNOWN
from engine.fleet.journal import SAID
from engine.gateway.server import _reason
from engine.supervisor import endings
from tests.support.fleet import FleetDriver
from tests.support.translations import ROOT
from tests.support.window import open_window
from worker.platforms import answers, tcp
from worker.platforms.addresses import refuse_private
from worker.platforms.base import PrivateAddress


async def test_fleet_sentences_are_told_in_chinese(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, language="zh"):
        assert told("no worker offers demo") == "没有支持 demo 的工作节点"
        assert told("pinned to “w {1}”, which is offline") == "固定到“w {1}”，但它目前的状态是：离线"
        assert told("it ended too often; the last time: it was ended by SIGKILL") == (
            "退出过于频繁；最近一次：被 SIGKILL 终止"
        )
        assert told("LOGIN failed: wrong password") == "LOGIN failed: wrong password"


async def test_in_english_they_stay_as_they_are(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, language="en"):
        assert told("given to local-1 under epoch 4") == "given to local-1 under epoch 4"


def _said() -> list[str]:
    """What the fleet really says when all sorts of things happen."""
    fleet = FleetDriver()
    fleet.account("a")
    fleet.worker("w1", capacity=1, platforms=("feed",))
    fleet.account("b", platform="feed")
    fleet.account("c", platform="feed")
    fleet.account("d", pinned_to="w9")
    fleet.account("e", pinned_to="w1")
    fleet.tell(m.CheckAsked("b", "r"))
    fleet.tell(m.AccountEdited("b", 30.0, None, "paused"))
    fleet.save()
    fleet.tell(m.RestartAsked("w1"))
    fleet.tell(m.ChildExited("w1", -9, False, endings.sentence(-9, "")))
    fleet.account("f", pinned_to="w1")
    reasons = [account.reason or "" for account in fleet.state.tables.accounts.values()]
    return [*reasons, *(line.what for line in fleet.lines), *(line.why for line in fleet.lines)]


def _said_of_gaps() -> list[str]:
    """And of the time in which nobody watched."""
    fleet = FleetDriver()
    fleet.worker("w1")
    fleet.account("a")
    for wait, missed in ((0, ""), (600, ""), (600, "overrun"), (30, ""), (30, "overrun")):
        fleet.now += wait
        at = int(fleet.now * 1000)
        fleet.beat("w1", checks=(("a", 0.0, "ok", at, at, 3, missed),))
    lines = [line for line in fleet.lines if "a" in line.about]
    whats, whys = {line.what for line in lines}, {line.why for line in lines}
    assert len({what for what in whats if "caught up" in what}) == 3
    return [*whats, *whys, *MISSED.values(), *SAID.values(), ASLEEP, ABSENT, UNKNOWN, UNFINISHED]


@pytest.mark.parametrize("text", sorted({text for text in [*_said(), *_said_of_gaps()] if text}))
async def test_nothing_that_the_fleet_says_is_left_in_english(qtloop: Any, tmp_path: Path, text: str) -> None:
    async with open_window(tmp_path, language="zh"):
        assert told(text) != text and any("\u4e00" <= character <= "\u9fff" for character in told(text))


def test_every_template_stands_for_itself() -> None:
    assert len(set(TEMPLATES)) == len(TEMPLATES)


def _written() -> Iterator[str]:
    """Every text that the engine's code gives to the journal; what is put in at run time is a 7."""
    for path in sorted((ROOT / "engine").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
            if isinstance(node, ast.Call) and called in ("write", "note", "_note") and path.parent.name != "gateway":
                for given in (*node.args[:2], *(one.value for one in node.keywords if one.arg == "why")):
                    yield from _texts(given)


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "7" for part in node.values)  # type: ignore[misc]
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def _refusals() -> Iterator[str]:
    yield from (f"{why}: x" if code == UNSTORABLE else why for code, why in WHY.items())


@pytest.mark.parametrize("text", sorted({*_written(), *SAID.values(), *_refusals(), MORE}))
async def test_nothing_that_the_engine_writes_down_is_left_in_english(qtloop: Any, tmp_path: Path, text: str) -> None:
    async with open_window(tmp_path, language="zh"):
        assert any("\u4e00" <= character <= "\u9fff" for character in told(text)), text


def test_what_the_engine_writes_down_was_found() -> None:
    assert {"created", "check asked for", "given to 7 under epoch 7", "started"} <= set(_written())


def _said_of_platforms() -> Iterator[str]:
    """What our workers say when a platform cannot be checked."""
    for *_, text in (*answers._TRANSPORT, *tcp._SENTENCES):
        yield text.format(who="blog.example", timeout=20.0, reason="self-signed")
    for status in (401, 404, 418, 429, 500):
        for headers in ({}, {"Retry-After": "7"}):
            yield answers.failure(status, headers, "blog.example", 0).message
    with pytest.raises(PrivateAddress) as refused:
        refuse_private("192.168.1.2")
    yield refused.value.message


@pytest.mark.parametrize("text", sorted(set(_said_of_platforms())))
async def test_what_workers_say_of_platforms_is_told_in_chinese(qtloop: Any, tmp_path: Path, text: str) -> None:
    async with open_window(tmp_path, language="zh"):
        assert any("\u4e00" <= character <= "\u9fff" for character in told(text)), text


async def test_a_sentence_has_a_capital_and_a_name_stays_as_it_was_given(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        assert sentence("given to local-1 under epoch 4") == "Given to local-1 under epoch 4"
        assert sentence("local-1 is draining") == "local-1 is draining"
        opened.window.choose_language("zh")
        assert sentence("local-1 is draining") == "local-1 正在排空"


@pytest.mark.parametrize("number", [errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL])
async def test_why_the_master_does_not_start_is_told_in_chinese(qtloop: Any, tmp_path: Path, number: int) -> None:
    async with open_window(tmp_path, language="zh", attach=False) as opened:
        opened.window.engine_failed(_reason(OSError(number, "x"), "127.0.0.1", 80).sentence)
        assert "choose" not in opened.window.panel.text.text()
