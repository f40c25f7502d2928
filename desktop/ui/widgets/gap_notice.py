"""The strip that says when nobody watched an account, until somebody has seen it."""

from desktop.ui import words
from desktop.ui.desk import Desk
from desktop.ui.gap_words import GAP_ICON, gap_text
from desktop.ui.language import tr
from desktop.ui.widgets.state_panel import Notice
from engine.api.accounts import AccountSnapshot
from engine.api.room import Api


class GapNotice(Notice):
    """In the pane of one account."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.theme, narrow=True)
        self._desk = desk
        self._api: Api | None = None

    def attach(self, api: Api) -> None:
        """Acknowledge at this engine."""
        self._api = api

    def show_account(self, one: AccountSnapshot) -> None:
        """Say it, or nothing; one that lasts cannot be dismissed."""
        gap = one.gap
        if gap is None:
            self.say("")
            return
        dismiss = None if gap.until is None else (tr("Dismiss"), lambda: self._dismiss(one.id))
        tone = "info" if gap.complete else "warn"
        self.say(gap_text(gap, words.now()), tone, GAP_ICON, dismiss)

    def _dismiss(self, account_id: str) -> None:
        if self._api is not None:
            self._desk.actions.run(self._api.gaps.acknowledge([account_id]), busy=self.button)
