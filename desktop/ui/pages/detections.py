"""The feed: a live list, its filters, and the detection that is read."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.ui import words
from desktop.ui.desk import Desk, Translated
from desktop.ui.language import tr, trn
from desktop.ui.models.feed import FeedModel
from desktop.ui.problems import problem_of
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.detail_pane import DetailPane, opens
from desktop.ui.widgets.feed_delegate import FeedDelegate
from desktop.ui.widgets.feed_filters import FeedFilters
from desktop.ui.widgets.feed_view import FeedView
from desktop.ui.widgets.state_panel import StatePanel
from engine.api.room import Api
from engine.records import Detection, DetectionFilter, Marks

MINUTE_MS = 15_000  #: how often “2 min” is looked at again
CHUNK = 1000
THREAD = 20


class DetectionsPage(Translated, QWidget):
    """Opening a detection marks it read. While one is open, or the list is scrolled, new ones wait behind a banner.

    Signals: add_account_asked() from the empty state.
    """

    add_account_asked = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("page")
        self._desk = desk
        self._api: Api | None = None
        theme = desk.theme
        self.model = FeedModel(desk.bridge, desk.actions, desk.directory, self)
        self.filters = FeedFilters(theme, desk.directory)
        self.banner = Button(theme, "banner", "arrow-up")
        self._delegate = FeedDelegate(theme, self.model, desk.directory, words.now)
        self.view = FeedView(self.model, self._delegate)
        self.panel = StatePanel(theme)
        self.detail = DetailPane(theme, desk.directory)
        self._lists = QStackedWidget()
        self._lists.addWidget(self.view)
        self._lists.addWidget(self.panel)
        self._lay_out()
        self._connect()
        self._add_shortcuts()
        self._clock = QTimer(self, interval=MINUTE_MS)
        self._clock.timeout.connect(self.view.viewport().update)
        self._clock.start()
        self.retranslate()

    def attach(self, api: Api) -> None:
        """Show this engine's feed."""
        self._api = api
        self.model.attach(api)

    def retranslate(self) -> None:
        self._delegate.retranslate()
        self.view.setAccessibleName(tr("Detections, newest first"))
        self.view.viewport().update()
        self._show_waiting(self.model.waiting)
        self._show_state()

    def current(self) -> Detection | None:
        """The detection that is open."""
        return self.detail.detection

    # --- what the user does ------------------------------------------------------------------------------------------

    def step(self, step: int) -> None:
        """Open the next (1) or previous (-1) detection."""
        rows = len(self.model.rows)
        row = self.view.currentIndex().row() + step if self.view.currentIndex().isValid() else 0
        if 0 <= row < rows:
            self.view.setCurrentIndex(self.model.index(row, 0))
        if row >= rows - 1 and self.model.canFetchMore(QModelIndex()):
            self.model.fetchMore(QModelIndex())

    def close_detection(self) -> None:
        """Read nothing any more."""
        self.view.clear_current()
        self.detail.show_detection(None)
        self._follow()

    def toggle_handled(self) -> None:
        """Handled, or not after all; can be undone."""
        if (one := self.current()) is not None:
            self._mark([one.id], Marks(handled=not one.handled))
            said = tr("Marked as not handled.") if one.handled else tr("Marked as handled.")
            self._desk.toast(said, "ok", lambda: self._mark([one.id], Marks(handled=one.handled)))

    def toggle_read(self) -> None:
        """Unread again, or read."""
        if (one := self.current()) is not None:
            self._mark([one.id], Marks(read=not one.read))

    def toggle_star(self) -> None:
        """A star, or none."""
        if (one := self.current()) is not None:
            self._mark([one.id], Marks(starred=not one.starred))

    def open_original(self) -> None:
        """Open it in the browser; only http and https."""
        one = self.current()
        if one is not None and opens(one.url):
            QDesktopServices.openUrl(QUrl(one.url, QUrl.ParsingMode.StrictMode))

    def copy_text(self) -> None:
        """Put its text on the clipboard."""
        if (one := self.current()) is not None:
            QGuiApplication.clipboard().setText(one.text or one.subject)
            self._desk.toast(tr("Copied."), "ok")

    def mark_all_read(self) -> None:
        """All that the filter matches; can be undone."""
        if self._api is not None:
            self._desk.actions.run(
                self._read_all(self._api, self.model.where), busy=self.filters.read_all, on_done=self._all_read
            )

    # --- inside ------------------------------------------------------------------------------------------------------

    def _mark(self, ids: list[int], marks: Marks) -> None:
        """Show it at once; the engine's answer comes back over the bus."""
        if self._api is None:
            return
        self.model.set_marks(ids, marks)
        self._desk.actions.run(self._api.detections.mark(ids, marks))

    async def _read_all(self, api: Api, where: DetectionFilter) -> list[int]:
        """The ids, so that exactly these can be unread again; by pages, so that what comes meanwhile stays unread."""
        wanted = DetectionFilter(
            account_id=where.account_id, kind=where.kind, platform=where.platform, tag=where.tag, q=where.q, unread=True
        )
        marked: list[int] = []
        before = None
        while page := await api.detections.page(wanted, before=before, limit=CHUNK):
            ids = [detection.id for detection in page]
            await api.detections.mark(ids, Marks(read=True))
            marked += ids
            before = ids[-1]
        return marked

    def _all_read(self, ids: list[int]) -> None:
        if ids:
            said = trn("Marked {n} detection as read.", "Marked {n} detections as read.", len(ids))
            self._desk.toast(said, "ok", lambda: self._unread(ids))
        else:
            self._desk.toast(tr("Everything is read already."))

    def _unread(self, ids: list[int]) -> None:
        if self._api is not None:
            self._desk.actions.run(self._unread_in_chunks(self._api, ids))

    async def _unread_in_chunks(self, api: Api, ids: list[int]) -> None:
        for start in range(0, len(ids), CHUNK):
            await api.detections.mark(ids[start : start + CHUNK], Marks(read=False))

    def _opened(self, index: QModelIndex, _before: QModelIndex) -> None:
        if not index.isValid() or self._api is None:
            return
        one = self.model.rows[index.row()]
        self._follow()
        self.detail.show_detection(one)
        if not one.read:
            self._mark([one.id], Marks(read=True))
        if one.thread_id:
            self._desk.actions.run(
                self._api.detections.thread(one.id, THREAD), on_done=lambda thread: self._show_thread(one.id, thread)
            )

    def _show_thread(self, detection_id: int, thread: Iterable[Detection]) -> None:
        one = self.current()
        if one is not None and one.id == detection_id:
            self.detail.show_detection(one, tuple(thread))

    def _rows_changed(self, top: QModelIndex, bottom: QModelIndex) -> None:
        one = self.current()
        row = self.model.row_of(one.id) if one else None
        if row is not None and top.row() <= row <= bottom.row():
            self.detail.show_detection(self.model.rows[row])

    def _was_reset(self) -> None:
        """What is read stays open, and is marked in the list if it is there."""
        one = self.current()
        row = self.model.row_of(one.id) if one else None
        if row is not None:
            self.view.selectionModel().blockSignals(True)
            self.view.selectionModel().setCurrentIndex(
                self.model.index(row, 0), QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
            self.view.selectionModel().blockSignals(False)
        self._follow()

    def _follow(self) -> None:
        at_top = self.view.verticalScrollBar().value() == 0
        self.model.follow(at_top and not self.view.currentIndex().isValid())

    def _show_waiting(self, waiting: int) -> None:
        self.banner.setVisible(waiting > 0)
        self.banner.name(trn("{n} new detection", "{n} new detections", waiting))

    def _let_in(self) -> None:
        self.model.show_waiting()
        self.view.scrollToTop()

    def _show_state(self) -> None:
        """The list, or in its place why there is none."""
        model = self.model
        if model.state == "failed" and model.error is not None:
            self.panel.show_problem(problem_of(model.error), (tr("Try again"), model.reload))
        elif not model.rows and model.state in ("idle", "loading"):
            searching = model.where.q is not None
            title = tr("Searching…") if searching else tr("Loading detections…")
            self.panel.show_state("magnifying-glass" if searching else "tray", title, busy=True)
        elif not model.rows:
            self._show_empty()
        self._lists.setCurrentWidget(self.view if model.rows and model.state != "failed" else self.panel)

    def _show_empty(self) -> None:
        where = self.model.where
        if where.q is not None:
            clear: tuple[str, Callable[[], None]] = (tr("Clear search"), self.filters.clear_search)
            text = tr("No detection contains “{words}”. Fewer or shorter words find more.", words=where.q)
            self.panel.show_state("magnifying-glass", tr("Nothing found"), text, primary=clear)
        elif where == DetectionFilter(unread=True):
            self.panel.show_state(
                "check-circle", tr("All read"), tr("New detections appear here by themselves."), tone="ok"
            )
        elif where != DetectionFilter():
            show = (tr("Show everything"), self.filters.clear)
            self.panel.show_state("funnel", tr("Nothing here"), tr("No detection fits this filter."), primary=show)
        else:
            add = (tr("Add account"), self.add_account_asked.emit)
            watched = self._desk.directory.anybody_watching()
            waiting = tr("What your accounts receive appears here as soon as a worker watches them.")
            text = (
                tr("Your accounts are being watched. What they receive appears here by itself.") if watched else waiting
            )
            self.panel.show_state("tray", tr("No detections yet"), text, second=add)

    def _connect(self) -> None:
        self.filters.changed.connect(self._filter)
        self.filters.read_all_asked.connect(self.mark_all_read)
        self.model.state_changed.connect(self._show_state)
        self.model.rowsInserted.connect(self._show_state)
        self.model.waiting_changed.connect(self._show_waiting)
        self.model.dataChanged.connect(self._rows_changed)
        self.model.modelReset.connect(self._was_reset)
        self.banner.clicked.connect(self._let_in)
        self.view.selectionModel().currentChanged.connect(self._opened)
        self.view.verticalScrollBar().valueChanged.connect(lambda _value: self._follow())
        self._desk.directory.accounts_changed.connect(lambda _ids: self.view.viewport().update())
        for signal, slot in (
            (self.detail.handled, self.toggle_handled),
            (self.detail.read, self.toggle_read),
            (self.detail.starred, self.toggle_star),
            (self.detail.opened, self.open_original),
            (self.detail.copied, self.copy_text),
        ):
            signal.connect(slot)

    def _filter(self) -> None:
        self.close_detection()
        self.view.scrollToTop()
        self.model.show(self.filters.where)

    def _add_shortcuts(self) -> None:
        for keys, slot in (
            ("J", lambda: self.step(1)),
            ("K", lambda: self.step(-1)),
            ("E", self.toggle_handled),
            ("U", self.toggle_read),
            ("S", self.toggle_star),
            ("O", self.open_original),
            ("Esc", self.close_detection),
            ("/", self.filters.search.setFocus),
            ("Ctrl+F", self.filters.search.setFocus),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)

    def _lay_out(self) -> None:
        px = self._desk.theme.px
        left = QVBoxLayout()
        left.setSpacing(px(12))
        strip = QHBoxLayout()
        strip.setContentsMargins(0, 0, px(14), 0)
        strip.addWidget(self.banner)
        left.addLayout(strip)
        left.addWidget(self._lists, 1)
        row = QHBoxLayout()
        row.setSpacing(px(2))
        row.addLayout(left, 1)
        row.addWidget(self.detail)
        column = QVBoxLayout(self)
        column.setContentsMargins(px(28), 0, px(28), px(24))
        column.setSpacing(px(14))
        column.addWidget(self.filters)
        column.addLayout(row, 1)
