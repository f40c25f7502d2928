"""Keeps the journal: takes lines at once, writes them in order and in groups, and tells the stories."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Protocol

import structlog

from engine.fleet.journal import Line
from engine.records import MASTER, JournalEntry, JournalFilter, StorageFault, from_ms
from worker.process import tasks
from worker.process.clock import wall_ms
from worker.process.logs import current_request_id

LINGER = 1.0  #: seconds that a line waits for others before all of them are written
GROUP = 200  #: so many lines do not wait
MOST_WAITING = 100_000  #: lines kept while they cannot be written; then the oldest go, and a line says how many
RETRY = 5.0  #: seconds until a disk that took nothing is tried again
NONE: Mapping[str, str] = {}
LONGEST = 2000  #: characters of a text

log = structlog.get_logger("journal")


class JournalStore(Protocol):
    """Where lines are kept."""

    async def newest_id(self) -> int: ...
    async def append(self, entries: Sequence[JournalEntry]) -> None: ...
    async def page(self, where: JournalFilter, *, before: int | None, limit: int) -> list[JournalEntry]: ...


class Note(Protocol):
    """Writes one line about these subjects; never waits and never fails."""

    def __call__(
        self,
        what: str,
        *about: str,
        why: str = "",
        request_id: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None: ...


class Recorder:
    """Lines get their ids here, so that one that is written already and one that still waits are told apart.

    Whoever writes is never held up: a disk that takes nothing costs memory, and beyond MOST_WAITING the oldest lines.
    """

    def __init__(self, store: JournalStore, now_ms: Callable[[], int] = wall_ms) -> None:
        self._store = store
        self._now_ms = now_ms
        self._waiting: deque[JournalEntry] = deque()
        self._next_id = 1
        self._lost = 0
        self._failing = False
        self._some, self._many = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Go on after the newest line and begin to write; once more is nothing. Raises StorageFault."""
        if self._task is None:
            self._next_id = await self._store.newest_id() + 1
            self._task = tasks.spawn(self._run(), name="journal")

    async def close(self) -> None:
        """Write what waits, then stop. On a full disk what waits is lost, and the log says so."""
        task, self._task = self._task, None
        if task is not None:
            await tasks.cancel(task)
            if not await self._flush():
                log.warning("journal.lines_lost", lines=len(self._waiting))

    def record(self, line: Line) -> None:
        """Take a line of the fleet's, which was written just now."""
        self.note(line.what, *line.about, why=line.why, request_id=line.request_id or None, details=line.details)

    def note(
        self,
        what: str,
        *about: str,
        why: str = "",
        request_id: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Take one line; without a request id it gets that of what is being done right now."""
        request_id = current_request_id() if request_id is None else request_id
        subjects = tuple(dict.fromkeys(subject for subject in about if subject))
        at = from_ms(self._now_ms())
        clean = {key: _clean(value) for key, value in details.items()} if details else NONE
        entry = JournalEntry(at, subjects, _clean(what), _clean(why), _clean(request_id), clean, self._next_id)
        self._next_id += 1
        self._waiting.append(entry)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self._lost += 1
        self._some.set()
        if len(self._waiting) >= GROUP:
            self._many.set()

    async def page(self, where: JournalFilter, *, before: int | None, limit: int) -> list[JournalEntry]:
        """Lines that fit, newest first, below the id `before` if given; those not yet written are among them."""
        waiting = [entry for entry in self._waiting if _fits(entry, where, before)]
        rows = await self._store.page(where, before=before, limit=limit)
        found = {entry.id: entry for entry in (*rows, *waiting)}  # some were written while we read
        return [found[key] for key in sorted(found, reverse=True)[:limit]]

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await self._many.wait()
            self._some.clear()
            self._many.clear()
            if not await self._flush():
                await asyncio.sleep(RETRY)
                self._some.set()

    async def _flush(self) -> bool:
        """Write all that waits, in order; false if the store takes nothing right now."""
        while self._waiting:
            group = list(islice(self._waiting, GROUP))
            try:
                await self._store.append(group)
            except StorageFault as error:
                self._say_failing(error)
                return False
            except Exception:  # a line that cannot be written must not hold up those after it
                log.exception("journal.group_lost", lines=len(group))
            last = group[-1].id
            while self._waiting and self._waiting[0].id <= last:  # some may have gone while we wrote: too many waited
                self._waiting.popleft()
        self._say_recovered()
        return True

    def _say_failing(self, error: StorageFault) -> None:
        if not self._failing:
            log.warning("journal.not_saved", why=str(error))
        self._failing = True

    def _say_recovered(self) -> None:
        if self._failing:
            log.info("journal.recovered")
        self._failing = False
        if lost := self._lost:
            self._lost = 0
            why = "more of them waited to be written than memory may hold"
            self.note("lines of the journal were lost", MASTER, why=why, details={"lines": str(lost)})


def _clean(text: str) -> str:
    """What can be written: no lone surrogates, and not without end."""
    if text.isascii() and len(text) <= LONGEST:  # almost always; a start with 100,000 accounts writes as many lines
        return text
    return text[:LONGEST].encode("utf-8", "replace").decode()


def _fits(entry: JournalEntry, where: JournalFilter, before: int | None) -> bool:
    text = " ".join((entry.what, entry.why, entry.request_id, *entry.details.values())).lower()
    return (
        (before is None or entry.id < before)
        and (where.subject is None or where.subject in entry.subjects)
        and (where.since is None or entry.at >= where.since)
        and (where.until is None or entry.at < where.until)
        and (where.q is None or where.q.lower() in text)
    )
