"""A click: its button is disabled at once, and its errors reach the person who clicked."""

import asyncio
from typing import Any

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.actions import Actions
from engine.api.errors import ApiError, NotFound
from tests.conftest import LogWatch
from tests.support.waiting import eventually
from tests.support.window import destroy
from worker.process.logs import current_request_id


async def settle(actions: Actions) -> None:
    await eventually(lambda: not actions.running)


async def test_the_button_is_disabled_until_it_is_done(qtloop: Any, qtbot: QtBot) -> None:
    actions, button, gate = Actions(), QPushButton(), asyncio.Event()
    qtbot.addWidget(button)
    seen: list[str] = []

    async def work() -> str:
        await gate.wait()
        return "done"

    actions.run(work(), busy=button, on_done=seen.append)
    assert not button.isEnabled()  # in the same call: a second click cannot come through
    gate.set()
    await settle(actions)
    assert button.isEnabled()
    assert seen == ["done"]


async def test_an_api_error_goes_to_the_form_that_asked(qtloop: Any, qtbot: QtBot) -> None:
    actions, button = Actions(), QPushButton()
    qtbot.addWidget(button)
    told: list[object] = []
    taken: list[ApiError] = []
    actions.failed.connect(lambda error, _id: told.append(error))

    async def work() -> None:
        raise NotFound("gone")

    actions.run(work(), busy=button, on_error=taken.append)
    await settle(actions)
    assert [error.code for error in taken] == ["not_found"]
    assert told == []
    assert button.isEnabled()
    actions.run(work())
    await settle(actions)
    assert isinstance(told[0], NotFound)


async def test_an_unexpected_error_is_logged_under_the_id_that_is_told(
    qtloop: Any, qtbot: QtBot, expected_logs: LogWatch
) -> None:
    expected_logs("action.failed")
    actions = Actions()
    told: list[tuple[Exception, str]] = []
    ids: list[str] = []
    actions.failed.connect(lambda error, request_id: told.append((error, request_id)))

    async def work() -> None:
        ids.append(current_request_id())
        raise ZeroDivisionError

    actions.run(work(), on_error=lambda error: pytest.fail(f"not for a form: {error}"))
    await settle(actions)
    assert isinstance(told[0][0], ZeroDivisionError)
    assert told[0][1] == ids[0] != ""
    assert any("action.failed" in line for line in expected_logs.records)


async def test_each_click_has_its_own_request_id(qtloop: Any) -> None:
    actions = Actions()
    ids: list[str] = []

    async def work() -> None:
        ids.append(current_request_id())

    actions.run(work())
    actions.run(work())
    await settle(actions)
    assert len(set(ids)) == 2


async def test_a_button_that_is_gone_meanwhile_harms_nobody(qtloop: Any) -> None:
    actions, button, gate = Actions(), QPushButton(), asyncio.Event()

    async def work() -> None:
        await gate.wait()

    actions.run(work(), busy=button)
    destroy(button)
    gate.set()
    await settle(actions)


async def test_close_cancels_what_runs_and_refuses_what_comes(qtloop: Any) -> None:
    actions = Actions()
    ran: list[int] = []

    async def forever() -> None:
        await asyncio.Event().wait()

    async def work() -> None:
        ran.append(1)

    actions.run(forever())
    await actions.close()
    actions.run(work())
    await asyncio.sleep(0)
    assert not actions.running
    assert ran == []
