"""Backups: what is in one, how it is made here or by command, how one is brought back; how long detections stay."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.frozen import commanding
from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.back_up import BackUpDialog
from desktop.ui.language import sentences, tr, trn
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.copy_field import CopyField
from desktop.ui.widgets.labels import label
from desktop.ui.widgets.section_card import SectionCard
from engine.api.retention import Retention
from engine.api.room import Api


class BackupSection(Translated, QWidget):
    """A button and two commands."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._api: Api | None = None
        theme = desk.theme
        self.back_up = Button(theme, "plain", "floppy-disk")
        self.card = SectionCard(theme, self.back_up)
        self.what = label("body", wrap=True)
        self.make, self.restore = CopyField(theme), CopyField(theme)
        self.make.show_text(f"{commanding()} backup FILE")
        self.restore.show_text(f"{commanding()} restore FILE")
        self.kept = label("hint", wrap=True)
        self.card.add(self.what, self.make, self.restore, self.kept)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.card)
        self.back_up.clicked.connect(self.show_dialog)
        self.retranslate()

    def attach(self, api: Api) -> None:
        """Back this engine up."""
        self._api = api
        self.retranslate()

    def retranslate(self) -> None:
        self.card.title.setText(tr("Backup"))
        self.back_up.name(tr("Back up…"), tr("Writes everything into one encrypted file"))
        self.what.setText(
            tr(
                "One encrypted file with accounts, credentials, detections and what workers know this computer by. "
                "Everything goes on while it is written."
            )
        )
        self.make.name(tr("Without the window"))
        self.restore.name(tr("To bring one back, close Vedette and type"))

        if self._api is not None:
            self.kept.setText(_kept(self._api.retention))

    def show_dialog(self) -> None:
        """Ask where to, and for a passphrase."""
        if self._api is not None:
            BackUpDialog(self._desk, self._api, self.window()).open()


def _kept(retention: Retention) -> str:
    if not retention.days:
        return tr("Detections are kept for ever; --retention-days changes that at the next start.")
    kept = trn(
        "Detections are kept for {n} day, those with a star for ever.",
        "Detections are kept for {n} days, those with a star for ever.",
        retention.days,
    )
    return sentences(kept, tr("Set by {option}; it can only be changed there.", option=retention.said_by))
