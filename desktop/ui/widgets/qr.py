"""A QR code: dark on light in either theme, since cameras expect it so."""

from collections.abc import Sequence

import segno
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor

from desktop.ui.theme import Theme
from desktop.ui.widgets.painting import Brush
from desktop.ui.widgets.pill import Painted

QUIET = 3  #: modules of light around it
DARK, LIGHT = QColor("#0b1020"), QColor("#ffffff")


class QrCode(Painted):
    """A square of `side` pixels."""

    def __init__(self, theme: Theme, side: int) -> None:
        super().__init__(theme)
        self._side = side
        self.text = ""
        self._modules: Sequence[Sequence[int]] = ()
        self.setFixedSize(side, side)

    def show_text(self, text: str) -> None:
        """Show this; nothing for an empty text."""
        self.text = text
        self._modules = segno.make(text, error="m", micro=False).matrix if text else ()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def draw(self, brush: Brush) -> None:
        if not self._modules:
            return
        painter = brush.painter
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(LIGHT)
        painter.drawRoundedRect(self.rect(), self.theme.px(8), self.theme.px(8))
        size = self._side / (len(self._modules) + 2 * QUIET)
        for y, row in enumerate(self._modules):
            for x, dark in enumerate(row):
                if dark:  # a little larger than it is: between two no light shows through
                    painter.fillRect(QRectF((x + QUIET) * size, (y + QUIET) * size, size + 0.4, size + 0.4), DARK)
