"""Label and value lines of a detail pane."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.ui.theme import Theme
from desktop.ui.widgets.labels import Elided, label, plain_tip


class Facts(QWidget):
    """A fixed list of lines, each a muted name at the left and a value at the right."""

    def __init__(self, theme: Theme, keys: tuple[str, ...]) -> None:
        super().__init__()
        self._names: dict[str, QLabel] = {}
        self.values: dict[str, Elided] = {}
        self._rows: dict[str, QWidget] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for key in keys:
            column.addWidget(self._add(theme, key))

    def name(self, key: str, text: str) -> None:
        """Set a line's name."""
        self._names[key].setText(text)

    def show_value(self, key: str, value: str, more: str = "") -> None:
        """Set a line's value; an empty one hides the line."""
        self._rows[key].setVisible(bool(value))
        shown = self.values[key]
        if shown.text() != value:
            shown.setText(value)
        shown.setToolTip(plain_tip(more))
        shown.setAccessibleName(f"{self._names[key].text()}: {value}")

    def _add(self, theme: Theme, key: str) -> QWidget:
        self._names[key] = label("label")
        self.values[key] = value = Elided("value")
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._rows[key] = holder = QWidget()
        holder.setFixedHeight(theme.px(28))
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(12))
        row.addWidget(self._names[key])
        row.addWidget(value, 1)
        return holder
