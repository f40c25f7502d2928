"""The key of the credentials: where it is kept, what that protects and what not; changing it."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop.frozen import commanding
from desktop.ui import words
from desktop.ui.desk import Desk, Translated
from desktop.ui.language import sentences, tr, trn
from desktop.ui.problems import as_sentence, problem_of
from desktop.ui.told import told
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.facts import Facts
from desktop.ui.widgets.labels import label
from desktop.ui.widgets.section_card import SectionCard
from desktop.ui.widgets.state_panel import Notice
from engine.api.errors import ApiError
from engine.api.keys import KeysSnapshot
from engine.api.room import Api

LOOK_MS = 200  #: between two looks while credentials are sealed anew


class KeySection(Translated, QWidget):
    """Says how the key stands; looks again when it is shown, and often while credentials are sealed anew."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._api: Api | None = None
        self._asked = False  # whether this window changed the key and has not said yet what came of it
        self._error: ApiError | None = None
        theme = desk.theme
        self.rotate = Button(theme, "plain", "arrows-clockwise")
        self.card = SectionCard(theme, self.rotate)
        self.facts = Facts(theme, ("source", "since", "count"))
        self.protects, self.hint = label("body", wrap=True), label("hint", wrap=True)
        self.bar, self.notice = QProgressBar(), Notice(theme)
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.card.add(self.facts, self.protects, self.hint, self.bar, self.notice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.card)
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.refresh)
        self.rotate.clicked.connect(self.run_rotate)
        self.retranslate()

    def attach(self, api: Api) -> None:
        """Show and change this engine's key."""
        self._api = api
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        self.refresh()  # a command may have changed it
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        if not event.spontaneous():  # the user went elsewhere and has read it; a minimized window is no elsewhere
            self._asked, self._error = False, None
        super().hideEvent(event)

    def retranslate(self) -> None:
        self.card.title.setText(tr("Key of the credentials"))
        self.rotate.name(tr("Change key"), tr("Makes a new key and seals all credentials with it; everything goes on"))
        self.facts.name("source", tr("Kept in"))
        self.facts.name("since", tr("In use since"))
        self.facts.name("count", tr("Data keys"))
        self.bar.setAccessibleName(tr("Credentials are being sealed anew"))
        self.refresh()

    def run_rotate(self) -> None:
        """New keys, in the place where they are."""
        if self._api is not None:
            self._asked, self._error = True, None
            self._desk.actions.run(
                self._api.keys.rotate(),
                busy=self.rotate,
                on_done=lambda _now: self._changed(),
                on_error=self._failed,
            )

    def refresh(self) -> None:
        """Show how it stands now."""
        if self._api is None:
            return
        now = self._api.keys.get()
        self.facts.show_value("source", source_name(now.source))
        since = words.clock(now.created_at, words.now())
        self.facts.show_value("since", since, words.exact(now.created_at))
        self.facts.show_value("count", f"{now.data_keys:,}")
        self.protects.setText(told(now.protects))
        self.hint.setText(_hint(now.source))
        self.bar.setVisible(now.resealing)
        self._say(now)
        if now.resealing and not self._timer.isActive():
            self._timer.start()
        elif not now.resealing:
            self._timer.stop()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        if isValid(self):
            self.refresh()

    def _failed(self, error: ApiError) -> None:
        if isValid(self):
            self._asked, self._error = False, error
            self.refresh()

    def _say(self, now: KeysSnapshot) -> None:
        if self._error is not None:
            self.notice.say(problem_of(self._error).text, "bad", "warning-circle", (tr("Try again"), self.run_rotate))
        elif now.resealing:
            done = trn("{n} is done.", "{n} are done.", now.resealed)
            self.notice.say(sentences(tr("Sealing credentials anew."), done), "info", "hourglass")
        elif now.damaged:
            text = trn(
                "The credentials of {n} account could not be opened; the key before stays for them.",
                "The credentials of {n} accounts could not be opened; the key before stays for them.",
                now.damaged,
            )
            advice = tr("Enter them again at the accounts that ask for it, then change the key once more.")
            self.notice.say(sentences(text, advice), "warn", "warning")
        elif now.data_keys > 1:
            text = tr("Not all credentials are sealed with the new key yet; the next start goes on with it.")
            self.notice.say(text, "warn", "warning")
        elif self._asked:
            what = tr("There is a new key.")
            count = trn("{n} credential was sealed anew.", "{n} credentials were sealed anew.", now.resealed)
            self.notice.say(sentences(what, count if now.resealed else ""), "ok", "check-circle")
        else:
            self.notice.say(as_sentence(told(now.hint)), "warn", "key")


def source_name(source: str) -> str:
    """Where a key is kept, in a word."""
    names = {
        "file": tr("Key file"),
        "keychain": tr("Keychain of this computer"),
        "passphrase": tr("Passphrase"),
        "environment": tr("Environment"),
    }
    return names.get(source, source)


def _hint(source: str) -> str:
    moves = tr("“{program} rotate-key --to …” moves the key to another place.", program=commanding())
    if source == "environment":
        return sentences(tr("“Change key” leaves VEDETTE_ENCRYPTION_KEY as it is."), moves)
    if source == "passphrase":
        return sentences(tr("“Change key” leaves the passphrase as it is."), moves)
    return moves
