"""A dialog around a long list that is read page by page: a search, a table, what is chosen in full, buttons."""

from collections.abc import Coroutine, Sequence
from typing import Any

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.frame import FramedDialog
from desktop.ui.language import tr
from desktop.ui.models.records import RecordsModel
from desktop.ui.problems import problem_of
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import card, label
from desktop.ui.widgets.painting import Brush
from desktop.ui.widgets.state_panel import StatePanel
from desktop.ui.widgets.table import Table
from engine.api.errors import ApiError

SIZE = (900, 640)
PAGE = 200


class ListingDialog(Translated, FramedDialog):
    """Base. Rows have an `id` and come newest first; subclasses say how to read, name and paint them.

    Attributes:
        rows: all that were read.
    """

    def __init__(self, desk: Desk, parent: QWidget | None, *, widths: dict[str, int], wide: str) -> None:
        super().__init__(desk.theme, parent, SIZE[0])
        self._desk = desk
        theme = desk.theme
        self.resize(self.width(), theme.px(SIZE[1]))
        self.rows: list[Any] = []
        self._reading = self._complete = False
        self.error: ApiError | None = None
        self.search = QLineEdit()
        self.model = RecordsModel(tuple(widths), self.text, self)
        self.table = Table(theme, self.model, self.draw, widths=widths, wide=wide, spare=())
        self.panel = StatePanel(theme, 380)
        self.about = label("body", wrap=True)
        self.dismiss = Button(theme)
        self._stack = QStackedWidget()
        self.body.setContentsMargins(theme.px(24), theme.px(4), theme.px(24), theme.px(4))
        self._put_together()

    # --- what subclasses say -----------------------------------------------------------------------------------------

    def read(self, before: Any, limit: int) -> Coroutine[Any, Any, Sequence[Any]]:
        """Read rows below this one, or the newest for None."""
        raise NotImplementedError

    def text(self, row: Any, column: str) -> str:
        """What a cell says to a screen reader; the search looks through it."""
        raise NotImplementedError

    def draw(self, brush: Brush, area: QRect, row: Any, column: str) -> None:
        """Paint a cell."""
        raise NotImplementedError

    def tell(self, row: Any) -> str:
        """The chosen row in full; an empty text hides the place for it."""
        raise NotImplementedError

    def show_nothing(self) -> None:
        """Fill `panel` with why there are no rows."""
        raise NotImplementedError

    def chosen_changed(self) -> None:
        """Another row is chosen, or none."""

    # --- what they and the window use --------------------------------------------------------------------------------

    @property
    def chosen(self) -> Any | None:
        """The row that is chosen."""
        index = self.table.currentIndex()
        return self.model.rows[index.row()] if index.isValid() else None

    def load(self) -> None:
        """Read from the beginning."""
        self.rows, self._complete, self.error = [], False, None
        self._more()

    def refresh(self) -> None:
        """Look for rows that are newer than those that were read."""
        if isValid(self) and not self._reading and self.error is None:
            self._desk.actions.run(self.read(None, PAGE), on_done=self._took_newest, on_error=self._failed)

    def forget(self, row_id: str) -> None:
        """A row is gone."""
        self.rows = [row for row in self.rows if row.id != row_id]
        self._show()

    def retranslate(self) -> None:
        self.search.setPlaceholderText(tr("Search"))
        self.search.setAccessibleName(tr("Search"))
        self.dismiss.name(tr("Close"))
        self._show()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _more(self) -> None:
        """The next page; while somebody searches, all of them."""
        if self._reading or self._complete:
            return
        self._reading = True
        last = self.rows[-1] if self.rows else None
        self._desk.actions.run(self.read(last, PAGE), on_done=self._took, on_error=self._failed)
        self._show()

    def _took(self, rows: Sequence[Any]) -> None:
        if isValid(self):  # it may have been closed meanwhile
            self._reading, self._complete = False, len(rows) < PAGE
            known = {row.id for row in self.rows}
            self.rows += [row for row in rows if row.id not in known]
            self._show()
            if self.search.text().strip():
                self._more()

    def _took_newest(self, rows: Sequence[Any]) -> None:
        if isValid(self):
            known = {row.id for row in self.rows}
            self.rows = [*(row for row in rows if row.id not in known), *self.rows]
            self._show()

    def _failed(self, error: ApiError) -> None:
        if isValid(self):
            self._reading, self.error = False, error
            self._show()

    def _show(self) -> None:
        words = self.search.text().lower().split()
        self.model.set_rows([row for row in self.rows if self._fits(row, words)])
        if self.error is not None:
            self.panel.show_problem(problem_of(self.error), (tr("Try again"), self.load))
        elif self._reading:
            self.panel.show_state("list-bullets", tr("Loading…"), busy=True)
        elif self.rows:
            clear = (tr("Clear search"), self.search.clear)
            self.panel.show_state("magnifying-glass", tr("Nothing found"), primary=clear)
        else:
            self.show_nothing()
        self._stack.setCurrentWidget(self.table if self.model.rows and self.error is None else self.panel)
        self._show_chosen()

    def _fits(self, row: Any, words: list[str]) -> bool:
        said = " ".join([*(self.text(row, column) for column in self.model.columns), self.tell(row)]).lower()
        return all(word in said for word in words)

    def _show_chosen(self, _row_id: str = "") -> None:
        row = self.chosen
        said = self.tell(row) if row is not None else ""
        self.about.setText(said)
        self._about_card.setVisible(bool(said))
        self.table.viewport().update()
        self.chosen_changed()
        QTimer.singleShot(0, self._keep_in_sight)

    def _keep_in_sight(self) -> None:
        """The place for the chosen row takes some of the table's."""
        if isValid(self) and self.table.currentIndex().isValid():
            self.table.scrollTo(self.table.currentIndex())

    def _near_the_end(self, value: int) -> None:
        bar = self.table.verticalScrollBar()
        if value >= bar.maximum() - bar.pageStep():
            self._more()

    def _searched(self, _text: str) -> None:
        self._show()
        if self.search.text().strip():
            self._more()

    def _put_together(self) -> None:
        theme = self._desk.theme
        self.search.setClearButtonEnabled(True)
        icon = QAction(self)
        icon.setIcon(theme.icons.icon("magnifying-glass", "muted"))
        self.search.addAction(icon, QLineEdit.ActionPosition.LeadingPosition)
        self.about.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.panel)
        frame, self._about_card = card(), card()
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.addWidget(self._stack)
        about = QHBoxLayout(self._about_card)
        about.setContentsMargins(theme.px(16), theme.px(12), theme.px(16), theme.px(12))
        about.addWidget(self.about, 1)
        self.body.addWidget(self.search)
        self.body.addWidget(frame, 1)
        self.strip.addWidget(self._about_card)
        self.foot.addStretch()
        self.foot.addWidget(self.dismiss)
        self.dismiss.clicked.connect(self.reject)
        self.search.textChanged.connect(self._searched)
        self.table.chosen.connect(self._show_chosen)
        self.table.verticalScrollBar().valueChanged.connect(self._near_the_end)
