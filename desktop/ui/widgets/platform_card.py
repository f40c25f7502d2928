"""One platform to choose from: icon, name, and what it finds."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton

from desktop.ui.theme import Theme
from desktop.ui.widgets.painting import Brush


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

    def name(self, name: str, kinds: str) -> None:
        """Its words."""
        self.setText(name)
        self._kinds = kinds
        self.setAccessibleName(name)
        self.setAccessibleDescription(kinds)
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
