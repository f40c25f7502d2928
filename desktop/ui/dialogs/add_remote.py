"""Have a worker on another machine join: a code, what to type there, and then the worker itself."""

from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop.ui import words
from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.frame import FramedDialog
from desktop.ui.language import tr
from desktop.ui.problems import problem_of
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.copy_field import CopyField
from desktop.ui.widgets.door_card import DoorCard
from desktop.ui.widgets.labels import card, label
from desktop.ui.widgets.open_codes import OpenCodes
from desktop.ui.widgets.qr import QrCode
from desktop.ui.widgets.state_panel import Notice
from engine.api.errors import ApiError
from engine.api.remote import NewCode
from engine.api.room import Api
from engine.api.workers import WorkerSnapshot
from engine.records import OpenCode

SIZE = (640, 680)
QR = 148
TICK_MS = 1000


class AddRemoteDialog(Translated, FramedDialog):
    """While the door is open there is a fresh code in it, until a worker has joined by it or its time is over."""

    def __init__(self, desk: Desk, api: Api, parent: QWidget | None) -> None:
        super().__init__(desk.theme, parent, SIZE[0])
        self._desk = desk
        self._api = api
        theme = desk.theme
        self.resize(self.width(), theme.px(SIZE[1]))
        self.code: NewCode | None = None
        self._known = set(desk.directory.workers)
        self._joined: str = ""
        self.door = DoorCard(desk)
        self.command, self.bare = CopyField(theme), CopyField(theme)
        self.qr = QrCode(theme, theme.px(QR))
        self.countdown = label("hint", wrap=True)
        self.cancel_code = Button(theme, "link")
        self.codes = OpenCodes(desk)
        self.arrival = Notice(theme)
        self.fresh, self.dismiss = Button(theme, "plain", "plus"), Button(theme, "primary")
        self._code_card = self._lay_out_code()
        for one in (self.door, self._code_card, self.arrival, self.codes):
            self.body.addWidget(one)
        self.body.addStretch()
        self.foot.addWidget(self.fresh)
        self.foot.addStretch()
        self.foot.addWidget(self.dismiss)
        self._tick = QTimer(self, interval=TICK_MS)
        self._connect()
        self.door.attach(api)
        self.retranslate()
        self._door_changed()

    def retranslate(self) -> None:
        self.setWindowTitle(tr("Add remote worker"))
        self.title.setText(tr("Add remote worker"))
        self.subtitle.setText(tr("A worker on another machine watches accounts for this computer."))
        self.command.name(tr("Type this on the other machine"))
        self.bare.name(tr("Or the code alone"))
        self.qr.setAccessibleName(tr("The code as a QR code"))
        self.cancel_code.name(tr("Cancel code"))
        self.fresh.name(tr("New code"))
        self.dismiss.name(tr("Close"))
        self._show()

    # --- what the user does ------------------------------------------------------------------------------------------

    def make_code(self) -> None:
        """A fresh code, good for one worker and a quarter of an hour."""
        self._joined = ""
        self._desk.actions.run(
            self._api.remote.create_code(), busy=self.fresh, on_done=self._made, on_error=self._not_made
        )

    def run_cancel(self, code_id: str) -> None:
        """End a code: nobody joins by it any more."""
        if self.code is not None and self.code.id == code_id:
            self.code = None
        self._desk.actions.run(self._api.remote.cancel(code_id), on_done=lambda _none: self._read_codes())
        self._show()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _made(self, code: NewCode) -> None:
        if isValid(self):
            self.code = code
            self._known = set(self._desk.directory.workers)
            self._show()
            self._read_codes()

    def _not_made(self, error: ApiError) -> None:
        if isValid(self):
            self.arrival.say(problem_of(error).text, "bad", "warning-circle")

    def _read_codes(self) -> None:
        if isValid(self):
            self._desk.actions.run(self._api.remote.codes(), on_done=self._list)

    def _list(self, codes: Sequence[OpenCode]) -> None:
        if isValid(self):
            shown = self.code.id if self.code else ""
            self.codes.show_codes([code for code in codes if code.id != shown])

    def _door_changed(self) -> None:
        state = self._api.remote.status()
        if not state.accepting:
            self.code = None
        elif self.code is None and state.addresses:
            self.make_code()
        self._show()
        self._read_codes()

    def _workers_changed(self) -> None:
        if self._joined or self.code is None:
            self._show()
            return
        arrived = [one for one in self._remote_workers() if one.id not in self._known]
        if arrived:
            self._joined = arrived[-1].id
            self.code = None  # it is used up
            self._read_codes()
        self._show()

    def _remote_workers(self) -> list[WorkerSnapshot]:
        return [worker for worker in self._desk.directory.workers.values() if worker.kind == "remote"]

    def _show(self) -> None:
        code = self.code
        self._code_card.setVisible(code is not None)
        self.fresh.setVisible(code is None and bool(self._api.remote.status().addresses))
        self._tick_code()
        if code is not None and code.code != self.bare.line.text():
            self.bare.show_text(code.code)
            self.command.show_text(code.command)
            self.qr.show_text(code.code)
        self._say_who_came()

    def _say_who_came(self) -> None:
        worker = self._desk.directory.workers.get(self._joined)
        if self._joined and worker is None:
            self.arrival.say("")
        elif worker is not None and worker.state in ("online", "degraded"):
            text = tr("{name} has joined and is online. It takes accounts from now on.", name=worker.name)
            self.arrival.say(text, "ok", "check-circle")
        elif worker is not None:
            self.arrival.say(tr("{name} has joined and is starting.", name=worker.name), "info", "hourglass")
        elif self.code is not None:
            self.arrival.say(tr("Waiting for the worker…"), "info", "hourglass")
        else:
            self.arrival.say("")

    def _tick_code(self) -> None:
        """A second went by."""
        self.codes.tick()
        if self.code is None:
            return
        left = (self.code.expires_at - words.now()).total_seconds()
        if left <= 0:
            self.code = None
            self._show()
            self.arrival.say(tr("The code has expired."), "warn", "hourglass", (tr("New code"), self.make_code))
        else:
            span = f"{int(left) // 60}:{int(left) % 60:02}"
            self.countdown.setText(tr("Good for one worker, for another {span}.", span=span))

    def _connect(self) -> None:
        self.door.changed.connect(self._door_changed)
        self.fresh.clicked.connect(self.make_code)
        self.dismiss.clicked.connect(self.accept)
        self.cancel_code.clicked.connect(lambda: self.run_cancel(self.code.id) if self.code else None)
        self.codes.cancel_asked.connect(self.run_cancel)
        self._desk.directory.workers_changed.connect(self._workers_changed)
        self._tick.timeout.connect(self._tick_code)
        self._tick.start()

    def _lay_out_code(self) -> QWidget:
        px, frame = self._desk.theme.px, card()
        below = QHBoxLayout()
        below.addWidget(self.countdown, 1)
        below.addWidget(self.cancel_code)
        left = QVBoxLayout()
        left.setSpacing(px(12))
        left.addWidget(self.command)
        left.addWidget(self.bare)
        left.addLayout(below)
        left.addStretch()
        row = QHBoxLayout(frame)
        row.setContentsMargins(px(16), px(14), px(16), px(14))
        row.setSpacing(px(18))
        row.addLayout(left, 1)
        row.addWidget(self.qr)
        return frame
