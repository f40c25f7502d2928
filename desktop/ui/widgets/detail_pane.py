"""One detection in full: who, the thread, where it came from, and what can be done with it."""

from collections.abc import Sequence

from PySide6.QtCore import QUrl, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from desktop.ui import words
from desktop.ui.desk import Translated
from desktop.ui.language import tr
from desktop.ui.models.directory import Directory
from desktop.ui.models.overview import delay_of
from desktop.ui.theme import Theme
from desktop.ui.widgets.bubble import Bubble
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.facts import Facts
from desktop.ui.widgets.labels import Elided, label, line, plain_tip
from desktop.ui.widgets.pill import Avatar, transparent
from desktop.ui.widgets.state_panel import StatePanel
from engine.records import Detection

WIDTH = 340
FACTS = ("account", "worker", "subject", "published", "detected", "delay")


def opens(url: str) -> bool:
    """Only http and https links are ever opened: others may start programs."""
    parsed = QUrl(url, QUrl.ParsingMode.StrictMode)
    return parsed.isValid() and parsed.scheme() in ("http", "https") and bool(parsed.host())


class DetailPane(Translated, QFrame):
    """Signals: handled(), starred(), read(), copied(), opened() — what the user asks for the detection on show."""

    handled = Signal()
    starred = Signal()
    read = Signal()
    copied = Signal()
    opened = Signal()

    def __init__(self, theme: Theme, directory: Directory) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setFixedWidth(theme.px(WIDTH))
        self._theme = theme
        self._directory = directory
        self.detection: Detection | None = None
        self._thread: Sequence[Detection] = ()
        self._avatar = Avatar(theme, 44)
        self._name, self._handle = Elided("heading"), Elided("muted")
        self.star = Button(theme, "quiet", "star")
        self.unread = Button(theme, "quiet", "envelope-simple")
        self.copy = Button(theme, "quiet", "copy")
        self.handle_button = Button(theme, "primary", "check")
        self.open = Button(theme, "plain", "arrow-square-out")
        self._facts = Facts(theme, FACTS)
        self._bubbles = QVBoxLayout()
        self._nothing = StatePanel(theme, 240)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(self._content(theme))
        for button, signal in (
            (self.star, self.starred),
            (self.unread, self.read),
            (self.copy, self.copied),
            (self.handle_button, self.handled),
            (self.open, self.opened),
        ):
            button.clicked.connect(signal)
        self.retranslate()

    def show_detection(self, detection: Detection | None, thread: Sequence[Detection] = ()) -> None:
        """Show one, or that none is chosen. Without a thread the detection itself is the only bubble."""
        same = detection is not None and self.detection is not None and detection.id == self.detection.id
        self.detection = detection
        if thread or not same:
            self._thread = thread or ((detection,) if detection else ())
            self._fill_bubbles()
        self._stack.setCurrentIndex(1 if detection else 0)
        if detection:
            self._fill(detection)

    def retranslate(self) -> None:
        for key, text in {
            "account": tr("Account"),
            "worker": tr("Worker"),
            "subject": tr("Subject"),
            "published": tr("Published"),
            "detected": tr("Detected"),
            "delay": tr("Delay"),
        }.items():
            self._facts.name(key, text)
        self.copy.name(tr("Copy text"))
        self.open.name(tr("Open original"), "O")
        self._nothing.show_state(
            "chat-circle", tr("Nothing chosen"), tr("Choose a detection to read it here. J and K move.")
        )
        self.show_detection(self.detection)

    def _fill(self, detection: Detection) -> None:
        author = detection.author
        name = author.name or author.handle or "–"
        self._avatar.show_name(author.name or author.handle)
        self._name.setText(words.one_line(name))
        self._name.setToolTip(plain_tip(name) if len(name) > 24 else "")
        handle = words.one_line(author.handle) if author.handle != name else ""
        self._handle.setText(" · ".join(part for part in (handle, words.kind_name(detection.kind)) if part))
        self._fill_facts(detection)
        self.star.set_icon("star-fill" if detection.starred else "star", "warn" if detection.starred else "text_2")
        self.star.name(tr("Remove star") if detection.starred else tr("Star"), "S")
        self.unread.set_icon("envelope-simple" if detection.read else "envelope-simple-open")
        self.unread.name(tr("Mark as unread") if detection.read else tr("Mark as read"), "U")
        self.handle_button.set_icon("arrow-counter-clockwise" if detection.handled else "check")
        self.handle_button.name(tr("Not handled yet") if detection.handled else tr("Mark as handled"), "E")
        self.open.setEnabled(opens(detection.url))

    def _fill_facts(self, detection: Detection) -> None:
        show = self._facts.show_value
        show("account", self._directory.account_name(detection.account_id))
        show("worker", self._directory.worker_name(detection.worker_id))
        show("subject", words.one_line(detection.subject), detection.subject if len(detection.subject) > 30 else "")
        show("published", words.exact(detection.published_at) if detection.published_at else "")
        show("detected", words.exact(detection.detected_at))
        delay = delay_of(detection)
        show("delay", "" if delay is None else words.span(delay))

    def _fill_bubbles(self) -> None:
        while (item := self._bubbles.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        now = words.now()
        for one in self._thread:
            self._bubbles.addWidget(Bubble(self._theme, one.text or one.subject or "–"))
            when = words.clock(one.published_at or one.detected_at, now)
            who = words.one_line(one.author.name or one.author.handle)
            other = self.detection is not None and one.author != self.detection.author
            self._bubbles.addWidget(label("hint", f"{who} · {when}" if other and who else when))

    def _content(self, theme: Theme) -> QWidget:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(theme.px(20), theme.px(20), theme.px(20), theme.px(20))
        column.setSpacing(theme.px(12))
        column.addLayout(self._head(theme))
        column.addWidget(self._scrolled(theme), 1)
        column.addWidget(self.handle_button)
        column.addWidget(self.open)
        return content

    def _head(self, theme: Theme) -> QHBoxLayout:
        names = QVBoxLayout()
        names.setSpacing(theme.px(2))
        for one in (self._name, self._handle):
            one.setFixedHeight(theme.px(20))
            names.addWidget(one)
        row = QHBoxLayout()
        row.setSpacing(theme.px(2))
        row.addWidget(self._avatar)
        row.addSpacing(theme.px(10))
        row.addLayout(names, 1)
        for button in (self.star, self.unread, self.copy):
            row.addWidget(button)
        return row

    def _scrolled(self, theme: Theme) -> QScrollArea:
        inside = transparent(QWidget())
        self._bubbles.setSpacing(theme.px(6))
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, theme.px(2), 0)
        column.setSpacing(theme.px(8))
        column.addLayout(self._bubbles)
        column.addSpacing(theme.px(4))
        column.addWidget(line())
        column.addWidget(self._facts)
        column.addStretch()
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        area.viewport().setAutoFillBackground(False)
        return area
