"""Takes batches of detections and acknowledges them after the commit (ownership.md, "Detections: effectively once").

Whatever batches arrive while a group is being committed become the next group: no lingering, no queue of transactions.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from engine.bus import Bus
from engine.events import DetectionsStored
from worker.process.clock import lease_clock
from worker.process.tasks import spawn
from worker.protocol.descriptor import Kind
from worker.protocol.errors import Code
from worker.protocol.messages import CursorAt, Detections, Item, Rejected, Stored

LONG_QUEUE = 1.0  #: seconds that a group may be under way before new batches are sent away
RETRY_AFTER = 1.0  #: seconds that a worker then waits
RETRY_AFTER_FAULT = 5.0  #: the same while the disk is full or the database cannot be written
ATTEMPTS = 3  #: failed transactions that convict an item
UNSTORABLE = "unstorable"  #: the code of an item that made its transactions fail

log = structlog.get_logger("ingest")

TRACED = 8  #: checks in one group that are logged; under load a line each would cost more than it tells


class KnownAccount(Protocol):
    """What ingest must know of an account."""

    @property
    def platform(self) -> str: ...
    @property
    def deleted(self) -> bool: ...


class StoredGroup(Protocol):
    """What one transaction stored; `per_account` by account id."""

    @property
    def first_id(self) -> int: ...
    @property
    def last_id(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def baseline(self) -> int: ...
    @property
    def per_account(self) -> Mapping[str, int]: ...


class IngestStore(Protocol):
    """Where detections are kept; see engine.store.ingest for what each promises.

    Attributes:
        faults: errors that are the file's or the disk's; every other error is an item's.
        disk_full: the one of them that the user can end by making room.
    """

    faults: tuple[type[Exception], ...]
    disk_full: type[Exception]

    def account(self, account_id: str) -> KnownAccount | None: ...
    def kinds(self, platform: str) -> Sequence[Kind] | None: ...
    async def store(
        self, found: Sequence[tuple[str, Item]], cursors: Sequence[tuple[str, CursorAt]]
    ) -> StoredGroup: ...
    async def bury(self, letters: Sequence[tuple[str, str, Item]]) -> None: ...


@dataclass(slots=True)
class _Batch:
    """One worker's batch on its way; `rejected` maps an outbox row to its code."""

    worker_id: str
    items: list[Item]
    cursors: list[tuple[str, CursorAt]]
    answer: asyncio.Future[Stored]
    rejected: dict[int, str] = field(default_factory=dict)
    buried: list[tuple[str, str, Item]] = field(default_factory=list)


