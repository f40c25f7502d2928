"""The platform `demo`: made-up shop talk in Chinese and English at a set rate, for a first run and for load tests.

It reaches for no network. Item n of a seed is the same whichever worker makes it, so that failover and restarts can be
watched without doubles.
"""

import random
from typing import ClassVar

import msgspec

from worker.platforms.base import Check, Found, Session
from worker.platforms.demo_talk import SHOP, talk
from worker.protocol.descriptor import Descriptor, Field, Text
from worker.protocol.messages import Identity

FIRST = 6  #: items that the first check finds, so that a new window is not empty
FIRST_GAP = 45_000  #: ms between those, back in time
FIRST_WAIT = 800  #: ms until the first fresh item
AT_ONCE = 500  #: items in one check
DEFAULT_RATE = 12.0
MINUTE = 60_000


class _Cursor(msgspec.Struct, frozen=True):
    """`next` is the first item not yet found; item n is due at `epoch` + n minutes / `rate`, in ms since 1970."""

    v: int
    epoch: float
    next: int
    rate: float

    def due(self, now: int) -> int:
        """How many items exist at `now`."""
        return int((now - self.epoch) * self.rate / MINUTE) + 1 if now >= self.epoch else 0

    def at(self, number: int) -> int:
        return int(self.epoch + number * MINUTE / self.rate)


def _anchored(number: int, at: float, rate: float) -> _Cursor:
    """A cursor whose item `number` is the next, due at `at`."""
    return _Cursor(v=1, epoch=at - number * MINUTE / rate, next=number, rate=rate)


def _read(cursor: str | None) -> _Cursor | None:
    """The cursor, or None where there is none or it cannot be read: then the account starts anew, items are known."""
    if cursor is None:
        return None
    try:
        parsed = msgspec.json.decode(cursor, type=_Cursor)
    except msgspec.DecodeError:
        return None
    return parsed if parsed.v == 1 and parsed.rate > 0 and parsed.next >= 0 else None


def _write(cursor: _Cursor) -> str:
    return msgspec.json.encode(cursor).decode()


class Demo:
    """Made-up comments, mentions and direct messages."""

    descriptor: ClassVar[Descriptor] = Descriptor(
        key="demo",
        name=Text(en="Demo", zh="演示"),
        kinds=("comment", "mention", "direct_message"),
        min_interval=1,
        icon="mdi6.flask-outline",
        setting_fields=(
            Field(
                name="rate_per_minute",
                label=Text(en="Items per minute", zh="每分钟条数"),
                type="number",
                default=DEFAULT_RATE,
                minimum=0.01,
                maximum=6000,
                hint=Text(
                    en="How many made-up comments, mentions and messages appear in a minute.",
                    zh="每分钟出现多少条虚构的评论、提及和私信。",
                ),
            ),
            Field(
                name="seed",
                label=Text(en="Seed", zh="种子"),
                type="integer",
                default=1,
                minimum=0,
                maximum=2**31 - 1,
                hint=Text(en="The same seed always gives the same items.", zh="同一个种子总是给出同样的内容。"),
            ),
        ),
    )

    async def identify(self, session: Session) -> Identity:
        """The made-up shop; never fails."""
        return Identity(handle=f"@{SHOP}", display_name="Demo shop · 演示小店", id=f"demo-{_seed(session)}")

    async def check(self, session: Session, cursor: str | None) -> Check:
        """What has become due since `cursor`; never fails.

        The first check gives six items of the last minutes; the next item is due within a second, then at the rate.
        """
        now, rate, seed = session.wall_ms(), _rate(session), _seed(session)
        known = _read(cursor)
        if known is None:
            items = tuple(item(seed, n, now - (FIRST - n) * FIRST_GAP) for n in range(FIRST))
            return Check(items, _write(_anchored(FIRST, now + min(FIRST_WAIT, MINUTE / rate), rate)))
        if known.rate != rate:  # else a higher rate would make items due that belong to the past
            known = _anchored(known.next, now + min(FIRST_WAIT, MINUTE / rate), rate)
        due = known.due(now)
        end = max(min(due, known.next + AT_ONCE), known.next)
        items = tuple(item(seed, n, known.at(n)) for n in range(known.next, end))
        return Check(items, _write(msgspec.structs.replace(known, next=end)), more=due > end)


def _rate(session: Session) -> float:
    value = session.settings.get("rate_per_minute")
    return float(value) if isinstance(value, int | float) and value > 0 else DEFAULT_RATE


def _seed(session: Session) -> int:
    value = session.settings.get("seed")
    return value if isinstance(value, int) else 1


def item(seed: int, number: int, published_at: int) -> Found:
    """Item `number` of `seed`: always the same but for `published_at` (ms since 1970 UTC)."""
    said = talk(random.Random(f"vedette-demo/{seed}/{number}"))
    name = f"demo-{seed}-{number}"
    return Found(
        kind=said.kind,
        external_id=name,
        text=said.text,
        subject=said.subject,
        url=f"https://example.com/{SHOP}/{said.thread}#{name}",
        thread_id=f"demo-{seed}-{said.thread}",
        author=said.author,
        published_at=published_at,
    )
