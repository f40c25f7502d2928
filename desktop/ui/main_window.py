"""The window: sidebar, header and pages. It is shown before the engine is there; `attach` gives it the engine."""

from collections.abc import Callable
from typing import Literal, TypeVar

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QActionGroup, QCloseEvent, QGuiApplication, QIcon, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from desktop.actions import Actions
from desktop.bridge import Bridge
from desktop.ui import icons
from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.add_account import AddAccountDialog
from desktop.ui.dialogs.dead_letters import DeadLettersDialog
from desktop.ui.gap_words import Outage
from desktop.ui.language import Languages, tr, trn
from desktop.ui.models.directory import Directory
from desktop.ui.models.overview import Overview
from desktop.ui.pages.accounts import AccountsPage
from desktop.ui.pages.detections import DetectionsPage
from desktop.ui.pages.settings import SettingsPage
from desktop.ui.pages.welcome import WelcomePage
from desktop.ui.pages.workers import WorkersPage
from desktop.ui.preferences import Appearance, Language, Preferences
from desktop.ui.problems import Problem, as_sentence, problem_of
from desktop.ui.theme import Theme
from desktop.ui.widgets.header import Header
from desktop.ui.widgets.page_notice import PageNotice
from desktop.ui.widgets.sidebar import PAGES, Sidebar
from desktop.ui.widgets.state_panel import StatePanel
from desktop.ui.widgets.toasts import Toasts
from engine.api import samples
from engine.api.room import Api

DEFAULT_SIZE = (1360, 860)
LEAST_SIZE = (960, 600)
ROOMY = 1120  #: a narrower window keeps its room for the page: the sidebar shows icons only
MARGIN = 28

EngineState = Literal["starting", "running", "closing", "failed"]
K = TypeVar("K", bound=str)


