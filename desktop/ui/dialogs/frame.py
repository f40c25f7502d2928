"""What our dialogs have in common: a title, scrolled content, buttons at the bottom."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.ui.theme import Theme
from desktop.ui.widgets.labels import label, line
from desktop.ui.widgets.pill import transparent


class FramedDialog(QDialog):
    """`body` scrolls, `strip` above the buttons does not.

    Opened with `open()` and deleted when finished: `exec()` would stop the engine, which lives on this thread.
    """

    def __init__(self, theme: Theme, parent: QWidget | None, width: int = 480) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setFixedWidth(theme.px(width))
        self.title = label("title")
        self.subtitle = label("subtitle", wrap=True)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(theme.px(24), theme.px(4), theme.px(24), theme.px(20))
        self.body.setSpacing(theme.px(14))
        self.foot = QHBoxLayout()
        self.foot.setContentsMargins(theme.px(24), theme.px(14), theme.px(24), theme.px(16))
        self.foot.setSpacing(theme.px(8))
        self.strip = QHBoxLayout()
        self.strip.setContentsMargins(theme.px(24), theme.px(8), theme.px(24), theme.px(12))
        self._area = self._scrolled()
        self._lay_out(theme)

    def _scrolled(self) -> QScrollArea:
        inside = transparent(QWidget())
        inside.setLayout(self.body)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return area

    def _lay_out(self, theme: Theme) -> None:
        head = QVBoxLayout()
        head.setContentsMargins(theme.px(24), theme.px(20), theme.px(24), theme.px(12))
        head.setSpacing(theme.px(2))
        head.addWidget(self.title)
        head.addWidget(self.subtitle)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._area, 1)
        column.addLayout(self.strip)
        column.addWidget(line())
        column.addLayout(self.foot)
