"""One figure with its course over the last minutes."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout

from desktop.ui.models.overview import History
from desktop.ui.theme import Theme
from desktop.ui.widgets.labels import Elided, label
from desktop.ui.widgets.pill import Sparkline

ROOM = 250  #: a card that is narrower shows its figure without the course: words come first


class StatCard(QFrame):
    """Heights are fixed, so that no language moves the page; all cards of a row are as wide."""

    def __init__(self, theme: Theme, colour: str, least: float) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setFixedHeight(theme.px(110))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._room = theme.px(ROOM)
        self._title, self.number, self._note = Elided("body"), label("number"), Elided("muted")
        self._sparkline = Sparkline(theme, colour, least)
        for one, height in ((self._title, 20), (self.number, 34), (self._note, 20)):
            one.setFixedHeight(theme.px(height))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self._title)
        texts.addWidget(self.number)
        texts.addSpacing(theme.px(2))
        texts.addWidget(self._note)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(18), theme.px(16), theme.px(18), theme.px(16))
        row.addLayout(texts, 1)
        row.addWidget(self._sparkline)

    def show_figure(self, title: str, number: str, note: str, history: History) -> None:
        """Show this."""
        self._title.setText(title)
        self.number.setText(number)
        self._note.setText(note)
        self._sparkline.show_points(tuple(history.points))
        self.setAccessibleName(f"{title}: {number}, {note}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._sparkline.setVisible(event.size().width() >= self._room)
        super().resizeEvent(event)
