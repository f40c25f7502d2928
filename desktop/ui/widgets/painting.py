"""What delegates and small widgets draw: text, pills, bars, avatars, tiles, sparklines, in the theme's colours."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QLinearGradient, QPainter, QPen, QPolygonF

from desktop.ui.theme import Theme

LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
CENTER = Qt.AlignmentFlag.AlignCenter


class Brush:
    """Draws with one painter; made once per paint event and cheap to make."""

    def __init__(self, painter: QPainter, theme: Theme) -> None:
        self.painter = painter
        self.theme = theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)

    def text(
        self,
        rect: QRect,
        text: str,
        colour: str | QColor = "text",
        font: QFont | None = None,
        align: Qt.AlignmentFlag = LEFT,
    ) -> int:
        """One line, ending in … where it does not fit. Returns its width in pixels."""
        font = font or self.theme.font()
        metrics = QFontMetrics(font)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        self.painter.setFont(font)
        self.painter.setPen(self.theme.colour(colour) if isinstance(colour, str) else colour)
        self.painter.drawText(rect, align | Qt.TextFlag.TextSingleLine, shown)
        return metrics.horizontalAdvance(shown)

    def box(self, rect: QRect | QRectF, fill: str, radius: int, border: str = "", width: float = 1) -> None:
        """A rounded box; a border is drawn inside."""
        self.painter.setBrush(self.theme.colour(fill))
        self.painter.setPen(QPen(self.theme.colour(border), width) if border else Qt.PenStyle.NoPen)
        inset = width / 2 if border else 0
        area = QRectF(rect).adjusted(inset, inset, -inset, -inset)
        self.painter.drawRoundedRect(area, radius, radius)

    def dot(self, centre: QPointF, radius: float, colour: str | QColor) -> None:
        """A filled circle."""
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(self.theme.colour(colour) if isinstance(colour, str) else colour)
        self.painter.drawEllipse(centre, radius, radius)

    def icon(self, rect: QRect, name: str, colour: str, size: int) -> None:
        """An icon in the middle of `rect`."""
        ratio = self.painter.device().devicePixelRatioF()
        pixmap = self.theme.icons.pixmap(name, colour, size, ratio)
        area = QRect(0, 0, size, size)
        area.moveCenter(rect.center())
        self.painter.drawPixmap(area, pixmap)

    def avatar(self, rect: QRect, letter: str, seed: str, font: QFont) -> None:
        """A circle with an initial."""
        ground, ink = self.theme.avatar(seed)
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(ground)
        self.painter.drawEllipse(rect)
        self.painter.setFont(font)
        self.painter.setPen(ink)
        self.painter.drawText(rect, CENTER, letter)

    def tile(self, rect: QRect, icon: str, colour: str = "text_2", fill: str = "raised") -> None:
        """A rounded square with an icon."""
        self.box(rect, fill, self.theme.px(8))
        self.icon(rect, icon, colour, self.theme.px(18))

    def pill(self, rect: QRect, text: str, tone: str) -> int:
        """A status on its soft tint with a dot, at the left of `rect`. Returns its width in pixels."""
        theme = self.theme
        font = theme.font("small", 500)
        width = min(QFontMetrics(font).horizontalAdvance(text) + theme.px(28), rect.width())
        height = theme.px(22)
        area = QRect(rect.x(), rect.center().y() - height // 2 + 1, width, height)
        self.box(area, f"{tone}_soft", height // 2)
        self.dot(QPointF(area.x() + theme.px(11), area.center().y() + 0.5), theme.px(3), tone)
        self.text(area.adjusted(theme.px(19), 0, -theme.px(6), 0), text, tone, font)
        return width

    def bar(self, rect: QRect, share: float, colour: str) -> None:
        """How full, from 0 to 1."""
        theme = self.theme
        height = theme.px(6)
        area = QRectF(rect.x(), rect.center().y() - height / 2 + 0.5, rect.width(), height)
        self.box(area, "track", height // 2)
        if share > 0:
            area.setWidth(max(area.width() * min(share, 1.0), height))
            self.box(area, colour, height // 2)

    def sparkline(self, rect: QRect, points: Sequence[float], colour: str, least: float = 1.0) -> None:
        """The course of a figure; a course flatter than `least` stays flat instead of showing noise."""
        if len(points) < 2:
            return
        low, high = min(points), max(points)
        spread = max(high - low, least)
        step = rect.width() / (len(points) - 1)
        bottom = rect.bottom() - 2
        top = [
            QPointF(rect.x() + i * step, bottom - (value - low) / spread * (rect.height() - 5))
            for i, value in enumerate(points)
        ]
        self._fill_under(rect, top, self.theme.colour(colour))
        pen = QPen(self.theme.colour(colour), 1.5)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        self.painter.setPen(pen)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.drawPolyline(QPolygonF(top))

    def _fill_under(self, rect: QRect, top: list[QPointF], colour: QColor) -> None:
        gradient = QLinearGradient(0, rect.top(), 0, rect.bottom())
        strong, none = QColor(colour), QColor(colour)
        strong.setAlpha(60)
        none.setAlpha(0)
        gradient.setColorAt(0, strong)
        gradient.setColorAt(1, none)
        corners = [QPointF(top[-1].x(), rect.bottom()), QPointF(top[0].x(), rect.bottom())]
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(QBrush(gradient))
        self.painter.drawPolygon(QPolygonF([*top, *corners]))
