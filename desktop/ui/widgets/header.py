"""Title, subtitle and the status pills. Heights are fixed: Chinese is taller and would move the page."""

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.theme import Theme
from desktop.ui.widgets.labels import Elided, label
from desktop.ui.widgets.pill import Pill


class Header(QWidget):
    """The head of every page."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setFixedHeight(theme.px(90))
        self._title = label("title")
        self._title.setFixedHeight(theme.px(28))
        self._subtitle = Elided("subtitle")
        self._subtitle.setFixedHeight(theme.px(22))
        self.engine, self.workers, self.rate = Pill(theme), Pill(theme), Pill(theme)
        texts = QVBoxLayout()
        texts.setSpacing(theme.px(2))
        texts.addWidget(self._title)
        texts.addWidget(self._subtitle)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(28), theme.px(18), theme.px(28), theme.px(18))
        row.setSpacing(theme.px(9))
        row.addLayout(texts, 1)
        for pill in (self.engine, self.workers, self.rate):
            row.addWidget(pill)

    def show_page(self, title: str, subtitle: str) -> None:
        """What the page is and what it is for."""
        self._title.setText(title)
        self._subtitle.setText(subtitle)
