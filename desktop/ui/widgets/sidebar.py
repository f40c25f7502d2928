"""The sidebar: logo, pages, and at the bottom appearance, language and version. In a narrow window, icons only."""

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QBoxLayout, QButtonGroup, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.desk import Translated
from desktop.ui.language import tr, trn
from desktop.ui.theme import Theme
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import label, plain_tip
from desktop.ui.widgets.painting import CENTER, Brush
from desktop.ui.widgets.pill import Logo

PAGES = ("detections", "accounts", "workers", "settings")
WIDE, NARROW = 220, 64
ICONS = {"detections": "tray", "accounts": "users", "workers": "hard-drives", "settings": "gear"}


class NavButton(QAbstractButton):
    """One page: icon, name, and a badge with a number if it is not zero."""

    def __init__(self, theme: Theme, icon: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon = icon
        self.badge = 0
        self.narrow = False
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(theme.px(38))
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_badge(self, number: int) -> None:
        """Zero shows none."""
        if number != self.badge:
            self.badge = number
            self.update()

    def show_narrow(self, narrow: bool) -> None:
        """The icon alone, its name as a tool tip; or both."""
        self.narrow = narrow
        self.setToolTip(plain_tip(self.text() if narrow else ""))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(NARROW - 24 if self.narrow else WIDE - 24), self._theme.px(38))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._draw(Brush(painter, self._theme))
        finally:
            painter.end()

    def _draw(self, brush: Brush) -> None:
        theme, area = self._theme, self.rect()
        on = self.isChecked()
        if on or self.underMouse():
            brush.box(area, "accent_soft" if on else "raised", theme.px(8))
        if self.hasFocus():
            brush.painter.setBrush(Qt.BrushStyle.NoBrush)
            brush.painter.setPen(theme.colour("accent"))
            brush.painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), theme.px(7), theme.px(7))
        colour = "accent_text" if on else "text_2"
        icon = area.adjusted(theme.px(11), 0, 0, 0)
        icon.setWidth(theme.px(20))
        brush.icon(icon, self._icon, colour, theme.px(18))
        if self.narrow:
            if self.badge:
                brush.dot(QPointF(icon.right(), theme.px(10)), theme.px(4), "accent")
            return
        brush.text(
            area.adjusted(theme.px(44), 0, -theme.px(54), 0),
            self.text(),
            colour,
            theme.font("body", 600 if on else 500),
        )
        if self.badge:
            self._draw_badge(brush)

    def _draw_badge(self, brush: Brush) -> None:
        theme = self._theme
        text = f"{self.badge:,}" if self.badge < 10_000 else "9,999+"
        font = theme.font("small", 600)
        width = QFontMetrics(font).horizontalAdvance(text) + theme.px(14)
        area = self.rect().adjusted(self.width() - width - theme.px(6), theme.px(9), -theme.px(6), -theme.px(9))
        brush.box(area, "accent", area.height() // 2)
        brush.text(area, text, "on_accent", font, CENTER)


class Sidebar(Translated, QFrame):
    """Signals: chosen(str) with a page's key; appearance_asked(); language_asked()."""

    chosen = Signal(str)
    appearance_asked = Signal()
    language_asked = Signal()

    def __init__(self, theme: Theme, version: str) -> None:
        super().__init__()
        self.setObjectName("sidebar")
        self._theme = theme
        self.narrow = False
        self.setFixedWidth(theme.px(WIDE))
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self.pages = {key: NavButton(theme, ICONS[key]) for key in PAGES}
        for key, button in self.pages.items():
            self._group.addButton(button)
            button.clicked.connect(lambda _checked, key=key: self.chosen.emit(key))
        self.appearance = Button(theme, "quiet", "circle-half")
        self.appearance.clicked.connect(self.appearance_asked)
        self.language = Button(theme, "quiet", "translate")
        self.language.clicked.connect(self.language_asked)
        self._version = label("muted", f"v{version}" if version else "")
        self._brand = label("brand", "Vedette")
        self._foot = QHBoxLayout()
        self._lay_out(theme)
        self.retranslate()

    def show_page(self, key: str) -> None:
        """Mark this page as the current one."""
        self.pages[key].setChecked(True)

    def show_unread(self, unread: int) -> None:
        """The badge beside Detections."""
        button = self.pages["detections"]
        button.show_badge(unread)
        button.setAccessibleDescription(trn("{n} unread detection", "{n} unread detections", unread))

    def show_narrow(self, narrow: bool) -> None:
        """Icons only, or icons and names."""
        if narrow == self.narrow:
            return
        self.narrow = narrow
        self.setFixedWidth(self._theme.px(NARROW if narrow else WIDE))
        for button in self.pages.values():
            button.show_narrow(narrow)
        for one in (self._brand, self._version):
            one.setVisible(not narrow)
        directions = QBoxLayout.Direction
        self._foot.setDirection(directions.TopToBottom if narrow else directions.LeftToRight)

    def show_version(self, version: str) -> None:
        """Shown at the bottom."""
        self._version.setText(f"v{version}")

    def retranslate(self) -> None:
        names = {
            "detections": tr("Detections"),
            "accounts": tr("Accounts"),
            "workers": tr("Workers"),
            "settings": tr("Settings"),
        }
        for key, button in self.pages.items():
            button.setText(names[key])
            button.setAccessibleName(names[key])
            button.show_narrow(self.narrow)
        self.appearance.name(tr("Appearance"), tr("Light, dark or as the system"))
        self.language.name(tr("Language"), "中文 / English")

    def _lay_out(self, theme: Theme) -> None:
        brand = QHBoxLayout()
        brand.setContentsMargins(theme.px(8), 0, 0, 0)
        brand.setSpacing(theme.px(10))
        brand.addWidget(Logo(theme.px(28)))
        brand.addWidget(self._brand, 1)
        foot = self._foot
        foot.setSpacing(theme.px(4))
        foot.addWidget(self.appearance)
        foot.addWidget(self.language)
        foot.addStretch()
        foot.addWidget(self._version)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.px(12), theme.px(20), theme.px(12), theme.px(14))
        column.setSpacing(theme.px(2))
        column.addLayout(brand)
        column.addSpacing(theme.px(16))
        for button in self.pages.values():
            column.addWidget(button)
        column.addStretch()
        column.addLayout(foot)
