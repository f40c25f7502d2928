"""All accounts: how each fares, when it is checked next, and what can be done with it."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPoint, QRect, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from desktop.ui import words
from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.edit_account import EditAccountDialog
from desktop.ui.gap_words import GAP_ICON, gap_mark
from desktop.ui.language import tr, trn
from desktop.ui.models.directory import status_of
from desktop.ui.models.records import RecordsModel
from desktop.ui.problems import problem_of
from desktop.ui.told import sentence
from desktop.ui.widgets.account_pane import AccountPane
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.painting import Brush
from desktop.ui.widgets.table import Table
from desktop.ui.widgets.table_card import TableCard
from engine.api.accounts import AccountChanges, AccountSnapshot
from engine.api.room import Api

WIDTHS = {"account": 232, "status": 140, "worker": 116, "interval": 76, "next": 112, "unread": 70, "problem": 180}
SPARE = ("problem", "interval", "worker", "unread")
TICK_MS = 1000


class AccountsPage(Translated, QWidget):
    """Signals: add_asked()."""

    add_asked = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("page")
        self._desk = desk
        self._api: Api | None = None
        self._failed: Exception | None = None
        self.model = RecordsModel(tuple(WIDTHS), self._text, self)
        self.table = Table(desk.theme, self.model, self._draw, widths=WIDTHS, wide="problem", spare=SPARE)
        self.pane = AccountPane(desk)
        self.add = Button(desk.theme, "primary", "plus")
        self.card = TableCard(desk.theme, self.table, self.pane, (self.add,))
        px = desk.theme.px
        column = QVBoxLayout(self)
        column.setContentsMargins(px(28), 0, px(28), px(24))
        column.addWidget(self.card)
        self._connect()
        self._tick = QTimer(self, interval=TICK_MS)
        self._tick.timeout.connect(self._second)
        self.retranslate()

    def attach(self, api: Api) -> None:
        """Act on this engine's accounts."""
        self._api = api
        self.pane.attach(api)

    def retranslate(self) -> None:
        self.model.set_titles(
            {
                "account": tr("Account"),
                "status": tr("Status"),
                "worker": tr("Worker"),
                "interval": tr("Interval"),
                "next": tr("Next check"),
                "unread": tr("Unread"),
                "problem": tr("Last problem"),
            }
        )
        self.table.setAccessibleName(tr("Accounts"))
        self.add.name(tr("Add account"))
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        self._tick.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._tick.stop()
        super().hideEvent(event)

    # --- what the user does ------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Check the chosen account now."""
        if (one := self._chosen()) and self._api:
            said = tr("{name} is being checked.", name=one.display_name)
            self._desk.actions.run(
                self._api.accounts.check(one.id),
                busy=self.pane.check,
                on_done=lambda _none: self._desk.toast(said, "ok"),
            )

    def toggle_paused(self) -> None:
        """Pause the chosen account, or resume it."""
        if (one := self._chosen()) and self._api:
            changes = AccountChanges(paused=one.status != "paused")
            self._desk.actions.run(self._api.accounts.change(one.id, one.revision, changes), busy=self.pane.pause)

    def edit(self) -> None:
        """Open the form of the chosen account."""
        one = self._chosen()
        descriptor = self._desk.directory.platforms.get(one.platform) if one else None
        if one and self._api:
            EditAccountDialog(self._desk, self._api, one, descriptor, self.window()).open()

    def delete(self) -> None:
        """Put the chosen account in the bin; can be undone."""
        if (one := self._chosen()) and self._api:
            self._desk.actions.run(
                self._api.accounts.delete(one.id), busy=self.pane.delete, on_done=lambda _none: self._deleted(one)
            )

    # --- inside ------------------------------------------------------------------------------------------------------

    def _deleted(self, one: AccountSnapshot) -> None:
        said = tr("{name} was deleted. It can be restored for 30 days.", name=one.display_name)
        self._desk.toast(said, "neutral", lambda: self._restore(one.id))

    def _restore(self, account_id: str) -> None:
        if self._api is not None:
            self._desk.actions.run(self._api.accounts.restore(account_id))

    def _chosen(self) -> AccountSnapshot | None:
        return self._desk.directory.accounts.get(self.table.current_id())

    def _connect(self) -> None:
        directory = self._desk.directory
        directory.accounts_changed.connect(self._refresh)
        directory.workers_changed.connect(self.table.viewport().update)
        directory.platforms_changed.connect(self.table.viewport().update)
        directory.failed.connect(self._show_failure)
        self.add.clicked.connect(self.add_asked)
        self.table.chosen.connect(self._show_chosen)
        self.table.menu_asked.connect(self._show_menu)
        self.pane.closed.connect(lambda: self.table.choose(""))
        for button, slot in (
            (self.pane.check, self.check),
            (self.pane.pause, self.toggle_paused),
            (self.pane.edit, self.edit),
            (self.pane.delete, self.delete),
        ):
            button.clicked.connect(slot)

    def _refresh(self, _ids: object = None) -> None:
        directory = self._desk.directory
        accounts = sorted(directory.accounts.values(), key=lambda account: (account.display_name.lower(), account.id))
        self.model.set_rows(accounts)
        self.card.title.setText(trn("{n} account", "{n} accounts", len(accounts)) if accounts else tr("Accounts"))
        if directory.loaded:
            self._failed = None
        if self._failed is not None:
            again = (tr("Try again"), directory.reload)
            self.card.panel.show_problem(problem_of(self._failed), again)
        elif not directory.loaded:
            self.card.panel.show_state("users", tr("Loading accounts…"), busy=True)
        elif not accounts:
            text = tr("Add the accounts you want to keep an eye on: a feed, a mailbox, a social profile.")
            add = (tr("Add account"), self.add_asked.emit)
            self.card.panel.show_state("users", tr("No accounts yet"), text, primary=add)
        self.card.show_table(bool(accounts))
        self._show_chosen(self.table.current_id())

    def _show_failure(self, error: Exception) -> None:
        self._failed = error
        self._desk.directory.loaded = False
        self._refresh()

    def _show_chosen(self, account_id: str) -> None:
        one = self._desk.directory.accounts.get(account_id)
        self.pane.setVisible(one is not None)
        self.pane.show_account(one)

    def _show_menu(self, _account_id: str, point: QPoint) -> None:
        menu = QMenu(self)
        for button in (self.pane.check, self.pane.pause, self.pane.edit, self.pane.delete):
            action = menu.addAction(button.icon(), button.accessibleName(), button.click)
            action.setEnabled(button.isEnabled())
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(point)

    def _second(self) -> None:
        self.table.update_column("next")
        self.pane.tick()

    def _text(self, one: AccountSnapshot, column: str) -> str:
        """What a cell says; also what a screen reader reads."""
        says: dict[str, Callable[[], str]] = {
            "account": lambda: f"{one.display_name}, {self._platform_name(one)}",
            "status": lambda: words.status_name(status_of(one)),
            "worker": lambda: self._desk.directory.worker_name(one.worker_id),
            "interval": lambda: words.every(one.interval),
            "next": lambda: words.until(one.next_check_at, words.now()) if one.status != "paused" else words.UNKNOWN,
            "unread": lambda: f"{one.unread:,}",
            "problem": lambda: self._problem(one),
        }
        return says[column]()

    def _problem(self, one: AccountSnapshot) -> str:
        said = sentence((None if one.quarantined else one.last_error) or one.reason or "")
        return said if said or one.gap is None else gap_mark(one.gap, words.now())

    def _platform_name(self, one: AccountSnapshot) -> str:
        return self._desk.directory.platform_name(one.platform, self._desk.languages.current)

    def _draw(self, brush: Brush, area: QRect, one: Any, column: str) -> None:
        theme = self._desk.theme
        if column == "account":
            self._draw_account(brush, area, one)
        elif column == "status":
            self._draw_status(brush, area, one)
        elif column == "unread":
            font = theme.font("body", 600 if one.unread else 400)
            brush.text(area, self._text(one, column), "text" if one.unread else "muted", font)
        elif column == "problem":
            brush.text(area, words.one_line(self._text(one, column)), "bad" if one.last_error else "muted")
        else:
            brush.text(area, self._text(one, column), "text_2")

    def _draw_status(self, brush: Brush, area: QRect, one: AccountSnapshot) -> None:
        """Beside it, discreetly, that nobody watched for a while."""
        px = self._desk.theme.px
        width = brush.pill(area, self._text(one, "status"), self._desk.theme.status_tone(status_of(one)))
        if one.gap is not None and width + px(22) <= area.width():
            mark = QRect(area.x() + width + px(6), area.y(), px(16), area.height())
            brush.icon(mark, GAP_ICON, "muted" if one.gap.complete else "warn", px(16))

    def _draw_account(self, brush: Brush, area: QRect, one: AccountSnapshot) -> None:
        px = self._desk.theme.px
        descriptor = self._desk.directory.platforms.get(one.platform)
        icon = self._desk.theme.icons.platform(descriptor.icon if descriptor else "", one.platform)
        wrong = one.status == "reauthenticate"
        tile = QRect(area.x(), area.center().y() - px(17) + 1, px(34), px(34))
        brush.tile(tile, icon, "bad" if wrong else "text_2", "bad_soft" if wrong else "raised")
        names = area.adjusted(px(46), px(8), 0, -px(28))
        brush.text(names, one.display_name, "text", self._desk.theme.font("body", 600))
        below = " · ".join(part for part in (self._platform_name(one), one.handle) if part)
        brush.text(names.translated(0, px(19)), below, "muted", self._desk.theme.font("small"))
