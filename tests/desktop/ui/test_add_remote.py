"""Adding a worker on another machine: the door, the code, who came; and throwing one out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop.ui import words
from desktop.ui.dialogs.add_remote import AddRemoteDialog
from tests.support.memory_ports import MemoryApi, make_api
from tests.support.waiting import eventually
from tests.support.window import Opened, open_window
from worker.protocol.join_code import decode

KEY = b"k" * 32


def a_memory(**contents: Any) -> MemoryApi:
    memory = make_api(**contents)
    memory.remote.now = words.now()
    return memory


@asynccontextmanager
async def dialog_over(folder: Path, memory: MemoryApi) -> AsyncIterator[tuple[Opened, AddRemoteDialog]]:
    async with open_window(folder, memory) as opened:
        opened.window.show_page("workers")
        opened.window.workers.add_remote.click()
        [dialog] = [one for one in QApplication.topLevelWidgets() if isinstance(one, AddRemoteDialog)]
        await opened.idle()
        yield opened, dialog
        dialog.reject()


async def test_nothing_is_open_until_the_switch_is_moved_and_then_there_is_a_code(qtloop: Any, tmp_path: Path) -> None:
    memory = a_memory()
    async with dialog_over(tmp_path, memory) as (opened, dialog):
        assert not memory.remote.state.accepting and not memory.remote.rows and dialog.code is None
        assert not dialog.door.switch.isChecked() and "Opens one encrypted port" in dialog.door.hint.text()
        dialog.door.switch.click()
        await eventually(lambda: dialog.code)
        assert memory.remote.state.accepting
        assert "10.0.0.5:3443, 192.168.1.9:3443" in dialog.door.hint.text()
        digits = dialog.door.fingerprint.text().partition(": ")[2].replace(" ", "")
        assert digits == memory.remote.state.fingerprint
        code = dialog.bare.line.text()
        assert decode(code).port == 3443 and dialog.command.line.text() == f"vedette-worker --join {code}"
        assert dialog.qr.text == code
        assert dialog.countdown.text().startswith("Good for one worker, for another 14:5")
        dialog.command.copy.click()
        assert QGuiApplication.clipboard().text() == f"vedette-worker --join {code}"
        await opened.idle()


async def test_the_worker_appears_in_the_dialog_and_its_code_is_gone(qtloop: Any, tmp_path: Path) -> None:
    memory = a_memory()
    await memory.api.remote.accept(True)
    async with dialog_over(tmp_path, memory) as (opened, dialog):
        await eventually(lambda: dialog.code)
        assert "Waiting" in dialog.arrival.text.text()
        await memory.api.remote.enrol(decode(dialog.bare.line.text()).token, KEY, "attic", "", 10)
        await eventually(lambda: "attic has joined and is online" in dialog.arrival.text.text())
        assert dialog.code is None and dialog.fresh.isVisible() and not dialog.command.isVisible()
        dialog.fresh.click()
        await eventually(lambda: dialog.code)
        assert dialog.command.isVisible() and "Waiting" in dialog.arrival.text.text()
        await opened.idle()


async def test_a_worker_on_this_computer_is_not_mistaken_for_it(qtloop: Any, tmp_path: Path) -> None:
    memory = a_memory()
    await memory.api.remote.accept(True)
    async with dialog_over(tmp_path, memory) as (opened, dialog):
        await eventually(lambda: dialog.code)
        memory.add_worker("local-9")
        await opened.idle()
        assert dialog.code is not None and "Waiting" in dialog.arrival.text.text()


async def test_a_code_can_be_cancelled_and_expires(qtloop: Any, tmp_path: Path) -> None:
    memory = a_memory()
    await memory.api.remote.accept(True)
    async with dialog_over(tmp_path, memory) as (opened, dialog):
        await eventually(lambda: dialog.code)
        dialog.cancel_code.click()
        await opened.idle()
        assert not memory.remote.rows and dialog.code is None
        dialog.make_code()
        await eventually(lambda: dialog.code)
        assert dialog.code is not None
        dialog.code = replace(dialog.code, expires_at=words.now() - timedelta(seconds=1))
        dialog._tick_code()
        assert dialog.code is None and "expired" in dialog.arrival.text.text()


async def test_codes_given_out_before_are_listed_and_end_with_a_click(qtloop: Any, tmp_path: Path) -> None:
    memory = a_memory()
    await memory.api.remote.accept(True)
    other = await memory.api.remote.create_code(3, 3600, "greenhouse")
    async with dialog_over(tmp_path, memory) as (opened, dialog):
        await eventually(lambda: dialog.code and dialog.codes.rows)
        [row] = dialog.codes.rows
        assert row.code.id == other.id and row._text.text().startswith("greenhouse · for 3 workers · ends in 59 min")
        row.cancel.click()
        await eventually(lambda: not dialog.codes.rows)
        assert [code.id for code in memory.remote.rows.values()] == [dialog.code.id]  # type: ignore[union-attr]
        await opened.idle()


async def test_a_port_in_use_is_told_and_the_switch_stays_off(qtloop: Any, tmp_path: Path) -> None:
    memory = a_memory()
    memory.remote.trouble = "port 3443 is in use"
    async with dialog_over(tmp_path, memory) as (opened, dialog):
        dialog.door.switch.click()
        await opened.idle()
        assert not dialog.door.switch.isChecked() and "Port 3443 is in use." in dialog.door.notice.text.text()
        assert dialog.code is None and not dialog.fresh.isVisible()


async def test_without_a_network_there_is_no_code_but_the_reason(qtloop: Any, tmp_path: Path) -> None:
    memory = a_memory()
    memory.remote.addresses = ()
    await memory.api.remote.accept(True)
    async with dialog_over(tmp_path, memory) as (_opened, dialog):
        assert "no address that another machine could reach" in dialog.door.notice.text.text()
        assert dialog.code is None


async def test_what_an_option_set_says_where(qtloop: Any, tmp_path: Path) -> None:
    memory = a_memory()
    memory.remote.state = replace(memory.remote.state, fixed_by="VEDETTE_ACCEPT_REMOTE")
    async with dialog_over(tmp_path, memory) as (_opened, dialog):
        assert not dialog.door.switch.isEnabled() and "VEDETTE_ACCEPT_REMOTE" in dialog.door.hint.text()


async def test_a_door_that_could_not_be_opened_at_the_start_is_told(qtloop: Any, tmp_path: Path) -> None:
    memory = a_memory()
    memory.remote.state = replace(memory.remote.state, problem="port 3443 is in use")
    async with open_window(tmp_path, memory) as opened:
        assert "Port 3443 is in use." in opened.toasts()


async def test_closing_the_door_says_who_is_cut_off(qtloop: Any, tmp_path: Path) -> None:
    memory = a_memory()
    memory.add_worker("far", kind="remote", name="attic")
    await memory.api.remote.accept(True)
    async with open_window(tmp_path, memory) as opened:
        opened.window.show_page("settings")
        door = opened.window.settings.door
        assert door.isVisible() and door.switch.isChecked()
        door.switch.click()
        await opened.idle()
        assert not memory.remote.state.accepting and "1 worker on another machine is cut off" in door.notice.text.text()


async def test_a_remote_worker_is_thrown_out_only_after_a_question(qtloop: Any, tmp_path: Path) -> None:
    memory = a_memory(accounts=0)
    memory.add_worker("far", kind="remote", name="attic", host="attic.lan")
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.workers
        opened.window.show_page("workers")
        page.table.choose("far")
        assert page.pane.remove.accessibleName() == "Revoke"
        for yes in (False, True):
            page.pane.remove.click()
            said = opened.answer(yes)
            assert "cut off within a second" in said and "attic" in said
            await opened.idle()
            assert memory.workers.removed == (["far"] if yes else [])


async def test_one_that_is_on_its_way_out_can_only_be_watched(qtloop: Any, tmp_path: Path) -> None:
    memory = a_memory()
    memory.add_worker("far", kind="remote", name="attic", state="revoked")
    async with open_window(tmp_path, memory) as opened:
        pane = opened.window.workers.pane
        opened.window.show_page("workers")
        opened.window.workers.table.choose("far")
        assert not any(button.isEnabled() for button in (pane.restart, pane.drain, pane.edit, pane.remove))
        assert "no longer act" in pane.notice.text.text()
