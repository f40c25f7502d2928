"""The door for other machines: whether it is open, what that opens, and by what they know this computer."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QVBoxLayout
from shiboken6 import isValid

from desktop.ui.desk import Desk, Translated
from desktop.ui.language import sentences, tr, trn
from desktop.ui.problems import as_sentence, problem_of
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import label
from desktop.ui.widgets.state_panel import Notice
from engine.api.errors import ApiError
from engine.api.remote import Remote, RemoteSnapshot
from engine.api.room import Api

GROUP = 4  #: digits of the fingerprint that stand together


class DoorCard(Translated, QFrame):
    """A switch and what it does; hidden until there is an engine.

    Signals: changed(): the door was opened or closed.
    """

    changed = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._desk = desk
        self._remote: Remote | None = None
        self._error: ApiError | None = None
        self.switch = QCheckBox()
        self.hint, self.fingerprint = label("hint", wrap=True), label("hint", wrap=True)
        self.fingerprint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy = Button(desk.theme, "tiny", "copy")
        self.notice = Notice(desk.theme)
        self.switch.clicked.connect(self._switched)
        self.copy.clicked.connect(self._copy)
        desk.directory.workers_changed.connect(self.show_state)
        px = desk.theme.px
        column = QVBoxLayout(self)
        column.setContentsMargins(px(16), px(12), px(16), px(14))
        column.setSpacing(px(6))
        line = QHBoxLayout()
        line.addWidget(self.fingerprint, 1)
        line.addWidget(self.copy)
        column.addWidget(self.switch)
        column.addWidget(self.hint)
        column.addLayout(line)
        column.addWidget(self.notice)
        self.retranslate()

    def attach(self, api: Api) -> None:
        """Show and move this engine's door."""
        self._remote = api.remote
        self.show_state()

    def retranslate(self) -> None:
        self.switch.setText(tr("Accept workers from other machines"))
        self.switch.setAccessibleName(self.switch.text())
        self.copy.name(tr("Copy fingerprint"))
        self.show_state()

    def show_state(self) -> None:
        """Show the door as it is now."""
        self.setVisible(self._remote is not None)
        if self._remote is None:
            return
        state = self._remote.status()
        self.switch.setChecked(state.accepting)
        self.switch.setEnabled(not state.fixed_by)
        self.hint.setText(self._hint(state))
        self.switch.setAccessibleDescription(self.hint.text())
        digits = state.fingerprint
        groups = " ".join(digits[at : at + GROUP] for at in range(0, len(digits), GROUP))
        self.fingerprint.setText(tr("Fingerprint: {digits}", digits=groups))
        for one in (self.fingerprint, self.copy):
            one.setVisible(state.accepting)
        self._say_what_is_amiss(state)

    def _hint(self, state: RemoteSnapshot) -> str:
        fixed = tr("Set by {option}; it can only be changed there.", option=state.fixed_by) if state.fixed_by else ""
        if not state.accepting:
            what = tr("Opens one encrypted port on this computer. Only machines with a code get in.")
        elif not state.addresses:
            what = tr("The port is open.")
        else:
            what = tr("Open at {addresses}. Encrypted; only machines with a code get in.", addresses=_list(state))
        return sentences(what, fixed)

    def _say_what_is_amiss(self, state: RemoteSnapshot) -> None:
        away = sum(worker.kind == "remote" for worker in self._desk.directory.workers.values())
        if state.problem:
            self.notice.say(as_sentence(state.problem), "bad", "warning-circle")
        elif self._error is not None:
            self.notice.say(problem_of(self._error).text, "bad", "warning-circle")
        elif state.accepting and not state.addresses:
            text = tr("This computer has no address that another machine could reach. Connect it to a network.")
            self.notice.say(text, "warn", "wifi-slash")
        elif not state.accepting and away:
            text = trn(
                "{n} worker on another machine is cut off until this is switched on again.",
                "{n} workers on other machines are cut off until this is switched on again.",
                away,
            )
            self.notice.say(text, "warn", "cloud-slash")
        else:
            self.notice.say("")

    def showEvent(self, event: QShowEvent) -> None:
        self.show_state()  # it may have been moved elsewhere
        super().showEvent(event)

    def _copy(self) -> None:
        if self._remote is not None:
            QGuiApplication.clipboard().setText(self._remote.status().fingerprint)
            self._desk.toast(tr("Copied."), "ok")

    def _switched(self, on: bool) -> None:
        self._error = None
        if self._remote is not None:
            accept = self._remote.accept(on)
            self._desk.actions.run(accept, busy=self.switch, on_done=self._done, on_error=self._failed)

    def _failed(self, error: ApiError) -> None:
        self._error = error
        self._done()

    def _done(self, _state: object = None) -> None:
        if not isValid(self):  # its dialog was closed meanwhile
            return
        self.show_state()
        self.changed.emit()


def _list(state: RemoteSnapshot) -> str:
    return ", ".join(state.addresses)
