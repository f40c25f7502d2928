"""Which accounts are listened to, beside the regular checks, and when one that failed is tried again.

What is wrong with an account only a check says. A listen that fails asks for one, waits and tries again; while its
account's credentials are refused it stays away.
"""

from collections import OrderedDict
from dataclasses import dataclass

from worker.protocol.messages import Task
from worker.watch import backoff
from worker.watch.events import ListenFinished
from worker.watch.inflight import InFlight
from worker.watch.schedule import Schedule

STEADY = 60.0  #: seconds; a listen that lasted so long was no failure
PATIENT = 10  #: failures in a row after which it is tried no more often than the account is checked
UNOFFERED = 3600.0  #: seconds until a server that cannot do it is asked again


class Even:
    """No jitter: for a session that is given no source of randomness."""

    def random(self) -> float:
        return 0.0


@dataclass(slots=True)
class Wish:
    """One account that should be listened to; `failures` in a row."""

    interval: float
    failures: int = 0


class Listening:
    """Decides when a listen starts.

    Attributes:
        live: listens in flight. It never holds an account that waits for its next one.

    Args:
        streams: keys of the platforms that can listen.
    """

    def __init__(self, streams: frozenset[str], rng: backoff.Rng) -> None:
        self.live = InFlight()
        self._streams = streams
        self._rng = rng
        self._wishes: dict[str, Wish] = {}
        self._ready: OrderedDict[str, None] = OrderedDict()
        self._later = Schedule()

    def wish(self, task: Task) -> None:
        """Something is known of the account that a listen can go on from: listen, unless that is wished already."""
        if task.platform in self._streams and task.account not in self._wishes:
            self._wishes[task.account] = Wish(task.interval)
            self._make_ready(task.account)

    def renew(self, task: Task) -> None:
        """Something about the account changed: begin anew, at once, if it was listened to."""
        wished = task.account in self._wishes
        self.drop(task.account)
        if wished:
            self.wish(task)

    def drop(self, account: str) -> None:
        """Listen no more; what is live still has to end."""
        self._wishes.pop(account, None)
        self._ready.pop(account, None)
        self._later.remove(account)

    def tick(self, now: float) -> None:
        """Failed listens whose pause is over may be tried again."""
        for account in self._later.pop_due(now):
            self._later.remove(account)
            self._make_ready(account)

    def pop(self) -> str | None:
        """The next account to listen to, None if there is none."""
        return self._ready.popitem(last=False)[0] if self._ready else None

    def next_at(self) -> float | None:
        """When the next failed listen is tried again, None if none failed."""
        return self._later.next_at()

    def ended(self, event: ListenFinished, now: float) -> bool:
        """Take the end of a live listen; true if the account should be checked because of it."""
        running = self.live.end(event.account, event.epoch)
        wish = self._wishes.get(event.account)
        if running is None or wish is None:
            return False
        if running.aborted:
            self._make_ready(event.account)
            return False
        if event.outcome == "refused":
            self.drop(event.account)
            return True
        if now - running.since >= STEADY:
            wish.failures = 0
        self._later.add(event.account, UNOFFERED, now + self._pause(event, wish))
        if event.outcome in (None, "ok"):
            return False
        wish.failures += 1
        return wish.failures == 1

    def _pause(self, event: ListenFinished, wish: Wish) -> float:
        if event.outcome == "ok":
            return UNOFFERED
        own = wish.interval if wish.failures >= PATIENT else 0.0
        asked = min(event.retry_after or 0.0, backoff.LONGEST)
        return max(backoff.compute(wish.failures, self._rng), own, asked)

    def _make_ready(self, account: str) -> None:
        if account not in self.live:
            self._ready[account] = None

    def validate(self, watched: set[str]) -> None:
        """Assert what must hold between any two events; for tests.

        Raises:
            AssertionError: naming what is wrong.
        """
        assert set(self._wishes) <= watched, "listens to what is not assigned"
        waiting = set(self._ready) | {account for account in self._wishes if account in self._later}
        assert len(waiting) == len(self._ready) + len(self._later), "waits twice, or for what is not wished"
        assert not waiting & set(self.live.accounts()), "would be listened to twice at once"
        assert waiting | set(self.live.accounts()) >= set(self._wishes), "a wish is forgotten"
