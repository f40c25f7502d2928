"""Settings: the key and what it protects, its change; backups; the switch for workers on other machines."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLineEdit, QProgressBar

from desktop.ui.dialogs.back_up import BackUpDialog
from desktop.ui.told import told
from engine.api.keys import PROTECTS
from engine.api.retention import Retention
from engine.commands import bundle
from engine.config import read
from engine.master import Master
from engine.vault.archive import ArchiveReader
from engine.vault.passphrase import SHORTEST as VAULTS_SHORTEST
from engine.vault.sources import Offered, Sources
from tests.support.memory_ports import make_api
from tests.support.waiting import eventually
from tests.support.window import Opened, open_window
from worker.process.secret import Secret

PHRASE = "correct horse"


def dialog(opened: Opened) -> BackUpDialog:
    return next(one for one in opened.window.findChildren(BackUpDialog) if one.isVisible())


def filled(opened: Opened, file: Path) -> BackUpDialog:
    """The dialog with everything entered."""
    opened.window.show_page("settings")
    opened.window.settings.backup.back_up.click()
    one = dialog(opened)
    one.file.setText(str(file))
    one.passphrase.setText(PHRASE)
    one.again.setText(PHRASE)
    return one


# --- the key ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", sorted(PROTECTS))
async def test_it_says_where_the_key_is_and_what_that_protects(qtloop: Any, tmp_path: Path, source: str) -> None:
    memory = make_api()
    memory.keeper.box = replace(memory.keeper.box, source=source)
    async with open_window(tmp_path, memory) as opened:
        opened.window.show_page("settings")
        section = opened.window.settings.key
        assert section.protects.text() == PROTECTS[source]
        assert "rotate-key" in section.hint.text()
        assert ("leaves" in section.hint.text()) == (source in ("environment", "passphrase"))
        assert section.facts.values["count"].text() == "1" and "01-01" in section.facts.values["since"].text()
        assert not section.bar.isVisible() and not section.notice.isVisible()
        english = section.facts.values["source"].text()
        opened.window.languages.set_choice("zh")
        await eventually(lambda: section.facts.values["source"].text() != english)
        assert section.protects.text() == told(PROTECTS[source]) != PROTECTS[source]


async def test_changing_it_shows_how_far_it_is_and_what_came_of_it(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        opened.window.show_page("settings")
        section, keeper = opened.window.settings.key, opened.memory.keeper
        keeper.resealing, keeper.moved = True, 4500
        section.rotate.click()
        await eventually(section.bar.isVisible)
        assert section.notice.text.text() == "Sealing credentials anew. 4,500 are done."
        keeper.moved = 9000
        await eventually(lambda: "9,000" in section.notice.text.text())
        keeper.resealing = False
        await eventually(lambda: not section.bar.isVisible())
        assert section.notice.text.text() == "There is a new key. 9,000 credentials were sealed anew."
        assert keeper.given == [None], "it stays where it is"
        opened.window.show_page("workers")
        opened.window.show_page("settings")
        assert not section.notice.isVisible(), "what was read is not said for ever"


async def test_a_change_that_fails_says_why_and_what_to_do(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        opened.window.show_page("settings")
        section, keeper = opened.window.settings.key, opened.memory.keeper
        keeper.refusal = "the file vault.key cannot be used: Read-only file system"
        section.rotate.click()
        await eventually(section.notice.isVisible)
        assert section.notice.text.text() == (
            "The key could not be changed. The file vault.key cannot be used: Read-only file system. "
            "The one before stays in use. Mend that, then try again."
        )
        assert section.rotate.isEnabled()
        keeper.refusal = ""
        section.notice.button.click()
        await eventually(lambda: section.notice.text.text() == "There is a new key.")


async def test_what_could_not_be_sealed_anew_is_said(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api()
    box = memory.keeper.box
    memory.keeper.box = replace(box, keys=(*box.keys, replace(box.keys[0], id=2)))
    async with open_window(tmp_path, memory) as opened:
        opened.window.show_page("settings")
        section = opened.window.settings.key
        assert "next start" in section.notice.text.text() and section.facts.values["count"].text() == "2"
        memory.keeper.damaged = 3
        section.refresh()
        assert "credentials of 3 accounts" in section.notice.text.text()


async def test_a_key_that_was_given_in_vain_is_said(qtloop: Any, tmp_path: Path) -> None:
    given = Sources(tmp_path, Offered(passphrase=Secret(PHRASE)))
    memory = make_api()
    memory.keeper.hint = given.passed_over(memory.keeper.box)
    async with open_window(tmp_path, memory) as opened:
        opened.window.show_page("settings")
        said = opened.window.settings.key.notice.text
        assert said.text() == (
            "The passphrase was given but is not used: the key is kept in another place (file); "
            "“vedette-master rotate-key --to passphrase” moves it."
        )
        opened.window.languages.set_choice("zh")
        await eventually(lambda: "口令" in said.text() and "given" not in said.text())


async def test_a_real_key_is_changed_and_a_real_backup_written(qtloop: Any, tmp_path: Path) -> None:
    """The engine's threads beside Qt's loop."""
    arguments = ["--data-dir", str(tmp_path / "data"), "--port", "0", "--local-workers", "0"]
    master = Master(read("x", arguments, {}))
    await master.start()
    memory = make_api()
    memory.api = replace(memory.api, keys=master.api.keys, backups=master.api.backups)
    async with open_window(tmp_path, memory) as opened:
        one = filled(opened, tmp_path / "copy.vedette")
        section = opened.window.settings.key
        section.rotate.click()
        await eventually(lambda: section.notice.text.text() == "There is a new key.")
        one.write.click()
        await eventually(one.panel.isVisible, within=20)
    await master.close("done")
    with (tmp_path / "copy.vedette").open("rb") as stream:
        manifest = bundle.verify(ArchiveReader(stream, Secret(PHRASE)), lambda _done, _total: None).manifest
    assert manifest.current == 2


# --- backups ---------------------------------------------------------------------------------------------------------


async def test_a_backup_is_written_and_the_passphrase_forgotten(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        one = filled(opened, tmp_path / "copy.vedette")
        one.write.click()
        await eventually(one.panel.isVisible)
        assert opened.memory.backup.given == [(tmp_path / "copy.vedette", PHRASE)]
        assert "copy.vedette (1 kB) was read back" in one.panel.text.text()
        assert not one.write.isVisible() and one.rows["file"].isHidden() and not one.passphrase.text()
        one.cancel.click()
        assert not one.isVisible()


async def test_its_name_is_new_and_its_commands_can_be_copied(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        opened.window.show_page("settings")
        section = opened.window.settings.backup
        section.restore.copy.click()
        assert QGuiApplication.clipboard().text() == "vedette-master restore FILE"
        section.back_up.click()
        named = Path(dialog(opened).file.text())
        assert named.is_absolute() and named.suffix == ".vedette"


@pytest.mark.parametrize(
    ("retention", "says"),
    [
        (Retention(), "Detections are kept for ever; --retention-days changes that at the next start."),
        (
            Retention(30, "VEDETTE_RETENTION_DAYS"),
            "Detections are kept for 30 days, those with a star for ever. "
            "Set by VEDETTE_RETENTION_DAYS; it can only be changed there.",
        ),
    ],
)
async def test_how_long_detections_are_kept(qtloop: Any, tmp_path: Path, retention: Retention, says: str) -> None:
    memory = make_api()
    memory.api = replace(memory.api, retention=retention)
    async with open_window(tmp_path, memory) as opened:
        assert opened.window.settings.backup.kept.text() == says


async def test_what_is_missing_is_said_at_its_field_and_nothing_is_written(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        one = filled(opened, tmp_path / "copy.vedette")
        one.again.setText("incorrect horse")
        one.write.click()
        assert one.rows["again"].error.text() == "The two passphrases differ."
        one.passphrase.setText("x" * (VAULTS_SHORTEST - 1))
        one.file.clear()
        one.write.click()
        assert one.rows["passphrase"].error.text() == f"At least {VAULTS_SHORTEST} characters."
        assert one.rows["file"].error.text() == "Choose a file." and not one.rows["again"].error.text()
        one = filled(opened, tmp_path / "there")
        (tmp_path / "there").write_text("precious")
        one.write.click()
        await eventually(lambda: "exists already" in one.rows["file"].error.text())
        assert not opened.memory.backup.given and (tmp_path / "there").read_text() == "precious"


async def test_its_progress_is_shown_and_escape_ends_it_first(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        one = filled(opened, tmp_path / "copy.vedette")
        opened.memory.backup.gate.clear()
        one.write.click()
        await eventually(lambda: one.step.text() == "Copying · 120 MB of 430 MB")
        assert one.bar.isVisible() and one.bar.value() == 279 and not one.rows["passphrase"].isEnabled()
        QTest.keyClick(one, Qt.Key.Key_Escape)
        await eventually(one.said.isVisible)
        assert one.isVisible() and one.said.text.text() == "The backup was cancelled. No file is left behind."
        assert not opened.memory.backup.given and one.write.isEnabled() and not one.bar.isVisible()
        QTest.keyClick(one, Qt.Key.Key_Escape)
        assert not one.isVisible()


async def test_why_it_could_not_be_written_is_said(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        one = filled(opened, tmp_path / "copy.vedette")
        opened.memory.backup.trouble = "/media/stick cannot be written to, the disk is full: make room"
        one.write.click()
        await eventually(one.said.isVisible)
        assert one.said.text.text() == (
            "The backup could not be written. /media/stick cannot be written to, the disk is full: make room. "
            "No file is left behind. Mend that, then try again."
        )
        assert one.passphrase.text() == PHRASE, "so that trying again is one click"


async def test_the_file_is_chosen_in_a_dialog_that_replaces_nothing(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        one = filled(opened, tmp_path / "copy.vedette")
        one.browse.click()
        chooser = one.findChild(QFileDialog)
        assert chooser is not None and chooser.testOption(QFileDialog.Option.DontConfirmOverwrite)
        chooser.fileSelected.emit(str(tmp_path / "other.vedette"))
        chooser.reject()
        assert one.file.text() == str(tmp_path / "other.vedette")


# --- workers on other machines, and all of it ------------------------------------------------------------------------


async def test_the_door_of_the_workers_page_is_here_as_well(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        opened.window.show_page("settings")
        door, remote = opened.window.settings.door, opened.memory.remote
        assert not door.copy.isVisible()
        door.switch.click()
        await eventually(lambda: remote.state.accepting and door.copy.isVisible())
        assert "10.0.0.5:3443" in door.hint.text()
        door.copy.click()
        assert QGuiApplication.clipboard().text() == remote.state.fingerprint
        remote.state = replace(remote.state, fixed_by="VEDETTE_ACCEPT_REMOTE")
        door.show_state()
        assert not door.switch.isEnabled() and "VEDETTE_ACCEPT_REMOTE" in door.hint.text()


async def test_everything_has_a_name_and_is_reached_by_the_keyboard(qtloop: Any, tmp_path: Path) -> None:
    async with open_window(tmp_path) as opened:
        opened.memory.remote.state = replace(opened.memory.remote.state, accepting=True)
        opened.window.show_page("settings")
        one = filled(opened, tmp_path / "copy.vedette")
        for place in (opened.window.settings, one):
            for kind in (QAbstractButton, QLineEdit):
                found = [control for control in place.findChildren(kind) if control.isVisible()]
                assert found and all(control.accessibleName() for control in found)
                assert all(control.focusPolicy() & Qt.FocusPolicy.TabFocus for control in found)
        assert all(bar.accessibleName() for bar in opened.window.findChildren(QProgressBar))
