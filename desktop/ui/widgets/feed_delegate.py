"""Paints one detection as a card. Fonts are made once; a row costs a few drawText calls."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.ui import words
from desktop.ui.models.directory import Directory
from desktop.ui.models.feed import FeedModel
from desktop.ui.theme import Theme
from desktop.ui.widgets.painting import RIGHT, Brush
from engine.records import Detection

CARD = 96
GAP = 8
GUTTER = 6  #: pixels between the cards and the scroll bar
SELECTED = QStyle.StateFlag.State_Selected
HOVERED = QStyle.StateFlag.State_MouseOver
FOCUSED = QStyle.StateFlag.State_HasFocus


class FeedDelegate(QStyledItemDelegate):
    """Reads `FeedModel.rows` directly: going through `data()` for each text costs several times as much."""

    def __init__(self, theme: Theme, model: FeedModel, directory: Directory, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._theme = theme
        self._model = model
        self._directory = directory
        self._now = now
        self._kinds: dict[str, str] = {}
        self._strong = theme.font("strong", 600)
        self._strong_metrics = QFontMetrics(self._strong)
        self._body, self._body_unread = theme.font(), theme.font("body", 500)
        self._small = theme.font("small")
        self._kind_font = theme.font("body", 500)
        self._letter = theme.font("brand", 600)
        self._small_metrics = QFontMetrics(self._small)
        self.height = theme.px(CARD + GAP)

    def retranslate(self) -> None:
        """Forget words of the language that was."""
        self._kinds.clear()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, self.height)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        painter.save()
        try:
            row = self._model.rows[index.row()]
            area: QRect = option.rect.adjusted(0, 0, -GUTTER, -self._theme.px(GAP))
            self._draw(Brush(painter, self._theme), row, area, option.state)
        finally:
            painter.restore()

    def _draw(self, brush: Brush, row: Detection, card: QRect, state: QStyle.StateFlag) -> None:
        px = self._theme.px
        selected = bool(state & SELECTED)
        ground = "selected" if selected else "hover" if state & HOVERED else "surface"
        wide = 2 if selected and state & FOCUSED else 1
        brush.box(card, ground, px(12), "accent" if selected else "border", wide)
        self._draw_avatar(brush, row, QRect(card.x() + px(16), card.y() + px(16), px(38), px(38)), ground)
        left, right = card.x() + px(70), card.right() - px(15)
        right = self._draw_right(brush, row, card, right)
        self._draw_names(brush, row, QRect(left, card.y() + px(14), max(right - left, 0), px(22)))
        text = QRect(left, card.y() + px(38), card.right() - px(16) - left, px(22))
        shown = words.one_line(row.text or row.subject)
        brush.text(text, shown, "text_2" if row.read else "text", self._body if row.read else self._body_unread)
        worker = self._directory.worker_name(row.worker_id)
        meta = f"{self._directory.account_name(row.account_id)}  ·  {worker}"
        brush.text(text.translated(0, px(27)), meta, "muted", self._small)

    def _draw_avatar(self, brush: Brush, row: Detection, circle: QRect, ground: str) -> None:
        px = self._theme.px
        name = row.author.name or row.author.handle
        brush.avatar(circle, words.initial(name), name, self._letter)
        centre = QPointF(circle.right() - px(4), circle.bottom() - px(4))
        brush.dot(centre, px(10), ground)
        brush.dot(centre, px(8), self._theme.kind_colour(row.kind))
        badge = QRect(0, 0, px(12), px(12))
        badge.moveCenter(centre.toPoint())
        brush.icon(badge, self._theme.kind_icon(row.kind), ground, px(11))

    def _draw_names(self, brush: Brush, row: Detection, area: QRect) -> None:
        name = row.author.name or row.author.handle or "–"
        kind = self._kind_name(row.kind)
        kind_width = QFontMetrics(self._kind_font).horizontalAdvance(kind) + self._theme.px(8)
        room = max(area.width() - kind_width, 0)
        used = brush.text(QRect(area.x(), area.y(), room, area.height()), words.one_line(name), "text", self._strong)
        rest = area.adjusted(used + self._theme.px(8), 0, 0, 0)
        brush.text(rest, kind, self._theme.kind_colour(row.kind), self._kind_font)

    def _draw_right(self, brush: Brush, row: Detection, card: QRect, right: int) -> int:
        """The time and its marks; returns where the names must end."""
        px = self._theme.px
        middle = card.y() + px(25)
        if not row.read:
            brush.dot(QPointF(right - px(5), middle), px(4), "accent")
            right -= px(15)
        shown = words.ago((self._now() - row.detected_at).total_seconds())
        width = self._small_metrics.horizontalAdvance(shown)
        brush.text(
            QRect(right - width - px(2), card.y() + px(14), width + px(2), px(22)), shown, "muted", self._small, RIGHT
        )
        right -= width + px(10)
        for on, icon, colour in ((row.starred, "star-fill", "warn"), (row.handled, "check-circle", "ok")):
            if on:
                brush.icon(QRect(right - px(16), middle - px(8), px(16), px(16)), icon, colour, px(15))
                right -= px(22)
        return right

    def _kind_name(self, kind: str) -> str:
        if kind not in self._kinds:
            self._kinds[kind] = words.kind_name(kind)
        return self._kinds[kind]
