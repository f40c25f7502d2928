"""Icons by name: Phosphor's from QtAwesome, brands from Font Awesome, and our own logo."""

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import qtawesome
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from qtawesome.iconic_font import IconicFont

if TYPE_CHECKING:
    from desktop.ui.theme import Theme

SETS = ("ph", "fa6b")
SCALE = 1.2  #: QtAwesome leaves a margin that our sizes do not expect
NEUTRAL = "globe"
#: what a platform's descriptor may call its icon, and what our fonts call it
OTHER_NAMES = {
    "imap": "envelope-simple",
    "mail": "envelope-simple",
    "feed": "rss",
    "demo": "flask",
    "matrix": "chats-circle",
}


class Icons:
    """Draws icons in the theme's colours and keeps them until the appearance changes.

    Only two of QtAwesome's twelve fonts are read: all of them take 150 ms of the window's start.
    """

    def __init__(self, theme: "Theme") -> None:
        self._theme = theme
        self._fonts = IconicFont(*(font for font in qtawesome._BUNDLED_FONTS if font[0] in SETS))
        self._icons: dict[tuple[str, str], QIcon] = {}
        self._pixmaps: dict[tuple[str, str, int, float], QPixmap] = {}

    def clear(self) -> None:
        """Forget what was drawn in the colours that were."""
        self._icons.clear()
        self._pixmaps.clear()

    def icon(self, name: str, colour: str = "text_2", disabled: str = "muted") -> QIcon:
        """An icon in the colour of a token; disabled controls show it in another."""
        key = (name, colour)
        if key not in self._icons:
            self._icons[key] = self._fonts.icon(
                self._full_name(name),
                color=self._theme.colour(colour),
                color_disabled=self._theme.colour(disabled),
                scale_factor=SCALE,
            )
        return self._icons[key]

    def pixmap(self, name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
        """The icon as a pixmap of `size` logical pixels for a screen with `ratio` pixels to one."""
        key = (name, colour, size, ratio)
        if key not in self._pixmaps:
            self._pixmaps[key] = self.icon(name, colour).pixmap(QSize(size, size), ratio)
        return self._pixmaps[key]

    def platform(self, icon: str, key: str) -> str:
        """The name of a platform's icon: what its descriptor says, else its own name, else a neutral one."""
        for name in (icon, OTHER_NAMES.get(icon, ""), OTHER_NAMES.get(key, ""), key):
            if name and self._set_of(name.split(".")[-1]):
                return name.split(".")[-1]
        return NEUTRAL

    def _full_name(self, name: str) -> str:
        return f"{self._set_of(name) or SETS[0]}.{name}"

    def _set_of(self, name: str) -> str:
        return next((prefix for prefix in SETS if name in self._fonts.charmap[prefix]), "")


def logo(size: int, ratio: float = 1.0) -> QPixmap:
    """Our own mark, drawn from resources/icons/logo.svg."""
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(QColor(Qt.GlobalColor.transparent))
    with as_file(files("resources").joinpath("icons/logo.svg")) as path:
        renderer = QSvgRenderer(str(path))
    painter = QPainter(pixmap)
    try:
        renderer.render(painter)
    finally:
        painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
