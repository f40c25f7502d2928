"""From the engine's bus to Qt signals: at most ten times a second, on the window's thread."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, QTimer, Signal

from engine.bus import Bus
from engine.events import (
    AccountChanged,
    AccountRemoved,
    DeadLettersChanged,
    DetectionsMarked,
    DetectionsStored,
    Event,
    MasterClosing,
    PlatformsChanged,
    RightsChanged,
    Stalled,
    WorkerChanged,
    WorkerRemoved,
)

INTERVAL_MS = 100  #: the window is told at most this often
MAX_NAMED = 2000  #: more marked detections than this are not named one by one


@dataclass(frozen=True, slots=True)
class Stored:
    """New detections since the last signal, summed up; `last_id` is the newest."""

    count: int
    last_id: int
    per_account: Mapping[str, int]


@dataclass(slots=True)
class _Pending:
    """What happened since the last signal, each thing once."""

    stored: int = 0
    last_id: int = 0
    per_account: Counter[str] = field(default_factory=Counter)
    marked: set[int] = field(default_factory=set)
    many_marked: bool = False
    accounts: set[str] = field(default_factory=set)
    removed_accounts: set[str] = field(default_factory=set)
    workers: set[str] = field(default_factory=set)
    removed_workers: set[str] = field(default_factory=set)
    platforms: bool = False
    stalled: float = 0.0
    dead_letters: bool = False
    rights: bool = False


class Bridge(QObject):
    """Collects the bus's events and tells the window of them, coalesced.

    Nothing is lost while nobody listens: what happens before `open()` is told right after it.

    Signals:
        detections_stored(Stored), detections_marked(frozenset[int] | None),
        accounts_changed(frozenset[str]), accounts_removed(frozenset[str]),
        workers_changed(frozenset[str]), workers_removed(frozenset[str]),
        platforms_changed(), dead_letters_changed(), rights_changed(),
        stalled(float): seconds in which the master stood still, closing(str): the reason; told at once.
    """

    detections_stored = Signal(object)
    detections_marked = Signal(object)
    accounts_changed = Signal(object)
    accounts_removed = Signal(object)
    workers_changed = Signal(object)
    workers_removed = Signal(object)
    platforms_changed = Signal()
    dead_letters_changed = Signal()
    rights_changed = Signal()
    stalled = Signal(float)
    closing = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pending = _Pending()
        self._closing: str | None = None
        self._opened = False
        self._leave: Callable[[], None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._flush)

    def attach(self, bus: Bus) -> None:
        """Listen to this bus instead of the one before. Call it on the window's thread, where the bus lives."""
        self.close()
        self._leave = bus.subscribe(Event, self._take)

    def open(self) -> None:
        """The window is ready: tell what has gathered and everything that comes."""
        self._opened = True
        if self._closing is not None:
            self.closing.emit(self._closing)
        if self.pending:
            self._timer.start()

    def close(self) -> None:
        """Stop listening; what has gathered is dropped."""
        if self._leave is not None:
            self._leave()
            self._leave = None
        self._timer.stop()
        self._pending = _Pending()

    @property
    def pending(self) -> bool:
        """True while something has happened that was not told yet."""
        return self._pending != _Pending()

    def _take(self, event: Event) -> None:
        if isinstance(event, MasterClosing):
            self._closing = event.reason
            if self._opened:
                self.closing.emit(event.reason)
            return
        self._gather(event)
        if self._opened and not self._timer.isActive():
            self._timer.start()

    def _gather(self, event: Event) -> None:
        pending = self._pending
        match event:
            case DetectionsStored():
                pending.stored += event.count
                pending.last_id = max(pending.last_id, event.last_id)
                pending.per_account.update(event.per_account)
            case DetectionsMarked(ids=ids):
                pending.marked.update(ids or ())
                pending.many_marked |= ids is None or len(pending.marked) > MAX_NAMED
            case AccountChanged(account_id=account_id):
                pending.accounts.add(account_id)
                pending.removed_accounts.discard(account_id)
            case AccountRemoved(account_id=account_id):
                pending.removed_accounts.add(account_id)
                pending.accounts.discard(account_id)
            case WorkerChanged(worker_id=worker_id):
                pending.workers.add(worker_id)
                pending.removed_workers.discard(worker_id)
            case WorkerRemoved(worker_id=worker_id):
                pending.removed_workers.add(worker_id)
                pending.workers.discard(worker_id)
            case Stalled(seconds=seconds):
                pending.stalled += seconds
            case PlatformsChanged():
                pending.platforms = True
            case DeadLettersChanged():
                pending.dead_letters = True
            case RightsChanged():
                pending.rights = True

    def _flush(self) -> None:
        told, self._pending = self._pending, _Pending()
        if told.stalled:
            self.stalled.emit(told.stalled)
        if told.platforms:
            self.platforms_changed.emit()
        if told.dead_letters:
            self.dead_letters_changed.emit()
        if told.rights:
            self.rights_changed.emit()
        for names, signal in (
            (told.removed_workers, self.workers_removed),
            (told.workers, self.workers_changed),
            (told.removed_accounts, self.accounts_removed),
            (told.accounts, self.accounts_changed),
        ):
            if names:
                signal.emit(frozenset(names))
        if told.stored:
            self.detections_stored.emit(Stored(told.stored, told.last_id, dict(told.per_account)))
        if told.many_marked or told.marked:
            self.detections_marked.emit(None if told.many_marked else frozenset(told.marked))
