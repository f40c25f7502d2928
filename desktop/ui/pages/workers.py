"""Live health of every worker, and which accounts sit on it."""

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from desktop.ui import words
from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.add_remote import AddRemoteDialog
from desktop.ui.dialogs.edit_worker import EditWorkerDialog
from desktop.ui.dialogs.revoke_worker import RevokeWorkerDialog
from desktop.ui.language import tr, trn
from desktop.ui.models.records import RecordsModel
from desktop.ui.problems import as_sentence
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.stat_card import StatCard
from desktop.ui.widgets.table import Table
from desktop.ui.widgets.table_card import TableCard
from desktop.ui.widgets.worker_cells import SPARE, WIDTHS, WorkerCells
from desktop.ui.widgets.worker_pane import WorkerPane
from engine.api.room import Api
from engine.api.workers import WorkerChanges, WorkerSnapshot

TICK_MS = 1000


class WorkersPage(Translated, QWidget):
    """Four figures over the table of workers."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("page")
        self._desk = desk
        self._api: Api | None = None
        theme = desk.theme
        self._cells = WorkerCells(desk)
        self.model = RecordsModel(tuple(WIDTHS), self._cells.text, self)
        self.table = Table(theme, self.model, self._cells.draw, widths=WIDTHS, wide="worker", spare=SPARE)
        self.pane = WorkerPane(desk)
        self.add_remote = Button(theme, "plain", "share-network")
        self.add = Button(theme, "primary", "plus")
        self.card = TableCard(theme, self.table, self.pane, (self.add_remote, self.add))
        self.online, self.watched = StatCard(theme, "ok", 1), StatCard(theme, "accent", 4)
        self.rate, self.delay = StatCard(theme, "info", 4), StatCard(theme, "accent", 0.5)
        self._lay_out()
        self._connect()
        self._tick = QTimer(self, interval=TICK_MS)
        self._tick.timeout.connect(self._second)
        self.retranslate()

    def attach(self, api: Api) -> None:
        """Act on this engine's workers."""
        self._api = api
        if problem := api.remote.status().problem:
            self._desk.toast(as_sentence(problem), "bad")
        self.pane.attach(api)
        self._refresh()

    def retranslate(self) -> None:
        self.model.set_titles(
            {
                "worker": tr("Worker"),
                "status": tr("Status"),
                "cpu": tr("CPU"),
                "memory": tr("Memory"),
                "accounts": tr("Accounts"),
                "heartbeat": tr("Heartbeat"),
                "lag": tr("Loop lag"),
                "restarts": tr("Restarts"),
                "outbox": tr("Outbox"),
                "load": tr("Load"),
            }
        )
        self.table.setAccessibleName(tr("Workers"))
        self.card.title.setText(tr("All workers"))
        self.add_remote.name(tr("Add remote worker"), tr("Has a worker on another machine join this computer"))
        self.add.name(tr("Add worker"), tr("Starts one more worker on this computer"))
        self._show_figures()
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        self._tick.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._tick.stop()
        super().hideEvent(event)

    # --- what the user does ------------------------------------------------------------------------------------------

    def add_local(self) -> None:
        """Start one more worker on this computer."""
        if self._api is not None:
            said = tr("A worker is starting.")
            self._desk.actions.run(
                self._api.workers.add_local(), busy=self.add, on_done=lambda _new: self._desk.toast(said, "ok")
            )

    def show_remote(self) -> None:
        """Open the door for other machines, and give a code out."""
        if self._api is not None:
            AddRemoteDialog(self._desk, self._api, self.window()).open()

    def restart(self) -> None:
        """End the chosen worker's process and start it again."""
        if (one := self._chosen()) and self._api:
            said = tr("{name} is being restarted.", name=one.name)
            self._desk.actions.run(
                self._api.workers.restart(one.id),
                busy=self.pane.restart,
                on_done=lambda _w: self._desk.toast(said, "ok"),
            )

    def toggle_draining(self) -> None:
        """Take the chosen worker's accounts away, or let it have some again."""
        if (one := self._chosen()) and self._api:
            draining = one.draining or one.state == "draining"
            changes = WorkerChanges(draining=not draining)
            self._desk.actions.run(self._api.workers.change(one.id, changes), busy=self.pane.drain)
            if not draining:
                said = tr("{name} hands its accounts to other workers.", name=one.name)
                self._desk.toast(said, "neutral", lambda: self._resume(one.id))

    def edit(self) -> None:
        """Open the form of the chosen worker."""
        if (one := self._chosen()) and self._api:
            EditWorkerDialog(self._desk, self._api, one, self.window()).open()

    def remove(self) -> None:
        """Take the chosen worker out for good; its accounts move to others. One on another machine is asked about."""
        one = self._chosen()
        if one is not None and one.kind == "remote":
            RevokeWorkerDialog(self._desk, one, lambda: self._remove(one), self.window()).open()
        elif one is not None:
            self._remove(one)

    def _remove(self, one: WorkerSnapshot) -> None:
        if self._api is not None:
            said = tr("{name} was removed; its accounts move to other workers.", name=one.name)
            self._desk.actions.run(
                self._api.workers.remove(one.id), busy=self.pane.remove, on_done=lambda _none: self._desk.toast(said)
            )

    # --- inside ------------------------------------------------------------------------------------------------------

    def _resume(self, worker_id: str) -> None:
        if self._api is not None:
            self._desk.actions.run(self._api.workers.change(worker_id, WorkerChanges(draining=False)))

    def _chosen(self) -> WorkerSnapshot | None:
        return self._desk.directory.workers.get(self.table.current_id())

    def _refresh(self, _ids: object = None) -> None:
        workers = list(self._desk.directory.workers.values())
        self.model.set_rows(workers)
        if self._api is None:
            self.card.panel.show_state("hard-drives", tr("Loading workers…"), busy=True)
        elif not workers:
            text = tr("Accounts are watched by workers. Without one nothing is checked.")
            add = (tr("Add worker"), self.add_local)
            self.card.panel.show_state("hard-drives", tr("No workers"), text, tone="warn", primary=add)
        self.card.show_table(bool(workers))
        self._show_chosen(self.table.current_id())

    def _show_chosen(self, worker_id: str) -> None:
        one = self._desk.directory.workers.get(worker_id)
        self.pane.setVisible(one is not None)
        self.pane.show_worker(one)

    def _show_figures(self) -> None:
        overview = self._desk.overview
        status = overview.status
        if status is None:
            for card, title in self._titles():
                card.show_figure(title, words.UNKNOWN, "", overview.online)
            return
        (online, online_title), (watched, watched_title), (rate, rate_title), (delay, delay_title) = self._titles()
        workers, scheduling = status.workers, status.scheduling
        away = workers.offline
        note = trn("{n} not online", "{n} not online", away) if away else tr("all online") if workers.total else ""
        online.show_figure(online_title, f"{workers.online} / {workers.total}", note, overview.online)
        note = trn("of {n} account", "of {n} accounts", scheduling.total_accounts)
        watched.show_figure(watched_title, f"{scheduling.assigned_accounts:,}", note, overview.watched)
        note = tr("{n} unread", n=f"{status.detections.unread:,}")
        rate.show_figure(rate_title, f"{status.detections.per_minute:,}", note, overview.rate)
        median, slowest = overview.median_delay, overview.slowest_delay
        note = "" if slowest is None else f"p99 {words.span(slowest)}"
        delay.show_figure(delay_title, words.UNKNOWN if median is None else words.span(median), note, overview.delay)

    def _titles(self) -> tuple[tuple[StatCard, str], ...]:
        return (
            (self.online, tr("Workers online")),
            (self.watched, tr("Accounts watched")),
            (self.rate, tr("Detections / min")),
            (self.delay, tr("Median delay")),
        )

    def _show_menu(self, _worker_id: str, point: QPoint) -> None:
        menu = QMenu(self)
        for button in (self.pane.restart, self.pane.drain, self.pane.edit, self.pane.remove):
            action = menu.addAction(button.icon(), button.accessibleName(), button.click)
            action.setEnabled(button.isEnabled())
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(point)

    def _second(self) -> None:
        self.table.update_column("heartbeat")
        self.pane.tick()

    def _connect(self) -> None:
        directory = self._desk.directory
        directory.workers_changed.connect(self._refresh)
        directory.accounts_changed.connect(lambda _ids: self._show_chosen(self.table.current_id()))
        self._desk.overview.changed.connect(self._show_figures)
        self._desk.overview.changed.connect(lambda: self.table.update_column("load"))
        self.add.clicked.connect(self.add_local)
        self.add_remote.clicked.connect(self.show_remote)
        self.table.chosen.connect(self._show_chosen)
        self.table.menu_asked.connect(self._show_menu)
        self.pane.closed.connect(lambda: self.table.choose(""))
        for button, slot in (
            (self.pane.restart, self.restart),
            (self.pane.drain, self.toggle_draining),
            (self.pane.edit, self.edit),
            (self.pane.remove, self.remove),
        ):
            button.clicked.connect(slot)

    def _lay_out(self) -> None:
        px = self._desk.theme.px
        cards = QHBoxLayout()
        cards.setSpacing(px(16))
        for card in (self.online, self.watched, self.rate, self.delay):
            cards.addWidget(card, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(px(28), 0, px(28), px(24))
        column.setSpacing(px(16))
        column.addLayout(cards)
        column.addWidget(self.card, 1)