class Ingest:
    """Groups batches, stores them, answers them, and says on the bus what is new.

    Args:
        clock: seconds, for the age of the queue only.
    """

    def __init__(self, store: IngestStore, bus: Bus, clock: Callable[[], float] = lease_clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._waiting: list[_Batch] = []
        self._task: asyncio.Task[None] | None = None
        self._began = 0.0
        self._faulty = False
        self._closed = False

    async def take(self, worker_id: str, batch: Detections) -> Stored:
        """Store a batch; answers after the commit, or at once with `retry_after` if the queue is too old."""
        if self._closed or (self._task is not None and self._clock() - self._began > LONG_QUEUE):
            return Stored(retry_after=RETRY_AFTER)
        judged = self._judge(worker_id, batch)
        self._waiting.append(judged)
        if self._task is None:
            self._began = self._clock()
            self._task = spawn(self._drain(), name="ingest")
        return await judged.answer

    async def close(self) -> None:
        """Wait until everything taken is answered; later batches are sent away."""
        self._closed = True
        while self._task is not None:
            await asyncio.wait([self._task])

    def _judge(self, worker_id: str, batch: Detections) -> _Batch:
        answer: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        judged = _Batch(worker_id, [], list(batch.cursors.items()), answer)
        for item in batch.items:
            code = self._fault(item)
            if code is None:
                judged.items.append(item)
                continue
            judged.rejected[item.seq] = code
            account = self._store.account(item.account)
            if account is None or not account.deleted:  # nobody will ever ask for what a deleted account lacks
                judged.buried.append((worker_id, code, item))
        return judged

    def _fault(self, item: Item) -> str | None:
        account = self._store.account(item.account)
        if account is None or account.deleted:
            return Code.UNKNOWN_ACCOUNT
        kinds = self._store.kinds(account.platform)
        return None if kinds is None or item.kind in kinds else Code.INVALID

    async def _drain(self) -> None:
        try:
            while self._waiting:
                self._began = self._clock()
                group, self._waiting = self._waiting, []
                await self._settle(group)
        finally:
            self._task = None

    async def _settle(self, group: list[_Batch]) -> None:
        """Store a group and answer each of its batches, whatever happens."""
        try:
            convicted = await self._commit(group)
        except Exception as error:  # the store's own fault, of whatever kind: workers keep their rows and try again
            self._note_fault(error)
            _answer(group, lambda _: Stored(retry_after=RETRY_AFTER_FAULT))
            return
        for batch in group:
            batch.rejected |= {item.seq: UNSTORABLE for worker, _, item in convicted if worker == batch.worker_id}
        _answer(group, _stored)
        _trace(group)

    async def _commit(self, group: list[_Batch]) -> list[tuple[str, str, Item]]:
        """Store all of a group; returns the letters of items that cannot be stored. Raises the store's own faults."""
        found = [(batch.worker_id, item) for batch in group for item in batch.items]
        cursors = [cursor for batch in group for cursor in batch.cursors]
        convicted: list[tuple[str, str, Item]] = []
        await self._store_all(found, cursors, convicted, 0)
        letters = convicted + [letter for batch in group for letter in batch.buried]
        if letters:
            await self._store.bury(letters)
            log.warning("ingest.dead_letters", count=len(letters), codes=sorted({str(code) for _, code, _ in letters}))
        if self._faulty:
            self._faulty = False
            log.info("ingest.recovered")
        return convicted

    async def _store_all(
        self,
        found: list[tuple[str, Item]],
        cursors: list[tuple[str, CursorAt]],
        convicted: list[tuple[str, str, Item]],
        failures: int,
    ) -> None:
        """Store everything, or find the items that make the transaction fail and store the rest around them."""
        if not found and not cursors:
            return
        try:
            self._tell(await self._store.store(found, cursors))
            return
        except self._store.faults:
            raise
        except Exception as error:  # whatever an item provokes, it must not block the others
            if not found:
                raise
            reason = repr(error)[:200]
        if len(found) == 1 and failures + 1 >= ATTEMPTS:
            log.error("ingest.item_unstorable", account=found[0][1].account, seq=found[0][1].seq, reason=reason)
            convicted.append((found[0][0], UNSTORABLE, found[0][1]))
            found = []
        middle = len(found) // 2
        for half in (found[:middle], found[middle:]):
            await self._store_all(half, [], convicted, failures + 1)
        await self._store_all([], cursors, convicted, 0)  # a cursor is never committed before its items

    def _tell(self, stored: StoredGroup) -> None:
        if stored.count:
            self._bus.publish(
                DetectionsStored(stored.first_id, stored.last_id, stored.count, stored.per_account, stored.baseline)
            )

    def _note_fault(self, error: Exception) -> None:
        """Once per bad time, not once per batch."""
        if not self._faulty:
            event = "ingest.disk_full" if isinstance(error, self._store.disk_full) else "ingest.store_failed"
            log.warning(event, reason=str(error)[:500])
        self._faulty = True


def _answer(group: Sequence[_Batch], what: Callable[[_Batch], Stored]) -> None:
    for batch in group:
        if not batch.answer.done():  # its connection may be gone; it will ask again
            batch.answer.set_result(what(batch))


def _stored(batch: _Batch) -> Stored:
    done = [item.seq for item in batch.items if item.seq not in batch.rejected]
    return Stored(done, [Rejected(seq, code) for seq, code in batch.rejected.items()])


def _trace(group: list[_Batch]) -> None:
    """One log line for each check behind a small group, so that its request id can be followed into the store."""
    stored = Counter(item.request_id for batch in group for item in batch.items)
    for request_id, count in stored.items() if len(stored) <= TRACED else ():
        log.info("detections.stored", request_id=request_id, count=count)
