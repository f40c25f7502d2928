"""What a worker should run and what it runs: events in, commands out (ownership.md, W1 to W6)."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from worker.protocol.digest import digest_of
from worker.protocol.messages import Held, Task
from worker.watch import backoff
from worker.watch import events as ev
from worker.watch.departures import Departures
from worker.watch.lease import Lease
from worker.watch.listening import Even
from worker.watch.schedule import Schedule
from worker.watch.watched import Pace, Watched
from worker.watch.work import Work

MAX_RUNNING = 20  #: checks in flight at once
JOURNAL_LINES = 500


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

    Args:
        streams: keys of the platforms that can listen.
        rng: for the jitter before a failed listen is tried again.
    """

    def __init__(
        self, max_running: int = MAX_RUNNING, streams: frozenset[str] = frozenset(), rng: backoff.Rng | None = None
    ) -> None:
        self.sequence = 0
        self.lease = Lease()
        self.journal: deque[Line] = deque(maxlen=JOURNAL_LINES)
        self._watched: dict[str, Watched] = {}
        self._work = Work(max_running, streams, rng or Even(), self._emit, self._note)
        self._leaving: dict[str, int] = {}
        self._departures = Departures()
        self._schedule = Schedule()
        self._pace = Pace(self._schedule)
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
            ev.Heard: self._heard,
            ev.ListenFinished: self._listen_finished,
            ev.ReleaseAnswered: self._release_answered,
            ev.MemoryFull: lambda event, now: setattr(self, "_full", event.full),
            ev.LinkLost: self._link_lost,
            ev.ClockTick: lambda event, now: None,
            ev.Stalled: lambda event, now: self._note(now, "session", f"stood still for {event.seconds:.0f} s"),
            ev.ShutdownAsked: self._shutdown_asked,
            ev.Drained: lambda event, now: self._let_go(list(self._watched), now, "shutting down"),
        }

    def handle(self, event: ev.Event, now: float) -> list[ev.Command]:
        """Take one event at `now` (seconds of the lease clock) and return what is to be done, in order."""
        self._commands = []
        if self.lease.expired(now):  # before anything else: an answer that comes too late must not revive it
            self._stop(now)
        self._handlers[type(event)](event, now)
        if self.lease.expired(now):  # the answer to a heartbeat that was sent too long ago
            self._stop(now)
        self._start_due(now)
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
        return self._work.checks.current(account, epoch) and self.lease.allows(now)

    def may_listen(self, account: str, epoch: int, now: float) -> bool:
        """The same for each request of a listen."""
        return self._work.listening.live.current(account, epoch) and self.lease.allows(now)

    @property
    def running(self) -> int:
        """Checks in flight, aborted ones included until they end."""
        return len(self._work.checks)

    def __len__(self) -> int:
        return len(self._watched)

    def _registered(self, event: ev.Registered, now: float) -> None:
        self._linked = True
        self.sequence = event.sequence  # a restarted master may count from the beginning again
        self.lease.configure(event.lease, event.heartbeat_interval, now)
        self._note(now, "session", f"registered, sequence {event.sequence}")
        self._replace(event.tasks, now)
        self._commands += [report for each in self._watched.values() if (report := self._pace.repeat(each, now))]
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
            self._renew(self._watched[task.account], now)
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
            if old is None and account not in self._leaving:  # the master may have died before it noted the release
                self._release(account, task.epoch)
            return False
        if old is None or task.epoch > old.task.epoch:
            self._work.abort(account, now, f"epoch {task.epoch} begins")
            self._begin(Watched(task, asked=old.asked if old else None), now)
        else:
            self._update(old, task, now)
        self._take_request(self._watched[account], task.check_request, now)
        return True

    def _begin(self, watched: Watched, now: float) -> None:
        task = watched.task
        self._watched[task.account] = watched
        self._schedule.add(task.account, task.interval, now + task.due_in)
        self._work.drop(task.account)
        if task.cursor is not None:  # else its first check comes first: what that finds is the past
            self._work.listening.wish(task)
        self._digest = None
        self._note(now, task.account, f"assigned, epoch {task.epoch}")

    def _update(self, watched: Watched, task: Task, now: float) -> None:
        if task.interval != watched.task.interval:
            self._schedule.change_interval(task.account, task.interval, now)
        changed = (task.settings, task.platform) != (watched.task.settings, watched.task.platform)
        watched.task = task
        if changed:
            self._renew(watched, now)

    def _renew(self, watched: Watched, now: float) -> None:
        self._pace.forgive(watched, now)
        self._work.listening.renew(watched.task)
        self._work.abort_listen(watched.task.account, now, "the account changed")

    def _take_request(self, watched: Watched, request: str | None, now: float) -> None:
        if request is None or request == watched.asked:  # an assignment that is sent again repeats its requests
            return
        watched.asked = watched.request = request
        self._note(now, watched.task.account, f"check {request} asked for")
        self._work.ask(watched.task.account, urgent=True)

    def _revoked(self, event: ev.Revoked, now: float) -> None:
        if event.message.sequence < self.sequence:
            return self._note(now, "session", f"revocation {event.message.sequence} is stale")
        self.sequence = event.message.sequence
        named = dict.fromkeys(event.message.accounts)
        known = [account for account in named if account in self._watched]
        gone = [account for account in named if account not in self._watched and account not in self._leaving]
        self._let_go(known, now, "revoked")
        for account in gone:
            if (epoch := self._departures.last(account)) is not None:
                self._release(account, epoch)  # let go before: say so again

    def _let_go(self, accounts: list[str], now: float, why: str) -> None:
        for account in accounts:
            epoch = self._watched.pop(account).task.epoch
            self._schedule.remove(account)
            self._work.drop(account)
            self._departures.leave(account, epoch)
            self._commands.append(ev.DropCredentials(account))
            self._note(now, account, f"{why}, epoch {epoch}")
            if self._work.busy(account):
                self._leaving[account] = epoch
                self._work.abort(account, now, why)
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
        self._work.abort_all(now, "the lease ran out")
        self._commands.append(ev.DropCredentials(None))
        if self._linked:
            self._commands.append(ev.Reconnect())

    def _link_lost(self, _event: ev.LinkLost, now: float) -> None:
        self._linked = False
        self.lease.forget_sent()
        self._note(now, "session", "link lost")

    def _shutdown_asked(self, _event: ev.ShutdownAsked, now: float) -> None:
        self._draining = True
        self._work.abort_all(now, "shutting down")

    def _depart(self, account: str) -> None:
        """Release an account that was let go while it was busy, once it is no more."""
        if account in self._leaving and not self._work.busy(account):
            self._release(account, self._leaving.pop(account))

    def _start_due(self, now: float) -> None:
        self._work.listening.tick(now)
        for account in self._schedule.pop_due(now):
            if not self._watched[account].blocked:
                self._work.ask(account)
        # one comparison is the whole first look of W2: without a lease `until` lies infinitely far back
        if self.lease.allows(now) and not (self._full or self._draining):
            self._work.start(self._watched, now)

    def _check_finished(self, event: ev.CheckFinished, now: float) -> None:
        running = self._work.checks.end(event.account, event.epoch)
        if running is None:
            return self._note(now, event.account, f"a check of epoch {event.epoch} ended that was not running")
        self._depart(event.account)
        if (watched := self._watched.get(event.account)) is None:
            return None
        if watched.task.epoch == event.epoch and event.outcome is not None:
            self._judge(watched, event, now)
        elif running.aborted and not watched.blocked:  # its slot has passed without a check
            watched.request = watched.request or running.request
            self._work.queue.add(event.account)
        if watched.request is not None:
            self._work.queue.add(event.account, urgent=True)
        return None

    def _heard(self, event: ev.Heard, now: float) -> None:
        account, epoch = event.found.account, event.found.epoch
        if self._work.listening.live.current(account, epoch):
            self._judge(self._watched[account], event.found, now)

    def _listen_finished(self, event: ev.ListenFinished, now: float) -> None:
        self._note(now, event.account, f"listening ended: {event.outcome} {event.message}".strip())
        check_it = self._work.listening.ended(event, now)
        self._depart(event.account)
        if check_it and not self._watched[event.account].blocked:
            self._work.ask(event.account)

    def _judge(self, watched: Watched, event: ev.CheckFinished, now: float) -> None:
        if (report := self._pace.judge(watched, event, now)) is not None:
            self._commands.append(report)
            self._note(now, event.account, f"{event.outcome} {event.message}".strip())
        if event.outcome == "ok":
            self._work.listening.wish(watched.task)
        elif watched.blocked:
            self._work.listening.drop(event.account)
            self._work.abort_listen(event.account, now, "the credentials are refused")
        if watched.streak:  # what is heard during a check may say so too: then that check finds it
            self._work.ask(event.account)

    def _plan_wake(self) -> None:
        slots = (self._schedule.next_at(), self._work.listening.next_at())
        wake = min([self.lease.ends, *(slot for slot in slots if slot is not None)])
        if wake not in (self._wake, inf):
            self._commands.append(ev.WakeAt(wake))
        self._wake = wake

    def _emit(self, command: ev.Command) -> None:
        self._commands.append(command)

    def _note(self, now: float, subject: str, what: str) -> None:
        self.journal.append(Line(now, subject, what))

    def validate(self) -> None:
        """Assert what must hold between any two events; for tests.

        Raises:
            AssertionError: naming what is wrong.
        """
        self._work.validate(self._watched, allowed=self.lease.held and not self._draining)
        assert all(account in self._schedule for account in self._watched), "not scheduled"
        assert len(self._schedule) == len(self._watched), "something is scheduled that is not assigned"
        for account, watched in self._watched.items():
            assert not self._departures.over(account, watched.task.epoch), f"{account} is back under a released epoch"
        assert all(self._work.busy(account) for account in self._leaving), "waits for the end of what does not run"
        assert self._digest in (None, digest_of((a, w.task.epoch) for a, w in self._watched.items())), "stale digest"
