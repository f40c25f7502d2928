"""What could not be stored: told above the pages, listed, tried again, deleted, copied."""

from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from desktop.ui.dialogs.dead_letters import DeadLettersDialog
from tests.support.memory_ports import make_api
from tests.support.waiting import eventually
from tests.support.window import Opened, open_window

AUTHOR = {"name": "小明"}


def dialog(opened: Opened) -> DeadLettersDialog:
    return next(one for one in opened.window.findChildren(DeadLettersDialog) if one.isVisible())


async def listed(opened: Opened) -> DeadLettersDialog:
    """The dialog, by the button of the notice."""
    await eventually(opened.window.notice.button.isVisible)
    opened.window.notice.button.click()
    one = dialog(opened)
    await eventually(lambda: one.model.rows)
    return one


async def test_the_notice_follows_their_number(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1, detections=1)
    async with open_window(tmp_path, memory) as opened:
        notice = opened.window.notice
        assert notice.isHidden()
        memory.add_letter()
        await eventually(lambda: notice.text.text() == "1 item could not be stored.")
        memory.add_letter()
        await eventually(lambda: notice.text.text() == "2 items could not be stored.")
        opened.window.show_page("accounts")
        assert notice.isHidden()
        opened.window.show_page("workers")
        assert notice.isVisible()
        for number in (1, 2):
            await memory.api.dead_letters.delete(number)
        await eventually(notice.isHidden)


async def test_each_says_when_who_what_and_why(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1, detections=1)
    memory.add_letter("acc_0001", "invalid", text="<b>Hello</b>\nthere", author=AUTHOR, subject="Re")
    memory.add_letter("acc_gone", text="lost")
    async with open_window(tmp_path, memory) as opened:
        one = await listed(opened)
        newest, oldest = one.model.rows
        assert [one.text(newest, column) for column in ("what", "account", "why")] == [
            "Comment: lost",
            "deleted account",
            "There is no such account",
        ]
        assert one.text(oldest, "what") == "小明 · Comment: Re" and one.text(oldest, "account") == "Account 1"
        assert not one.retry.isEnabled()
        one.table.choose(oldest.id)
        assert one.about.textFormat() is Qt.TextFormat.PlainText
        assert one.about.text().splitlines()[1:] == [
            "Its platform has no items of this kind",
            "Re",
            "<b>Hello</b> there",
        ]
        assert "Found by local-1" in one.about.text()
        one.grab()
        one.reject()


async def test_try_again(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1, detections=1)
    for number in range(3):
        memory.add_letter(seq=number, text=f"text {number}")
    memory.letters.refusal = ("unknown_account", "there is no such account")
    async with open_window(tmp_path, memory) as opened:
        one = await listed(opened)
        one.table.choose("2")
        one.retry.click()
        assert not one.retry.isEnabled()
        await eventually(lambda: one.said.text.text() == "It still cannot be stored. There is no such account")
        memory.letters.refusal = None
        await opened.idle()
        one.retry.click()
        await eventually(lambda: [row.id for row in one.model.rows] == ["3", "1"])
        assert [item.text for item in memory.letters.retried] == ["text 1"]
        assert one.said.isHidden() and opened.toasts() == ["It is stored now."]
        assert one.chosen.id == "1", "the next one is chosen"
        await opened.idle()
        one.reject()


async def test_delete_until_nothing_is_left(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1, detections=1)
    memory.add_letter()
    memory.add_letter()
    async with open_window(tmp_path, memory) as opened:
        one = await listed(opened)
        one.table.choose("2")
        one.table.setFocus()
        one.delete.click()
        opened.answer(False)
        one.delete.click()
        assert len(memory.letters.rows) == 2 and "cannot be brought back" in opened.answer(True)
        await eventually(lambda: [row.id for row in one.model.rows] == ["1"])
        await opened.idle()
        one.delete.click()
        opened.answer(True)
        await eventually(lambda: one.panel.isVisible() and one.panel.title.text() == "Everything could be stored")
        assert not one.delete.isEnabled() and memory.letters.rows == []
        await opened.idle()
        one.reject()


async def test_copied_as_json_it_is_whole(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1, detections=1)
    memory.add_letter(text="x" * 900)
    async with open_window(tmp_path, memory) as opened:
        one = await listed(opened)
        one.table.choose("1")
        one.copy.click()
        await eventually(lambda: "Copied." in opened.toasts())
        copied = msgspec.json.decode(QGuiApplication.clipboard().text())
        assert (copied["code"], copied["item"]["text"]) == ("unknown_account", "x" * 900)
        await opened.idle()
        one.reject()


async def test_one_that_somebody_else_took_out_and_one_that_comes_meanwhile(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1, detections=1)
    memory.add_letter()
    async with open_window(tmp_path, memory) as opened:
        one = await listed(opened)
        one.table.choose("1")
        memory.add_letter()
        await eventually(lambda: [row.id for row in one.model.rows] == ["2", "1"])
        memory.letters.rows = memory.letters.rows[1:]
        one.delete.click()
        opened.answer(True)
        await eventually(lambda: [row.id for row in one.model.rows] == ["2"])
        await opened.idle()
        one.table.setFocus()
        QTest.keyClick(one.table, Qt.Key.Key_Escape)
        await eventually(lambda: not opened.window.findChildren(DeadLettersDialog))
