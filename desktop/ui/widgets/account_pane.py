"""One account: what is wrong with it and what helps, its figures, and why it is where it is."""

from desktop.ui import words
from desktop.ui.desk import Desk
from desktop.ui.dialogs.account_fields import pin_name
from desktop.ui.dialogs.story import StoryDialog
from desktop.ui.language import sentences, tr
from desktop.ui.models.directory import status_of
from desktop.ui.problems import as_sentence
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.facts import Facts
from desktop.ui.widgets.gap_notice import GapNotice
from desktop.ui.widgets.labels import line
from desktop.ui.widgets.pane import Pane
from desktop.ui.widgets.story import SHOWN, Story
from engine.api.accounts import AccountSnapshot
from engine.api.room import Api

FACTS = ("worker", "interval", "next", "last", "quota", "unread", "tags", "pin")


class AccountPane(Pane):
    """Beside the table of accounts."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        theme = desk.theme
        self._api: Api | None = None
        self.account: AccountSnapshot | None = None
        self.check = Button(theme, "plain", "arrows-clockwise")
        self.pause = Button(theme, "plain", "pause")
        self.edit = Button(theme, "plain", "pencil-simple")
        self.delete = Button(theme, "danger", "trash")
        self.gap = GapNotice(desk)
        self._facts = Facts(theme, FACTS)
        self.story = Story(desk)
        self.story.all_asked.connect(self._show_story)
        desk.bridge.accounts_changed.connect(self._look_again)
        middle = (self._facts, line(), self.story)
        self._lay_out(middle, (self.check, self.pause, self.edit, self.delete), (self.gap,))
        self.retranslate()

    def attach(self, api: Api) -> None:
        """Read stories from this engine."""
        self._api = api
        self.gap.attach(api)

    def show_account(self, account: AccountSnapshot | None) -> None:
        """Show it, or nothing."""
        other = account is None or self.account is None or account.id != self.account.id
        self.account = account
        if account is None:
            return
        if other:
            self.story.show_entries([], account.id)
            self._read_story(account.id)
        self._fill(account)

    def tick(self) -> None:
        """A second went by."""
        if self.account is not None and self.isVisible():
            self._show_next(self.account)
            self.story.tick()

    def retranslate(self) -> None:
        names = {
            "worker": tr("Worker"),
            "interval": tr("Interval"),
            "next": tr("Next check"),
            "last": tr("Last check"),
            "quota": tr("Requests left"),
            "unread": tr("Unread"),
            "tags": tr("Tags"),
            "pin": tr("Pinned to"),
        }
        for key, text in names.items():
            self._facts.name(key, text)
        self._close.name(tr("Close"))
        self.edit.name(tr("Edit"))
        self.delete.name(tr("Delete"))
        if self.account is not None:
            self._fill(self.account)

    def _fill(self, one: AccountSnapshot) -> None:
        theme, directory = self._desk.theme, self._desk.directory
        descriptor = directory.platforms.get(one.platform)
        platform = directory.platform_name(one.platform, self._desk.languages.current)
        self._tile.show_icon(theme.icons.platform(descriptor.icon if descriptor else "", one.platform))
        self._name.setText(one.display_name)
        self._under.setText(" · ".join(part for part in (platform, one.handle) if part))
        status = status_of(one)
        self._pill.show_status(words.status_name(status), theme.status_tone(status))
        paused = one.status == "paused"
        self.pause.set_icon("play" if paused else "pause")
        self.pause.name(tr("Resume") if paused else tr("Pause"))
        self._explain_check(one)
        self._fill_facts(one)
        self._show_notice(one)
        self.gap.show_account(one)

    def _explain_check(self, one: AccountSnapshot) -> None:
        paused = one.status == "paused"
        self.check.setEnabled(not paused and (one.worker_id is not None or one.quarantined))
        if paused:
            why = tr("It is paused: resume it first.")
        elif one.quarantined:
            why = tr("Ends the quarantine: it is watched again from now on.")
        else:
            why = "" if one.worker_id is not None else tr("No worker watches it yet.")
        self.check.name(tr("Check now"), why)

    def _fill_facts(self, one: AccountSnapshot) -> None:
        show = self._facts.show_value
        show("worker", self._desk.directory.worker_name(one.worker_id))
        show("interval", words.every(one.interval))
        show(
            "last", words.ago((words.now() - one.last_check_at).total_seconds()) if one.last_check_at else words.UNKNOWN
        )
        quota = one.quota
        left = "" if quota is None or quota.remaining is None else f"{quota.remaining:,}"
        show("quota", f"{left} / {quota.limit:,}" if left and quota and quota.limit else left)
        show("unread", f"{one.unread:,}")
        show("tags", ", ".join(one.tags))
        show("pin", pin_name(one.pinned_to, self._desk.directory.workers) if one.pinned_to else "")
        self._show_next(one)

    def _show_next(self, one: AccountSnapshot) -> None:
        self._facts.show_value(
            "next", words.UNKNOWN if one.status == "paused" else words.until(one.next_check_at, words.now())
        )

    def _show_notice(self, one: AccountSnapshot) -> None:
        said = as_sentence(one.last_error or one.reason or "")
        if one.status == "reauthenticate":
            text = sentences(tr("The platform refuses the credentials, so this account is not checked any more."), said)
            self.notice.say(text, "bad", "warning-circle", (tr("Enter new credentials"), self.edit.click))
        elif one.quarantined:
            again = (tr("Check now"), self.check.click)
            self.notice.say(as_sentence(one.reason or ""), "bad", "warning-circle", again)
        elif one.status == "failing":
            text = sentences(tr("The last checks failed. Vedette keeps trying, less often."), said)
            self.notice.say(text, "warn", "warning")
        elif one.gap is not None and one.gap.until is None:  # its own notice says why
            self.notice.say("")
        elif one.status == "active" and said:
            self.notice.say(said, "info", "info")
        else:
            self.notice.say("")

    def _read_story(self, account_id: str) -> None:
        if self._api is None:
            return
        self._desk.actions.run(
            self._api.journal.story(account_id, limit=SHOWN),
            on_done=lambda story: self.story.show_entries(story, account_id) if self._shows(account_id) else None,
        )

    def _look_again(self, ids: frozenset[str]) -> None:
        if self.account is not None and self.account.id in ids and self.isVisible():
            self._read_story(self.account.id)

    def _shows(self, account_id: str) -> bool:
        return self.account is not None and self.account.id == account_id

    def _show_story(self) -> None:
        if self.account is not None and self._api is not None:
            StoryDialog(self._desk, self._api, self.account.id, self.account.display_name, self.window()).open()
