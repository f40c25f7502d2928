"""What happened to an account and to a worker, in their panes and in a dialog of its own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget

from desktop.ui.dialogs.story import StoryDialog
from desktop.ui.happened import everything_of, what_of, why_of
from engine.api.errors import Unavailable
from engine.events import AccountChanged, WorkerChanged
from engine.records import JournalEntry
from tests.support.memory_ports import MemoryApi, make_api
from tests.support.waiting import eventually
from tests.support.window import Opened, open_window

NOW = datetime.now(UTC)


def tell(memory: MemoryApi, *entries: JournalEntry) -> None:
    """Write these lines and have the window look."""
    memory.fleet.journal.add(*entries)
    memory.bus.publish(AccountChanged("acc_0001"))
    memory.bus.publish(WorkerChanged("local-1"))


def many(count: int) -> list[JournalEntry]:
    """Lines about account and worker, a minute apart, oldest first."""
    return [
        JournalEntry(NOW - timedelta(minutes=count - n), ("acc_0001", "local-1"), "released", f"why {n}", f"r-{n}")
        for n in range(count)
    ]


def shown(widget: QWidget) -> list[str]:
    return [one.text() for one in widget.findChildren(QLabel) if one.isVisible() and one.text()]


def dialog(opened: Opened) -> StoryDialog:
    return next(one for one in opened.window.findChildren(StoryDialog) if one.isVisible())


def rows(one: StoryDialog) -> list[str]:
    return [row.entry.why for row in one.model.rows]


async def test_an_account_tells_what_happened_last_and_when(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    memory.fleet.journal.lines.clear()
    async with open_window(tmp_path, memory) as opened:
        pane = opened.window.accounts.pane
        opened.window.show_page("accounts")
        opened.window.accounts.table.choose("acc_0001")
        await opened.idle()
        assert "Nothing has happened yet that is worth telling." in shown(pane.story)
        assert not pane.story.all.isVisible()
        at = datetime.now(UTC) - timedelta(minutes=5)
        tell(memory, *many(9), JournalEntry(at, ("acc_0001",), "edited", "", "r-9", {"fields": "interval, tags"}))
        await eventually(lambda: {"Edited", "Interval, Tags", "5 min", "Released"} <= set(shown(pane.story)))
        assert len(pane.story.lines) == 6
        newest = pane.story.lines[0]
        assert newest.accessibleName() == "Edited. Interval, Tags 5 min"
        assert newest._ago.toolTip() == f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
        newest.copy.click()
        assert QGuiApplication.clipboard().text() == "r-9"
        assert newest.copy.accessibleName() == "Copy request id" and opened.toasts() == ["Copied."]


async def test_the_pane_follows_what_happens(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    async with open_window(tmp_path, memory) as opened:
        opened.window.show_page("workers")
        opened.window.workers.table.choose("local-1")
        await opened.idle()
        tell(memory, JournalEntry(NOW, ("acc_0001", "local-1"), "taken from local-1", "no heartbeat for 31 s"))
        story = opened.window.workers.pane.story
        await eventually(lambda: {"Taken from local-1", "Account 1 · No heartbeat for 31 s"} <= set(shown(story)))


async def test_the_whole_story_is_read_page_by_page_and_searched(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    memory.fleet.journal.lines.clear()
    memory.fleet.journal.add(JournalEntry(NOW - timedelta(days=9), ("local-1",), "failed", "a Needle"), *many(449))
    async with open_window(tmp_path, memory) as opened:
        opened.window.show_page("workers")
        opened.window.workers.table.choose("local-1")
        await eventually(lambda: opened.window.workers.pane.story.lines)
        opened.window.workers.pane.story.all.click()
        one = dialog(opened)
        assert one.subtitle.text() == "local-1"
        await eventually(lambda: len(one.model.rows) == 200)
        assert rows(one)[:2] == ["why 448", "why 447"]
        one.table.verticalScrollBar().setValue(one.table.verticalScrollBar().maximum())
        await eventually(lambda: len(one.model.rows) == 400)
        one.search.setText("needle FAIL")
        await eventually(lambda: rows(one) == ["a Needle"], what="a line of the last page")
        assert len(one.rows) == 450
        one.search.setText("nowhere")
        assert one.panel.isVisible() and one.panel.title.text() == "Nothing found"
        one.panel.primary.click()
        assert len(one.model.rows) == 450
        await opened.idle()
        one.reject()


async def test_a_line_can_be_chosen_and_copied_by_keyboard(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    memory.fleet.journal.lines.clear()
    memory.fleet.journal.add(*many(3), JournalEntry(NOW, ("acc_0001",), "deleted"))
    async with open_window(tmp_path, memory) as opened:
        opened.window.show_page("accounts")
        opened.window.accounts.table.choose("acc_0001")
        await eventually(lambda: opened.window.accounts.pane.story.lines)
        opened.window.accounts.pane.story.all.click()
        one = dialog(opened)
        await eventually(lambda: len(one.model.rows) == 4)
        assert not one.copy.isEnabled() and not one.copy_id.isEnabled() and not one.about.isVisible()
        one.table.setFocus()
        QTest.keyClick(one.table, Qt.Key.Key_Down)
        QTest.keyClick(one.table, Qt.Key.Key_Down)
        assert one.about.text().endswith("Released\nWhy 2\nRequest r-2")
        index = one.model.index(1, 1)
        assert one.model.data(index, Qt.ItemDataRole.AccessibleTextRole) == "Released. Why 2"
        assert one.text(one.model.rows[1], "about") == "local-1"
        one.copy_id.click()
        assert QGuiApplication.clipboard().text() == "r-2"
        one.copy_line()
        assert QGuiApplication.clipboard().text() == everything_of(one.chosen.entry)
        QTest.keyClick(one.table, Qt.Key.Key_Up)
        assert one.copy.isEnabled() and not one.copy_id.isEnabled()
        memory.fleet.journal.add(JournalEntry(NOW, ("acc_0001",), "restored"))
        memory.bus.publish(AccountChanged("acc_0001"))
        await eventually(lambda: len(one.model.rows) == 5, what="the new line")
        assert one.chosen.entry.what == "deleted"
        one.grab()
        await opened.idle()
        QTest.keyClick(one.table, Qt.Key.Key_Escape)
        assert one.chosen is None and one.isVisible()
        QTest.keyClick(one.table, Qt.Key.Key_Escape)
        await eventually(lambda: not opened.window.findChildren(StoryDialog))


async def test_without_a_story_and_without_an_answer(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    memory.fleet.journal.lines.clear()
    async with open_window(tmp_path, memory) as opened:
        one = StoryDialog(opened.window.desk, memory.api, "acc_0001", "Blog", opened.window)
        one.open()
        await eventually(lambda: one.panel.title.text() == "Nothing happened yet")
        working = memory.fleet.journal.page

        async def broken(*_args: object, **_more: object) -> list[JournalEntry]:
            raise Unavailable("the store is busy")

        memory.fleet.journal.page = broken  # type: ignore[method-assign]  # the engine's own refusal
        one.load()
        await eventually(lambda: one.panel.title.text() == "Not right now.")
        memory.fleet.journal.page = working  # type: ignore[method-assign]
        memory.fleet.journal.add(*many(1))
        one.panel.primary.click()
        await eventually(lambda: rows(one) == ["why 0"])
        one.reject()
        await opened.idle()


@pytest.mark.parametrize(
    ("entry", "what", "why"),
    [
        (JournalEntry(NOW, (), "unplaced", "no worker is online"), "暂无工作节点", "没有在线的工作节点"),
        (
            JournalEntry(NOW, (), "the platform asked to wait", "429", "", {"retry_in": "90"}),
            "平台要求等待",
            "429 · 1 分 30 秒后重试",
        ),
        (JournalEntry(NOW, (), "edited", "", "", {"fields": "interval, surprise"}), "已修改", "间隔, surprise"),
        (JournalEntry(NOW, (), "could not be stored", "it does not fit: x", "", {"items": "3"}), "未能保存", None),
    ],
)
async def test_it_is_told_in_the_windows_language(
    qtloop: Any, tmp_path: Path, entry: JournalEntry, what: str, why: str | None
) -> None:
    async with open_window(tmp_path, language="zh"):
        said = what_of(entry), why_of(entry)
    assert said[0] == what or any("\u4e00" <= letter <= "\u9fff" for letter in said[0])
    assert why is None or said[1] == why
