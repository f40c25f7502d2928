"""What the window says of a time in which nobody watched."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from desktop.ui import words
from desktop.ui.language import sentences, tr, trn
from desktop.ui.told import told
from engine.api.accounts import AccountSnapshot
from engine.records import Gap

GAP_ICON = "clock-counter-clockwise"


@dataclass(frozen=True, slots=True)
class Outage:
    """What hit many accounts at once.

    Attributes:
        accounts: their ids.
        unsure: how many of them may have missed something.
    """

    accounts: tuple[str, ...]
    since: datetime
    until: datetime
    caught_up: int
    unsure: int
    why: str


def outage_of(accounts: Iterable[AccountSnapshot]) -> Outage | None:
    """The newest outage that hit more than one account, or the only one there is; gaps that meet belong together.

    One account alone tells of its gap in its own place.
    """
    watched = list(accounts)
    over = [one.gap for one in watched if one.gap is not None and one.gap.until is not None and one.gap.why]
    together: list[Gap] = []
    for gap in sorted(over, key=lambda gap: gap.until or gap.since, reverse=True):
        if together and (gap.until or gap.since) <= min(each.since for each in together):
            break
        together.append(gap)
    if not together or (len(together) == 1 and len(watched) > 1):
        return None
    return Outage(
        tuple(gap.account_id for gap in together),
        min(gap.since for gap in together),
        max(gap.until or gap.since for gap in together),
        sum(gap.caught_up for gap in together),
        sum(gap.complete is False for gap in together),
        Counter(gap.why for gap in together).most_common(1)[0][0],
    )


def outage_text(outage: Outage, now: datetime) -> str:
    """One outage in a few sentences."""
    since, until = between(outage.since, outage.until, now)
    begin = trn(
        "Between {since} and {until} nothing was watched on {n} account: {why}.",
        "Between {since} and {until} nothing was watched on {n} accounts: {why}.",
        len(outage.accounts),
        since=since,
        until=until,
        why=told(outage.why),
    )
    unsure = trn(
        "On {n} account it cannot be known whether something was missed.",
        "On {n} accounts it cannot be known whether something was missed.",
        outage.unsure,
    )
    return sentences(begin, _caught_up(outage.caught_up), unsure if outage.unsure else "")


def gap_text(gap: Gap, now: datetime) -> str:
    """One account's gap in a few sentences."""
    if gap.until is None:
        return tr(
            "Nothing has been watched since {since}: {why}.", since=words.clock(gap.since, now), why=told(gap.why)
        )
    since, until = between(gap.since, gap.until, now)
    if not gap.why:
        why = told(gap.missed)
        return tr(
            "Between {since} and {until} something may have been missed: {why}.", since=since, until=until, why=why
        )
    begin = tr("Between {since} and {until} nothing was watched: {why}.", since=since, until=until, why=told(gap.why))
    if gap.complete:
        return sentences(begin, _caught_up(gap.caught_up))
    unsure = tr("Whether something was missed cannot be known: {why}.", why=told(gap.missed))
    return sentences(begin, _caught_up(gap.caught_up) if gap.caught_up else "", unsure)


def gap_mark(gap: Gap, now: datetime) -> str:
    """The same in a table's cell."""
    if gap.until is None:
        return tr("Not watched since {since}", since=words.clock(gap.since, now))
    if not gap.why:
        return tr("Something may have been missed")
    since, until = between(gap.since, gap.until, now)
    return tr("Not watched {since} – {until}", since=since, until=until)


def between(since: datetime, until: datetime, now: datetime) -> tuple[str, str]:
    """Two local times, with a date where it is not today's, to the second where they would be the same."""
    same_day = since.astimezone().date() == until.astimezone().date()
    first, last = words.clock(since, now), words.clock(until, since if same_day else now)
    if f"{since.astimezone():%H:%M}" != last:
        return first, last
    return f"{first}:{since.astimezone():%S}", f"{until.astimezone():%H:%M:%S}"


def _caught_up(n: int) -> str:
    if n == 0:
        return tr("Nothing had come in meanwhile.")
    return trn("{n} item was caught up.", "{n} items were caught up.", n)
