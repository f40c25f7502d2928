"""Accounts: how each fares, and what can be done with it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from desktop.ui.dialogs.edit_account import EditAccountDialog
from engine.api.accounts import AccountLive
from engine.api.errors import Unavailable
from engine.events import AccountChanged
from tests.support.memory_ports import FEED, make_api
from tests.support.waiting import eventually
from tests.support.window import Opened, open_window


def cells(opened: Opened, account_id: str) -> dict[str, str]:
    page = opened.window.accounts
    row = page.model.rows[page.model.row_of(account_id)]
    return {column: page._text(row, column) for column in page.model.columns}


def edit_dialog(opened: Opened) -> EditAccountDialog:
    return next(one for one in opened.window.findChildren(EditAccountDialog) if one.isVisible())


async def test_a_row_says_how_an_account_fares(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    account = memory.add_account("Blog", interval=300, status="failing", last_error="502 Bad Gateway")
    soon = datetime.now(UTC) + timedelta(seconds=45)
    memory.fleet.lives[account.id] = AccountLive("local-1", 1, next_check_at=soon)
    async with open_window(tmp_path, memory) as opened:
        opened.window.show_page("accounts")
        shown = cells(opened, account.id)
        assert shown["account"] == "Blog, Feed"
        assert shown["status"] == "Failing"
        assert shown["worker"] == "local-1"
        assert shown["interval"] == "5 min"
        assert shown["next"].startswith("in 4")
        assert shown["problem"] == "502 Bad Gateway"
        memory.store.put(replace(account, status="active", last_error=None))
        memory.fleet.lives[account.id] = AccountLive(None, 2, reason="no worker offers it")
        memory.bus.publish(AccountChanged(account.id))
        await eventually(lambda: cells(opened, account.id)["status"] == "Waiting")
        assert cells(opened, account.id)["problem"] == "No worker offers it"


async def test_one_in_quarantine_says_why_and_can_be_checked(qtloop: Any, tmp_path: Path) -> None:
    why = (
        "checking it ended 3 worker processes within 10 minutes; "
        "it is not checked any more until you change it, resume it or ask for a check"
    )
    memory = make_api()
    account = memory.add_account("Blog", status="failing", last_error=why)
    memory.fleet.lives[account.id] = AccountLive(None, 4, why, quarantined=True)
    async with open_window(tmp_path, memory, language="zh") as opened:
        opened.window.show_page("accounts")
        assert "3 个工作进程" in cells(opened, account.id)["problem"]
        pane = opened.window.accounts.pane
        opened.window.accounts.table.choose(account.id)
        assert pane.isVisible() and pane.check.isEnabled()
        pane.check.click()
        await eventually(lambda: memory.fleet.checked == [account.id])
        await opened.idle()


async def test_check_pause_resume(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.accounts
        opened.window.show_page("accounts")
        page.table.choose("acc_0001")
        assert page.pane.isVisible()
        page.pane.check.click()
        await eventually(lambda: memory.fleet.checked == ["acc_0001"])
        await opened.idle()
        page.pane.pause.click()
        await eventually(lambda: page.pane.pause.accessibleName() == "Resume")
        assert memory.store.rows["acc_0001"].status == "paused"
        assert not page.pane.check.isEnabled()
        await opened.idle()
        page.pane.pause.click()
        await eventually(lambda: memory.store.rows["acc_0001"].status == "active")
        await eventually(page.pane.check.isEnabled)


async def test_delete_and_undo(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=2)
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.accounts
        opened.window.show_page("accounts")
        page.table.choose("acc_0002")
        page.pane.delete.click()
        await eventually(lambda: len(page.model.rows) == 1)
        assert not page.pane.isVisible()
        assert opened.toasts() == ["Account 2 was deleted. It can be restored for 30 days."]
        opened.undo()
        await eventually(lambda: len(page.model.rows) == 2)


async def test_edit_changes_what_was_changed_and_keeps_the_credentials(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    memory.store.sealed["acc_0001"] = b"old"
    async with open_window(tmp_path, memory) as opened:
        opened.window.show_page("accounts")
        opened.window.accounts.table.choose("acc_0001")
        opened.window.accounts.pane.edit.click()
        dialog = edit_dialog(opened)
        dialog.fields.name.setText("  ")
        dialog.save.click()
        assert dialog.fields.rows["display_name"].error.text() == "Give it a name."
        dialog.fields.name.setText("New name")
        dialog.fields.interval.setValue(120)
        dialog.save.click()
        await eventually(lambda: memory.store.rows["acc_0001"].display_name == "New name")
        assert memory.store.rows["acc_0001"].interval == 120
        assert memory.store.sealed["acc_0001"] == b"old"
        await opened.idle()
        opened.window.accounts.pane.edit.click()
        dialog = edit_dialog(opened)
        assert dialog.form
        dialog.form.inputs["credentials.password"].set_value("new secret")
        dialog.save.click()
        await eventually(lambda: memory.store.sealed["acc_0001"] == b'{"password":"new secret"}')
        await opened.idle()


async def test_a_change_by_somebody_else_is_told(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    async with open_window(tmp_path, memory) as opened:
        opened.window.accounts.table.choose("acc_0001")
        opened.window.accounts.edit()
        dialog = edit_dialog(opened)
        memory.store.put(replace(memory.store.rows["acc_0001"], revision=7))
        dialog.save.click()
        await eventually(lambda: "Somebody changed this meanwhile." in dialog.result_strip.text.text())
        dialog.reject()


async def test_a_refused_login_asks_for_new_credentials(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    memory.add_account("Mail", status="reauthenticate", last_error="LOGIN failed")
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.accounts
        opened.window.show_page("accounts")
        page.table.choose("acc_0001")
        await opened.idle()
        assert "LOGIN failed" in page.pane.notice.text.text()
        page.pane.notice.button.click()
        edit_dialog(opened).reject()


async def test_empty_and_failed(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.accounts
        opened.window.show_page("accounts")
        assert page.card.panel.title.text() == "No accounts yet"
        working = memory.store.page

        async def broken(*_args: object) -> list[Any]:
            raise Unavailable("the store is busy")

        memory.store.page = broken  # type: ignore[method-assign]  # the engine's own refusal
        opened.window.directory.reload()
        await eventually(lambda: page.card.panel.title.text() == "Not right now.")
        memory.store.page = working  # type: ignore[method-assign]
        memory.add_account("Blog")
        page.card.panel.primary.click()
        await eventually(page.table.isVisible)


async def test_without_a_descriptor_name_and_interval_can_still_be_changed(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    async with open_window(tmp_path, memory) as opened:
        del opened.window.directory.platforms[FEED.key]
        opened.window.accounts.table.choose("acc_0001")
        opened.window.accounts.edit()
        dialog = edit_dialog(opened)
        assert dialog.form is None
        dialog.fields.name.setText("Other")
        dialog.save.click()
        await eventually(lambda: memory.store.rows["acc_0001"].display_name == "Other")
        await opened.idle()


async def test_an_account_is_pinned_to_a_worker_or_a_tag(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1, workers=0)
    memory.add_worker("local-1", name="kitchen", tags=("eu", "fast"))
    memory.add_worker("w9", name="attic", kind="remote", tags=("eu",))
    async with open_window(tmp_path, memory) as opened:
        opened.window.show_page("accounts")
        opened.window.accounts.table.choose("acc_0001")
        pane, values = opened.window.accounts.pane, opened.window.accounts.pane._facts.values
        pane.edit.click()
        dialog = edit_dialog(opened)
        pin = dialog.fields.pin
        choices = [pin.itemText(number) for number in range(pin.count())]
        tagged = ["any worker with the tag “eu”", "any worker with the tag “fast”"]
        assert choices == ["any worker", "attic", "kitchen", *tagged]
        pin.setCurrentIndex(pin.findData("tag:eu"))
        dialog.save.click()
        await eventually(lambda: memory.store.rows["acc_0001"].pinned_to == "tag:eu")
        await eventually(lambda: values["pin"].text() == tagged[0])
        await opened.idle()
        pane.edit.click()
        dialog = edit_dialog(opened)
        assert dialog.fields.pinned_to() == "tag:eu"
        dialog.fields.pin.setCurrentIndex(0)
        dialog.save.click()
        await eventually(lambda: memory.store.rows["acc_0001"].pinned_to is None)
        await opened.idle()


async def test_a_pin_to_a_worker_that_is_gone_stays_until_it_is_changed(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    memory.store.put(replace(memory.store.rows["acc_0001"], pinned_to="w0123456789"))
    async with open_window(tmp_path, memory) as opened:
        opened.window.accounts.table.choose("acc_0001")
        opened.window.accounts.pane.edit.click()
        dialog = edit_dialog(opened)
        assert dialog.fields.pin.currentText() == "removed worker"
        dialog.fields.name.setText("Other")
        dialog.save.click()  # a pin that was sent again would be refused: there is no such worker
        await eventually(lambda: memory.store.rows["acc_0001"].display_name == "Other")
        assert memory.store.rows["acc_0001"].pinned_to == "w0123456789"
        await opened.idle()


async def test_check_now_says_why_it_cannot_be_pressed_and_what_it_does(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=1)
    async with open_window(tmp_path, memory) as opened:
        pane = opened.window.accounts.pane
        one = opened.window.directory.accounts["acc_0001"]
        for changed, enabled, why in (
            (replace(one, worker_id="local-1"), True, ""),
            (replace(one, worker_id=None), False, "No worker watches it yet."),
            (replace(one, status="paused"), False, "It is paused: resume it first."),
            (
                replace(one, worker_id=None, quarantined=True),
                True,
                "Ends the quarantine: it is watched again from now on.",
            ),
        ):
            pane.show_account(changed)
            assert (pane.check.isEnabled(), pane.check.toolTip()) == (enabled, why)
