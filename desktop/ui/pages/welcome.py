"""The first start: look at it with sample accounts, or add the first one."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.desk import Desk, Translated
from desktop.ui.language import tr
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import Paragraph, card, label
from desktop.ui.widgets.pill import Logo, PlatformTile


class WelcomePage(Translated, QWidget):
    """Signals: samples_asked(), add_asked()."""

    samples_asked = Signal()
    add_asked = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("page")
        self._desk = desk
        px = desk.theme.px
        self._title, self._text = label("title"), Paragraph("body", px(520))
        self.samples, self.add = Button(desk.theme, "primary", "play"), Button(desk.theme, "plain", "plus")
        self._words = {key: (label("heading"), label("body", wrap=True)) for key in ("samples", "add")}
        self._promise = Paragraph("hint", px(520))
        self.samples.clicked.connect(self.samples_asked)
        self.add.clicked.connect(self.add_asked)
        self._lay_out()
        self.retranslate()

    def show_ready(self, ready: bool) -> None:
        """Sample accounts need a worker that offers the demo platform."""
        self.samples.setEnabled(ready)
        self.samples.setToolTip("" if ready else tr("A worker is starting…"))

    def retranslate(self) -> None:
        self._title.setText(tr("Welcome to Vedette"))
        self._text.setText(
            tr("Vedette watches your social and messaging accounts and shows every comment, mention and message.")
        )
        title, text = self._words["samples"]
        title.setText(tr("Have a look first"))
        text.setText(tr("Three made-up accounts fill the window within seconds. One click removes them."))
        self.samples.name(tr("Try it with sample accounts"))
        title, text = self._words["add"]
        title.setText(tr("Start for real"))
        text.setText(tr("Add a feed, a mailbox or a social profile. It is tested before it is saved."))
        self.add.name(tr("Add your first account"))
        self._promise.setText(tr("Everything stays on this computer. Credentials are sealed and never shown again."))

    def _lay_out(self) -> None:
        px = self._desk.theme.px
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        doors = QHBoxLayout()
        doors.setSpacing(px(16))
        doors.addStretch()
        doors.addWidget(self._door("samples", "flask", self.samples))
        doors.addWidget(self._door("add", "users", self.add))
        doors.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(px(28), 0, px(28), px(24))
        column.setSpacing(px(10))
        column.addStretch(2)
        column.addWidget(Logo(px(64)), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(px(10))
        column.addWidget(self._title)
        column.addWidget(self._text, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(px(18))
        column.addLayout(doors)
        column.addSpacing(px(18))
        column.addWidget(self._promise, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def _door(self, key: str, icon: str, button: Button) -> QFrame:
        px = self._desk.theme.px
        frame = card()
        frame.setFixedSize(px(300), px(210))
        tile = PlatformTile(self._desk.theme)
        tile.show_icon(icon)
        title, text = self._words[key]
        text.setAlignment(Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(frame)
        column.setContentsMargins(px(20), px(20), px(20), px(20))
        column.setSpacing(px(8))
        column.addWidget(tile)
        column.addWidget(title)
        column.addWidget(text, 1)
        column.addWidget(button)
        return frame
