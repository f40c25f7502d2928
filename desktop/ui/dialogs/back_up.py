"""A backup: the file, its passphrase twice; then how far it is, and what came of it."""

from pathlib import Path

from PySide6.QtCore import QStandardPaths, QTimer
from PySide6.QtWidgets import QFileDialog, QLineEdit, QProgressBar, QWidget
from shiboken6 import isValid

from desktop.ui import words
from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.frame import FramedDialog
from desktop.ui.language import sentences, tr
from desktop.ui.problems import problem_of
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.form import FormRow
from desktop.ui.widgets.labels import label
from desktop.ui.widgets.state_panel import Notice, StatePanel
from engine.api.backups import SHORTEST, BackupCancelled, BackupMade, BackupProgress
from engine.api.errors import ApiError, Invalid
from engine.api.room import Api
from worker.process.secret import Secret

LOOK_MS = 100
PARTS = 1000  #: of the progress bar


class BackUpDialog(Translated, FramedDialog):
    """Keys of `rows` as the engine's errors name them, and `again`. Closing it while it writes cancels the backup."""

    def __init__(self, desk: Desk, api: Api, parent: QWidget | None) -> None:
        super().__init__(desk.theme, parent, 520)
        self._desk = desk
        self._api = api
        self._writing = False
        self._made: BackupMade | None = None
        theme = desk.theme
        self.resize(self.width(), theme.px(520))
        self.file, self.passphrase, self.again = QLineEdit(), QLineEdit(), QLineEdit()
        for secret in (self.passphrase, self.again):
            secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.file.setText(str(_folder() / api.backups.name(words.now().astimezone())))
        self.browse = Button(theme, "plain", "folder-open")
        self.rows = {
            "file": FormRow(theme, self.file, self.browse),
            "passphrase": FormRow(theme, self.passphrase),
            "again": FormRow(theme, self.again),
        }
        self.panel = StatePanel(theme)
        self.step, self.bar, self.said = label("hint"), QProgressBar(), Notice(theme)
        self.bar.setTextVisible(False)
        self.cancel, self.write = Button(theme), Button(theme, "primary", "floppy-disk")
        self.write.setDefault(True)
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._show_progress)
        self._lay_out_form()
        self.browse.clicked.connect(self.choose_file)
        self.cancel.clicked.connect(self.reject)
        self.write.clicked.connect(self.run_write)
        self.retranslate()
        self.passphrase.setFocus()

    def retranslate(self) -> None:
        title = tr("Back up")
        self.setWindowTitle(title)
        self.title.setText(title)
        self.subtitle.setText(tr("Everything in one encrypted file. Watching goes on meanwhile."))
        self.rows["file"].name(tr("File"), required=True)
        hint = tr("Without it nobody can open the backup. Keep it apart from the file.")
        self.rows["passphrase"].name(tr("Passphrase"), hint, required=True)
        self.rows["again"].name(tr("Passphrase once more"), required=True)
        self.browse.name(tr("Choose…"))
        self.write.name(tr("Back up"))
        self.bar.setAccessibleName(tr("How far the backup is"))
        self._show_step()

    # --- what the user does ------------------------------------------------------------------------------------------

    def choose_file(self) -> None:
        """Open the system's dialog; nothing is ever replaced, so it must not ask."""
        dialog = QFileDialog(self, tr("Back up"), self.file.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setDefaultSuffix("vedette")
        dialog.selectFile(self.file.text())
        dialog.fileSelected.connect(self.file.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def run_write(self) -> None:
        """Write it, if everything was entered."""
        if self._complain():
            return
        self._writing = True
        self.said.say("")
        secret = Secret(self.passphrase.text())
        self._desk.actions.run(
            self._api.backups.make(Path(self.file.text().strip()), secret),
            busy=self.write,
            on_done=self._done,
            on_error=self._failed,
        )
        self._show_step()

    def reject(self) -> None:
        """Close it; while it writes, only end that."""
        if self._writing:
            self._api.backups.cancel()
            self.cancel.setEnabled(False)
        else:
            super().reject()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _complain(self) -> bool:
        phrase = self.passphrase.text()
        short = tr("At least {n} characters.", n=SHORTEST) if len(phrase) < SHORTEST else ""
        differ = tr("The two passphrases differ.") if phrase != self.again.text() else ""
        nowhere = "" if self.file.text().strip() else tr("Choose a file.")
        self.rows["file"].show_error(nowhere)
        self.rows["passphrase"].show_error(short)
        self.rows["again"].show_error("" if short else differ)
        return bool(nowhere or short or differ)

    def _done(self, made: BackupMade) -> None:
        if isValid(self):
            self._writing, self._made = False, made
            for secret in (self.passphrase, self.again):
                secret.clear()
            self._show_step()
            self.cancel.setFocus()

    def _failed(self, error: ApiError) -> None:
        if not isValid(self):
            return
        self._writing = False
        if isinstance(error, Invalid) and error.field in self.rows:
            self.rows[error.field].show_error(problem_of(error).meaning)
        elif isinstance(error, BackupCancelled):
            self.said.say(tr("The backup was cancelled. No file is left behind."), "info", "info")
        else:
            self.said.say(problem_of(error).text, "bad", "warning-circle")
        self._show_step()

    def _show_step(self) -> None:
        made = self._made is not None
        for row in self.rows.values():
            row.setHidden(made)
            row.setEnabled(not self._writing)
        self.write.setVisible(not made)
        self.panel.setVisible(made)
        if self._made is not None:
            place = tr(
                "{file} ({size}) was read back and is sound.", file=str(self._made.file), size=_size(self._made.size)
            )
            apart = tr("Keep its passphrase apart from it.")
            self.panel.show_state("check-circle", tr("The backup is written"), sentences(place, apart), tone="ok")
        self.cancel.setEnabled(True)
        self.cancel.name(tr("Close") if made else tr("Cancel"))
        for one in (self.bar, self.step):
            one.setVisible(self._writing)
        if self._writing:
            self._timer.start()
            self._show_progress()
        else:
            self._timer.stop()

    def _show_progress(self) -> None:
        now = self._api.backups.progress or BackupProgress()
        self.bar.setRange(0, PARTS if now.total else 0)
        if now.total:
            self.bar.setValue(now.done * PARTS // now.total)
        steps = {"copying": tr("Copying"), "writing": tr("Writing"), "reading back": tr("Reading back")}
        count = tr("{done} of {total}", done=_size(now.done), total=_size(now.total)) if now.total else ""
        self.step.setText(" · ".join(part for part in (steps.get(now.step, tr("Beginning")), count) if part))

    def _lay_out_form(self) -> None:
        for row in self.rows.values():
            self.body.addWidget(row)
        self.body.addWidget(self.step)
        self.body.addWidget(self.bar)
        self.body.addWidget(self.panel, 1)
        self.body.addStretch()
        self.strip.addWidget(self.said)
        self.foot.addStretch()
        self.foot.addWidget(self.cancel)
        self.foot.addWidget(self.write)


def _folder() -> Path:
    places = QStandardPaths.standardLocations(QStandardPaths.StandardLocation.DocumentsLocation)
    there = [Path(place) for place in places if Path(place).is_dir()]
    return there[0] if there else Path.home()


def _size(size: int) -> str:
    return f"{size / 1e3:.0f} kB" if size < 1e6 else words.megabytes(size)
