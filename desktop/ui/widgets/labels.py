"""Labels: plain text always, because what platforms say is data and never markup."""

from html import escape

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QStyle, QStyleOption, QWidget


def label(role: str = "", text: str = "", *, wrap: bool = False, parent: QWidget | None = None) -> QLabel:
    """A label that never looks for markup; `role` names its style in window.qss."""
    made = QLabel(parent)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(text)
    made.setWordWrap(wrap)
    made.setProperty("role", role)
    return made


def plain_tip(text: str) -> str:
    """A tool tip that says just this: Qt shows one that looks like markup as markup, and has no switch for it."""
    return f"<span>{escape(text)}</span>" if "<" in text or "&" in text else text


def card(parent: QWidget | None = None) -> QFrame:
    """A surface with a hairline around it."""
    frame = QFrame(parent)
    frame.setProperty("role", "card")
    return frame


def line(parent: QWidget | None = None) -> QFrame:
    """A hairline."""
    frame = QFrame(parent)
    frame.setProperty("role", "line")
    return frame


class Elided(QLabel):
    """A label that ends in … where it does not fit; the whole text is its tool tip then."""

    def __init__(self, role: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            option = QStyleOption()
            option.initFrom(self)
            shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
            self.style().drawItemText(
                painter,
                self.rect(),
                int(self.alignment()),
                option.palette,
                self.isEnabled(),
                shown,
                self.foregroundRole(),
            )
        finally:
            painter.end()


class Paragraph(QLabel):
    """Centred text of a fixed width and as high as it needs: layouts that align a label cut its lines off."""

    def __init__(self, role: str, width: int) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.setFixedWidth(width)

    def setText(self, text: str) -> None:
        super().setText(text)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        self.setFixedHeight(max(self.heightForWidth(self.width()), 1))


def restyle(widget: QWidget) -> None:
    """Look at the style sheet again after a property that it selects by has changed."""
    style: QStyle = widget.style()
    style.unpolish(widget)
    style.polish(widget)
    widget.update()
