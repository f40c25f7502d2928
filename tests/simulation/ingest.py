"""The model of `engine.feed.ingest.Ingest`: groups, the answer after the commit, bisection, back-pressure."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.database import BadItem, Database, Fault
from tests.simulation.disk import Batch, Item
from tests.simulation.process import Process

LONG_QUEUE = 1.0  #: seconds, as in the product; so are the other two
RETRY_AFTER, RETRY_AFTER_FAULT = 1.0, 5.0
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer to a batch: rows that are done with, or seconds to wait."""

    gone: frozenset[int] = frozenset()
    retry_after: float | None = None


@dataclass(slots=True)
class Taken:
    """One batch on its way."""

    worker_id: str
    batch: Batch
    answer: Callable[[Stored], None]
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class Job:
    """One transaction of a group; `failures` of the one that it was split off from."""

    items: list[tuple[str, Item]]
    cursors: list[Taken]
    failures: int = 0


class Ingest:
    """Lives as long as one master process."""

    def __init__(self, process: Process, database: Database) -> None:
        self.process = process
        self.database = database
        self._waiting: list[Taken] = []
        self._group: list[Taken] = []
        self._jobs: list[Job] = []
        self._began = 0.0

    def take(self, worker_id: str, batch: Batch, answer: Callable[[Stored], None]) -> None:
        """Store a batch; the answer comes after the commit, or at once with `retry_after`."""
        if self._group and self.process.clock() - self._began > LONG_QUEUE:
            answer(Stored(retry_after=RETRY_AFTER))
            return
        accounts = self.database.tables.accounts
        known = [item for item in batch.items if item.account in accounts]
        self._waiting.append(Taken(worker_id, batch, answer, known))
        if not self._group:
            self._next_group()

    def _next_group(self) -> None:
        self._began = self.process.clock()
        self._group, self._waiting = self._waiting, []
        if self._group:
            self._jobs = [Job([(taken.worker_id, item) for taken in self._group for item in taken.items], self._group)]
            self._next_job()

    def _next_job(self) -> None:
        if self._jobs:
            job = self._jobs.pop(0)
            self.database.write(self.process, lambda: self.commit(job), lambda result: self._done(job, result))
        else:
            self._settle(lambda taken: Stored(frozenset(item.seq for item in taken.batch.items)))

    def commit(self, job: Job) -> None:
        """The work of one transaction."""
        if len(job.items) == 1 and job.failures >= ATTEMPTS:  # convicted
            self.database.bury([job.items[0][1]])
            return
        for worker_id in dict.fromkeys(worker_id for worker_id, _ in job.items):
            self.database.store(worker_id, [item for owner, item in job.items if owner == worker_id], {})
        for taken in job.cursors:
            known = {key: at for key, at in taken.batch.cursors.items() if key in self.database.tables.accounts}
            self.database.store(taken.worker_id, [], known)

    def _done(self, job: Job, result: object) -> None:
        if isinstance(result, Fault):
            self._jobs = []
            self._settle(lambda _taken: Stored(retry_after=RETRY_AFTER_FAULT))
            return
        if isinstance(result, BadItem):
            middle = len(job.items) // 2
            halves = [half for half in (job.items[:middle], job.items[middle:]) if half]
            split = [Job(half, [], job.failures + 1) for half in halves]
            self._jobs = [*split, *([Job([], job.cursors)] if job.cursors else []), *self._jobs]
        self._next_job()

    def _settle(self, what: Callable[[Taken], Stored]) -> None:
        group, self._group = self._group, []
        for taken in group:
            taken.answer(what(taken))
        self._next_group()
