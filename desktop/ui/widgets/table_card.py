"""A card with a title, buttons, a table or in its place a state, and a pane for the chosen row."""

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.ui.theme import Theme
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import card, label
from desktop.ui.widgets.state_panel import StatePanel
from desktop.ui.widgets.table import Table


class TableCard(QWidget):
    """The card at the left, the pane at the right; the pane is hidden until a row is chosen."""

    def __init__(self, theme: Theme, table: Table, pane: QWidget, buttons: tuple[Button, ...]) -> None:
        super().__init__()
        self.title = label("heading")
        self.panel = StatePanel(theme)
        self.table = table
        self._stack = QStackedWidget()
        self._stack.addWidget(table)
        self._stack.addWidget(self.panel)
        frame = card()
        head = QHBoxLayout()
        head.setContentsMargins(theme.px(17), theme.px(13), theme.px(13), theme.px(6))
        head.setSpacing(theme.px(8))
        head.addWidget(self.title, 1)
        for button in buttons:
            head.addWidget(button)
        column = QVBoxLayout(frame)
        column.setContentsMargins(1, 0, 1, theme.px(12))
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._stack, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(16))
        row.addWidget(frame, 1)
        row.addWidget(pane)
        pane.hide()

    def show_table(self, shown: bool) -> None:
        """The table, or the panel in its place."""
        self._stack.setCurrentWidget(self.table if shown else self.panel)
