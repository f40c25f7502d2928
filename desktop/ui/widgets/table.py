"""A table of painted rows: fixed height, whole rows chosen, hover over the whole row."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractScrollArea,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from desktop.ui.models.records import RecordsModel
from desktop.ui.theme import Theme
from desktop.ui.widgets.painting import Brush

ROW = 56
INDENT = 17
GAP = 16

Draw = Callable[[Brush, QRect, Any, str], None]


class RowDelegate(QStyledItemDelegate):
    """Paints the ground of a row; `draw(brush, rect, row, column)` paints what a cell says."""

    def __init__(self, theme: Theme, draw: Draw) -> None:
        super().__init__()
        self._theme = theme
        self._draw = draw
        self.hovered = -1

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        painter.save()
        try:
            self._paint(Brush(painter, self._theme), option, index)
        finally:
            painter.restore()

    def _paint(self, brush: Brush, option: Any, index: QModelIndex | QPersistentModelIndex) -> None:
        table: Table = option.widget
        theme, area = self._theme, option.rect
        chosen = table.currentIndex().row() == index.row()
        ground = "selected" if chosen else "hover" if index.row() == self.hovered else ""
        if ground:
            brush.painter.fillRect(area, theme.colour(ground))
        brush.painter.fillRect(QRect(area.x(), area.bottom(), area.width(), 1), theme.colour("line"))
        first = index.column() == 0
        if chosen and first and table.hasFocus():
            brush.painter.fillRect(QRect(area.x(), area.y(), 3, area.height() - 1), theme.colour("accent"))
        inside = area.adjusted(theme.px(INDENT) if first else 0, 0, -theme.px(GAP), -1)
        model = table.records
        self._draw(brush, inside, model.rows[index.row()], model.columns[index.column()])


class Table(QTableView):
    """Columns have fixed widths; the one called `wide` takes the rest, and `spare` ones go where room is short.

    Signals:
        chosen(str): the id of the row that is current, or an empty string.
        menu_asked(str, QPoint): an id, and where on the screen its menu belongs.
    """

    chosen = Signal(str)
    menu_asked = Signal(str, QPoint)

    def __init__(
        self,
        theme: Theme,
        records: RecordsModel,
        draw: Draw,
        *,
        widths: Mapping[str, int],
        wide: str,
        spare: tuple[str, ...],
    ) -> None:
        super().__init__()
        self.records = records
        self._widths = {key: theme.px(width) for key, width in widths.items()}
        self._wide, self._spare = wide, spare
        self._delegate = RowDelegate(theme, draw)
        self.setModel(records)
        self.setItemDelegate(self._delegate)
        self._set_up(theme)
        self.selectionModel().currentRowChanged.connect(self._current_changed)
        records.layoutChanged.connect(self._row_may_be_gone)

    def current_id(self) -> str:
        """The id of the current row, or an empty string."""
        index = self.currentIndex()
        return self.records.rows[index.row()].id if index.isValid() else ""

    def choose(self, row_id: str) -> None:
        """Make this row the current one; an empty id chooses none."""
        row = self.records.row_of(row_id) if row_id else None
        if row is None:
            self.selectionModel().setCurrentIndex(QModelIndex(), QItemSelectionModel.SelectionFlag.Clear)
        else:
            self.setCurrentIndex(self.records.index(row, 0))

    def update_column(self, key: str) -> None:
        """Paint one column again, as far as it is to be seen."""
        column = self.records.columns.index(key)
        if not self.isColumnHidden(column):
            left = self.columnViewportPosition(column)
            self.viewport().update(left, 0, self.columnWidth(column), self.viewport().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_out()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Not QAbstractItemView's, which would choose the first row and so open what nobody asked for."""
        QAbstractScrollArea.focusInEvent(self, event)
        self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.rowAt(round(event.position().y())))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.current_id():  # else it closes the dialog around
            self.choose("")
        elif event.key() == Qt.Key.Key_Menu and self.current_id():
            self._ask_menu(self.visualRect(self.currentIndex()).center())
        else:
            super().keyPressEvent(event)

    def _set_up(self, theme: Theme) -> None:
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask_menu)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setMinimumSectionSize(1)
        header.setFixedHeight(theme.px(40))
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(theme.px(ROW))

    def _share_out(self) -> None:
        columns, room = self.records.columns, self.viewport().width()
        hidden: set[str] = set()
        for key in self._spare:
            if sum(self._widths[c] for c in columns if c not in hidden) > room:
                hidden.add(key)
        wide = columns[0] if self._wide in hidden else self._wide
        shown = sum(self._widths[c] for c in columns if c not in hidden)
        for number, key in enumerate(columns):
            self.setColumnHidden(number, key in hidden)
            extra = max(room - shown, 0) if key == wide else 0
            self.setColumnWidth(number, self._widths[key] + extra)

    def _hover(self, row: int) -> None:
        if row != self._delegate.hovered:
            self._delegate.hovered = row
            self.viewport().update()

    def _ask_menu(self, point: QPoint) -> None:
        index = self.indexAt(point)
        if index.isValid():
            self.setCurrentIndex(index)
            self.menu_asked.emit(self.current_id(), self.viewport().mapToGlobal(point))

    def _current_changed(self) -> None:
        self.viewport().update()
        self.chosen.emit(self.current_id())

    def _row_may_be_gone(self) -> None:
        self.chosen.emit(self.current_id())
