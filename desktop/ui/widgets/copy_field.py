"""A text to take elsewhere: shown in one line, copied whole by the button beside it."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.ui.language import tr
from desktop.ui.theme import Theme
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import label

THANKS_MS = 2000


class CopyField(QWidget):
    """A name above a line that cannot be edited."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._label = label("field")
        self.line = QLineEdit()
        self.line.setReadOnly(True)
        self._label.setBuddy(self.line)
        self.copy = Button(theme, "quiet", "copy")
        self.copy.clicked.connect(self._copy)
        self._thanks = QTimer(self, interval=THANKS_MS, singleShot=True)
        self._thanks.timeout.connect(lambda: self.copy.set_icon("copy", "text_2"))
        row = QHBoxLayout()
        row.setSpacing(theme.px(6))
        row.addWidget(self.line, 1)
        row.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(5))
        column.addWidget(self._label)
        column.addLayout(row)

    def name(self, text: str) -> None:
        """What the text is."""
        self._label.setText(text)
        self.line.setAccessibleName(text)
        self.copy.name(tr("Copy"))

    def show_text(self, text: str) -> None:
        """Show this, from its beginning."""
        self.line.setText(text)
        self.line.setCursorPosition(0)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.line.text())
        self.copy.set_icon("check", "ok")
        self._thanks.start()
