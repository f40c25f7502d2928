"""One watched account, the queue of accounts whose check is due, and the pace at which each is checked."""

from collections import OrderedDict
from dataclasses import dataclass, replace

from worker.protocol.messages import Task
from worker.watch.backoff import slowed
from worker.watch.events import CheckFinished, SendReport
from worker.watch.schedule import Schedule

MAX_STREAK = 50  #: checks in a row because a platform said that it has more
MAX_MESSAGE = 2000  #: characters of a report's message


@dataclass(slots=True)
class Watched:
    """One account that this worker was given.

    Attributes:
        failures: bad checks in a row. streak: checks in a row that ended with `more`.
        blocked: its credentials were refused; only a check request or a new assignment starts a check.
        held_back: its next slot was put off.
        report: what the master was told last under this assignment.
        asked: the last check request seen. request: the one that still waits.
    """

    task: Task
    failures: int = 0
    streak: int = 0
    blocked: bool = False
    held_back: bool = False
    report: SendReport | None = None
    asked: str | None = None
    request: str | None = None


class Queue:
    """Accounts that wait for a check: those that somebody asked for first, each at most once."""

    def __init__(self) -> None:
        self._urgent: OrderedDict[str, None] = OrderedDict()
        self._ready: OrderedDict[str, None] = OrderedDict()

    def add(self, account: str, *, urgent: bool = False) -> None:
        """Put it at the end, unless it waits already."""
        (self._urgent if urgent else self._ready).setdefault(account, None)

    def drop(self, account: str) -> None:
        """Take it out, wherever it is."""
        self._urgent.pop(account, None)
        self._ready.pop(account, None)

    def pop(self) -> str | None:
        """The next account, now out of the queue; None if nothing waits."""
        queue = self._urgent or self._ready
        if not queue:
            return None
        account, _ = queue.popitem(last=False)
        self.drop(account)
        return account

    def accounts(self) -> set[str]:
        """All that wait."""
        return set(self._urgent) | set(self._ready)


class Pace:
    """Judges finished checks: slows failing accounts down and says what the master is to be told."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def judge(self, watched: Watched, event: CheckFinished, now: float) -> SendReport | None:
        """Take a check that really happened; a report comes back if the state changed or the next check is put off."""
        assert event.outcome is not None
        good = event.outcome == "ok"
        watched.failures = 0 if good else watched.failures + 1
        watched.blocked = event.outcome == "refused"
        retry_in = self._hold_back(watched, slowed(watched.task.interval, watched.failures, event.retry_after), now)
        if watched.blocked:
            retry_in = None
        again = good and event.more and retry_in is None and watched.streak < MAX_STREAK
        watched.streak = watched.streak + 1 if again else 0
        if watched.report is not None and watched.report.state == event.outcome and retry_in is None:
            return None
        if not good and not watched.blocked and retry_in is None:
            retry_in = self._schedule.due_in(event.account, now)  # the regular slot: the user asks when it goes on
        message = event.message[:MAX_MESSAGE]
        watched.report = SendReport(event.account, event.epoch, event.outcome, retry_in, event.quota, message)
        return watched.report

    def repeat(self, watched: Watched, now: float) -> SendReport | None:
        """A report may have been lost with the connection: bad news is told again now, good news after a check."""
        if watched.report is None or watched.report.state == "ok":
            watched.report = None
            return None
        retry_in = None if watched.blocked else self._schedule.due_in(watched.task.account, now)
        return replace(watched.report, retry_in=retry_in)

    def forgive(self, watched: Watched, now: float) -> None:
        """Something about the account changed: give it its regular slots back."""
        watched.blocked, watched.failures = False, 0
        self._release(watched, now)

    def _hold_back(self, watched: Watched, wait: float, now: float) -> float | None:
        """Put the next slot off by at least `wait` seconds; returns seconds until it if that changed anything."""
        self._release(watched, now)
        account = watched.task.account
        regular = self._schedule.due_at(account)
        if regular >= now + wait:
            return None
        self._schedule.aim(account, now + wait)
        watched.held_back = True
        return self._schedule.due_in(account, now)

    def _release(self, watched: Watched, now: float) -> None:
        if watched.held_back:
            watched.held_back = False
            self._schedule.aim(watched.task.account, now)
