"""The figures in header, sidebar and cards, and their last minutes."""

import statistics
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.actions import Actions
from desktop.bridge import Bridge
from desktop.ui.models.directory import Directory
from engine.api.room import Api
from engine.api.status import StatusSnapshot
from engine.records import Detection, DetectionFilter

SAMPLE_MS = 5000  #: a point of each sparkline
POINTS = 60  #: five minutes
SOON_MS = 300  #: after an event, so that a burst is one question
DELAYS = 500  #: detections whose delay counts
FRESH = timedelta(hours=24)  #: older items were written before the account was watched


@dataclass(slots=True)
class History:
    """The last five minutes of one figure, oldest first."""

    points: deque[float] = field(default_factory=lambda: deque(maxlen=POINTS))


class Overview(QObject):
    """Asks for the status soon after something happened and every five seconds.

    Signals:
        changed(): `status` and the histories are new.
    """

    changed = Signal()

    def __init__(self, bridge: Bridge, actions: Actions, directory: Directory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._directory = directory
        self._api: Api | None = None
        self._asking = False
        self._last_seen = 0
        self._delays: deque[float] = deque(maxlen=DELAYS)
        self.status: StatusSnapshot | None = None
        self.online, self.watched, self.rate, self.delay = History(), History(), History(), History()
        self.loads: dict[str, History] = {}
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self._ask)
        self._steady = QTimer(self, interval=SAMPLE_MS)
        self._steady.timeout.connect(self._sample)
        for signal in (
            bridge.detections_stored,
            bridge.detections_marked,
            bridge.accounts_removed,
            bridge.dead_letters_changed,
        ):
            signal.connect(self.refresh)
        directory.workers_changed.connect(self.refresh)
        directory.accounts_changed.connect(self.refresh)

    def attach(self, api: Api) -> None:
        """Ask this engine from now on."""
        self._api = api
        self._steady.start()
        self._sample()

    def close(self) -> None:
        """Ask no more."""
        self._api = None
        self._steady.stop()
        self._soon.stop()

    def refresh(self, *_what: object) -> None:
        """Ask soon."""
        if self._api is not None and not self._soon.isActive():
            self._soon.start()

    @property
    def median_delay(self) -> float | None:
        """Seconds from published to detected, the median; None while nothing is known."""
        return statistics.median(self._delays) if self._delays else None

    @property
    def slowest_delay(self) -> float | None:
        """99 of 100 were faster."""
        if not self._delays:
            return None
        ordered = sorted(self._delays)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]

    def _ask(self, sample: bool = False) -> None:
        if self._api is not None and not self._asking:
            self._asking = True
            self._actions.run(self._read(self._api, sample))

    def _sample(self) -> None:
        self._ask(sample=True)

    async def _read(self, api: Api, sample: bool) -> None:
        try:
            self.status = await api.status.get()
            if sample:
                await self._read_delays(api)
                self._record(self.status)
            self.changed.emit()
        finally:
            self._asking = False

    async def _read_delays(self, api: Api) -> None:
        """Only items that arrived unread count: those of a first check are as old as the platform kept them."""
        where = DetectionFilter(unread=True)
        newest = await api.detections.page(where, limit=200)
        fresh = [detection for detection in newest if detection.id > self._last_seen]
        if fresh:
            self._last_seen = fresh[0].id
        self._delays.extend(delay for one in reversed(fresh) if (delay := delay_of(one)) is not None)

    def _record(self, status: StatusSnapshot) -> None:
        self.online.points.append(status.workers.online)
        self.watched.points.append(status.scheduling.assigned_accounts)
        self.rate.points.append(status.detections.per_minute)
        if self.median_delay is not None:
            self.delay.points.append(self.median_delay)
        workers = self._directory.workers
        self.loads = {worker_id: self.loads.get(worker_id, History()) for worker_id in workers}
        for worker_id, worker in workers.items():
            self.loads[worker_id].points.append(worker.cpu or 0.0)


def delay_of(detection: Detection) -> float | None:
    """Seconds from published to detected; None if the platform did not say, or it was written before we watched."""
    if detection.published_at is None:
        return None
    delay = detection.detected_at - detection.published_at
    return max(delay.total_seconds(), 0.0) if delay < FRESH else None
