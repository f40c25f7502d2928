"""One platform to choose from: icon, name, and what it finds."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton

from desktop.ui.language import tr
from desktop.ui.theme import Theme
from desktop.ui.widgets.labels import plain_tip
from desktop.ui.widgets.painting import Brush

SHOWN = 2  #: kinds that fit into a card


class PlatformCard(QAbstractButton):
    """A card that can be clicked."""

    def __init__(self, theme: Theme, icon: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon = icon
        self._kinds = ""
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(theme.px(68))

    def name(self, name: str, kinds: Sequence[str]) -> None:
        """Its words: of many kinds the first ones and how many more there are; all of them as a tool tip."""
        self.setText(name)
        more = len(kinds) - SHOWN
        self._kinds = tr(", ").join(kinds[:SHOWN]) + (f" +{more}" if more > 0 else "")
        self.setAccessibleName(name)
        self.setAccessibleDescription(tr(", ").join(kinds))
        self.setToolTip(plain_tip(tr(", ").join(kinds)) if more > 0 else "")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(210), self._theme.px(68))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._draw(Brush(painter, self._theme))
        finally:
            painter.end()

    def _draw(self, brush: Brush) -> None:
        theme, px, area = self._theme, self._theme.px, self.rect()
        focus = self.hasFocus()
        ground = "hover" if self.underMouse() or self.isDown() else "surface"
        brush.box(area, ground, px(10), "accent" if focus else "border", 2 if focus else 1)
        tile = area.adjusted(px(14), px(15), 0, -px(15))
        tile.setWidth(tile.height())
        brush.tile(tile, self._icon)
        text = area.adjusted(px(64), px(13), -px(12), -px(33))
        brush.text(text, self.text(), "text", theme.font("body", 600))
        brush.text(text.translated(0, px(20)), self._kinds, "muted", theme.font("small"))
