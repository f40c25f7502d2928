"""No string lacks a translation, placeholders agree, and the language changes while the window is open."""

import ast
import re
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from desktop.ui.language import CONTEXT, read_ts, sentences
from tests.support.memory_ports import make_api
from tests.support.translations import ROOT, TS, calls, sources
from tests.support.waiting import eventually
from tests.support.window import open_window


def test_every_text_has_a_chinese_translation_and_none_is_left_over() -> None:
    translated = {source for context, source in read_ts(TS.read_text("utf-8")) if context == CONTEXT}
    assert set(sources()) == translated


def test_every_text_is_written_out_where_it_is_used() -> None:
    """A text that is put together at run time would never be found in the translations."""
    loose = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call in calls()
        if path.name not in ("language.py", "told.py")  # told.py looks up what it has marked itself
        and not all(isinstance(one, ast.Constant) for one in call.args[: 2 if call.func.id == "trn" else 1])  # type: ignore[attr-defined]
    ]
    assert not loose


def test_placeholders_agree() -> None:
    texts = read_ts(TS.read_text("utf-8"))
    wrong = [s for (_c, s), text in texts.items() if set(re.findall(r"{\w+}", s)) != set(re.findall(r"{\w+}", text))]
    assert not wrong


def test_unfinished_translations_are_not_used() -> None:
    ts = (
        "<TS><context><name>V</name>"
        "<message><source>a</source><translation type='unfinished'>甲</translation></message>"
        "<message><source>b</source><translation>乙</translation></message></context></TS>"
    )
    assert read_ts(ts) == {("V", "b"): "乙"}


def test_chinese_sentences_need_no_space_between() -> None:
    assert sentences("一。", "二。") == "一。二。"
    assert sentences("One.", "", "Two.") == "One. Two."


async def test_the_language_changes_while_the_window_is_open(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(detections=3)) as opened:
        window = opened.window
        assert window.sidebar.pages["workers"].text() == "Workers"
        window.choose_language("zh")
        window.show_page("workers")
        await eventually(lambda: window.sidebar.pages["workers"].text() == "工作节点")
        assert window.workers.model.headerData(1, Qt.Orientation.Horizontal) == "状态"
        shown = [label.text() for label in window.findChildren(QLabel) if label.isVisible()]
        assert "全部工作节点" in shown
        assert opened.preferences.language == "zh"
        window.choose_language("en")
        await eventually(lambda: window.sidebar.pages["workers"].text() == "Workers")


async def test_no_english_is_left_on_a_chinese_page(qtloop: Any, tmp_path: Path) -> None:
    """What platforms, workers and people say stays as it is; these pages hold nothing of that."""
    async with open_window(tmp_path, language="zh") as opened:
        for key in ("detections", "accounts", "workers"):
            opened.window.show_page(key)
            await opened.idle()
            english = [
                label.text()
                for label in opened.window.findChildren(QLabel)
                if label.isVisible() and re.search(r"[A-Za-z]{3,} [a-z]{2,}", label.text())
            ]
            assert not english
