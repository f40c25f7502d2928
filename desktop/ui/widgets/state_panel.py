"""What a page shows instead of its content: empty, loading, failed; and the strip that says what is amiss."""

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPen, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.language import sentences
from desktop.ui.problems import Problem
from desktop.ui.theme import Theme
from desktop.ui.widgets.buttons import Button, Offer
from desktop.ui.widgets.labels import Paragraph, label, restyle
from desktop.ui.widgets.painting import Brush
from desktop.ui.widgets.pill import Painted

TURN_MS = 120


class Emblem(Painted):
    """An icon in a soft circle; while something loads, an arc that turns."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._icon, self._tone = "tray", "neutral"
        self._turning = False
        self._angle = 0
        self.setFixedSize(theme.px(56), theme.px(56))
        self._timer = QTimer(self, interval=TURN_MS)
        self._timer.timeout.connect(self._turn)

    def show_icon(self, icon: str, tone: str, turning: bool) -> None:
        """Show this; an arc turns around it if `turning`."""
        self._icon, self._tone, self._turning = icon, tone, turning
        self._run()
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        self._run()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)

    def draw(self, brush: Brush) -> None:
        brush.box(self.rect(), f"{self._tone}_soft", self.height() // 2)
        brush.icon(self.rect(), self._icon, self._tone, self.theme.px(26))
        if self._turning:
            brush.painter.setBrush(Qt.BrushStyle.NoBrush)
            brush.painter.setPen(QPen(self.theme.colour("accent"), 2.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            brush.painter.drawArc(QRectF(self.rect()).adjusted(2, 2, -2, -2), -self._angle * 16, 100 * 16)

    def _run(self) -> None:
        if self._turning and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    def _turn(self) -> None:
        self._angle = (self._angle + 40) % 360
        self.update()


class StatePanel(QWidget):
    """An emblem, a sentence, what it means, and up to two buttons."""

    def __init__(self, theme: Theme, width: int = 440) -> None:
        super().__init__()
        self._theme = theme
        self._emblem = Emblem(theme)
        self.title = label("heading")
        self.title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.text = Paragraph("body", theme.px(width))
        self.primary = Button(theme, "primary")
        self.second = Button(theme)
        self._lay_out()

    def show_state(
        self,
        icon: str,
        title: str,
        text: str = "",
        *,
        tone: str = "neutral",
        busy: bool = False,
        primary: Offer | None = None,
        second: Offer | None = None,
    ) -> None:
        """Show a state; `primary` and `second` are a button's text and what it does."""
        self._emblem.show_icon(icon, tone, busy)
        self.title.setText(title)
        self.text.setText(text)
        self.setAccessibleName(f"{title} {text}".strip())
        self.primary.offer(primary)
        self.second.offer(second)

    def show_problem(self, problem: Problem, again: Offer) -> None:
        """What happened, what it means, what to do; and a button to do it."""
        text = sentences(problem.meaning, problem.advice)
        self.show_state("warning-circle", problem.title, text, tone="bad", primary=again)

    def _lay_out(self) -> None:
        theme = self._theme
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.px(8))
        buttons.addStretch()
        buttons.addWidget(self.primary)
        buttons.addWidget(self.second)
        buttons.addStretch()
        column = QVBoxLayout(self)
        column.setSpacing(theme.px(8))
        column.addStretch(2)
        column.addWidget(self._emblem, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(theme.px(8))
        column.addWidget(self.title)
        column.addWidget(self.text, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(theme.px(8))
        column.addLayout(buttons)
        column.addStretch(3)


class Notice(QFrame):
    """A strip that says what is amiss, and the button that helps. Hidden while all is well."""

    def __init__(self, theme: Theme, *, narrow: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._mark = label()
        self.text = label("", wrap=True)
        self.button = Button(theme, "link")
        self.second = Button(theme, "link")
        self._lay_out(theme.px, narrow)
        self._look = ("", "")
        theme.changed.connect(self._tint)
        self.hide()

    def say(
        self,
        text: str,
        tone: str = "warn",
        icon: str = "warning",
        button: Offer | None = None,
        second: Offer | None = None,
    ) -> None:
        """Say this; an empty text says nothing and hides the strip."""
        self.setVisible(bool(text))
        self.text.setText(text)
        self.setAccessibleName(text)
        self.button.offer(button)
        self.second.offer(second)
        if (tone, icon) != self._look:
            self._look = (tone, icon)
            self.setProperty("tone", tone)
            restyle(self)
            self._tint()

    def _tint(self) -> None:
        tone, icon = self._look
        if tone:
            self._mark.setPixmap(self._theme.icons.pixmap(icon, tone, self._theme.px(18), self.devicePixelRatioF()))

    def _lay_out(self, px: Callable[[int], int], narrow: bool) -> None:
        """The buttons at the right of the text; in a narrow place below it."""
        column = QVBoxLayout(self)
        column.setContentsMargins(px(12), px(6), px(6), px(6))
        column.setSpacing(0)
        row, buttons = QHBoxLayout(), QHBoxLayout()
        row.setSpacing(px(10))
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop if narrow else Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.text, 1)
        column.addLayout(row)
        if narrow:
            buttons.setContentsMargins(px(20), 0, 0, 0)
            column.addLayout(buttons)
        else:
            row.addLayout(buttons)
        buttons.addWidget(self.button)
        buttons.addWidget(self.second)
        if narrow:
            buttons.addStretch()
        self.text.setMinimumHeight(px(24))
