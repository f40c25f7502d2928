"""Asks before a worker on another machine is thrown out, and says what happens then."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from desktop.ui.desk import Desk
from desktop.ui.dialogs.confirm import ConfirmDialog, Question
from desktop.ui.language import sentences, tr, trn
from engine.api.workers import WorkerSnapshot


class RevokeWorkerDialog(ConfirmDialog):
    """`agreed` is called once if the user says yes."""

    def __init__(self, desk: Desk, worker: WorkerSnapshot, agreed: Callable[[], None], parent: QWidget | None) -> None:
        super().__init__(desk, lambda: _question(desk, worker), agreed, parent, "prohibit")


def _question(desk: Desk, worker: WorkerSnapshot) -> Question:
    held = len(desk.directory.accounts_on(worker.id))
    moves = trn(
        "Its {n} account moves to another worker: at once if it lets go, otherwise when it can no longer act.",
        "Its {n} accounts move to other workers: at once if it lets go, otherwise when it can no longer act.",
        held,
    )
    text = sentences(
        tr("It is cut off within a second, and its key lets it in no more."),
        moves if held else "",
        tr("To bring the machine back, have it join again with a new code."),
    )
    host = "" if worker.host == worker.name else worker.host
    return Question(tr("Revoke {name}?", name=worker.name), text, tr("Revoke"), host)