class MainWindow(Translated, QMainWindow):
    """`MainWindow(bridge, actions, preferences)`, `show()`, later `attach(api)`, or `engine_failed(sentence)`.

    Signals:
        quit_requested(): the user closed the window; it is hidden, the application closes the engine and quits.
        restart_requested(): the user wants the engine to be started again after it failed.
    """

    quit_requested = Signal()
    restart_requested = Signal()

    def __init__(self, bridge: Bridge, actions: Actions, preferences: Preferences, version: str = "") -> None:
        super().__init__()
        self._preferences = preferences
        self._bridge = bridge
        self._actions = actions
        self._api: Api | None = None
        self._failure = ""
        self.state: EngineState = "starting"
        self.theme = Theme(preferences.appearance)
        self.theme.apply()
        self.languages = Languages(preferences.language, self)
        self.directory = Directory(bridge, actions, self)
        self.overview = Overview(bridge, actions, self.directory, self)
        self.desk = Desk(self.theme, self.languages, bridge, actions, self.directory, self.overview, self._toast)
        self.sidebar = Sidebar(self.theme, version)
        self.header = Header(self.theme)
        self.notice = PageNotice(self.desk)
        self.panel = StatePanel(self.theme)
        self.welcome = WelcomePage(self.desk)
        self.detections = DetectionsPage(self.desk)
        self.accounts = AccountsPage(self.desk)
        self.workers = WorkersPage(self.desk)
        self.settings = SettingsPage(self.desk)
        self.page = PAGES[0]
        self._strip = QWidget()
        self._stack = QStackedWidget()
        self._centre = QWidget()
        self._lay_out()
        self.toasts = Toasts(self.theme, self._centre, self._toasts_left)
        self._connect()
        self._restore()
        self.sidebar.show_page(self.page)
        self.retranslate()

    # --- what the application calls ----------------------------------------------------------------------------------

    def attach(self, api: Api) -> None:
        """The engine is up: read from it, and show what it tells."""
        self._api = api
        self._bridge.attach(api.bus)
        self.directory.attach(api)
        self.overview.attach(api)
        for page in (self.detections, self.accounts, self.workers, self.settings):
            page.attach(api)
        self._bridge.open()
        self._set_state("running")

    def engine_failed(self, sentence: str) -> None:
        """The engine could not start, or ended by itself; `sentence` says why."""
        self._failure = sentence
        self.overview.close()
        self._set_state("failed")

    def engine_closing(self) -> None:
        """It is being closed: nothing is asked any more."""
        self.overview.close()
        self._set_state("closing")

    # --- what the user does ------------------------------------------------------------------------------------------

    def show_page(self, key: str) -> None:
        """Go to a page of the sidebar; the keyboard is there at once, so that J and K work."""
        self.page = key
        self.sidebar.show_page(key)
        self._show()
        views: dict[str, QWidget] = {
            "detections": self.detections.view,
            "accounts": self.accounts.table,
            "workers": self.workers.table,
            "settings": self.settings.backup.back_up,
        }
        views[key].setFocus()

    def add_account(self) -> None:
        """Open the form for a new account."""
        if self._api is not None and self.state == "running":
            dialog = AddAccountDialog(self.desk, self._api, self)
            dialog.saved.connect(lambda _account: self.show_page("accounts"))
            dialog.open()

    def show_dead_letters(self) -> None:
        """Open the list of what could not be stored."""
        if self._api is not None and self.state == "running":
            DeadLettersDialog(self.desk, self._api, self).open()

    def add_samples(self) -> None:
        """Create the sample accounts and show the feed."""
        names = (tr("Sample shop"), tr("Sample café"), tr("Sample band"))
        if self._api is not None:
            self._actions.run(
                samples.add_samples(self._api.accounts, names),
                busy=self.welcome.samples,
                on_done=lambda _new: self.show_page(PAGES[0]),
            )

    def remove_samples(self) -> None:
        """Delete the sample accounts; can be undone."""
        if self._api is not None:
            ids = [account.id for account in self.directory.samples()]
            self._actions.run(
                samples.remove_samples(self._api.accounts, ids), busy=self.notice.button, on_done=self._samples_removed
            )

    def choose_appearance(self, appearance: Appearance) -> None:
        """Follow the system, or be light or dark; remembered."""
        self._preferences.appearance = appearance
        self.theme.set_appearance(appearance)

    def choose_language(self, language: Language) -> None:
        """Follow the system, or speak English or Chinese; remembered."""
        self._preferences.language = language
        self.languages.set_choice(language)

    # --- Qt ----------------------------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        self._preferences.geometry = self.saveGeometry()
        event.accept()
        self.quit_requested.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.sidebar.show_narrow(event.size().width() < self.theme.px(ROOMY))
        super().resizeEvent(event)

    def retranslate(self) -> None:
        self.setWindowTitle("Vedette")
        self._show()
        self._show_figures()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _set_state(self, state: EngineState) -> None:
        self.state = state
        self._show()
        self._show_figures()

    def _show(self) -> None:
        """Page, header and notice for where the user is and how the engine fares."""
        titles = {
            "detections": (tr("Detections"), tr("Everything your accounts received, newest first")),
            "accounts": (tr("Accounts"), tr("What is watched, how often, and how it fares")),
            "workers": (tr("Workers"), tr("Live health of everything that watches accounts")),
            "settings": (tr("Settings"), tr("Keys and backups, and who else may come in")),
        }
        self.header.show_page(*titles[self.page])
        pages: dict[str, QWidget] = {
            "detections": self.detections,
            "accounts": self.accounts,
            "workers": self.workers,
            "settings": self.settings,
        }
        shown: QWidget = pages[self.page]
        if self.state in ("failed", "closing") or (self.state == "starting" and self._api is None):
            self._show_panel()
            shown = self.panel
        elif self.page == "detections" and self._is_new():
            shown = self.welcome
        self._stack.setCurrentWidget(shown)
        self.notice.tell(self.page if self.state == "running" and shown is not self.welcome else "")
        self._strip.setVisible(not self.notice.isHidden())

    def _is_new(self) -> bool:
        return self.directory.loaded and not self.directory.accounts and not self.detections.model.rows

    def _show_panel(self) -> None:
        if self.state == "failed":
            problem = Problem(
                tr("The master is not running."),
                tr("No account is being watched. {why}", why=as_sentence(self._failure)),
                tr("Start it again. If it ends again, the log says more."),
            )
            self.panel.show_problem(problem, (tr("Start again"), self._restart))
        elif self.state == "closing":
            text = tr("What was found is being stored. This takes a few seconds at most.")
            self.panel.show_state("power", tr("Closing…"), text, busy=True)
        else:
            text = tr("The window is ready; accounts follow in a moment.")
            self.panel.show_state("broadcast", tr("Starting the master…"), text, busy=True)

    def _show_accounts(self, outage: Outage) -> None:
        self.show_page("accounts")
        self.accounts.table.choose(outage.accounts[0])

    def _dismiss(self, outage: Outage) -> None:
        if self._api is not None:
            asked = self.notice.button if self.notice.second.isHidden() else self.notice.second
            self._actions.run(self._api.gaps.acknowledge(outage.accounts), busy=asked)

    def _show_figures(self) -> None:
        tones = {"starting": "info", "running": "ok", "closing": "neutral", "failed": "bad"}
        texts = {
            "starting": tr("Master starting"),
            "running": tr("Master running"),
            "closing": tr("Master closing"),
            "failed": tr("Master stopped"),
        }
        self.header.engine.show_status(texts[self.state], tones[self.state])
        status = self.overview.status if self.state == "running" else None
        if status is None:
            self.header.workers.show_status("", "neutral")
            self.header.rate.show_status("", "info")
            return
        online, total = status.workers.online, status.workers.total
        tone = "bad" if not online else "ok" if online == total else "warn"
        text = trn("{online} of {n} worker online", "{online} of {n} workers online", total, online=f"{online:,}")
        self.header.workers.show_status(text, tone)
        self.header.rate.show_status(tr("{n} / min", n=f"{status.detections.per_minute:,}"), "info")
        self.sidebar.show_unread(status.detections.unread)
        self.sidebar.show_version(status.version)

    def _samples_removed(self, ids: list[str]) -> None:
        if self._api is not None and ids:
            api = self._api
            self._toast(
                tr("The sample accounts were removed."),
                "ok",
                lambda: self._actions.run(samples.restore_samples(api.accounts, ids)),
            )

    def _restart(self) -> None:
        self._set_state("starting" if self._api is None else "failed")
        self.restart_requested.emit()

    def _toast(self, text: str, tone: str = "neutral", undo: Callable[[], None] | None = None) -> None:
        self.toasts.show_toast(text, tone, undo)

    def _toasts_left(self) -> int:
        """Where pages begin: there they cover rows, which can be scrolled, and no pane's buttons."""
        return self.sidebar.maximumWidth() + self.theme.px(MARGIN)

    def _stalled(self, seconds: float) -> None:
        """Ours is the master's loop: what kept the window from painting kept the master from listening to workers."""
        text = tr(
            "This computer slept or was busy for {seconds} s. Nothing was watched meanwhile; workers were given time.",
            seconds=f"{seconds:,.0f}",
        )
        self._toast(text, "warn")

    def _action_failed(self, error: Exception, request_id: str) -> None:
        if self.state == "running":
            self._toast(problem_of(error, request_id).text, "bad")

    def _platforms_changed(self) -> None:
        self.welcome.show_ready("demo" in self.directory.platforms)

    def _appearance_menu(self) -> None:
        names: dict[Appearance, str] = {"system": tr("As the system"), "light": tr("Light"), "dark": tr("Dark")}
        popup_choice(self.sidebar.appearance, names, self.theme.appearance, self.choose_appearance)

    def _language_menu(self) -> None:
        names: dict[Language, str] = {"system": tr("As the system"), "en": "English", "zh": "中文"}
        popup_choice(self.sidebar.language, names, self.languages.choice, self.choose_language)

    def _restore(self) -> None:
        self.setMinimumSize(*(self.theme.px(size) for size in LEAST_SIZE))
        if not self._preferences.geometry.isEmpty() and self.restoreGeometry(self._preferences.geometry):
            return
        self.resize(*(self.theme.px(size) for size in DEFAULT_SIZE))
        screen = QGuiApplication.primaryScreen()
        if screen is not None:
            room = screen.availableGeometry()
            self.resize(self.size().boundedTo(room.size()))
            frame = self.frameGeometry()
            frame.moveCenter(room.center())
            self.move(frame.topLeft())

    def _connect(self) -> None:
        self.sidebar.chosen.connect(self.show_page)
        self.sidebar.appearance_asked.connect(self._appearance_menu)
        self.sidebar.language_asked.connect(self._language_menu)
        self.welcome.samples_asked.connect(self.add_samples)
        for asked in (self.welcome.add_asked, self.accounts.add_asked, self.detections.add_account_asked):
            asked.connect(self.add_account)
        self._bridge.closing.connect(lambda _reason: self.engine_closing())
        self._bridge.stalled.connect(self._stalled)
        self._actions.failed.connect(self._action_failed)
        self.notice.workers_asked.connect(lambda: self.show_page("workers"))
        self.notice.letters_asked.connect(self.show_dead_letters)
        self.notice.outage_asked.connect(self._show_accounts)
        self.notice.dismiss_asked.connect(self._dismiss)
        self.notice.remove_samples_asked.connect(self.remove_samples)
        self.notice.add_asked.connect(self.add_account)
        self.overview.changed.connect(self._show_figures)
        self.overview.changed.connect(self._show)
        self.directory.accounts_changed.connect(lambda _ids: self._show())
        self.directory.workers_changed.connect(self._show)
        self.directory.platforms_changed.connect(self._platforms_changed)
        for number, key in enumerate(PAGES, 1):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
            shortcut.activated.connect(lambda key=key: self.show_page(key))

    def _lay_out(self) -> None:
        self.setWindowIcon(QIcon(icons.logo(128)))
        for page in (self.panel, self.welcome, self.detections, self.accounts, self.workers, self.settings):
            self._stack.addWidget(page)
        px = self.theme.px
        holder = self._strip
        strip = QVBoxLayout(holder)
        strip.setContentsMargins(px(MARGIN), 0, px(MARGIN), px(12))
        strip.addWidget(self.notice)
        holder.hide()
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.header)
        right.addWidget(holder)
        right.addWidget(self._stack, 1)
        centre = self._centre
        centre.setObjectName("page")
        row = QHBoxLayout(centre)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.sidebar)
        row.addLayout(right, 1)
        self.setCentralWidget(centre)


def popup_choice(button: QWidget, names: dict[K, str], now: K, choose: Callable[[K], None]) -> None:
    """A menu above `button`, of which one entry is checked. `popup`, because `exec` would stop the engine."""
    menu = QMenu(button)
    group = QActionGroup(menu)
    for key, name in names.items():
        action = menu.addAction(name)
        action.setCheckable(True)
        action.setChecked(key == now)
        action.triggered.connect(lambda _checked=False, key=key: choose(key))
        group.addAction(action)
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(button.mapToGlobal(QPoint(0, -menu.sizeHint().height())))
