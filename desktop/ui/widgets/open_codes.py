"""Join codes that still let somebody in, each with a button that ends it."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui import words
from desktop.ui.desk import Desk, Translated
from desktop.ui.language import tr, trn
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import Elided, label
from engine.records import OpenCode


class _Row(QWidget):
    def __init__(self, desk: Desk, code: OpenCode) -> None:
        super().__init__()
        self.code = code
        self._text = Elided("value")
        self.cancel = Button(desk.theme, "link")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._text, 1)
        row.addWidget(self.cancel)
        self.tell()

    def tell(self) -> None:
        """In the window's language, as of now."""
        left = max(0.0, (self.code.expires_at - words.now()).total_seconds())
        uses = trn("for {n} worker", "for {n} workers", self.code.uses_left)
        facts = [uses, tr("ends in {span}", span=words.span(left))]
        self._text.setText(" · ".join([self.code.name, *facts] if self.code.name else facts))
        self.cancel.name(tr("Cancel code"))


class OpenCodes(Translated, QWidget):
    """The list with its heading; hidden while it is empty.

    Signals: cancel_asked(str): the code with this id is to end.
    """

    cancel_asked = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._title = label("field")
        self.rows: list[_Row] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(desk.theme.px(4))
        self._column.addWidget(self._title)
        self.retranslate()
        self.hide()

    def show_codes(self, codes: Sequence[OpenCode]) -> None:
        """Show these."""
        for row in self.rows:
            row.deleteLater()
        self.rows = [_Row(self._desk, code) for code in codes]
        for row in self.rows:
            self._column.addWidget(row)
            row.cancel.clicked.connect(lambda _checked=False, key=row.code.id: self.cancel_asked.emit(key))
        self.setVisible(bool(self.rows))

    def tick(self) -> None:
        """A second went by; one that has ended is no longer open."""
        now = words.now()
        if any(row.code.expires_at <= now for row in self.rows):
            self.show_codes([row.code for row in self.rows if row.code.expires_at > now])
        for row in self.rows:
            row.tell()

    def retranslate(self) -> None:
        self._title.setText(tr("Other open codes"))
        for row in self.rows:
            row.tell()
