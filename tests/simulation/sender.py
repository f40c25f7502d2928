"""The model of `worker.sender.Sender`: oldest rows first, one batch in flight, the same rows again until answered."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulation.disk import Batch
from tests.simulation.ingest import Stored
from worker.watch import backoff

if TYPE_CHECKING:
    from tests.simulation.worker import Worker

LINGER, DELIVERY_TIMEOUT = 0.05, 20.0  #: seconds, as in the product


class Sender:
    """Lives as long as one worker process."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker
        self._batch: Batch | None = None
        self._in_flight = self._lingering = False
        self._pause = 0
        self._paused = False
        self._attempt = 0
        self._waiters: list[Callable[[], None]] = []

    def wake(self) -> None:
        """There is something to send."""
        if not (self._lingering or self._batch):
            self._lingering = True
            self._worker.timer(LINGER, self._lingered)

    def link_up(self) -> None:
        """A new connection is registered: go on at once."""
        self._attempt = 0
        self._paused = False
        self._send()
        if self._worker.disk.outbox:
            self.wake()

    def flushed(self, within: float, then: Callable[[], None]) -> None:
        """Call back when nothing is left to send, or after so many seconds."""
        if not self._worker.disk.outbox:
            then()
            return
        waiting = [then]

        def once() -> None:
            if waiting:
                waiting.pop()()

        self._waiters.append(once)
        self._worker.timer(within, once)

    def _lingered(self) -> None:
        self._lingering = False
        self._next()

    def _next(self) -> None:
        self._batch = self._worker.disk.next_batch()
        if self._batch is None:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                waiter()
        self._send()

    def _send(self) -> None:
        if self._batch is None or self._in_flight or self._paused or not self._worker.registered:
            return
        self._in_flight = True
        self._worker.call("detections", self._batch, DELIVERY_TIMEOUT, self._answered)

    def _answered(self, answer: object) -> None:
        self._in_flight = False
        assert self._batch is not None
        if not isinstance(answer, Stored):
            self._wait(backoff.compute(self._attempt, self._worker.timeline.random))
        elif answer.retry_after is not None:
            self._wait(answer.retry_after)
        elif not self._worker.disk.drop(self._batch, set(answer.gone)):
            self._wait(backoff.compute(self._attempt, self._worker.timeline.random))
        else:
            self._attempt = 0
            self._next()

    def _wait(self, seconds: float) -> None:
        self._attempt += 1
        self._pause += 1
        self._paused = True
        self._worker.timer(seconds, self._go_on, self._pause)

    def _go_on(self, pause: int) -> None:
        if pause == self._pause:
            self._paused = False
            self._send()
