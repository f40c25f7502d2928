"""A FIFO, run-to-completion event bus: an event published by a handler waits until the one before it is done."""

from collections import deque
from collections.abc import Callable
from typing import TypeVar

import structlog

from engine.events import Event

E = TypeVar("E", bound=Event)
Handler = Callable[[Event], None]
log = structlog.get_logger("bus")


class Bus:
    """Delivers each event to its subscribers in the order in which they subscribed. Not thread-safe: loop only."""

    def __init__(self) -> None:
        self._handlers: dict[type[Event], list[Callable[..., None]]] = {}
        self._queue: deque[Event] = deque()
        self._delivering = False

    def subscribe(self, kind: type[E], handler: Callable[[E], None]) -> Callable[[], None]:
        """Call `handler` for each event of exactly this kind (`Event` itself: for all); returns the way out."""
        self._handlers.setdefault(kind, []).append(handler)

        def unsubscribe() -> None:
            if handler in self._handlers.get(kind, []):
                self._handlers[kind].remove(handler)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Queue an event; unless one is being delivered right now, deliver until the queue is empty."""
        self._queue.append(event)
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._queue:
                self._deliver(self._queue.popleft())
        finally:
            self._delivering = False

    def _deliver(self, event: Event) -> None:
        for handler in [*self._handlers.get(type(event), ()), *self._handlers.get(Event, ())]:
            try:
                handler(event)
            except Exception:  # one reader's fault must not stop the others or the publisher
                log.exception("bus.handler_failed", event_type=type(event).__name__)
