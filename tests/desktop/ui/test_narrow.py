"""A window that is narrow, or whose text is large: everything stays readable and within reach."""

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QLabel

from desktop.ui.main_window import LEAST_SIZE
from desktop.ui.widgets.labels import Elided
from tests.support.memory_ports import make_api
from tests.support.waiting import eventually
from tests.support.window import open_window


def whole(text: QLabel) -> bool:
    """Whether all of it is to be read."""
    return text.fontMetrics().horizontalAdvance(text.text()) <= text.width()


async def test_the_sidebar_shows_icons_only_and_names_as_tool_tips(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(accounts=1)) as opened:
        window, sidebar = opened.window, opened.window.sidebar
        window.resize(1300, 800)
        await opened.idle()
        wide = sidebar.width()
        window.resize(*LEAST_SIZE)
        await opened.idle()
        assert sidebar.narrow and sidebar.width() < wide / 3
        assert [button.toolTip() for button in sidebar.pages.values()] == [
            "Detections",
            "Accounts",
            "Workers",
            "Settings",
        ]
        window.choose_language("zh")
        await eventually(lambda: sidebar.pages["workers"].toolTip() == "工作节点")
        window.grab()
        window.resize(1300, 800)
        await opened.idle()
        assert sidebar.width() == wide and not sidebar.pages["workers"].toolTip()


async def test_filters_figures_and_the_pane_keep_their_words(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(accounts=1, detections=3)) as opened:
        window = opened.window
        window.resize(*LEAST_SIZE)
        await opened.idle()
        filters = window.detections.filters
        assert filters.search.geometry().right() <= filters.width()
        window.show_page("workers")
        window.workers.table.choose("local-1")
        await opened.idle()
        page = window.workers
        for card in (page.online, page.watched, page.rate, page.delay):
            assert all(whole(text) for text in card.findChildren(Elided) if text.text())
            assert card.width() == page.online.width() or abs(card.width() - page.online.width()) == 1
        shown = [name for number, name in enumerate(page.model.columns) if not page.table.isColumnHidden(number)]
        assert {"worker", "status"} <= set(shown)
        assert page.table.horizontalHeader().length() <= page.table.viewport().width()
        assert all(button.width() >= button.sizeHint().width() for button in (page.add, page.add_remote))


async def test_a_toast_covers_no_button_of_the_pane(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(accounts=1)) as opened:
        window = opened.window
        window.resize(*LEAST_SIZE)
        window.show_page("accounts")
        window.accounts.table.choose("acc_0001")
        await opened.idle()
        window._toast("Something was done.")
        toast = window.toasts.geometry()
        pane = window.accounts.pane
        for button in (pane.check, pane.pause, pane.edit, pane.delete):
            assert not toast.intersects(
                button.rect().translated(button.mapTo(window.centralWidget(), button.rect().topLeft()))
            )


async def test_a_scroll_bar_with_nothing_to_scroll_is_not_drawn(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(accounts=1, detections=1)) as opened:
        bar = opened.window.detections.view.verticalScrollBar()
        assert bar.maximum() == 0 and bar.property("idle") is True
