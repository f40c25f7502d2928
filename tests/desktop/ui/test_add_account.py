"""The form for a new account, built from a descriptor: every type of field, errors under fields, test before save."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from desktop.ui.dialogs.add_account import AddAccountDialog
from desktop.ui.theme import Theme
from desktop.ui.widgets.descriptor_form import DescriptorForm
from engine.api.errors import Invalid, ProbeFailed
from tests.support.memory_ports import make_api
from tests.support.waiting import eventually
from tests.support.window import Opened, open_window
from worker.protocol.descriptor import Choice, Descriptor, Field, Text
from worker.protocol.messages import Identity


def named(name: str, **fields: Any) -> Field:
    return Field(name=name, label=Text(en=name.title(), zh=f"字段{name}"), **fields)


EVERYTHING = Descriptor(
    key="everything",
    name=Text(en="Everything", zh="样样都有"),
    kinds=("comment",),
    min_interval=20,
    setting_fields=(
        named("host", required=True, hint=Text(en="Without https.", zh="不带 https。")),
        named("address", type="url"),
        named("port", type="integer", default=993, minimum=1, maximum=65535),
        named("rate", type="number", default=1.5, minimum=0.5),
        named(
            "tls",
            type="choice",
            default="on",
            choices=(Choice("on", Text(en="On", zh="开")), Choice("off", Text(en="Off", zh="关"))),
        ),
        named("allow_private_network", type="boolean", default=False),
    ),
    credential_fields=(named("password", type="secret", required=True), named("note", max_length=5)),
)


async def dialog_for(opened: Opened, key: str) -> AddAccountDialog:
    opened.window.add_account()
    await opened.idle()
    dialog = next(one for one in opened.window.findChildren(AddAccountDialog) if one.isVisible())
    dialog.choose(key)
    return dialog


def errors(dialog: AddAccountDialog) -> dict[str, str]:
    assert dialog.form is not None and dialog.fields is not None
    rows = {key: one.row for key, one in dialog.form.inputs.items()} | dialog.fields.rows
    return {key: row.error.text() for key, row in rows.items() if not row.error.isHidden()}


def fill_in(dialog: AddAccountDialog) -> None:
    assert dialog.form is not None
    dialog.form.inputs["settings.host"].set_value("mail.example")
    dialog.form.inputs["credentials.password"].set_value(" secret ")


def test_every_type_of_field_gives_a_value_of_its_type(qtbot: QtBot) -> None:
    form = DescriptorForm(Theme("light"), EVERYTHING, lambda: None)
    qtbot.addWidget(form)
    assert form.settings() == {"port": 993, "rate": 1.5, "tls": "on", "allow_private_network": False}
    for key, value in (("host", "h"), ("address", "https://a"), ("port", 1), ("rate", 2.0), ("tls", "off")):
        form.inputs[f"settings.{key}"].set_value(value)
    form.inputs["settings.allow_private_network"].set_value(True)
    form.inputs["credentials.password"].set_value(" p ")
    assert form.settings() == {
        "host": "h",
        "address": "https://a",
        "port": 1,
        "rate": 2.0,
        "tls": "off",
        "allow_private_network": True,
    }
    assert form.credentials() == {"password": " p "}  # a blank may belong to a password
    secret = form.inputs["credentials.password"].control
    assert isinstance(secret, QLineEdit)
    assert secret.echoMode() == QLineEdit.EchoMode.Password
    secret.actions()[0].trigger()
    assert secret.echoMode() == QLineEdit.EchoMode.Normal
    assert isinstance(form.inputs["settings.tls"].control, QComboBox)
    assert isinstance(form.private_network(), QCheckBox)


@pytest.mark.parametrize(
    ("key", "entered", "complaint"),
    [
        ("settings.host", "", "“Host” is needed."),
        ("settings.address", "ftp://x", "The address must start with http:// or https://."),
        ("settings.port", "many", "Enter a whole number."),
        ("settings.port", "0", "At least 1."),
        ("settings.port", "70000", "At most 65535."),
        ("settings.rate", "fast", "Enter a number."),
        ("settings.rate", "0.1", "At least 0.5."),
        ("credentials.note", "too long", "At most 5 characters."),
        ("credentials.password", "", "“Password” is needed."),
    ],
)
def test_what_is_wrong_is_said_under_its_field(qtbot: QtBot, key: str, entered: str, complaint: str) -> None:
    form = DescriptorForm(Theme("light"), EVERYTHING, lambda: None)
    qtbot.addWidget(form)
    form.inputs["settings.host"].set_value("h")
    form.inputs["credentials.password"].set_value("p")
    assert form.complaints("en") == {}
    form.inputs[key].set_value(entered)
    assert form.complaints("en") == {key: complaint}
    assert form.show_errors({key: complaint, "other": "x"}) == ["x"]
    row = form.inputs[key].row
    assert row.error.text() == complaint
    assert not row.error.isHidden()
    assert form.inputs[key].control.property("invalid") == "true"
    form.show_errors({})
    assert row.error.isHidden()


async def test_words_follow_the_language(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    memory.add_platform(EVERYTHING)
    async with open_window(tmp_path, memory) as opened:
        dialog = await dialog_for(opened, "everything")
        assert dialog.form and dialog.form.inputs["settings.host"].control.accessibleName() == "Host"
        assert dialog.form.inputs["settings.host"].control.accessibleDescription() == "Without https."
        opened.window.choose_language("zh")
        await eventually(lambda: dialog.form.inputs["settings.host"].control.accessibleName() == "字段host")
        assert dialog.title.text() == "添加账号"
        dialog.reject()


async def test_it_is_tested_then_saved(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    memory.add_platform(EVERYTHING)
    memory.fleet.probe_answer = Identity(handle="@me", display_name="My shop")
    async with open_window(tmp_path, memory) as opened:
        dialog = await dialog_for(opened, "everything")
        assert not dialog.save.isEnabled()
        dialog.test.click()
        assert errors(dialog) == {"settings.host": "“Host” is needed.", "credentials.password": "“Password” is needed."}
        assert memory.fleet.probed == []
        fill_in(dialog)
        dialog.test.click()
        assert not dialog.test.isEnabled()  # busy
        assert dialog.result_strip.text.text() == "Testing…"
        await eventually(dialog.save.isEnabled)
        assert errors(dialog) == {}
        assert dialog.result_strip.text.text() == "It works: My shop · @me"
        assert dialog.fields and dialog.fields.name.text() == "My shop"  # filled in from the platform
        assert dialog.fields.interval.minimum() == 20
        dialog.fields.tags.setText("shop, vip，  ")
        dialog.save.click()
        await eventually(lambda: memory.store.rows)
        account = next(iter(memory.store.rows.values()))
        assert (account.platform, account.display_name, account.interval) == ("everything", "My shop", 30)
        assert account.tags == ("shop", "vip")
        assert account.settings["host"] == "mail.example"
        assert memory.store.sealed[account.id] == b'{"password":" secret "}'
        await opened.idle()
        assert opened.window.page == "accounts"
        assert "My shop is being watched." in opened.toasts()


async def test_a_change_after_the_test_asks_for_another_test(qtloop: Any, qtbot: QtBot, tmp_path: Path) -> None:
    memory = make_api()
    memory.add_platform(EVERYTHING)
    async with open_window(tmp_path, memory) as opened:
        dialog = await dialog_for(opened, "everything")
        fill_in(dialog)
        dialog.test.click()
        await eventually(dialog.save.isEnabled)
        assert dialog.form
        qtbot.keyClicks(dialog.form.inputs["settings.host"].control, "x")
        assert not dialog.save.isEnabled()
        assert dialog.result_strip.isHidden()
        dialog.reject()


async def test_a_private_address_can_be_allowed_with_one_click(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    memory.add_platform(EVERYTHING)
    memory.fleet.probe_answer = ProbeFailed("10.0.0.1 is private.", code="private_address")
    async with open_window(tmp_path, memory) as opened:
        dialog = await dialog_for(opened, "everything")
        fill_in(dialog)
        dialog.test.click()
        await eventually(lambda: "This address is private." in dialog.result_strip.text.text())
        assert "10.0.0.1 is private." in dialog.result_strip.text.text()
        assert dialog.save.isEnabled() and dialog.save.accessibleName() == "Save anyway"
        memory.fleet.probe_answer = Identity(handle="@me", display_name="Me")
        dialog.result_strip.button.click()
        await eventually(lambda: dialog.result_strip.text.text().startswith("It works"))
        assert memory.fleet.probed[-1][2]["allow_private_network"] is True
        assert dialog.save.accessibleName() == "Save"
        dialog.reject()


async def test_what_the_engine_finds_wrong_is_said_under_the_field_it_names(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    memory.add_platform(EVERYTHING)
    memory.fleet.probe_answer = Invalid("settings.host", "“Host” has no such server")
    async with open_window(tmp_path, memory) as opened:
        dialog = await dialog_for(opened, "everything")
        fill_in(dialog)
        dialog.test.click()
        await eventually(lambda: errors(dialog) == {"settings.host": "“Host” has no such server"})
        assert not dialog.save.isEnabled()  # a field is wrong: saving anyway would be refused too
        dialog.reject()


async def test_platforms_are_chosen_from_cards_that_appear_as_workers_offer_them(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    async with open_window(tmp_path, memory) as opened:
        opened.window.add_account()
        await opened.idle()
        dialog = next(one for one in opened.window.findChildren(AddAccountDialog) if one.isVisible())
        assert set(dialog.cards) == {"demo", "feed"}
        memory.add_platform(EVERYTHING)
        await eventually(lambda: "everything" in dialog.cards)
        dialog.cards["everything"].click()
        assert dialog.form is not None
        dialog.back.click()
        assert dialog.form is None
        dialog.cancel.click()
        await eventually(lambda: not opened.window.findChildren(AddAccountDialog))  # deleted when finished
