"""Rows of snapshots for the tables of accounts and workers."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


class HasId(Protocol):
    """A snapshot."""

    @property
    def id(self) -> str: ...


class RecordsModel(QAbstractTableModel):
    """Snapshots in the given order. Delegates read `rows` directly; `data()` serves accessibility.

    Args:
        columns: keys of the columns; their titles are set by `set_titles`.
        text: what a screen reader says of a row's column.
    """

    def __init__(self, columns: Sequence[str], text: Callable[[Any, str], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._titles: dict[str, str] = {}
        self._text = text
        self.rows: list[Any] = []

    def set_titles(self, titles: dict[str, str]) -> None:
        """Titles by column key, in the language that is spoken now."""
        self._titles = titles
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)

    def set_rows(self, rows: Sequence[HasId]) -> None:
        """Show these. If they are the same ones in the same order, only rows that differ are painted again."""
        if [row.id for row in rows] == [row.id for row in self.rows]:
            for number, (old, new) in enumerate(zip(self.rows, rows, strict=True)):
                if old != new:
                    self.rows[number] = new
                    self.dataChanged.emit(self.index(number, 0), self.index(number, len(self.columns) - 1))
            return
        self.layoutAboutToBeChanged.emit()
        before = {row.id: number for number, row in enumerate(self.rows)}
        held = self.persistentIndexList()
        ids = {number: row_id for row_id, number in before.items()}
        self.rows = list(rows)
        after = {row.id: number for number, row in enumerate(self.rows)}
        moved = [self._moved(index, after.get(ids.get(index.row(), ""))) for index in held]
        self.changePersistentIndexList(held, moved)
        self.layoutChanged.emit()

    def row_of(self, row_id: str) -> int | None:
        """The row of an id."""
        return next((number for number, row in enumerate(self.rows) if row.id == row_id), None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or role not in (Role.DisplayRole, Role.AccessibleTextRole):
            return None
        return self._text(self.rows[index.row()], self.columns[index.column()])

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Role.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return self._titles.get(self.columns[section], "") if role == Role.DisplayRole else None

    def _moved(self, index: QModelIndex, row: int | None) -> QModelIndex:
        return QModelIndex() if row is None else self.index(row, index.column())
