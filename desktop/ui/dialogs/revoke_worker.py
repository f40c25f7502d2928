"""Asks before a worker on another machine is thrown out, and says what happens then."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.frame import FramedDialog
from desktop.ui.language import sentences, tr, trn
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import label
from engine.api.workers import WorkerSnapshot


class RevokeWorkerDialog(Translated, FramedDialog):
    """`agreed` is called once if the user says yes."""

    def __init__(self, desk: Desk, worker: WorkerSnapshot, agreed: Callable[[], None], parent: QWidget | None) -> None:
        super().__init__(desk.theme, parent, 460)
        self._desk = desk
        self._worker = worker
        self.resize(self.width(), desk.theme.px(260))
        self.text = label("body", wrap=True)
        self.cancel, self.revoke = Button(desk.theme), Button(desk.theme, "danger", "prohibit")
        self.body.addWidget(self.text)
        self.body.addStretch()
        self.foot.addStretch()
        self.foot.addWidget(self.cancel)
        self.foot.addWidget(self.revoke)
        self.cancel.setDefault(True)
        self.cancel.clicked.connect(self.reject)
        self.revoke.clicked.connect(self.accept)
        self.accepted.connect(agreed)
        self.retranslate()

    def retranslate(self) -> None:
        name, held = self._worker.name, len(self._desk.directory.accounts_on(self._worker.id))
        self.setWindowTitle(tr("Revoke worker"))
        self.title.setText(tr("Revoke {name}?", name=name))
        self.subtitle.setText(self._worker.host)
        moves = trn(
            "Its {n} account moves to another worker: at once if it lets go, otherwise when it can no longer act.",
            "Its {n} accounts move to other workers: at once if it lets go, otherwise when it can no longer act.",
            held,
        )
        self.text.setText(
            sentences(
                tr("It is cut off within a second, and its key lets it in no more."),
                moves if held else "",
                tr("To bring the machine back, have it join again with a new code."),
            )
        )
        self.cancel.name(tr("Cancel"))
        self.revoke.name(tr("Revoke"))
