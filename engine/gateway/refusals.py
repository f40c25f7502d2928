"""Who was turned away: one line a minute for each address and kind, so that nobody can flood log and journal."""

import asyncio
from dataclasses import dataclass

import structlog

from engine.bus import Bus
from engine.events import DoorRefused
from worker.process.logs import current_request_id, request

MINUTE = 60.0  #: seconds between two lines about the same
MAX_KEYS = 64  #: addresses and kinds that are told apart within a minute; of more, the kinds alone

log = structlog.get_logger("gateway")


@dataclass(slots=True)
class _Open:
    timer: asyncio.TimerHandle
    since: int = 0


class Refusals:
    """Publishes DoorRefused: the first at once, the others summed up once a minute."""

    def __init__(self, bus: Bus, minute: float = MINUTE) -> None:
        self._bus = bus
        self._minute = minute
        self._open: dict[tuple[str, str], _Open] = {}

    def note(self, address: str, kind: str) -> None:
        """One more."""
        key = (address, kind)
        if key not in self._open and len(self._open) >= MAX_KEYS:
            key = ("", kind)
        if known := self._open.get(key):
            known.since += 1
            return
        self._open[key] = _Open(self._later(key))
        self._tell(key, 1, current_request_id())

    def close(self) -> None:
        """Tell what was not yet told."""
        for key, known in list(self._open.items()):
            known.timer.cancel()
            if known.since:
                self._tell(key, known.since)
        self._open.clear()

    def _later(self, key: tuple[str, str]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._minute, self._minute_over, key)

    def _minute_over(self, key: tuple[str, str]) -> None:
        known = self._open.pop(key)
        if known.since:
            self._open[key] = _Open(self._later(key))
            with request(""):  # the timer was set in the context of the first of them
                self._tell(key, known.since)

    def _tell(self, key: tuple[str, str], count: int, request_id: str = "") -> None:
        log.info("door.refused", address=key[0], kind=key[1], count=count)
        self._bus.publish(DoorRefused(*key, count, request_id))
