"""The newest lines of a story, in a pane: what happened, why, how long ago; and the way to all of it."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui import happened, words
from desktop.ui.desk import Desk, Translated
from desktop.ui.language import tr
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import label
from engine.records import JournalEntry

SHOWN = 6  #: lines at most


class Story(Translated, QWidget):
    """Signals: all_asked()."""

    all_asked = Signal()

    def __init__(self, desk: Desk, shown: int = SHOWN) -> None:
        super().__init__()
        self._desk = desk
        self._shown = shown
        self._subject = ""
        self.entries: Sequence[JournalEntry] = ()
        self.lines: list[StoryLine] = []
        self._title, self._nothing = label("field"), label("hint", wrap=True)
        self.all = Button(desk.theme, "link")
        self.all.clicked.connect(self.all_asked)
        self._column = QVBoxLayout()
        self._column.setSpacing(desk.theme.px(10))
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self.all)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(desk.theme.px(6))
        column.addLayout(head)
        column.addWidget(self._nothing)
        column.addLayout(self._column)
        self.retranslate()

    def show_entries(self, entries: Sequence[JournalEntry], subject: str) -> None:
        """Show the first of these, which are newest first and about `subject`."""
        entries = tuple(entries[: self._shown])
        if (entries, subject) == (self.entries, self._subject) and self.lines:
            self.tick()
            return
        self.entries, self._subject = entries, subject
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.lines = [StoryLine(self._desk, entry, self._account_in(entry)) for entry in entries]
        for one in self.lines:
            self._column.addWidget(one)
        self._nothing.setVisible(not entries)
        self.all.setVisible(bool(entries))

    def tick(self) -> None:
        """Time went by."""
        for one in self.lines:
            one.tick()

    def retranslate(self) -> None:
        self._title.setText(tr("What happened"))
        self._nothing.setText(tr("Nothing has happened yet that is worth telling."))
        self.all.name(tr("Show all"), tr("Everything that happened, and why"))
        entries, self.entries, self.lines = self.entries, (), []
        self.show_entries(entries, self._subject)

    def _account_in(self, entry: JournalEntry) -> str:
        """Which account a line about a worker is about: workers are named in what is said, accounts are not."""
        accounts = self._desk.directory.accounts
        others = [accounts[one] for one in entry.subjects if one in accounts and one != self._subject]
        return others[0].display_name if others else ""


class StoryLine(QWidget):
    """One line of it."""

    def __init__(self, desk: Desk, entry: JournalEntry, account: str) -> None:
        super().__init__()
        self.entry = entry
        px = desk.theme.px
        what = happened.what_of(entry)
        why = " · ".join(part for part in (account, happened.why_of(entry)) if part)
        self._ago = label("hint")
        self._ago.setToolTip(words.exact(entry.at))
        self._ago.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        self.copy = Button(desk.theme, "tiny", "copy")
        self.copy.name(tr("Copy request id"), tr("Copy request id {id}", id=entry.request_id))
        self.copy.setIconSize(QSize(px(12), px(12)))
        self.copy.setVisible(bool(entry.request_id))
        self.copy.clicked.connect(lambda: copy_request_id(desk, entry))
        left = QVBoxLayout()
        left.setSpacing(px(1))
        left.addWidget(label("value", what, wrap=True))
        if why:
            left.addWidget(label("hint", why, wrap=True))
        right = QHBoxLayout()
        right.setSpacing(px(4))
        right.addWidget(self._ago, 0, Qt.AlignmentFlag.AlignTop)
        right.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignTop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(px(8))
        row.addLayout(left, 1)
        row.addLayout(right)
        self._said = f"{what}. {why}".strip()
        self.tick()

    def tick(self) -> None:
        """Time went by."""
        ago = words.ago((words.now() - self.entry.at).total_seconds())
        self._ago.setText(ago)
        self.setAccessibleName(f"{self._said} {ago}")


def copy_request_id(desk: Desk, entry: JournalEntry) -> None:
    """Put it on the clipboard: it finds everything about this in logs and journal."""
    QGuiApplication.clipboard().setText(entry.request_id)
    desk.toast(tr("Copied."), "ok")
