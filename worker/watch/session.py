"""What a worker should run and what it runs: events in, commands out (ownership.md, W1 to W6)."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from worker.protocol.digest import digest_of
from worker.protocol.messages import Held, Task
from worker.watch import events as ev
from worker.watch.departures import Departures
from worker.watch.lease import Lease
from worker.watch.schedule import Schedule
from worker.watch.watched import Pace, Queue, Watched

MAX_RUNNING = 20  #: checks in flight at once
JOURNAL_LINES = 500


@dataclass(slots=True)
class Running:
    """One check in flight."""

    epoch: int
    request: str | None = None
    aborted: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened; `at` is the lease clock's."""

    at: float
    subject: str
    what: str


class Session:
    """Decides what is checked when, and never lets an account be acted on outside lease and epoch.

    `handle` is the only thing that changes it; its caller performs the commands in order and reports every outcome as
    the next event.
    """

    def __init__(self, max_running: int = MAX_RUNNING) -> None:
        self.sequence = 0
        self.lease = Lease()
        self.journal: deque[Line] = deque(maxlen=JOURNAL_LINES)
        self._max_running = max_running
        self._watched: dict[str, Watched] = {}
        self._running: dict[str, Running] = {}
        self._leaving: dict[str, int] = {}
        self._departures = Departures()
        self._schedule = Schedule()
        self._pace = Pace(self._schedule)
        self._queue = Queue()
        self._full = self._draining = self._linked = False
        self._wake = inf
        self._digest: str | None = None
        self._commands: list[ev.Command] = []
        self._handlers: dict[type[ev.Event], Callable[[Any, float], None]] = {
            ev.Registered: self._registered,
            ev.Assigned: self._assigned,
            ev.Revoked: self._revoked,
            ev.HeartbeatSent: lambda event, now: self.lease.sent(event.nonce, now),
            ev.HeartbeatAnswered: self._heartbeat_answered,
            ev.CheckFinished: self._check_finished,
            ev.ReleaseAnswered: self._release_answered,
            ev.MemoryFull: lambda event, now: setattr(self, "_full", event.full),
            ev.LinkLost: self._link_lost,
            ev.ClockTick: lambda event, now: None,
            ev.ShutdownAsked: self._shutdown_asked,
            ev.Drained: self._drained,
        }

    def handle(self, event: ev.Event, now: float) -> list[ev.Command]:
        """Take one event at `now` (seconds of the lease clock) and return what is to be done, in order."""
        self._commands = []
        if self.lease.expired(now):  # before anything else: an answer that comes too late must not revive it
            self._stop(now)
        self._handlers[type(event)](event, now)
        if self.lease.expired(now):  # the answer to a heartbeat that was sent too long ago
            self._stop(now)
        self._queue_due(now)
        self._start_checks(now)
        self._plan_wake()
        return self._commands

    def digest(self) -> str:
        """Fingerprint of the accounts that it was given and has not let go, for the heartbeat."""
        if self._digest is None:
            self._digest = digest_of((account, watched.task.epoch) for account, watched in self._watched.items())
        return self._digest

    def held(self) -> list[Held]:
        """The same accounts, for worker:register."""
        return [Held(account, watched.task.epoch) for account, watched in sorted(self._watched.items())]

    def may_act(self, account: str, epoch: int, now: float) -> bool:
        """The look before each request (W2): the check still runs under this epoch, and the lease is long enough."""
        running = self._running.get(account)
        current = running is not None and running.epoch == epoch and not running.aborted
        return current and self.lease.allows(now)

    @property
    def running(self) -> int:
        """Checks in flight, aborted ones included until they end."""
        return len(self._running)

    def __len__(self) -> int:
        return len(self._watched)

    def _registered(self, event: ev.Registered, now: float) -> None:
        self._linked = True
        self.sequence = event.sequence  # a restarted master may count from the beginning again
        self.lease.configure(event.lease, event.heartbeat_interval, now)
        self._note(now, "session", f"registered, sequence {event.sequence}")
        self._replace(event.tasks, now)
        for watched in self._watched.values():
            self._repeat_report(watched, now)
        self._repeat_releases()

    def _assigned(self, event: ev.Assigned, now: float) -> None:
        message = event.message
        if message.sequence < self.sequence or (message.sequence == self.sequence and not message.complete):
            return self._note(now, "session", f"assignment {message.sequence} is stale")
        self.sequence = message.sequence
        if message.complete:
            return self._replace(tuple(message.tasks), now)
        adopted = [task for task in message.tasks if self._adopt(task, now)]
        for task in adopted:  # a change may mean other credentials, or that the user mended something
            self._pace.forgive(self._watched[task.account], now)
            self._commands.append(ev.DropCredentials(task.account))
        self._remember(adopted)

    def _replace(self, tasks: tuple[Task, ...], now: float) -> None:
        wanted = {task.account for task in tasks}
        self._let_go([account for account in self._watched if account not in wanted], now, "no longer assigned")
        self._remember([task for task in tasks if self._adopt(task, now)])

    def _remember(self, tasks: list[Task]) -> None:
        if tasks:
            self._commands.append(ev.RememberTasks(tuple(tasks)))

    def _adopt(self, task: Task, now: float) -> bool:
        """Take one task; false if its epoch is one that this worker may not act with."""
        account, old = task.account, self._watched.get(task.account)
        if self._departures.over(account, task.epoch) or (old is not None and task.epoch < old.task.epoch):
            self._note(now, account, f"epoch {task.epoch} is stale")
            return False
        if old is None or task.epoch > old.task.epoch:
            self._abort(account, now, f"epoch {task.epoch} begins")
            self._begin(Watched(task, asked=old.asked if old else None), now)
        else:
            self._update(old, task, now)
        self._take_request(self._watched[account], task.check_request, now)
        return True

    def _begin(self, watched: Watched, now: float) -> None:
        task = watched.task
        self._watched[task.account] = watched
        self._schedule.add(task.account, task.interval, now + task.due_in)
        self._queue.drop(task.account)
        self._digest = None
        self._note(now, task.account, f"assigned, epoch {task.epoch}")

    def _update(self, watched: Watched, task: Task, now: float) -> None:
        if task.interval != watched.task.interval:
            self._schedule.change_interval(task.account, task.interval, now)
        if task.settings != watched.task.settings or task.platform != watched.task.platform:
            self._pace.forgive(watched, now)
        watched.task = task

    def _take_request(self, watched: Watched, request: str | None, now: float) -> None:
        if request is None or request == watched.asked:  # an assignment that is sent again repeats its requests
            return
        watched.asked = watched.request = request
        self._note(now, watched.task.account, f"check {request} asked for")
        if watched.task.account not in self._running:
            self._queue.add(watched.task.account, urgent=True)

    def _revoked(self, event: ev.Revoked, now: float) -> None:
        if event.message.sequence < self.sequence:
            return self._note(now, "session", f"revocation {event.message.sequence} is stale")
        self.sequence = event.message.sequence
        known = [account for account in dict.fromkeys(event.message.accounts) if account in self._watched]
        self._let_go(known, now, "revoked")
        for account in set(event.message.accounts) - set(known) - set(self._leaving):
            if (epoch := self._departures.last(account)) is not None:
                self._release(account, epoch)  # let go before: say so again

    def _let_go(self, accounts: list[str], now: float, why: str) -> None:
        for account in accounts:
            epoch = self._watched.pop(account).task.epoch
            self._schedule.remove(account)
            self._queue.drop(account)
            self._departures.leave(account, epoch)
            self._commands.append(ev.DropCredentials(account))
            self._note(now, account, f"{why}, epoch {epoch}")
            if account in self._running:
                self._leaving[account] = epoch
                self._abort(account, now, why)
            else:
                self._release(account, epoch)
        if accounts:
            self._digest = None
            self._commands.append(ev.ForgetTasks(tuple(accounts)))

    def _release(self, account: str, epoch: int) -> None:
        self._departures.told(account, epoch)
        self._commands.append(ev.SendReleased(account, epoch))

    def _release_answered(self, event: ev.ReleaseAnswered, now: float) -> None:
        if self._departures.heard(event.account, event.epoch):
            self._note(now, event.account, f"released, epoch {event.epoch}")

    def _repeat_releases(self) -> None:
        fresh = {(c.account, c.epoch) for c in self._commands if isinstance(c, ev.SendReleased)}
        missing = [pair for pair in self._departures.unheard() if pair not in fresh]
        self._commands += [ev.SendReleased(account, epoch) for account, epoch in missing]

    def _heartbeat_answered(self, event: ev.HeartbeatAnswered, _now: float) -> None:
        if self.lease.answered(event.nonce):
            self._repeat_releases()

    def _stop(self, now: float) -> None:
        """W3: the master may have given the accounts to others, so only a new registration brings them back."""
        self._note(now, "lease", "ran out")
        self.lease.drop()
        self._abort_all(now, "the lease ran out")
        self._commands.append(ev.DropCredentials(None))
        if self._linked:
            self._commands.append(ev.Reconnect())

    def _link_lost(self, _event: ev.LinkLost, now: float) -> None:
        self._linked = False
        self.lease.forget_sent()
        self._note(now, "session", "link lost")

    def _shutdown_asked(self, _event: ev.ShutdownAsked, now: float) -> None:
        self._draining = True
        self._abort_all(now, "shutting down")

    def _drained(self, _event: ev.Drained, now: float) -> None:
        self._let_go(list(self._watched), now, "shutting down")

    def _queue_due(self, now: float) -> None:
        for account in self._schedule.pop_due(now):
            if account not in self._running and not self._watched[account].blocked:
                self._queue.add(account)

    def _start_checks(self, now: float) -> None:
        # one comparison is the whole first look of W2: without a lease `until` lies infinitely far back
        if self._full or self._draining or not self.lease.allows(now):
            return
        while len(self._running) < self._max_running and (account := self._queue.pop()) is not None:
            self._start(self._watched[account])

    def _start(self, watched: Watched) -> None:
        self._running[watched.task.account] = Running(watched.task.epoch, watched.request)
        self._commands.append(ev.StartCheck(watched.task, watched.request))
        watched.request = None

    def _abort(self, account: str, now: float, why: str) -> None:
        running = self._running.get(account)
        if running is not None and not running.aborted:
            running.aborted = True
            self._note(now, account, f"check aborted: {why}")
            self._commands.append(ev.AbortCheck(account))

    def _abort_all(self, now: float, why: str) -> None:
        for account in self._running:
            self._abort(account, now, why)

    def _check_finished(self, event: ev.CheckFinished, now: float) -> None:
        running = self._running.get(event.account)
        if running is None or running.epoch != event.epoch:
            return self._note(now, event.account, f"a check of epoch {event.epoch} ended that was not running")
        del self._running[event.account]
        if (epoch := self._leaving.pop(event.account, None)) is not None:
            self._release(event.account, epoch)
        if (watched := self._watched.get(event.account)) is None:
            return None
        if watched.task.epoch == event.epoch and event.outcome is not None:
            self._judge(watched, event, now)
        elif running.aborted and not watched.blocked:  # its slot has passed without a check
            watched.request = watched.request or running.request
            self._queue.add(event.account)
        if watched.request is not None:
            self._queue.add(event.account, urgent=True)
        return None

    def _judge(self, watched: Watched, event: ev.CheckFinished, now: float) -> None:
        if (report := self._pace.judge(watched, event, now)) is not None:
            self._commands.append(report)
            self._note(now, event.account, f"{event.outcome} {event.message}".strip())
        if watched.streak:
            self._queue.add(event.account)

    def _repeat_report(self, watched: Watched, now: float) -> None:
        """A report may have been lost with the connection: bad news is told again now, good news after a check."""
        if watched.report is None or watched.report.state == "ok":
            watched.report = None
            return
        retry_in = self._schedule.due_in(watched.task.account, now) if watched.held_back else None
        self._commands.append(replace(watched.report, retry_in=retry_in))

    def _plan_wake(self) -> None:
        slot = self._schedule.next_at()
        wake = self.lease.ends if slot is None else min(slot, self.lease.ends)
        if wake not in (self._wake, inf):
            self._commands.append(ev.WakeAt(wake))
        self._wake = wake

    def _note(self, now: float, subject: str, what: str) -> None:
        self.journal.append(Line(now, subject, what))

    def validate(self) -> None:
        """Assert what must hold between any two events; for tests.

        Raises:
            AssertionError: naming what is wrong.
        """
        assert len(self._running) <= self._max_running, "too many checks at once"
        assert all(account in self._schedule for account in self._watched), "not scheduled"
        assert len(self._schedule) == len(self._watched), "something is scheduled that is not assigned"
        queued = self._queue.accounts()
        assert queued <= set(self._watched), "something waits that is not assigned"
        assert not queued & set(self._running), "an account would be checked twice at once"
        for account, running in self._running.items():
            watched = self._watched.get(account)
            current = watched is not None and watched.task.epoch == running.epoch
            assert current or running.aborted, f"{account} is checked under an epoch that is over"
            assert running.aborted or (self.lease.held and not self._draining), f"{account} is checked without a lease"
        for account, watched in self._watched.items():
            assert not self._departures.over(account, watched.task.epoch), f"{account} is back under a released epoch"
        assert set(self._leaving) <= set(self._running), "an account that is not checked waits for its check to end"
        assert self._digest in (None, digest_of((a, w.task.epoch) for a, w in self._watched.items())), "stale digest"
