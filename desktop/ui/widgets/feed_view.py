"""The list of the feed: a one-column table, because a QListView lays out every row on each insert."""

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QAbstractItemView, QAbstractScrollArea, QHeaderView, QTableView

from desktop.ui.models.feed import FeedModel
from desktop.ui.widgets.feed_delegate import FeedDelegate
from desktop.ui.widgets.labels import restyle


class FeedView(QTableView):
    """Fixed row height, one column as wide as the view."""

    def __init__(self, model: FeedModel, delegate: FeedDelegate) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(delegate.height)
        rows.setDefaultSectionSize(delegate.height)
        self.verticalScrollBar().setSingleStep(delegate.height // 2)
        self.verticalScrollBar().rangeChanged.connect(self._hide_idle_bar)
        self._hide_idle_bar(0, self.verticalScrollBar().maximum())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Not QAbstractItemView's, which would choose the first row and so open what nobody asked for."""
        QAbstractScrollArea.focusInEvent(self, event)
        self.viewport().update()

    def clear_current(self) -> None:
        """Choose nothing."""
        self.selectionModel().setCurrentIndex(QModelIndex(), QItemSelectionModel.SelectionFlag.Clear)

    def _hide_idle_bar(self, _least: int, most: int) -> None:
        """Its place is kept, so that the cards do not change their width; it is not drawn with nothing to scroll."""
        bar = self.verticalScrollBar()
        if bar.property("idle") != (most == 0):
            bar.setProperty("idle", most == 0)
            restyle(bar)
