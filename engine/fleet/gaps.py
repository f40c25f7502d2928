"""When nobody watched an account, why, and what is known of what it received meanwhile.

An account is watched while one good check follows the other as its interval wants. A gap begins with the last good
check before a longer silence, ends with the first one after it, and is complete once the platform has nothing more to
hand out and never said that some may be lost. Pausing an account, and its first check ever, make no gap.
"""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from engine.fleet import messages as m
from engine.fleet.journal import SAID, Journal
from engine.fleet.parts import Checked
from engine.records import Gap, from_ms, to_ms

LATE = 5.0  #: seconds; a check may come this much after its interval (contract.md)
CLOCK_SET_BACK = 300_000  #: ms; a check that ended so long before the last one is no repeat: the clock was changed
STALLS = 100  #: remembered
ASLEEP = "this computer slept or stood still"
ABSENT = "Vedette was not running"
UNKNOWN = "its worker did not get to it"
MISSED = {
    "overrun": "the platform shows only its newest items, and all of them were new",
    "page_cap": "there was more than one check can take",
    "reset": "the platform has numbered everything anew",
    "retention": "the platform keeps items only for a while",
}
UNFINISHED = "not all of it has been caught up yet"


def allowed(interval: float, least: float) -> float:
    """Seconds between two good checks that are no gap.

    One check may fail or fall to a worker that dies (its accounts are checked elsewhere within the heartbeat time-out),
    so two intervals pass; below `least` nobody wants to be told.
    """
    return max(2 * (interval + LATE), least)


def gap_of(account_id: str, since: int, done: Checked, limit: float, why: str) -> Gap | None:
    """What a good check ends.

    Args:
        since: when the last good check began, ms since 1970 UTC.
        limit: seconds without one that are no gap.
        why: the reason if it is one.
    """
    late = done.at - since > limit * 1000
    if not late and not done.missed:
        return None
    return _with(Gap(account_id, from_ms(since), from_ms(done.at), why=why if late else ""), done)


def _with(gap: Gap, done: Checked) -> Gap:
    """The same after one more check that belongs to it; what may be missed once stays so."""
    missed = gap.missed if gap.missed not in ("", UNFINISHED) else MISSED.get(done.missed, done.missed)
    complete = not missed and not done.more
    return replace(
        gap,
        caught_up=gap.caught_up + done.found,
        complete=complete,
        missed=missed or (UNFINISHED if done.more else ""),
    )


@dataclass(slots=True)
class _Watch:
    """What is known of one account.

    Attributes:
        limit: seconds without a good check that are no gap.
        since, watched: when the last good check began, ms since 1970 UTC and the lease clock's; `since` is None while
            nobody should know (paused, never checked).
        by, ended: which worker told last, and when that check ended by its clock (ms).
        cause, cause_from, shares: why it is not watched just now, since when, and for how long other reasons held.
        recent: the newest gap; `pending` while the items of its time still come in.
        told: the newest gap that the user has not acknowledged. acknowledged: the beginning of the one that was.
        serial: of its entry among the deadlines, 0 for none.
    """

    limit: float
    wanted: bool
    since: int | None
    watched: float
    cause_from: float
    by: str = ""
    ended: int = 0
    cause: str = ""
    shares: dict[str, float] = field(default_factory=dict)
    recent: Gap | None = None
    pending: bool = False
    told: Gap | None = None
    acknowledged: int = 0
    serial: int = 0

    def repeats(self, worker_id: str, done: Checked) -> bool:
        """A heartbeat that got no answer tells its checks again."""
        return worker_id == self.by and 0 <= self.ended - done.ended < CLOCK_SET_BACK and self.ended > 0

    def blame(self, cause: str, now: float) -> None:
        """From now on this is why it is not watched."""
        if cause != self.cause:
            self.shares[self.cause] = self.shares.get(self.cause, 0.0) + now - self.cause_from
            self.cause, self.cause_from = cause, now

    def watch(self, at: int, began: float) -> None:
        """A good check began then."""
        if self.since is None or at > self.since or self.since - at > CLOCK_SET_BACK:
            self.since, self.watched = at, began
        self.cause, self.cause_from = "", began
        if self.shares:
            self.shares = {}


