"""One socket of one worker: its messages are done one after the other, in the order in which they came."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from engine.gateway.namespace import Ack, answered
from worker.process import logs
from worker.process.tasks import cancel, spawn
from worker.protocol.envelope import Received, refused
from worker.protocol.errors import Code
from worker.protocol.messages import Answer, Detections

MAX_QUEUED = 1000  #: messages of one worker that wait; one more is answered with `busy`

Serve = Callable[["Connection", Received], Awaitable[Answer | None]]


@dataclass(slots=True)
class _Waiting:
    received: Received
    ack: asyncio.Future[Ack] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Connection:
    """A queue, one task that drains it while there is something in it, and at most one batch of detections beside it.

    A batch waits for a commit; nothing behind it in the queue waits with it.

    Attributes:
        worker_id: proven by the token.
        incarnation: of the process that registered here; None before that.
        accounts: how many it was given.
        coming: messages that have arrived and are on their way to `offer`.
        held: messages to the worker that may not overtake the answer to its registration; None: nothing is held.
    """

    def __init__(self, sid: str, worker_id: str, serve: Serve) -> None:
        self.sid = sid
        self.worker_id = worker_id
        self.incarnation: str | None = None
        self.accounts = 0
        self.coming = 0
        self.held: list[Callable[[], bool]] | None = None
        self._serve = serve
        self._queue: deque[_Waiting] = deque()
        self._open: set[asyncio.Future[Ack]] = set()
        self._over: Ack | None = None
        self._drainer: asyncio.Task[None] | None = None
        self._batch: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether a message that comes now would be the next to be done: it may be done at once."""
        draining = self._drainer is not None and not self._drainer.done()
        return not (draining or self.coming or self.is_over()) and self.held is None

    def is_over(self) -> bool:
        """Whether it ended: nothing that comes now is done."""
        return self._over is not None

    def offer(self, received: Received) -> asyncio.Future[Ack]:
        """Queue a message; the future is its acknowledgement and never fails."""
        waiting = _Waiting(received)
        self._open.add(waiting.ack)
        waiting.ack.add_done_callback(self._open.discard)
        if self._over is not None:
            waiting.ack.set_result(self._over)
        elif len(self._queue) >= MAX_QUEUED:
            waiting.ack.set_result(refused(Code.BUSY, "too many messages wait"))
        else:
            self._queue.append(waiting)
            if self._drainer is None or self._drainer.done():
                self._drainer = spawn(self._drain(), name=f"worker:{self.worker_id}")
        return waiting.ack

    def end(self, code: Code, message: str) -> None:
        """Answer all that wait, and all that still comes, with this refusal. What is being done is not torn apart."""
        self._over = self._over or refused(code, message)
        for ack in list(self._open):
            _settle(ack, self._over)

    async def close(self) -> None:
        """End and wait until nothing runs any more."""
        self.end(Code.CLOSING, "the master is closing")
        await cancel(self._drainer, self._batch)

    async def _drain(self) -> None:
        while self._queue and not self.is_over():
            waiting = self._queue.popleft()
            if not waiting.ack.done():
                with logs.request(waiting.received.request_id):
                    await self._do(waiting)

    async def _do(self, waiting: _Waiting) -> None:
        if not isinstance(waiting.received.message, Detections):
            _settle(waiting.ack, await answered(self._serve(self, waiting.received)))
        elif self._batch is not None and not self._batch.done():
            _settle(waiting.ack, refused(Code.BUSY, "one batch at a time"))
        else:
            self._batch = spawn(self._store(waiting), name=f"worker:{self.worker_id}:detections")
            await asyncio.sleep(0)  # the batch is under way before the next message is looked at

    async def _store(self, waiting: _Waiting) -> None:
        _settle(waiting.ack, await answered(self._serve(self, waiting.received)))


def _settle(ack: asyncio.Future[Ack], answer: Ack) -> None:
    if not ack.done():
        ack.set_result(answer)
