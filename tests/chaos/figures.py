"""What a round's log of requests says: how long accounts were unwatched, and how soon they were watched again. Pure."""

import bisect
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.faults import Happened
from tests.chaos.site import Ask


@dataclass(frozen=True)
class Gap:
    """An account without a request, from `begins` for `seconds`."""

    account: str
    begins: float
    seconds: float

    @property
    def ends(self) -> float:
        return self.begins + self.seconds


def gaps(asks: Iterable[Ask], accounts: Mapping[str, object], until: float) -> dict[str, list[Gap]]:
    """Per account the times between two requests, and from the last to `until`, longest first."""
    moments = defaultdict[str, list[float]](list)
    for ask in asks:
        if ask.account in accounts:
            moments[ask.account].append(ask.at)
    return {
        account: sorted(
            (Gap(account, a, b - a) for a, b in zip(at, [*at[1:], until], strict=True)),
            key=lambda gap: -gap.seconds,
        )
        for account, at in moments.items()
    }


class Watch:
    """The requests of a round by account."""

    def __init__(self, asks: Sequence[Ask]) -> None:
        self._asks = defaultdict[str, list[Ask]](list)
        for ask in asks:
            self._asks[ask.account].append(ask)

    def next(self, account: str, after: float) -> Ask | None:
        """The first request for an account after a moment."""
        asks = self._asks[account]
        at = bisect.bisect_right(asks, after, key=lambda ask: ask.at)
        return asks[at] if at < len(asks) else None

    def last_of(self, worker: str, begins: float, ends: float) -> float:
        """Seconds from `begins` to the last request of a worker before `ends`; 0 without one."""
        moments = [a.at for asks in self._asks.values() for a in asks if a.worker == worker and begins <= a.at < ends]
        return max(moments, default=begins) - begins

    def unwatched(self, one: Happened, accounts: Iterable[str], since: float) -> list[float]:
        """Seconds from `since` until each account was asked for again, by whomever."""
        found = [self.next(account, since) for account in accounts]
        return [ask.at - since for ask in found if ask is not None]


def recoveries(happened: Sequence[Happened], asks: Sequence[Ask]) -> dict[str, list[float]]:
    """Per kind of fault, for each fault the seconds until the last of its victims was watched again."""
    watch, found = Watch(asks), defaultdict[str, list[float]](list)
    for one in happened:
        if one.skipped:
            continue
        kind, target = one.fault.kind, one.fault.target
        mine = [account for account, (worker, _epoch) in one.victims.items() if worker == target]
        if kind in ("kill local", "kill remote", "stop local", "stop remote"):
            _note(found, f"{kind}: watched again", watch.unwatched(one, mine, one.began))
        elif kind in ("freeze link", "freeze answers"):
            found[f"{kind}: last request of the worker"].append(watch.last_of(target, one.began, one.ended))
        elif one.again is not None:
            for where in ("local", "remote"):
                theirs = [account for account, (worker, _e) in one.victims.items() if worker.startswith(where)]
                _note(found, f"{kind}: {where} accounts watched again", watch.unwatched(one, theirs, one.again))
    return dict(found)


def _note(found: dict[str, list[float]], what: str, seconds: list[float]) -> None:
    if seconds:
        found[what].append(max(seconds))


def spread(values: Sequence[float]) -> str:
    """Median and worst, in seconds."""
    return f"median {statistics.median(values):.1f} s, worst {max(values):.1f} s"
