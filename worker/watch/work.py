"""What is done for the accounts right now, checks and listens, and what waits to be done."""

from collections.abc import Callable, Mapping

from worker.protocol.messages import Task
from worker.watch import backoff
from worker.watch import events as ev
from worker.watch.inflight import InFlight
from worker.watch.listening import Listening
from worker.watch.watched import Queue, Watched


class Work:
    """Starts and aborts. Whether the lease allows it is its caller's to know.

    Attributes:
        checks, listening, queue: what runs, what is listened to, which accounts wait for a check.

    Args:
        max_running: checks in flight at once; listens are not counted.
        streams: keys of the platforms that can listen.
        emit: takes a command.
        note: writes (now, account, what) into the journal.
    """

    def __init__(
        self,
        max_running: int,
        streams: frozenset[str],
        rng: backoff.Rng,
        emit: Callable[[ev.Command], None],
        note: Callable[[float, str, str], None],
    ) -> None:
        self.checks = InFlight()
        self.listening = Listening(streams, rng)
        self.queue = Queue()
        self._max_running = max_running
        self._emit = emit
        self._note = note

    def start(self, watched: Mapping[str, Watched], now: float) -> None:
        """Start what waits, as far as there is room."""
        while len(self.checks) < self._max_running and (account := self.queue.pop()) is not None:
            self._check(watched[account], now)
        while (account := self.listening.pop()) is not None:
            self._listen(watched[account].task, now)

    def ask(self, account: str, *, urgent: bool = False) -> None:
        """Let the account be checked, unless a check of it runs."""
        if account not in self.checks:
            self.queue.add(account, urgent=urgent)

    def abort(self, account: str, now: float, why: str) -> None:
        """Abort whatever runs for the account."""
        if self.checks.abort(account):
            self._note(now, account, f"check aborted: {why}")
            self._emit(ev.AbortCheck(account))
        self.abort_listen(account, now, why)

    def abort_listen(self, account: str, now: float, why: str) -> None:
        """Abort only the listen."""
        if self.listening.live.abort(account):
            self._note(now, account, f"listening aborted: {why}")
            self._emit(ev.AbortListen(account))

    def abort_all(self, now: float, why: str) -> None:
        """Abort everything."""
        for account in (*self.checks.accounts(), *self.listening.live.accounts()):
            self.abort(account, now, why)

    def drop(self, account: str) -> None:
        """Let nothing more be done for the account."""
        self.queue.drop(account)
        self.listening.drop(account)

    def busy(self, account: str) -> bool:
        """True while anything runs for the account, even if it was aborted."""
        return account in self.checks or account in self.listening.live

    def _check(self, watched: Watched, now: float) -> None:
        self.checks.begin(watched.task.account, watched.task.epoch, now, watched.request)
        self._emit(ev.StartCheck(watched.task, watched.request))
        watched.request = None

    def _listen(self, task: Task, now: float) -> None:
        self.listening.live.begin(task.account, task.epoch, now)
        self._emit(ev.StartListen(task))

    def validate(self, watched: Mapping[str, Watched], *, allowed: bool) -> None:
        """Assert what must hold between any two events; for tests.

        Args:
            allowed: whether anything may run at all.

        Raises:
            AssertionError: naming what is wrong.
        """
        assert len(self.checks) <= self._max_running, "too many checks at once"
        queued = self.queue.accounts()
        assert queued <= set(watched), "something waits that is not assigned"
        assert not queued & set(self.checks.accounts()), "an account would be checked twice at once"
        self.listening.validate({account for account, each in watched.items() if not each.blocked})
        for account, running in (*self.checks.items(), *self.listening.live.items()):
            owned = watched.get(account)
            current = owned is not None and owned.task.epoch == running.epoch
            assert current or running.aborted, f"{account} is acted on under an epoch that is over"
            assert running.aborted or allowed, f"{account} is acted on without a lease"
