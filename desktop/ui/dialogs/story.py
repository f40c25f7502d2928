"""The whole story of an account or a worker."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from desktop.ui import happened, words
from desktop.ui.desk import Desk
from desktop.ui.dialogs.listing import ListingDialog
from desktop.ui.language import tr
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.painting import Brush
from desktop.ui.widgets.story import copy_request_id
from engine.api.room import Api
from engine.records import JournalEntry

WIDTHS = {"when": 172, "what": 340, "about": 140, "request": 160}


@dataclass(frozen=True, slots=True)
class Row:
    """A line as the table wants it."""

    id: str
    entry: JournalEntry


class StoryDialog(ListingDialog):
    """What happened to `subject`, newest first; the search looks through all of it, in the window's language."""

    def __init__(self, desk: Desk, api: Api, subject: str, name: str, parent: QWidget | None) -> None:
        super().__init__(desk, parent, widths=WIDTHS, wide="what")
        self._api, self._subject, self._subject_name = api, subject, name
        self.copy_id, self.copy = Button(desk.theme, "plain", "copy"), Button(desk.theme, "plain", "copy")
        for number, button in enumerate((self.copy_id, self.copy)):
            self.foot.insertWidget(number, button)
        self.copy_id.clicked.connect(self.copy_request_id)
        self.copy.clicked.connect(self.copy_line)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table).activated.connect(self.copy_line)
        for signal in (desk.bridge.accounts_changed, desk.bridge.workers_changed):
            signal.connect(self._look_again)
        self.retranslate()
        self.load()

    def retranslate(self) -> None:
        title = tr("What happened")
        self.setWindowTitle(title)
        self.title.setText(title)
        self.subtitle.setText(self._subject_name)
        self.table.setAccessibleName(tr("What happened, newest first"))
        self.model.set_titles(
            {"when": tr("When"), "what": tr("What and why"), "about": tr("With"), "request": tr("Request")}
        )
        self.copy_id.name(tr("Copy request id"), tr("It finds everything about this in the logs"))
        self.copy.name(tr("Copy line"))
        super().retranslate()

    def copy_request_id(self) -> None:
        """Of the chosen line."""
        if self.chosen is not None:
            copy_request_id(self._desk, self.chosen.entry)

    def copy_line(self) -> None:
        """The chosen line as text."""
        if self.chosen is not None:
            QGuiApplication.clipboard().setText(happened.everything_of(self.chosen.entry))
            self._desk.toast(tr("Copied."), "ok")

    def read(self, before: Any, limit: int) -> Coroutine[Any, Any, Sequence[Any]]:
        return self._read(None if before is None else before.entry.id, limit)

    async def _read(self, before: int | None, limit: int) -> list[Row]:
        entries = await self._api.journal.story(self._subject, before=before, limit=limit)
        return [Row(str(entry.id), entry) for entry in entries]

    def text(self, row: Any, column: str) -> str:
        entry: JournalEntry = row.entry
        if column == "when":
            return words.exact(entry.at)
        if column == "what":
            return f"{happened.what_of(entry)}. {happened.why_of(entry)}".strip()
        return entry.request_id if column == "request" else self._others(entry)

    def tell(self, row: Any) -> str:
        entry: JournalEntry = row.entry
        head = f"{words.exact(entry.at)}  {happened.what_of(entry)}"
        request = tr("Request {id}", id=entry.request_id) if entry.request_id else ""
        return "\n".join(part for part in (head, happened.why_of(entry), request) if part)

    def draw(self, brush: Brush, area: QRect, row: Any, column: str) -> None:
        entry: JournalEntry = row.entry
        theme = self._desk.theme
        small = theme.font("small")
        upper = area.adjusted(0, theme.px(8), 0, -theme.px(28))
        lower = upper.translated(0, theme.px(19))
        if column == "when":
            brush.text(upper, words.ago((words.now() - entry.at).total_seconds()), "text_2")
            brush.text(lower, words.exact(entry.at), "muted", small)
        elif column == "what":
            why = words.one_line(happened.why_of(entry))
            brush.text(upper if why else area, happened.what_of(entry), "text", theme.font("body", 500))
            brush.text(lower, why, "muted", small)
        else:
            brush.text(area, self.text(row, column), "muted", small)

    def show_nothing(self) -> None:
        self.panel.show_state(
            "clock-counter-clockwise",
            tr("Nothing happened yet"),
            tr("What happens is written down here and kept for 90 days."),
        )

    def chosen_changed(self) -> None:
        row = self.chosen
        self.copy.setEnabled(row is not None)
        self.copy_id.setEnabled(row is not None and bool(row.entry.request_id))

    def _look_again(self, ids: frozenset[str]) -> None:
        if self._subject in ids:
            self.refresh()

    def _others(self, entry: JournalEntry) -> str:
        """Whom else it was about, by name."""
        directory = self._desk.directory
        others = [subject for subject in entry.subjects if subject != self._subject]
        return ", ".join(
            directory.worker_name(one) if one in directory.workers else directory.account_name(one) for one in others
        )
