"""Reading, marking, undoing, searching; and that text is data."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication, QTextDocumentFragment
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.pages.detections import DetectionsPage
from desktop.ui.widgets.bubble import Bubble
from desktop.ui.widgets.detail_pane import opens
from engine.api.errors import Unavailable
from engine.records import DetectionFilter
from tests.support.memory_ports import MemoryApi, make_api
from tests.support.waiting import eventually
from tests.support.window import open_window
from worker.protocol.messages import Author


class _Catcher(QObject):
    """Takes the addresses that would open a browser."""

    def __init__(self, asked: list[str]) -> None:
        super().__init__()
        self._asked = asked

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self._asked.append(url.toString())


def flags(memory: MemoryApi, detection_id: int) -> tuple[bool, bool, bool]:
    row = memory.feed.rows[detection_id - 1]
    return row.read, row.handled, row.starred


def bubbles(page: DetectionsPage) -> list[str]:
    return [one.toPlainText() for one in page.detail.findChildren(Bubble) if not one.isHidden()]


async def test_opening_a_detection_marks_it_read_and_shows_its_thread(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    for text in ("first", "second"):
        memory.add_detection("acc_0001", text, thread_id="t")
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.detections
        page.view.setCurrentIndex(page.model.index(0, 0))
        await eventually(lambda: bubbles(page) == ["first", "second"])
        await opened.idle()
        assert flags(memory, 2) == (True, False, False)
        assert page.model.rows[0].read
        assert not page.model.rows[1].read
        facts = page.detail._facts.values
        assert facts["account"].text() == "Account 1"
        assert facts["delay"].text() == "1 min 0 s"
        await eventually(lambda: opened.window.sidebar.pages["detections"].badge == 1)


async def test_keys_move_mark_and_close(qtloop: Any, qtbot: QtBot, tmp_path: Path) -> None:
    memory = make_api(detections=3)
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.detections
        opened.window.activateWindow()
        page.view.setFocus()
        await eventually(lambda: QGuiApplication.focusWindow() is not None)

        def press(key: Qt.Key) -> None:
            qtbot.keyClick(page.view, key)

        press(Qt.Key.Key_J)
        assert page.current() and page.current().id == 3
        press(Qt.Key.Key_J)
        assert page.current() and page.current().id == 2
        press(Qt.Key.Key_K)
        assert page.current() and page.current().id == 3
        press(Qt.Key.Key_S)
        press(Qt.Key.Key_E)
        press(Qt.Key.Key_U)
        await eventually(lambda: flags(memory, 3) == (False, True, True))
        await opened.idle()
        press(Qt.Key.Key_Escape)
        assert page.current() is None
        assert not page.view.currentIndex().isValid()
        press(Qt.Key.Key_Slash)
        assert page.filters.search.hasFocus()
        qtbot.keyClicks(page.filters.search, "jesuko")
        assert page.filters.search.text() == "jesuko"  # letters typed are no commands
        assert page.current() is None


async def test_handled_can_be_undone(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(detections=2)
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.detections
        page.step(1)
        page.detail.handle_button.click()
        await eventually(lambda: flags(memory, 2)[1])
        await opened.idle()
        assert page.detail.handle_button.accessibleName() == "Not handled yet"
        assert opened.toasts() == ["Marked as handled."]
        opened.undo()
        await eventually(lambda: not flags(memory, 2)[1])
        await eventually(lambda: page.detail.handle_button.accessibleName() == "Mark as handled")


async def test_all_read_and_exactly_these_unread_again(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(detections=5)
    memory.feed.rows[1] = msgspec.structs.replace(memory.feed.rows[1], read=True)
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.detections
        page.filters.read_all.click()
        assert not page.filters.read_all.isEnabled()
        await eventually(lambda: all(row.read for row in memory.feed.rows))
        await opened.idle()
        assert opened.toasts() == ["Marked 4 detections as read."]
        opened.undo()
        await eventually(lambda: [row.read for row in memory.feed.rows] == [False, True, False, False, False])
        page.filters.read_all.click()
        await opened.idle()
        page.filters.read_all.click()
        await eventually(lambda: "Everything is read already." in opened.toasts())


async def test_a_search_has_its_states(qtloop: Any, qtbot: QtBot, tmp_path: Path) -> None:
    memory = make_api(detections=3)
    memory.add_detection("acc_0001", "where is my refund")
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.detections
        qtbot.keyClicks(page.filters.search, "refund")
        await eventually(lambda: len(page.model.rows) == 1)
        qtbot.keyClicks(page.filters.search, " zebra")
        await eventually(lambda: page.panel.title.text() == "Nothing found")
        assert "refund zebra" in page.panel.text.text()
        assert page.panel.primary.accessibleName() == "Clear search"
        page.panel.primary.click()
        await eventually(lambda: len(page.model.rows) == 4)
        assert page.filters.search.text() == ""
        assert page.view.isVisible()


async def test_states_without_rows(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.detections
        assert page.panel.title.text() == "No detections yet"
        page.filters.chips["mention"].click()
        await eventually(lambda: page.panel.title.text() == "Nothing here")
        page.panel.primary.click()
        await eventually(lambda: page.panel.title.text() == "No detections yet")
        page.filters.chips["unread"].click()
        await eventually(lambda: page.panel.title.text() == "All read")


async def test_an_error_says_what_to_do_and_helps(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(detections=2)
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.detections
        working = memory.feed.page

        async def broken(*_args: object, **_named: object) -> list[Any]:
            raise Unavailable("the store is being restored")

        memory.feed.page = broken  # type: ignore[method-assign]  # the engine's own refusal, not a stand-in for it
        page.model.reload()
        await eventually(page.panel.isVisible)
        assert page.panel.title.text() == "Not right now."
        assert "The store is being restored" in page.panel.text.text()
        memory.feed.page = working  # type: ignore[method-assign]
        page.panel.primary.click()
        await eventually(page.view.isVisible)


async def test_markup_is_shown_as_it_is_written(qtloop: Any, tmp_path: Path) -> None:
    nasty = "<b>bold</b> <img src=http://127.0.0.1:9/x.png><a href='file:///etc/passwd'>x</a>"
    memory = make_api(accounts=1)
    memory.add_detection("acc_0001", nasty, subject=nasty, author=Author(name=nasty, handle=nasty))
    memory.add_account(nasty, last_error=nasty, status="failing")
    memory.add_worker("w", name=nasty, reason=nasty, state="failed")
    async with open_window(tmp_path, memory) as opened:
        window = opened.window
        window.detections.step(1)
        await opened.idle()
        assert bubbles(window.detections) == [nasty]
        assert nasty in [label.text() for label in window.detections.detail.findChildren(QLabel)]
        window.show_page("accounts")
        window.accounts.table.choose("acc_0002")
        window.show_page("workers")
        window.workers.table.choose("w")
        window._toast(nasty)
        await opened.idle()
        rich = [one.text() for one in window.findChildren(QLabel) if one.textFormat() != Qt.TextFormat.PlainText]
        assert not rich
        tips = [one.toolTip() for one in window.findChildren(QWidget) if "bold" in one.toolTip()]
        assert tips, "an author's long name has a tool tip"
        assert {QTextDocumentFragment.fromHtml(tip).toPlainText() for tip in tips} == {nasty}
        window.grab()  # painting it must not fetch or choke


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.com/a?b=c", True),
        ("http://example.com", True),
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("vscode://x", False),
        ("https://", False),
        ("", False),
        ("HTTPS://example.com/", True),
    ],
)
def test_only_web_addresses_open(url: str, allowed: bool) -> None:
    assert opens(url) is allowed


async def test_the_original_opens_in_the_browser(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    memory.add_detection("acc_0001", "good", url="https://example.com/1")
    memory.add_detection("acc_0001", "bad", url="file:///etc/passwd")
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.detections
        asked: list[str] = []
        catcher = _Catcher(asked)
        for scheme in ("https", "file"):
            QDesktopServices.setUrlHandler(scheme, catcher, "take")
        try:
            page.step(1)
            assert not page.detail.open.isEnabled()
            page.open_original()
            page.step(1)
            page.detail.open.click()
        finally:
            for scheme in ("https", "file"):
                QDesktopServices.unsetUrlHandler(scheme)
        assert asked == ["https://example.com/1"]
        page.detail.copy.click()
        assert QGuiApplication.clipboard().text() == "good"


async def test_deleting_while_reading_keeps_the_filter(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=2, detections=2)
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.detections
        page.filters.account.setCurrentIndex(page.filters.account.findData("acc_0002"))
        page.filters.account.activated.emit(2)
        await opened.idle()
        assert page.model.where == DetectionFilter(account_id="acc_0002")
        await memory.api.accounts.delete("acc_0002")
        await eventually(lambda: page.model.where == DetectionFilter())
