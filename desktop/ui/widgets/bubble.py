"""One message of a thread. Selectable, wrapped anywhere it must be, and never markup."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit

from desktop.ui.theme import Theme

PADDING = 10


class Bubble(QTextEdit):
    """As tall as its text is at its width."""

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__()
        self._padding = theme.px(PADDING)
        self.setProperty("role", "bubble")
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(0)
        self.setViewportMargins(theme.px(14), self._padding, theme.px(14), self._padding)
        self.setFont(theme.font())
        self.setPlainText(text)
        self.setAccessibleName(text[:200])
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Single letters belong to the feed, not to a text that cannot be written."""
        if event.text().isprintable() and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _fit(self) -> None:
        self.setFixedHeight(round(self.document().size().height()) + 2 * self._padding + 1)
