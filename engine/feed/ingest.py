"""Takes batches of detections and acknowledges them after the commit (ownership.md, "Detections: effectively once").

Whatever batches arrive while a group is being committed become the next group: no lingering, no queue of transactions.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import structlog

from engine.bus import Bus
from engine.events import DeadLettersChanged, DetectionsStored
from engine.feed.sparing import Sparing
from engine.journal import Note
from engine.records import MASTER, Letter, Misfit
from worker.process.clock import lease_clock
from worker.process.tasks import spawn
from worker.protocol.descriptor import Kind
from worker.protocol.errors import Code
from worker.protocol.messages import CursorAt, Detections, Item, Rejected, Stored

LONGEST_ID = 100  #: characters of what an item that does not fit gives as its account
LONG_QUEUE = 1.0  #: seconds that a group may be under way before new batches are sent away
RETRY_AFTER = 1.0  #: seconds that a worker then waits
RETRY_AFTER_FAULT = 5.0  #: the same while the disk is full or the database cannot be written
ATTEMPTS = 3  #: failed transactions that convict an item
UNSTORABLE = "unstorable"  #: the code of an item that made its transactions fail
WHY: dict[str, str] = {  #: a sentence for each code
    Code.UNKNOWN_ACCOUNT: "there is no such account",
    Code.NOT_OWNER: "the account was never given to this worker",
    Code.INVALID: "its platform has no items of this kind",
    UNSTORABLE: "the database does not take it",
}

Place = tuple[str, str, CursorAt]  #: the worker that says so, and where the account's next check starts

log = structlog.get_logger("ingest")

TRACED = 8  #: checks in one group that are logged; under load a line each would cost more than it tells


class KnownAccount(Protocol):
    """What ingest must know of an account."""

    @property
    def platform(self) -> str: ...


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
    def was_entrusted(self, account_id: str, worker_id: str) -> bool: ...
    def kinds(self, platform: str) -> Sequence[Kind] | None: ...
    async def store(self, found: Sequence[tuple[str, Item]], cursors: Sequence[Place]) -> StoredGroup: ...
    async def bury(self, letters: Sequence[Letter]) -> int: ...


@dataclass(frozen=True, slots=True)
class _Convicted:
    """An item that made its transactions fail."""

    worker_id: str
    item: Item
    reason: str


@dataclass(slots=True)
class _Batch:
    """One worker's batch on its way; `rejected` maps an outbox row to its code."""

    worker_id: str
    items: list[Item]
    cursors: list[Place]
    answer: asyncio.Future[Stored]
    rejected: dict[int, str] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)


