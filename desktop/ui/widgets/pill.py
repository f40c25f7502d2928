"""Small painted things that are widgets of their own: pills, avatars, sparklines, the logo."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.ui import icons, words
from desktop.ui.theme import Theme
from desktop.ui.widgets.painting import Brush


class Painted(QWidget):
    """A widget that draws itself with a Brush and nothing else."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self.draw(Brush(painter, self.theme))
        finally:
            painter.end()

    def draw(self, brush: Brush) -> None:
        """Draw what is to be seen."""
        raise NotImplementedError


class Pill(Painted):
    """A status: coloured text and a dot on a soft tint."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.text = ""
        self.tone = "neutral"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setVisible(False)

    def show_status(self, text: str, tone: str) -> None:
        """Show this; an empty text hides the pill."""
        if (text, tone) != (self.text, self.tone):
            self.text, self.tone = text, tone
            self.setAccessibleName(text)
            self.updateGeometry()
            self.update()
        self.setVisible(bool(text))

    def sizeHint(self) -> QSize:
        font = self.theme.font("small", 500)
        return QSize(QFontMetrics(font).horizontalAdvance(self.text) + self.theme.px(32), self.theme.px(26))

    def draw(self, brush: Brush) -> None:
        theme, height = self.theme, self.height()
        brush.box(self.rect(), f"{self.tone}_soft", height // 2)
        centre = self.rect().center().toPointF()
        centre.setX(theme.px(12))
        centre.setY(height / 2)
        brush.dot(centre, theme.px(3), self.tone)
        brush.text(
            self.rect().adjusted(theme.px(20), 0, -theme.px(8), 0), self.text, self.tone, theme.font("small", 500)
        )


class Avatar(Painted):
    """An author's initial in a circle."""

    def __init__(self, theme: Theme, size: int, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._name = ""
        self.setFixedSize(theme.px(size), theme.px(size))

    def show_name(self, name: str) -> None:
        """Whose initial to show."""
        self._name = name
        self.update()

    def draw(self, brush: Brush) -> None:
        brush.avatar(self.rect(), words.initial(self._name), self._name, self.theme.font("brand", 600))


class PlatformTile(Painted):
    """A platform's icon on a rounded square."""

    def __init__(self, theme: Theme, size: int = 40, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._icon = "globe"
        self.setFixedSize(theme.px(size), theme.px(size))

    def show_icon(self, icon: str) -> None:
        """Show the icon of this name."""
        self._icon = icon
        self.update()

    def draw(self, brush: Brush) -> None:
        brush.tile(self.rect(), self._icon)


class Sparkline(Painted):
    """The course of a figure over the last minutes."""

    def __init__(self, theme: Theme, colour: str, least: float = 1.0, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._points: Sequence[float] = ()
        self._colour = colour
        self._least = least
        self.setFixedSize(theme.px(96), theme.px(32))

    def show_points(self, points: Sequence[float]) -> None:
        """Oldest first."""
        self._points = points
        self.update()

    def draw(self, brush: Brush) -> None:
        brush.sparkline(self.rect(), self._points, self._colour, self._least)


class Logo(QWidget):
    """Our own mark."""

    def __init__(self, size: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(size, size)
        self._pixmap = icons.logo(size, self.devicePixelRatioF())

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._pixmap.devicePixelRatio() != self.devicePixelRatioF():  # moved to another screen
            self._pixmap = icons.logo(self.width(), self.devicePixelRatioF())
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
            painter.drawPixmap(QRect(0, 0, self.width(), self.height()), self._pixmap)
        finally:
            painter.end()


def transparent(widget: QWidget) -> QWidget:
    """Let the ground below shine through, under a style sheet too."""
    widget.setObjectName("clear")
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, True)
    return widget
