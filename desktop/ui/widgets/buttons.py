"""Buttons with an icon that follows the theme."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QPushButton, QWidget

from desktop.ui.theme import Theme
from desktop.ui.widgets.labels import plain_tip

#: a button's text and what it does
Offer = tuple[str, Callable[[], None]]

ICON_COLOURS = {
    "primary": "on_accent",
    "danger": "bad",
    "banner": "accent_text",
    "link": "accent_text",
    "undo": "toast_accent",
    "dismiss": "toast_text",
}


class Button(QPushButton):
    """A push button; `role` (primary, plain, danger, quiet, link, chip, banner …) names its style in window.qss."""

    def __init__(self, theme: Theme, role: str = "plain", icon: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._offer: Offer | None = None
        self._icon = icon
        self._colour = ICON_COLOURS.get(role, "text_2")
        self.setProperty("role", role)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setIconSize(QSize(theme.px(16), theme.px(16)))
        self.setAutoDefault(False)
        self._tint()
        theme.changed.connect(self._tint)

    def set_icon(self, icon: str, colour: str = "") -> None:
        """Show another icon, perhaps in the colour of another token."""
        self._icon = icon
        self._colour = colour or self._colour
        self._tint()

    def name(self, text: str, tip: str = "") -> None:
        """Set the text; for a button that has only an icon, the words that a screen reader and a tool tip say."""
        if self.property("role") in ("quiet", "tiny", "dismiss"):
            self.setToolTip(plain_tip(tip or text))
        else:
            # two spaces stand for the gap that Qt gives no other way to ask for
            self.setText(f"  {text}" if self._icon else text)
            self.setToolTip(plain_tip(tip))
        self.setAccessibleName(text)

    def offer(self, given: Offer | None) -> None:
        """Show this text and do this when clicked from now on; None hides the button."""
        self.setVisible(given is not None)
        if given is not None:
            self.name(given[0])
        if self._offer is None:
            self.clicked.connect(self._take)
        self._offer = given or self._offer or ("", lambda: None)

    def _take(self) -> None:
        if self._offer is not None:
            self._offer[1]()

    def _tint(self) -> None:
        if self._icon:
            self.setIcon(self._theme.icons.icon(self._icon, self._colour))
