"""The window itself: before, with and after the engine; first run; what it remembers; and that everybody can use it."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QLineEdit,
    QMenu,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.ui.dialogs.add_account import AddAccountDialog
from engine.events import MasterClosing, Stalled
from tests.support.memory_ports import make_api
from tests.support.waiting import eventually
from tests.support.window import open_window, preferences_in
from worker.process.clock import lease_clock
from worker.process.stall import StallMeter


async def test_it_is_there_before_the_engine(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, attach=False) as opened:
        window = opened.window
        assert window.panel.isVisible()
        assert window.panel.title.text() == "Starting the master…"
        assert window.header.engine.text == "Master starting"
        window.show_page("workers")
        assert window.panel.isVisible()
        window.add_account()
        assert not window.findChildren(AddAccountDialog)
        window.attach(opened.memory.api)
        await opened.idle()
        assert window.workers.isVisible()
        assert window.header.engine.text == "Master running"
        await eventually(lambda: window.header.workers.text == "1 of 1 worker online")


async def test_a_failed_engine_says_why_and_can_be_started_again(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, attach=False) as opened:
        window = opened.window
        asked: list[bool] = []
        window.restart_requested.connect(lambda: asked.append(True))
        window.engine_failed("Port 3000 is in use.")
        assert window.panel.title.text() == "The master is not running."
        assert "Port 3000 is in use." in window.panel.text.text()
        window.panel.primary.click()
        assert asked == [True]
        assert window.header.engine.text == "Master starting"


async def test_closing_is_told(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(detections=2)) as opened:
        opened.memory.bus.publish(MasterClosing("asked to"))
        assert opened.window.header.engine.text == "Master closing"
        assert opened.window.panel.isVisible()


async def test_a_stall_of_the_engine_is_told(qtloop: Any, tmp_path: Path) -> None:
    """The master lives on the window's loop: whoever slept was both."""
    async with open_window(tmp_path, make_api(detections=2)) as opened:
        opened.memory.bus.publish(Stalled(42.4))
        await eventually(opened.toasts)
        [said] = opened.toasts()
        assert said.startswith("This computer slept or was busy for 42 s.")


async def test_the_meter_measures_the_windows_own_thread(qtloop: Any, tmp_path: Path) -> None:
    slept, stalls = [0.0], list[float]()
    async with open_window(tmp_path):
        meter = StallMeter(stalls.append, lambda: lease_clock() + slept[0])
        meter.start()
        QTimer.singleShot(200, lambda: slept.__setitem__(0, 42.0))  # in a slot, as a blocked window would be
        await eventually(lambda: stalls)
        await meter.close()
    assert 41 < stalls[0] < 45


