"""One worker: its figures, why it is not well, and the accounts that sit on it right now."""

from PySide6.QtCore import QPointF, QRect, QSize

from desktop.ui import words
from desktop.ui.desk import Desk
from desktop.ui.dialogs.story import StoryDialog
from desktop.ui.language import sentences, tr, trn
from desktop.ui.problems import as_sentence
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.facts import Facts
from desktop.ui.widgets.labels import label, line
from desktop.ui.widgets.painting import Brush
from desktop.ui.widgets.pane import Pane
from desktop.ui.widgets.pill import Painted
from desktop.ui.widgets.story import Story
from engine.api.accounts import AccountSnapshot
from engine.api.room import Api
from engine.api.workers import WorkerSnapshot

FACTS = ("heartbeat", "lag", "memory", "restarts", "outbox", "platforms", "tags", "version")
ROW = 36
STORY = 3  #: lines: the accounts come below them
MOST = 200  #: accounts listed; more are counted


class AccountList(Painted):
    """The accounts on a worker, painted: they may be hundreds and move while one looks."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.theme)
        self._desk = desk
        self.accounts: list[AccountSnapshot] = []

    def show_accounts(self, accounts: list[AccountSnapshot]) -> None:
        """Show these."""
        if accounts != self.accounts:
            self.accounts = accounts
            self.setAccessibleName(", ".join(account.display_name for account in accounts[:50]))
            self.setFixedHeight(self.theme.px(ROW) * min(len(accounts), MOST))
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, self.theme.px(ROW) * min(len(self.accounts), MOST))

    def draw(self, brush: Brush) -> None:
        px, directory = self.theme.px, self._desk.directory
        for number, account in enumerate(self.accounts[:MOST]):
            area = QRect(0, number * px(ROW), self.width(), px(ROW))
            tile = QRect(0, area.y() + px(4), px(28), px(28))
            descriptor = directory.platforms.get(account.platform)
            brush.box(tile, "raised", px(7))
            brush.icon(
                tile,
                self.theme.icons.platform(descriptor.icon if descriptor else "", account.platform),
                "text_2",
                px(15),
            )
            tone = self.theme.status_tone(account.status)
            if tone != "ok":
                brush.dot(QPointF(area.right() - px(8), area.y() + area.height() / 2), px(4), tone)
            brush.text(area.adjusted(px(40), 0, -px(20), 0), account.display_name, "text")


class WorkerPane(Pane):
    """Beside the table of workers."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        theme = desk.theme
        self._api: Api | None = None
        self.worker: WorkerSnapshot | None = None
        self._tile.show_icon("hard-drives")
        self.restart = Button(theme, "plain", "arrows-clockwise")
        self.drain = Button(theme, "plain", "pause")
        self.edit = Button(theme, "plain", "pencil-simple")
        self.remove = Button(theme, "danger", "trash")
        self._facts = Facts(theme, FACTS)
        self._accounts_title = label("field")
        self.accounts = AccountList(desk)
        self.story = Story(desk, STORY)
        self.story.all_asked.connect(self._show_story)
        desk.bridge.workers_changed.connect(self._look_again)
        middle = (self._facts, line(), self.story, line(), self._accounts_title, self.accounts)
        self._lay_out(middle, (self.restart, self.drain, self.edit, self.remove))
        self.retranslate()

    def attach(self, api: Api) -> None:
        """Read stories from this engine."""
        self._api = api

    def show_worker(self, worker: WorkerSnapshot | None) -> None:
        """Show it and the accounts on it, or nothing."""
        other = worker is None or self.worker is None or worker.id != self.worker.id
        self.worker = worker
        if worker is None:
            return
        if other:
            self.story.show_entries([], worker.id)
            self._read_story(worker.id)
        self._fill(worker)

    def tick(self) -> None:
        """A second went by."""
        if self.worker is not None and self.isVisible():
            self._show_heartbeat(self.worker)
            self.story.tick()

    def retranslate(self) -> None:
        names = {
            "heartbeat": tr("Last heartbeat"),
            "lag": tr("Loop lag"),
            "memory": tr("Memory"),
            "restarts": tr("Restarts"),
            "outbox": tr("Waiting to be stored"),
            "platforms": tr("Platforms"),
            "tags": tr("Tags"),
            "version": tr("Version"),
        }
        for key, text in names.items():
            self._facts.name(key, text)
        self._close.name(tr("Close"))
        self.edit.name(tr("Edit"))
        if self.worker is not None:
            self._fill(self.worker)

    def _read_story(self, worker_id: str) -> None:
        if self._api is not None:
            self._desk.actions.run(
                self._api.journal.story(worker_id, limit=STORY),
                on_done=lambda story: self.story.show_entries(story, worker_id) if self._shows(worker_id) else None,
            )

    def _look_again(self, ids: frozenset[str]) -> None:
        if self.worker is not None and self.worker.id in ids and self.isVisible():
            self._read_story(self.worker.id)

    def _shows(self, worker_id: str) -> bool:
        return self.worker is not None and self.worker.id == worker_id

    def _show_story(self) -> None:
        if self.worker is not None and self._api is not None:
            StoryDialog(self._desk, self._api, self.worker.id, self.worker.name, self.window()).open()

    def _fill(self, worker: WorkerSnapshot) -> None:
        theme = self._desk.theme
        self._name.setText(worker.name)
        here = tr("this computer") if worker.kind == "local" else worker.host
        self._under.setText(f"{here} · PID {worker.pid}" if worker.pid else here)
        self._pill.show_status(words.status_name(worker.state), theme.status_tone(worker.state))
        draining = worker.draining or worker.state == "draining"
        self.drain.set_icon("play" if draining else "pause")
        self.drain.name(
            tr("Resume") if draining else tr("Drain"), "" if draining else tr("Move its accounts to others")
        )
        local, gone = worker.kind == "local", worker.state == "revoked"
        self.restart.setEnabled(local and worker.state != "starting")
        self.restart.name(tr("Restart"), "" if local else tr("Restart it on its own machine"))
        self.remove.set_icon("trash" if local else "prohibit")
        self.remove.name(tr("Remove") if local else tr("Revoke"))
        for button in (self.drain, self.edit, self.remove):
            button.setEnabled(not gone)
        self._fill_facts(worker)
        self._show_notice(worker)
        held = self._desk.directory.accounts_on(worker.id)
        self._accounts_title.setText(trn("{n} account here", "{n} accounts here", len(held)))
        self.accounts.show_accounts(held)

    def _fill_facts(self, worker: WorkerSnapshot) -> None:
        show = self._facts.show_value
        show("lag", words.UNKNOWN if worker.loop_lag is None else f"{worker.loop_lag * 1000:.0f} ms")
        show("memory", words.megabytes(worker.memory))
        show("restarts", f"{worker.restarts:,}")
        show("outbox", f"{worker.outbox:,}")
        platforms = tr(", ").join(
            self._desk.directory.platform_name(key, self._desk.languages.current) for key in worker.platforms
        )
        show("platforms", platforms, platforms)
        show("tags", ", ".join(worker.tags))
        show("version", worker.version)
        self._show_heartbeat(worker)

    def _show_heartbeat(self, worker: WorkerSnapshot) -> None:
        age = self._desk.directory.heartbeat_age(worker)
        self._facts.show_value("heartbeat", words.UNKNOWN if age is None else words.span(age))

    def _show_notice(self, worker: WorkerSnapshot) -> None:
        restart = (tr("Restart"), self.restart.click) if worker.kind == "local" else None
        if worker.state == "failed":
            meaning = tr("It ended too often and is not started again by itself. Its accounts moved to other workers.")
            self.notice.say(sentences(meaning, as_sentence(worker.reason)), "bad", "warning-circle", restart)
        elif worker.state == "offline":
            meaning = tr("No heartbeat comes from it. Its accounts move to other workers.")
            self.notice.say(sentences(meaning, as_sentence(worker.reason)), "bad", "cloud-slash", restart)
        elif worker.state == "revoked":
            meaning = tr("It is cut off. What it did not let go of moves as soon as it can no longer act.")
            self.notice.say(meaning, "warn", "prohibit")
        elif worker.state == "degraded":
            self.notice.say(
                sentences(tr("Something keeps it from working fully."), as_sentence(worker.reason)), "warn", "warning"
            )
        elif worker.draining or worker.state == "draining":
            self.notice.say(tr("It takes no accounts until you resume it."), "info", "pause")
        else:
            self.notice.say("")
