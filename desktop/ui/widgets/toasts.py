"""Toasts: one sentence at the bottom of the window for a few seconds, with Undo where there is something to undo."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.ui.language import tr
from desktop.ui.theme import Theme
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import label
from desktop.ui.widgets.pill import transparent

SHOWN_MS = 7000
ERROR_MS = 12000
MOST = 3
ICONS = {"ok": "check-circle", "bad": "warning-circle", "warn": "warning", "neutral": "info"}


class Toast(QFrame):
    """One sentence. It goes by itself, unless the pointer or the keyboard rests on it."""

    def __init__(self, theme: Theme, text: str, tone: str, undo: Callable[[], None] | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.text = text
        self.setProperty("role", "toast")
        self.setAccessibleName(text)
        self.message = label("", text, wrap=True)
        self.message.setMinimumWidth(theme.px(220))
        self.message.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.undo = self._undo_button(theme, undo) if undo else None
        self.dismiss = Button(theme, "dismiss", "x")
        self.dismiss.name(tr("Close"))
        self.dismiss.clicked.connect(self.go)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(14), theme.px(8), theme.px(8), theme.px(8))
        row.setSpacing(theme.px(8))
        mark = label()
        mark.setPixmap(theme.icons.pixmap(ICONS[tone], "toast_accent", theme.px(18), self.devicePixelRatioF()))
        for widget in filter(None, (mark, self.message, self.undo, self.dismiss)):
            row.addWidget(widget, 1 if widget is self.message else 0)
        self._timer = QTimer(self, singleShot=True, interval=ERROR_MS if tone == "bad" else SHOWN_MS)
        self._timer.timeout.connect(self._timed_out)
        self._timer.start()

    def go(self) -> None:
        """Leave now."""
        self._timer.stop()
        self.hide()
        self.deleteLater()

    def _undo_button(self, theme: Theme, undo: Callable[[], None]) -> Button:
        button = Button(theme, "undo", "arrow-counter-clockwise")
        button.set_icon("arrow-counter-clockwise", "toast_accent")
        button.name(tr("Undo"))
        button.clicked.connect(undo)
        button.clicked.connect(self.go)
        return button

    def _timed_out(self) -> None:
        focus = self.window().focusWidget()
        if self.underMouse() or (focus is not None and self.isAncestorOf(focus)):
            self._timer.start()
        else:
            self.go()


class Toasts(QWidget):
    """The stack of toasts over the bottom of its parent, from `left()` on; newest lowest, never more than three."""

    def __init__(self, theme: Theme, parent: QWidget, left: Callable[[], int]) -> None:
        super().__init__(parent)
        transparent(self)
        self._left = left
        self._theme = theme
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.px(8))
        self._column.setAlignment(Qt.AlignmentFlag.AlignBottom)
        self.hide()
        parent.installEventFilter(self)

    def show_toast(self, text: str, tone: str = "neutral", undo: Callable[[], None] | None = None) -> None:
        """Show a sentence; the same one twice is shown once."""
        shown = self.toasts()
        for toast in [one for one in shown if one.text == text] or shown[: max(len(shown) - MOST + 1, 0)]:
            toast.go()
        toast = Toast(self._theme, text, tone, undo, self)
        toast.destroyed.connect(self._place)
        self._column.addWidget(toast)
        toast.show()
        self._place()
        QAccessible.updateAccessibility(QAccessibleEvent(toast, QAccessible.Event.Alert))

    def toasts(self) -> list[Toast]:
        """Those that are to be seen."""
        return [toast for toast in self.findChildren(Toast) if not toast.isHidden()]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.parent() and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        parent = self.parentWidget()
        shown = self.toasts()
        if parent is None or not shown:
            self.hide()
            return
        left = self._left()
        width = min(self._theme.px(400), parent.width() - left - self._theme.px(28))
        height = sum(max(toast.heightForWidth(width), toast.sizeHint().height()) for toast in shown)
        height += self._column.spacing() * (len(shown) - 1)
        self.setGeometry(left, parent.height() - height - self._theme.px(24), width, height)
        self.show()
        self.raise_()