async def test_closing_the_window_asks_the_application_to_quit(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        asked: list[bool] = []
        opened.window.quit_requested.connect(lambda: asked.append(True))
        opened.window.close()
        assert asked == [True]
        assert not opened.window.isVisible()


async def test_first_run_samples_and_their_removal(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        window, memory = opened.window, opened.memory
        assert window.welcome.isVisible()
        window.welcome.samples.click()
        await eventually(window.detections.isVisible)
        await opened.idle()
        assert [row.platform for row in memory.store.rows.values()] == ["demo"] * 3
        assert all("sample" in row.tags for row in memory.store.rows.values())
        assert window.notice.text.text() == "These are sample accounts."
        mine = memory.add_account("Mine", "demo")
        window.notice.button.click()
        await eventually(lambda: list(window.directory.accounts) == [mine.id])
        await eventually(window.notice.isHidden)
        opened.undo()
        await eventually(lambda: len(window.directory.accounts) == 4)


async def test_samples_wait_for_a_worker_that_offers_them(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(workers=0)
    demo = memory.descriptors.by_key.pop("demo")
    async with open_window(tmp_path, memory) as opened:
        assert not opened.window.welcome.samples.isEnabled()
        memory.add_platform(demo)
        await eventually(opened.window.welcome.samples.isEnabled)


async def test_the_first_account_is_added_from_the_welcome(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        opened.window.welcome.add.click()
        dialog = next(one for one in opened.window.findChildren(AddAccountDialog) if one.isVisible())
        dialog.reject()


async def test_appearance_and_size_are_remembered(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        opened.window.resize(1100, 700)
        opened.window.choose_appearance("dark")
        assert opened.window.theme.dark
        opened.window.sidebar.appearance.click()
        menu = next(one for one in opened.window.findChildren(QMenu) if one.isVisible())
        assert [action.text() for action in menu.actions() if action.isChecked()] == ["Dark"]
        menu.close()
    async with open_window(tmp_path, appearance=preferences_in(tmp_path).appearance) as opened:
        assert opened.window.theme.dark
        assert opened.window.height() == 700  # as wide as the offscreen screen allows


async def test_preferences_that_make_no_sense_are_the_defaults(qtloop: Any, tmp_path: Path) -> None:
    preferences = preferences_in(tmp_path)
    preferences.appearance = "pink"  # type: ignore[assignment]
    preferences.language = "tlh"  # type: ignore[assignment]
    assert (preferences.appearance, preferences.language) == ("system", "system")
    assert preferences.geometry.isEmpty()


async def test_pages_have_keys(qtloop: Any, qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path, make_api(detections=1)) as opened:
        window = opened.window
        window.activateWindow()
        await eventually(window.isActiveWindow)
        for key, page in ((Qt.Key.Key_3, "workers"), (Qt.Key.Key_2, "accounts"), (Qt.Key.Key_1, "detections")):
            qtbot.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
            assert window.page == page
            assert window.sidebar.pages[page].isChecked()
        window.sidebar.pages["detections"].setFocus()
        qtbot.keyClick(window.sidebar.pages["detections"], Qt.Key.Key_Down)
        assert window.page == "accounts"


async def test_every_control_has_a_name_and_can_be_reached_by_keyboard(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(detections=3, workers=2)
    controls = (QAbstractButton, QLineEdit, QComboBox, QSpinBox, QAbstractItemView)
    async with open_window(tmp_path, memory) as opened:
        window = opened.window
        window.detections.step(1)
        for key, table in (("accounts", window.accounts.table), ("workers", window.workers.table)):
            window.show_page(key)
            table.choose(table.records.rows[0].id)
        window.add_account()
        dialog = next(one for one in window.findChildren(AddAccountDialog) if one.isVisible())
        dialog.choose("feed")
        await opened.idle()
        found = [
            one for kind in controls for one in window.findChildren(kind) if not _inside(one) and not one.isHidden()
        ]
        nameless = [
            f"{type(one).__name__} in {type(one.parent()).__name__}" for one in found if not one.accessibleName()
        ]
        assert not nameless
        unreachable = [one.accessibleName() for one in found if not _reachable(one)]
        assert not unreachable
        dialog.reject()


def _reachable(control: QWidget) -> bool:
    """By Tab; in a group of which one is chosen, by the arrows from one of them."""
    group = control.group() if isinstance(control, QAbstractButton) else None
    stops = group.buttons() if group is not None and group.exclusive() else [control]
    return any(stop.focusPolicy() & Qt.FocusPolicy.TabFocus for stop in stops)


def _inside(control: QWidget) -> bool:
    """Part of another control that has the name: an input's clear button, a combo's list, a spin box's editor."""
    parents = (QLineEdit, QComboBox, QSpinBox, QAbstractItemView)
    parent = control.parentWidget()
    while parent is not None:
        if isinstance(parent, parents) or type(parent).__name__ == "QComboBoxPrivateContainer":
            return True
        parent = parent.parentWidget()
    return False


async def test_toasts_are_few_and_not_repeated(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        for text in ("a", "b", "b", "c", "d"):
            opened.window._toast(text)
        assert opened.toasts() == ["b", "c", "d"]
        opened.window.toasts.toasts()[0].dismiss.click()
        assert opened.toasts() == ["c", "d"]


async def test_an_unknown_error_names_its_request(qtloop: Any, tmp_path: Path, expected_logs: Any) -> None:
    expected_logs("action.failed")

    async def work() -> None:
        raise ZeroDivisionError

    async with open_window(tmp_path) as opened:
        ids: list[str] = []
        opened.actions.failed.connect(lambda _error, request_id: ids.append(request_id))
        opened.actions.run(work())
        await eventually(opened.toasts)
        assert ids[0] in opened.toasts()[0]