class Ingest:
    """Groups batches, stores them, answers them, and says on the bus what is new.

    Args:
        clock: seconds, for the age of the queue only.
        note: writes a line of the journal.
    """

    def __init__(
        self,
        store: IngestStore,
        bus: Bus,
        clock: Callable[[], float] = lease_clock,
        note: Note = lambda *_what, **_why: None,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._sparing = Sparing(note, clock)
        self._waiting: list[_Batch] = []
        self._task: asyncio.Task[None] | None = None
        self._began = 0.0
        self._faulty = False
        self._closed = False

    async def take(self, worker_id: str, batch: Detections, misfits: Sequence[Misfit] = ()) -> Stored:
        """Store a batch; answers after the commit, or at once with `retry_after` if the queue is too old.

        Args:
            misfits: items of the same batch that do not fit the protocol.
        """
        if self._closed or (self._task is not None and self._clock() - self._began > LONG_QUEUE):
            return Stored(retry_after=RETRY_AFTER)
        judged = self._judge(worker_id, batch)
        for misfit in misfits:
            judged.rejected[misfit.seq] = Code.INVALID
            judged.letters.append(Letter(worker_id, Code.INVALID, misfit.why, misfit.item))
        self._waiting.append(judged)
        if self._task is None:
            self._began = self._clock()
            self._task = spawn(self._drain(), name="ingest")
        return await judged.answer

    async def retry(self, worker_id: str, item: Item) -> tuple[str, str] | None:
        """Try again to store an item that was refused once; None once it is stored, else code and sentence.

        A user asks for it, so that it counts even if the account was never this worker's.

        Raises:
            StorageFault: if the file or the disk is at fault.
        """
        code = self._fault(item)
        if code is not None:
            return code, WHY[code]
        try:
            self._tell(await self._store.store([(worker_id, item)], []))
        except self._store.faults:
            raise
        except Exception as error:  # whatever it provokes, it is this item's fault
            return UNSTORABLE, f"{WHY[UNSTORABLE]}: {_said(error)}"
        return None

    async def close(self) -> None:
        """Wait until everything taken is answered; later batches are sent away."""
        self._closed = True
        while self._task is not None:
            await asyncio.wait([self._task])

    def _judge(self, worker_id: str, batch: Detections) -> _Batch:
        answer: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        cursors = [(worker_id, account, at) for account, at in batch.cursors.items()]
        judged = _Batch(worker_id, [], cursors, answer)
        for item in batch.items:
            code = self._fault(item) or self._foreign(worker_id, item)
            if code is None:
                judged.items.append(item)
                continue
            judged.rejected[item.seq] = code
            judged.letters.append(_letter(worker_id, code, WHY[code], item))
        return judged

    def _fault(self, item: Item) -> str | None:
        account = self._store.account(item.account)  # one in the bin counts: it may be restored
        if account is None:
            return Code.UNKNOWN_ACCOUNT
        kinds = self._store.kinds(account.platform)
        return None if kinds is None or item.kind in kinds else Code.INVALID

    def _foreign(self, worker_id: str, item: Item) -> str | None:
        """An item of an earlier epoch is a fact; about an account that it never had, a worker is not believed."""
        return None if self._store.was_entrusted(item.account, worker_id) else Code.NOT_OWNER

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
            batch.rejected |= {one.item.seq: UNSTORABLE for one in convicted if one.worker_id == batch.worker_id}
        _answer(group, _stored)
        _trace(group)

    async def _commit(self, group: list[_Batch]) -> list[_Convicted]:
        """Store all of a group; returns the items that cannot be stored. Raises the store's own faults."""
        found = [(batch.worker_id, item) for batch in group for item in batch.items]
        cursors = [cursor for batch in group for cursor in batch.cursors]
        convicted: list[_Convicted] = []
        await self._store_all(found, cursors, convicted, 0)
        letters = [letter for batch in group for letter in batch.letters]
        letters += [
            _letter(one.worker_id, UNSTORABLE, f"{WHY[UNSTORABLE]}: {one.reason}", one.item) for one in convicted
        ]
        if letters:
            await self._bury(letters)
        if self._faulty:
            self._faulty = False
            log.info("ingest.recovered")
        return convicted

    async def _bury(self, letters: list[Letter]) -> None:
        dropped = await self._store.bury(letters)
        tell, told = self._sparing.note, False
        same = Counter((str(one.item.get("account", "")), one.worker_id, one.why) for one in letters)
        for (account, worker_id, why), number in same.items():
            about, details = (account[:LONGEST_ID], worker_id), {"items": str(number)}
            told |= tell(worker_id, "could not be stored", *about, why=why, details=details)
        if told:
            log.warning("ingest.dead_letters", count=len(letters), codes=sorted({str(one.code) for one in letters}))
        if dropped:
            why, details = "there are more items that could not be stored than are kept", {"items": str(dropped)}
            if tell(MASTER, "the oldest dead letters were dropped", MASTER, why=why, details=details):
                log.warning("ingest.dead_letters_dropped", count=dropped)
        self._bus.publish(DeadLettersChanged())

    async def _store_all(
        self,
        found: list[tuple[str, Item]],
        cursors: list[Place],
        convicted: list[_Convicted],
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
            reason = _said(error)
        if not found:
            await self._halve_cursors(cursors, failures, reason)
            return
        if len(found) == 1 and failures + 1 >= ATTEMPTS:
            log.error("ingest.item_unstorable", account=found[0][1].account, seq=found[0][1].seq, reason=reason)
            convicted.append(_Convicted(*found[0], reason))
            found = []
        middle = len(found) // 2
        for half in (found[:middle], found[middle:]):
            await self._store_all(half, [], convicted, failures + 1)
        await self._store_all([], cursors, convicted, 0)  # a cursor is never committed before its items

    async def _halve_cursors(self, cursors: list[Place], failures: int, reason: str) -> None:
        """One that cannot be stored is left out: the next owner starts from the one before, and nothing comes twice."""
        if len(cursors) == 1 and failures + 1 >= ATTEMPTS:
            log.error("ingest.cursor_unstorable", account=cursors[0][1], reason=reason)
            return
        middle = len(cursors) // 2
        for half in (cursors[:middle], cursors[middle:]):
            await self._store_all([], half, [], failures + 1)

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


def _letter(worker_id: str, code: str, why: str, item: Item) -> Letter:
    return Letter(worker_id, code, why, msgspec.to_builtins(item))


def _said(error: Exception) -> str:
    return repr(error)[:200]
