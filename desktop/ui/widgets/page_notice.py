"""The strip above a page: what is amiss everywhere comes before what was, and that before that accounts are samples."""

from PySide6.QtCore import Signal

from desktop.ui import words
from desktop.ui.desk import Desk
from desktop.ui.gap_words import GAP_ICON, Outage, outage_of, outage_text
from desktop.ui.language import tr, trn
from desktop.ui.widgets.buttons import Offer
from desktop.ui.widgets.state_panel import Notice


class PageNotice(Notice):
    """Signals, by its buttons: workers_asked(), letters_asked(), remove_samples_asked(), add_asked();
    outage_asked(Outage) to see the accounts that it hit, dismiss_asked(Outage).
    """

    workers_asked = Signal()
    letters_asked = Signal()
    remove_samples_asked = Signal()
    add_asked = Signal()
    outage_asked = Signal(object)
    dismiss_asked = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.theme)
        self._desk = desk

    def tell(self, page: str) -> None:
        """Say what fits this page; nothing for an empty text."""
        directory, status = self._desk.directory, self._desk.overview.status
        nobody = directory.loaded and bool(directory.accounts) and not directory.anybody_watching()
        if page and nobody and page != "workers":
            idle = any(worker.state == "draining" for worker in directory.workers.values())
            text = tr("No worker is online: nothing is being checked. What is found later is not lost.")
            if idle:
                text = tr("No worker takes accounts, because each one drains: nothing is being checked. Resume one.")
            self.say(text, "warn", "cloud-slash", (tr("Go to workers"), self.workers_asked.emit))
        elif page and page != "workers" and (outage := outage_of(directory.accounts.values())) is not None:
            self._tell_outage(outage, page)
        elif page in ("detections", "workers") and status is not None and status.dead_letters:
            number = status.dead_letters
            text = trn("{n} item could not be stored.", "{n} items could not be stored.", number)
            self.say(text, "warn", "tray", (tr("Show"), self.letters_asked.emit))
        elif page == "detections" and directory.samples():
            remove = (tr("Remove sample accounts"), self.remove_samples_asked.emit)
            self.say(
                tr("These are sample accounts."), "info", "flask", remove, (tr("Add account"), self.add_asked.emit)
            )
        else:
            self.say("")

    def _tell_outage(self, outage: Outage, page: str) -> None:
        """One sentence for all accounts that were hit."""
        dismiss: Offer = (tr("Dismiss"), lambda: self.dismiss_asked.emit(outage))
        show: Offer | None = (tr("Show"), lambda: self.outage_asked.emit(outage)) if page != "accounts" else None
        text, tone = outage_text(outage, words.now()), "warn" if outage.unsure else "info"
        self.say(text, tone, GAP_ICON, show or dismiss, dismiss if show else None)
