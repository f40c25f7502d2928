"""What the panes beside the tables have in common: a head, a state, a notice, a scrolled middle, buttons below."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.ui.desk import Desk, Translated
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import Elided
from desktop.ui.widgets.pill import Pill, PlatformTile, transparent
from desktop.ui.widgets.state_panel import Notice

WIDTH = 340


class Pane(Translated, QFrame):
    """Base. Subclasses make their buttons and their middle, call `_lay_out`, then `retranslate`.

    Signals: closed(). The page connects the buttons.
    """

    closed = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        theme = desk.theme
        self.setProperty("role", "card")
        self.setFixedWidth(theme.px(WIDTH))
        self._desk = desk
        self._tile = PlatformTile(theme)
        self._name, self._under = Elided("heading"), Elided("muted")
        self._pill = Pill(theme)
        self._close = Button(theme, "quiet", "x")
        self._close.clicked.connect(self.closed)
        self.notice = Notice(theme, narrow=True)

    def _lay_out(
        self, middle: Sequence[QWidget | QLayout], buttons: Sequence[Button], notices: Sequence[QWidget] = ()
    ) -> None:
        px = self._desk.theme.px
        grid = QGridLayout()
        grid.setSpacing(px(8))
        for number, button in enumerate(buttons):
            grid.addWidget(button, number // 2, number % 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(px(20), px(20), px(20), px(20))
        column.setSpacing(px(12))
        column.addLayout(self._head())
        column.addWidget(self._pill)
        for notice in (self.notice, *notices):
            column.addWidget(notice)
        column.addWidget(self._scrolled(middle), 1)
        column.addLayout(grid)

    def _head(self) -> QHBoxLayout:
        px = self._desk.theme.px
        names = QVBoxLayout()
        names.setSpacing(px(2))
        for one in (self._name, self._under):
            one.setFixedHeight(px(20))
            names.addWidget(one)
        row = QHBoxLayout()
        row.setSpacing(px(12))
        row.addWidget(self._tile)
        row.addLayout(names, 1)
        row.addWidget(self._close)
        return row

    def _scrolled(self, middle: Sequence[QWidget | QLayout]) -> QScrollArea:
        px = self._desk.theme.px
        inside = transparent(QWidget())
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, px(2), 0)
        column.setSpacing(px(8))
        for one in middle:
            if isinstance(one, QLayout):
                column.addLayout(one)
            else:
                column.addWidget(one)
        column.addStretch()
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        return area