class Gaps:
    """Part of the fleet: told of every check and of what keeps accounts from being watched.

    Args:
        started: when this master started.
        least: seconds; shorter gaps are not told.
        heartbeat: seconds; a check is heard of so much later.
    """

    def __init__(
        self,
        started: float,
        *,
        least: float,
        heartbeat: float,
        journal: Journal,
        command: Callable[[m.Command], None],
        tell: Callable[[str], None],
    ) -> None:
        self._started = started
        self._least = least
        self._heartbeat = heartbeat
        self._journal = journal
        self._command = command
        self._tell = tell
        self._watches: dict[str, _Watch] = {}
        self._stalls: deque[tuple[float, float]] = deque(maxlen=STALLS)
        self._deadlines: list[tuple[float, int, str]] = []
        self._serial = 0
        self._unsaved: list[Gap] = []

    # --- what the fleet tells

    def added(self, event: m.AccountAdded, now: float) -> None:
        """An account to watch."""
        watched = None if event.watched_ago is None else now - event.watched_ago
        wanted = event.status != "paused"
        since = event.watched_at if wanted and watched is not None else None
        watch = _Watch(allowed(event.interval, self._least), wanted, since, watched or now, now)
        self._watches[event.account_id] = watch
        self._arm(event.account_id, watch)

    def edited(self, event: m.AccountEdited, now: float) -> None:
        """Its interval or its pause may have changed; a pause is what the user wanted, and forgets what was before."""
        watch = self._watches.get(event.account_id)
        if watch is None:
            return
        watch.limit, watch.wanted = allowed(event.interval, self._least), event.status != "paused"
        if not watch.wanted:
            watch.since, watch.pending = None, False
            watch.blame("", now)

    def forget(self, account_id: str) -> None:
        """It was deleted."""
        self._watches.pop(account_id, None)

    def blame(self, account_id: str, cause: str, now: float) -> None:
        """Why nobody can watch it from now on; ends with its next good check."""
        if (watch := self._watches.get(account_id)) is not None:
            watch.blame(cause, now)

    def stalled(self, seconds: float, now: float) -> None:
        """The master itself stood still until now."""
        self._stalls.append((now - seconds, now))

    def checked(self, worker_id: str, done: Checked, now: float) -> None:
        """A finished check of an account by its owner; save() follows after the last of a heartbeat."""
        watch = self._watches.get(done.account_id)
        if watch is None or not watch.wanted or watch.repeats(worker_id, done):
            return
        watch.by, watch.ended = worker_id, done.ended
        if done.outcome != "ok":
            watch.blame(SAID[done.outcome], now - done.ago)
            return
        if watch.since is not None:
            self._look(watch, done, now)
        watch.watch(done.at, now - done.ago)
        if not watch.serial:
            self._arm(done.account_id, watch)

    def save(self) -> None:
        """Have the gaps that were found written down."""
        if self._unsaved:
            self._command(m.SaveGaps(tuple(self._unsaved)))
            self._unsaved = []

    def known(self, event: m.GapsKnown, _now: float) -> None:
        """What the store has that users have not acknowledged."""
        for gap in event.gaps:
            if (watch := self._watches.get(gap.account_id)) is not None:
                watch.told = gap

    def acknowledged(self, event: m.GapsAcknowledged, _now: float) -> None:
        """Users have seen them."""
        for account_id in event.account_ids:
            watch = self._watches.get(account_id)
            if watch is not None and watch.told is not None:
                watch.acknowledged, watch.told = to_ms(watch.told.since), None
                self._tell(account_id)

    def patrol(self, now: float) -> None:
        """Tell of accounts that have not been watched for too long by now; each is looked at once per deadline."""
        while self._deadlines and self._deadlines[0][0] <= now:
            _at, serial, account_id = heapq.heappop(self._deadlines)
            watch = self._watches.get(account_id)
            if watch is None or watch.serial != serial:
                continue
            watch.serial = 0
            if self.open(account_id, now) is not None:
                self._tell(account_id)  # the next good check arms it again
            else:
                self._arm(account_id, watch)

    # --- what it answers

    def shown(self, account_id: str, now: float) -> Gap | None:
        """The gap that lasts, or the newest one that nobody has acknowledged."""
        watch = self._watches.get(account_id)
        return self.open(account_id, now) or (watch.told if watch else None)

    def open(self, account_id: str, now: float) -> Gap | None:
        """The gap that lasts right now, without an end."""
        watch = self._watches.get(account_id)
        if watch is None or watch.since is None or now < self._deadline(watch):
            return None
        return Gap(account_id, from_ms(watch.since), None, why=self._why(watch, now))

    # --- parts

    def _look(self, watch: _Watch, done: Checked, now: float) -> None:
        assert watch.since is not None
        found = self._extended(watch, done)
        new = found is None
        if found is None and (done.missed or done.at - watch.since > watch.limit * 1000):
            found = gap_of(done.account_id, watch.since, done, watch.limit, self._why(watch, now - done.ago))
        if found is None:
            return
        if (new or watch.pending) and not done.more:
            self._journal.write(now, _story(found), done.account_id, why=found.why or found.missed)
        watch.recent, watch.pending = found, done.more
        if to_ms(found.since) != watch.acknowledged:
            watch.told = found
        self._unsaved.append(found)

    def _extended(self, watch: _Watch, done: Checked) -> Gap | None:
        """The newest gap, if this check still belongs to it: what follows at once, and what is lost in a row."""
        recent = watch.recent
        if recent is None or recent.until is None or watch.since is None:
            return None
        late = done.at - watch.since > watch.limit * 1000
        if watch.pending:
            return _with(replace(recent, until=from_ms(done.at)) if late else recent, done)
        if done.missed and not late and to_ms(recent.until) == watch.since:
            return _with(replace(recent, until=from_ms(done.at)), done)
        return None

    def _why(self, watch: _Watch, until: float) -> str:
        """The reason that held for most of the time."""
        since = watch.watched
        asleep = sum(max(0.0, min(end, until) - max(begin, since)) for begin, end in self._stalls)
        absent = max(0.0, min(self._started, until) - since)
        most, reason = max((asleep, ASLEEP), (absent, ABSENT))
        if most * 2 >= until - since:
            return reason
        shares = {**watch.shares, watch.cause: watch.shares.get(watch.cause, 0.0) + until - watch.cause_from}
        shares.pop("", None)
        if absent or asleep:
            shares[reason] = most
        return max(shares, key=lambda cause: shares[cause], default=UNKNOWN)

    def _deadline(self, watch: _Watch) -> float:
        return watch.watched + watch.limit + self._heartbeat

    def _arm(self, account_id: str, watch: _Watch) -> None:
        if watch.since is not None:
            self._serial += 1
            watch.serial = self._serial
            heapq.heappush(self._deadlines, (self._deadline(watch), watch.serial, account_id))


def _story(gap: Gap) -> str:
    """One line of the account's story."""
    assert gap.until is not None
    seconds = (gap.until - gap.since).total_seconds()
    begin = f"not watched for {seconds:.0f} s" if gap.why else "something may have been missed"
    return f"{begin}; {gap.caught_up} caught up" + ("" if gap.complete else ", others unknown")
