"""Light and dark: one token file becomes the palette, the style sheet and what delegates paint with."""

import json
import re
import sys
from importlib.resources import files
from string import Template
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from desktop.ui.icons import Icons
from desktop.ui.preferences import Appearance

#: pixels of the usual system font; a larger one means that the user asked for larger text
USUAL_TEXT = {"win32": 12, "darwin": 13}
USUAL_TEXT_LINUX = 15
LARGEST = 2.0


def load_tokens() -> dict[str, Any]:
    """The token file as it is: colours of both appearances, fonts, kinds, statuses."""
    tokens: dict[str, Any] = json.loads(files("resources").joinpath("theme/tokens.json").read_text("utf-8"))
    return tokens


def system_scale(font: QFont) -> float:
    """How much larger than usual the system's text is, from 1.0 to 2.0 in steps of 0.05."""
    usual = USUAL_TEXT.get(sys.platform, USUAL_TEXT_LINUX)
    return min(max(round(QFontInfo(font).pixelSize() / usual * 20) / 20, 1.0), LARGEST)


class Theme(QObject):
    """The current appearance. Colours and fonts are made once per appearance and handed out by name.

    Signals:
        changed: colours differ now; icons must be asked for again, painted things repainted.
    """

    changed = Signal()

    def __init__(self, appearance: Appearance = "system", scale: float | None = None) -> None:
        super().__init__()
        self._tokens = load_tokens()
        self._qss = Template(files("resources").joinpath("theme/window.qss").read_text("utf-8"))
        self._family, self._families = self._pick_families()
        self.scale = system_scale(QGuiApplication.font()) if scale is None else scale
        self.appearance: Appearance = appearance
        self.dark = False
        self._colours: dict[str, QColor] = {}
        self._fonts: dict[tuple[str, int], QFont] = {}
        self.icons = Icons(self)
        self._read_colours()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def mode(self) -> str:
        """`dark` or `light`."""
        return "dark" if self.dark else "light"

    def colour(self, name: str) -> QColor:
        """A colour by its token's name. KeyError for a name that no token has."""
        return self._colours[name]

    def kind_colour(self, kind: str) -> QColor:
        """The colour of a kind of detection."""
        return self.colour(self._tokens["kinds"][kind]["colour"])

    def kind_icon(self, kind: str) -> str:
        """The icon's name of a kind of detection."""
        name: str = self._tokens["kinds"][kind]["icon"]
        return name

    def status_tone(self, status: str) -> str:
        """Which tone (ok, warn, bad, info, neutral) a status has; its tint is `<tone>_soft`."""
        tone: str = self._tokens["statuses"].get(status, "neutral")
        return tone

    def avatar(self, seed: str) -> tuple[QColor, QColor]:
        """Ground and letter of an initials avatar; the same author always gets the same pair."""
        pairs = self._avatars
        return pairs[sum(seed.encode()) % len(pairs)]

    def px(self, size: int) -> int:
        """A size of the 4/8 grid in pixels, grown with the system's text."""
        return round(size * self.scale)

    def font(self, size: str = "body", weight: int = 400) -> QFont:
        """A font by the name of its size (small, body, strong, brand, title, number) and weight."""
        key = (size, weight)
        if key not in self._fonts:
            self._fonts[key] = self._make_font(self._tokens["fonts"]["sizes"][size], weight)
        return self._fonts[key]

    def set_appearance(self, appearance: Appearance) -> None:
        """Follow the system, or be light or dark whatever it says."""
        self.appearance = appearance
        self._refresh()

    def apply(self) -> None:
        """Give palette, font and style sheet to the application."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.setStyle("Fusion")
        app.setFont(self.font())
        app.setPalette(self._palette())
        app.setStyleSheet(self.style_sheet())

    def style_sheet(self) -> str:
        """The style sheet with colours filled in and pixels grown."""
        sizes = {name: str(size) for name, size in self._tokens["fonts"]["sizes"].items()}
        icons = files("resources").joinpath("icons")
        drawn = {"caret": icons.joinpath("caret.svg"), "check": icons.joinpath(f"check-{self.mode}.svg")}
        paths = {name: str(path).replace("\\", "/") for name, path in drawn.items()}
        text = self._qss.substitute({name: colour.name() for name, colour in self._colours.items()} | sizes | paths)
        return re.sub(r"\b(\d+)px", lambda found: f"{self._grown(int(found[1]))}px", text)

    def _grown(self, size: int) -> int:
        return size if size <= 2 else self.px(size)  # hairlines and focus rings stay what they are

    def _system_changed(self) -> None:
        if self.appearance == "system":
            self._refresh()

    def _refresh(self) -> None:
        before = self.dark
        self._read_colours()
        if self.dark != before:
            self.icons.clear()
            self.apply()
            self.changed.emit()

    def _read_colours(self) -> None:
        scheme = QGuiApplication.styleHints().colorScheme()  # Unknown on some platforms: taken for light
        self.dark = self.appearance == "dark" or (self.appearance == "system" and scheme == Qt.ColorScheme.Dark)
        self._colours = {name: QColor(value) for name, value in self._tokens[self.mode].items()}
        self._avatars = [(QColor(ground), QColor(letter)) for ground, letter in self._tokens["avatars"][self.mode]]

    def _pick_families(self) -> tuple[str, list[str]]:
        installed = set(QFontDatabase.families())
        system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
        wanted = [name for name in self._tokens["fonts"]["families"] if name in installed]
        fallbacks = [name for name in self._tokens["fonts"]["fallbacks"] if name in installed]
        return (wanted or [system])[0], list(dict.fromkeys([*wanted, system, *fallbacks]))

    def _make_font(self, size: int, weight: int) -> QFont:
        font = QFont(self._family)
        # system before the CJK families would let fontconfig answer for Chinese with whatever it finds first
        font.setFamilies([self._families[0], *[name for name in self._families[1:] if name != self._family]])
        font.setPixelSize(self.px(size))
        font.setWeight(QFont.Weight(weight))
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def _palette(self) -> QPalette:
        role = QPalette.ColorRole
        pairs = {
            role.Window: "window", role.WindowText: "text", role.Base: "surface", role.AlternateBase: "raised",
            role.Text: "text", role.Button: "surface", role.ButtonText: "text", role.BrightText: "bad",
            role.Highlight: "accent", role.HighlightedText: "on_accent", role.Accent: "accent",
            role.ToolTipBase: "toast", role.ToolTipText: "toast_text", role.PlaceholderText: "muted",
            role.Link: "accent_text", role.Light: "raised", role.Mid: "border", role.Midlight: "border",
            role.Dark: "control_border", role.Shadow: "sunken",
        }  # fmt: skip
        palette = QPalette()
        for one, name in pairs.items():
            palette.setColor(one, self.colour(name))
        for one in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, one, self.colour("muted"))
        return palette
