"""The rows of the feed: newest first, paged by key, inserted at the top or counted for the banner."""

import bisect
from collections.abc import Iterable
from typing import Any, Literal

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from desktop.actions import Actions
from desktop.bridge import Bridge, Stored
from desktop.ui import words
from desktop.ui.models.directory import Directory
from engine.api.errors import ApiError
from engine.api.room import Api
from engine.records import Detection, DetectionFilter, Marks

PAGE = 200
MAX_DECODED = 1000  #: rows read in one go, so that the window never waits longer than a frame for them
KEPT = 2000  #: rows kept while new ones push in from above; older ones are read again when scrolled to
COUNTED = 200  #: new rows looked at in one go while they only count for the banner

State = Literal["idle", "loading", "ready", "failed"]
Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


class FeedModel(QAbstractTableModel):
    """One column. The delegate reads `rows` directly; `data()` serves accessibility.

    `following` is True while nobody reads: then new detections come in at the top, else they count as `waiting`.

    Signals:
        state_changed(): `state` or `error` is new.
        waiting_changed(int): how many new detections the banner offers.
    """

    state_changed = Signal()
    waiting_changed = Signal(int)

    def __init__(self, bridge: Bridge, actions: Actions, directory: Directory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._directory = directory
        self._api: Api | None = None
        self._generation = 0
        self._reading_new = False
        self._unread_news = False
        self._fetching = False
        self._counted_to = 0
        self.rows: list[Detection] = []
        self.where = DetectionFilter()
        self.state: State = "idle"
        self.error: Exception | None = None
        self.more = False
        self.following = True
        self.waiting = 0
        bridge.detections_stored.connect(self._stored)
        bridge.detections_marked.connect(self._marked)
        bridge.accounts_removed.connect(self._account_gone)

    # --- what the page asks for ------------------------------------------------------------------------------------

    def attach(self, api: Api) -> None:
        """Read from this engine."""
        self._api = api
        self.reload()

    def show(self, where: DetectionFilter) -> None:
        """Show what this filter matches, from the top."""
        if where != self.where:
            self.where = where
            self.reload()

    def reload(self) -> None:
        """Read the newest page again; what is shown stays until it is there."""
        if self._api is None:
            return
        self._generation += 1
        self._set_state("loading")
        self._actions.run(self._read_first(self._api, self._generation), on_error=self._failed)

    def follow(self, following: bool) -> None:
        """Nobody reads (any more): let new detections in; or hold them back."""
        if following and not self.following:
            self.following = True
            if self.waiting:
                self.show_waiting()
        self.following = following

    def show_waiting(self) -> None:
        """Let in what the banner counted."""
        self._set_waiting(0)
        self._read_new()

    def row_of(self, detection_id: int) -> int | None:
        """The row of a detection, or None if it is not loaded."""
        row = bisect.bisect_left(self.rows, -detection_id, key=lambda detection: -detection.id)
        return row if row < len(self.rows) and self.rows[row].id == detection_id else None

    def set_marks(self, ids: Iterable[int], marks: Marks) -> None:
        """Show flags at once that are being stored."""
        flags: dict[str, Any] = {
            name: value for name in ("read", "handled", "starred") if (value := getattr(marks, name)) is not None
        }
        for row in filter(lambda row: row is not None, map(self.row_of, ids)):
            assert row is not None
            self._replace(row, msgspec.structs.replace(self.rows[row], **flags))

    # --- Qt ----------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 1

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or role not in (Role.DisplayRole, Role.AccessibleTextRole):
            return None
        row = self.rows[index.row()]
        name = row.author.name or row.author.handle
        return f"{name}, {words.kind_name(row.kind)}: {words.one_line(row.text)}"

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self.more and not self._fetching and self.state == "ready"

    def fetchMore(self, parent: Index) -> None:
        if self._api is None or not self.canFetchMore(parent):
            return
        self._fetching = True
        self._actions.run(self._read_older(self._api, self._generation), on_error=self._failed)

    # --- reading -----------------------------------------------------------------------------------------------------

    async def _read_first(self, api: Api, generation: int) -> None:
        try:
            page = await api.detections.page(self.where, limit=PAGE)
        except Exception as error:
            if generation == self._generation:
                self._failed(error)
            if isinstance(error, ApiError):
                return
            raise
        if generation == self._generation:
            self._reset(page)

    async def _read_older(self, api: Api, generation: int) -> None:
        try:
            before = self.rows[-1].id if self.rows else None
            page = await api.detections.page(self.where, before=before, limit=PAGE)
            if generation == self._generation and page:
                self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(page) - 1)
                self.rows += page
                self.endInsertRows()
            if generation == self._generation:
                self.more = len(page) == PAGE
        finally:
            self._fetching = False

    def _stored(self, stored: Stored) -> None:
        if self.state != "ready":
            return
        if self.following:
            self._read_new()
        elif self.where == DetectionFilter():
            self._set_waiting(self.waiting + stored.count)
        elif self.where == DetectionFilter(account_id=self.where.account_id):
            self._set_waiting(self.waiting + stored.per_account.get(self.where.account_id or "", 0))
        else:
            self._count_new()

    def _read_new(self) -> None:
        """One reading at a time; what is stored meanwhile is read right after it."""
        if self._api is None or self._reading_new:
            self._unread_news = True
            return
        self._reading_new, self._unread_news = True, False
        self._actions.run(self._merge_newest(self._api, self._generation))

    async def _merge_newest(self, api: Api, generation: int) -> None:
        try:
            page = await api.detections.page(self.where, limit=PAGE)
            if generation == self._generation:
                self._merge(page)
        finally:
            self._reading_new = False
        if self._unread_news and self.following:
            self._read_new()

    def _merge(self, page: list[Detection]) -> None:
        top = self.rows[0].id if self.rows else 0
        new = [detection for detection in page if detection.id > top]
        if len(new) == PAGE or not self.rows:  # there may be a gap below: start again from here
            self._reset(page)
        elif new:
            self.beginInsertRows(QModelIndex(), 0, len(new) - 1)
            self.rows[0:0] = new
            self.endInsertRows()
            self._counted_to = self.rows[0].id
            self._trim()

    def _trim(self) -> None:
        if self.following and len(self.rows) > KEPT + PAGE:
            self.beginRemoveRows(QModelIndex(), KEPT, len(self.rows) - 1)
            del self.rows[KEPT:]
            self.endRemoveRows()
            self.more = True

    def _count_new(self) -> None:
        """With a filter only the engine knows which of the new ones match."""
        if self._api is None or self._reading_new:
            return
        self._reading_new = True
        self._actions.run(self._count(self._api, self._generation))

    async def _count(self, api: Api, generation: int) -> None:
        try:
            page = await api.detections.page(self.where, after=self._counted_to, limit=COUNTED)
            if generation == self._generation and page:
                self._counted_to = page[-1].id
                self._set_waiting(self.waiting + len(page))
        finally:
            self._reading_new = False

    def _marked(self, ids: frozenset[int] | None) -> None:
        if self._api is None or self.state != "ready":
            return
        loaded = [i for i in ids if self.row_of(i) is not None] if ids is not None else None
        if loaded is None or len(loaded) > PAGE:
            self._actions.run(self._refresh_all(self._api, self._generation))
        elif loaded:
            self._actions.run(self._refresh(self._api, loaded))

    async def _refresh(self, api: Api, ids: list[int]) -> None:
        for detection_id in ids:
            try:
                fresh = await api.detections.get(detection_id)
            except ApiError:
                continue
            row = self.row_of(detection_id)
            if row is not None:
                self._replace(row, fresh)

    async def _refresh_all(self, api: Api, generation: int) -> None:
        """Read the flags of all loaded rows again, whatever the filter: a row does not vanish while it is looked at."""
        anything = DetectionFilter(account_id=self.where.account_id, kind=self.where.kind, q=self.where.q)
        before = self.rows[0].id + 1 if self.rows else 0
        while self.rows and before > self.rows[-1].id:
            page = await api.detections.page(anything, before=before, limit=MAX_DECODED)
            if generation != self._generation or not page:
                return
            for fresh in page:
                row = self.row_of(fresh.id)
                if row is not None and self.rows[row] != fresh:
                    self._replace(row, fresh)
            before = page[-1].id

    # --- changing what is shown --------------------------------------------------------------------------------------

    def _reset(self, page: list[Detection]) -> None:
        self.beginResetModel()
        self.rows = list(page)
        self.more = len(page) == PAGE
        self._counted_to = page[0].id if page else 0
        self.endResetModel()
        self._set_waiting(0)
        self._set_state("ready")

    def _replace(self, row: int, detection: Detection) -> None:
        self.rows[row] = detection
        index = self.index(row, 0)
        self.dataChanged.emit(index, index)

    def _account_gone(self, _ids: frozenset[str]) -> None:
        """Its detections went with it: no row may stay that nothing can be done with."""
        if self.state == "ready":
            self.reload()

    def _failed(self, error: Exception) -> None:
        self.error = error
        self._set_state("failed")

    def _set_state(self, state: State) -> None:
        if state != "failed":
            self.error = None
        self.state = state
        self.state_changed.emit()

    def _set_waiting(self, waiting: int) -> None:
        if waiting != self.waiting:
            self.waiting = waiting
            self.waiting_changed.emit(waiting)
