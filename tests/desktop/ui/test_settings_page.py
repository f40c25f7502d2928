"""Settings: API tokens are listed, made, shown once, copied, revoked."""

from pathlib import Path
from typing import Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit

from desktop.ui.dialogs.new_token import NewTokenDialog
from engine.api.tokens import NewToken
from tests.support.gateway import expire_token
from tests.support.memory_ports import make_api
from tests.support.waiting import eventually
from tests.support.window import Opened, open_window


def dialog(opened: Opened) -> NewTokenDialog:
    return next(one for one in opened.window.findChildren(NewTokenDialog) if one.isVisible())


def says(opened: Opened) -> list[list[str]]:
    section = opened.window.settings.tokens
    return [[section._text(row, column) for column in ("name", "scope", "state")] for row in section.model.rows]


async def test_without_tokens_the_page_says_what_they_are_for(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        opened.window.show_page("settings")
        section = opened.window.settings.tokens
        assert section.card.panel.isVisible() and section.card.panel.title.text() == "No API tokens"
        section.card.panel.primary.click()
        assert dialog(opened).isVisible()


async def test_a_token_is_made_shown_once_and_copied(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        opened.window.show_page("settings")
        opened.window.settings.tokens.add.click()
        one = dialog(opened)
        one.create_token.click()
        assert one.rows["name"].error.text() == "Give it a name."
        one.name.setText("Phone")
        one.scope.setCurrentIndex(1)
        one.lasts.setCurrentIndex(one.lasts.count() - 1)
        one.create_token.click()
        await eventually(one.secret_row.isVisible)
        secret, tokens = one.secret.text(), opened.memory.api.tokens
        found = tokens.find(secret)
        assert found is not None and (found.name, found.scope, found.expires_at) == ("Phone", "operate", None)
        assert one.secret.isReadOnly() and one.rows["name"].isHidden() and not one.create_token.isVisible()
        one.copy.click()
        assert QGuiApplication.clipboard().text() == secret
        one.cancel.click()
        await eventually(lambda: says(opened) == [["Phone", "Operate", "Active"]])
        await eventually(lambda: secret not in [edit.text() for edit in opened.window.findChildren(QLineEdit)])


async def test_the_engines_complaint_is_shown_at_its_field(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        for number in range(100):
            await opened.memory.api.tokens.create(NewToken(str(number), "read"))
        opened.window.settings.tokens.make()
        one = dialog(opened)
        one.name.setText("One too many")
        one.create_token.click()
        await eventually(one.said.isVisible)
        assert "100" in one.said.text.text() and one.secret_row.isHidden()


async def test_a_token_is_revoked_and_stays_in_the_list(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        made = await opened.memory.api.tokens.create(NewToken("Phone", "read", device_id="d", device_name="iPad"))
        section = opened.window.settings.tokens
        opened.window.show_page("settings")
        await eventually(lambda: says(opened) == [["Phone · iPad", "Read", "Active"]])  # told by the engine
        assert not section.revoke.isVisible()
        section.table.choose(made.token.id)
        assert section.revoke.isVisible()
        section.revoke.click()
        opened.answer(False)
        section.revoke.click()
        assert opened.memory.api.tokens.find(made.secret) is not None
        assert "Phone" in opened.answer(True)
        await eventually(lambda: says(opened) == [["Phone · iPad", "Read", "Revoked"]])
        assert opened.memory.api.tokens.find(made.secret) is None
        assert opened.toasts() == ["Phone is not valid any more."] and not section.revoke.isVisible()


async def test_an_expired_token_says_so_and_dates_are_written(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    made = await memory.api.tokens.create(NewToken("Old", "admin"))
    expire_token(memory.api, made.token.id)
    async with open_window(tmp_path, memory, language="zh") as opened:
        assert says(opened) == [["Old", "管理", "已过期"]]
        section = opened.window.settings.tokens
        assert section._text(section.model.rows[0], "used") == "从不"
