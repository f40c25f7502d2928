"""What could not be stored: looked at, tried again, deleted."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from PySide6.QtCore import QRect
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from desktop.ui import words
from desktop.ui.desk import Desk
from desktop.ui.dialogs.confirm import ConfirmDialog, Question
from desktop.ui.dialogs.listing import ListingDialog
from desktop.ui.language import sentences, tr
from desktop.ui.told import sentence
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.painting import Brush
from desktop.ui.widgets.state_panel import Notice
from engine.api.dead_letters import DeadLetterSnapshot
from engine.api.errors import ApiError
from engine.api.room import Api

WIDTHS = {"when": 172, "what": 270, "account": 150, "why": 240}


@dataclass(frozen=True, slots=True)
class Row:
    """A letter as the table wants it."""

    id: str
    letter: DeadLetterSnapshot


class DeadLettersDialog(ListingDialog):
    """Newest first. All text is shown as it came: plain."""

    def __init__(self, desk: Desk, api: Api, parent: QWidget | None) -> None:
        super().__init__(desk, parent, widths=WIDTHS, wide="what")
        self._api = api
        theme = desk.theme
        self.retry = Button(theme, "primary", "arrows-clockwise")
        self.copy, self.delete = Button(theme, "plain", "copy"), Button(theme, "danger", "trash")
        self.said = Notice(theme)
        self.body.addWidget(self.said)
        for number, button in enumerate((self.retry, self.copy, self.delete)):
            self.foot.insertWidget(number, button)
        self.retry.clicked.connect(self.run_retry)
        self.copy.clicked.connect(self.run_copy)
        self.delete.clicked.connect(self.run_delete)
        shortcuts = ((QKeySequence.StandardKey.Copy, self.run_copy), (QKeySequence.StandardKey.Delete, self.run_delete))
        for keys, slot in shortcuts:
            QShortcut(QKeySequence(keys), self.table).activated.connect(slot)
        desk.bridge.dead_letters_changed.connect(self.refresh)
        self.retranslate()
        self.load()

    def retranslate(self) -> None:
        title = tr("What could not be stored")
        self.setWindowTitle(title)
        self.title.setText(title)
        self.subtitle.setText(
            tr("Found by a worker, refused by the database. Nothing else was held up by it, and nothing is lost yet.")
        )
        self.table.setAccessibleName(tr("What could not be stored, newest first"))
        self.model.set_titles({"when": tr("When"), "what": tr("What"), "account": tr("Account"), "why": tr("Why")})
        self.retry.name(tr("Try again"), tr("Store it after all, if the reason is gone"))
        self.copy.name(tr("Copy as JSON"))
        self.delete.name(tr("Delete"), tr("Delete it for good; asks first"))
        super().retranslate()

    # --- what the user does ------------------------------------------------------------------------------------------

    def run_retry(self) -> None:
        """Store the chosen one after all."""
        if (row := self.chosen) is not None:
            self.said.say("")
            self._desk.actions.run(
                self._api.dead_letters.retry(row.letter.id),
                busy=self.retry,
                on_done=lambda _none: self._gone(row, tr("It is stored now.")),
                on_error=self._refused,
            )

    def run_delete(self) -> None:
        """Take the chosen one out for good, if the user means it."""
        if (row := self.chosen) is not None:
            ConfirmDialog(self._desk, lambda: self._question(row), lambda: self._delete(row), self).open()

    def run_copy(self) -> None:
        """Put the chosen one on the clipboard, whole."""
        if (row := self.chosen) is not None:
            self._desk.actions.run(self._api.dead_letters.get(row.letter.id), busy=self.copy, on_done=self._copied)

    # --- ListingDialog -----------------------------------------------------------------------------------------------

    def read(self, before: Any, limit: int) -> Coroutine[Any, Any, Sequence[Any]]:
        return self._read(None if before is None else before.letter.id, limit)

    async def _read(self, before: int | None, limit: int) -> list[Row]:
        letters = await self._api.dead_letters.page(before=before, limit=limit)
        return [Row(str(letter.id), letter) for letter in letters]

    def text(self, row: Any, column: str) -> str:
        letter: DeadLetterSnapshot = row.letter
        if column == "when":
            return words.exact(letter.at)
        if column == "what":
            return f"{self._head(letter)}: {words.one_line(letter.subject or letter.text)}"
        if column == "account":
            return self._desk.directory.account_name(letter.account_id)
        return sentence(letter.why)

    def tell(self, row: Any) -> str:
        letter: DeadLetterSnapshot = row.letter
        where = tr("Found by {worker}", worker=self._desk.directory.worker_name(letter.worker_id))
        head = " · ".join((self._head(letter), self.text(row, "account"), where, words.exact(letter.at)))
        return "\n".join(
            part for part in (head, sentence(letter.why), letter.subject, words.one_line(letter.text)) if part
        )

    def draw(self, brush: Brush, area: QRect, row: Any, column: str) -> None:
        letter: DeadLetterSnapshot = row.letter
        theme = self._desk.theme
        small = theme.font("small")
        upper = area.adjusted(0, theme.px(8), 0, -theme.px(28))
        lower = upper.translated(0, theme.px(19))
        if column == "when":
            brush.text(upper, words.ago((words.now() - letter.at).total_seconds()), "text_2")
            brush.text(lower, words.exact(letter.at), "muted", small)
        elif column == "what":
            brush.text(upper, self._head(letter), "text", theme.font("body", 500))
            brush.text(lower, words.one_line(letter.subject or letter.text), "muted", small)
        elif column == "account":
            brush.text(area, self.text(row, column), "text_2")
        else:
            brush.text(area, self.text(row, column), "muted", small)

    def show_nothing(self) -> None:
        self.panel.show_state(
            "check-circle", tr("Everything could be stored"), tr("Whatever cannot be stored appears here."), tone="ok"
        )

    def chosen_changed(self) -> None:
        for button in (self.retry, self.copy, self.delete):
            button.setEnabled(self.chosen is not None)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _head(self, letter: DeadLetterSnapshot) -> str:
        return (
            " · ".join(part for part in (words.one_line(letter.author), words.kind_name(letter.kind)) if part)
            or words.UNKNOWN
        )

    def _question(self, row: Row) -> Question:
        text = tr("It is nowhere else and cannot be brought back. “Copy as JSON” keeps it elsewhere.")
        return Question(tr("Delete it for good?"), text, tr("Delete"), self._head(row.letter))

    def _delete(self, row: Row) -> None:
        self._desk.actions.run(
            self._api.dead_letters.delete(row.letter.id),
            busy=self.delete,
            on_done=lambda _none: self._gone(row, tr("It was deleted.")),
            on_error=self._refused,
        )

    def _gone(self, row: Row, said: str) -> None:
        self._desk.toast(said, "ok")
        if isValid(self):
            at = self.table.currentIndex().row()
            self.forget(row.id)
            if self.model.rows:
                self.table.choose(self.model.rows[min(max(at, 0), len(self.model.rows) - 1)].id)

    def _refused(self, error: ApiError) -> None:
        if isValid(self):
            self.said.say(sentences(tr("It still cannot be stored."), sentence(error.message)), "warn", "warning")
            if error.code == "not_found":
                self.load()

    def _copied(self, letter: DeadLetterSnapshot) -> None:
        content = msgspec.json.format(msgspec.json.encode(letter), indent=2).decode()
        QGuiApplication.clipboard().setText(content)
        self._desk.toast(tr("Copied."), "ok")
