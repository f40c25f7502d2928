"""The demo platform: deterministic, at its rate, never empty at first."""

import re

import pytest

from tests.support.platforms import http_pool, session_for
from worker.platforms.base import Check, Found
from worker.platforms.demo import AT_ONCE, Demo, item
from worker.platforms.http import HttpPool
from worker.protocol.descriptor import FieldError, validate_values
from worker.protocol.messages import Author

START = 1_795_000_000_000


class Checker:
    """Checks at chosen times, carrying only the cursor from one to the next."""

    def __init__(self, **settings: float) -> None:
        self.now = START
        self.cursor: str | None = None
        self.settings: dict[str, float] = dict(settings)

    async def check(self, now: int | None = None) -> Check:
        self.now = self.now if now is None else now
        session = session_for(Demo(), HttpPool(), self.settings, wall_ms=lambda: self.now)
        result = await Demo().check(session, self.cursor)
        self.cursor = result.cursor or self.cursor
        return result


def same(found: Found) -> tuple[str, str, str, str, str, str, Author]:
    """What must not depend on who made the item, and when."""
    return (found.kind, found.external_id, found.text, found.subject, found.url, found.thread_id, found.author)


async def test_the_first_check_is_not_empty_and_lies_in_the_last_minutes() -> None:
    first = await Checker().check()
    assert [found.external_id for found in first.items] == [f"demo-1-{n}" for n in range(6)]
    times = [found.published_at or 0 for found in first.items]
    assert times == sorted(times)
    assert all(START - 6 * 60_000 < at < START for at in times)


async def test_the_next_item_comes_within_a_second_then_at_the_rate() -> None:
    checker = Checker()
    await checker.check()
    assert (await checker.check(START + 500)).items == ()
    assert [f.external_id for f in (await checker.check(START + 1000)).items] == ["demo-1-6"]
    minute = await checker.check(START + 60_999)
    assert len(minute.items) == 12
    assert not minute.more
    assert all(START < (f.published_at or 0) <= START + 60_999 for f in minute.items)


async def test_items_are_the_same_whichever_worker_makes_them_and_whenever() -> None:
    one, other = Checker(seed=7), Checker(seed=7, rate_per_minute=600)
    whole: list[Found] = []
    for checker, later in ((one, 600_000), (other, 12_000)):
        found = list((await checker.check()).items)
        checker.now += later
        found += (await checker.check()).items
        whole = whole or found
        assert [same(f) for f in found[:100]] == [same(f) for f in whole[:100]]
    assert len({f.external_id for f in whole}) == len(whole) > 100


async def test_another_seed_says_other_things() -> None:
    assert [item(1, n, 0).text for n in range(20)] != [item(2, n, 0).text for n in range(20)]


async def test_a_failover_goes_on_from_the_cursor_without_gap_or_double() -> None:
    checker = Checker(rate_per_minute=60)
    ids = [f.external_id for f in (await checker.check()).items]
    for now in (START + 3_000, START + 3_000, START + 2_000, START + 9_500):
        ids += [f.external_id for f in (await checker.check(now)).items]  # each check is made by a new Demo
    assert ids == [f"demo-1-{n}" for n in range(len(ids))]
    assert len(ids) == 6 + 9


async def test_a_load_is_cut_and_says_that_there_is_more() -> None:
    checker = Checker(rate_per_minute=6000)
    await checker.check()
    first = await checker.check(START + 6_000)
    assert (len(first.items), first.more) == (AT_ONCE, True)
    second = await checker.check()
    assert not second.more
    assert len(first.items) + len(second.items) == 600


async def test_a_new_rate_counts_from_now_on() -> None:
    checker = Checker(rate_per_minute=1)
    await checker.check()
    checker.settings["rate_per_minute"] = 600
    assert len((await checker.check(START + 3_600_000)).items) == 0
    assert len((await checker.check(START + 3_601_000)).items) == 10


@pytest.mark.parametrize("cursor", ["", "nonsense", "{}", '{"v":2,"epoch":0,"next":0,"rate":1}', '{"v":1,"epoch":"x"}'])
async def test_an_unreadable_cursor_starts_anew(cursor: str) -> None:
    checker = Checker()
    checker.cursor = cursor
    assert len((await checker.check()).items) == 6


def test_the_talk_is_in_both_languages_and_of_every_kind() -> None:
    found = [item(1, n, 0) for n in range(300)]
    assert {f.kind for f in found} == {"comment", "mention", "direct_message"}
    chinese = [bool(re.search("[一-鿿]", f.text)) for f in found]
    assert 0.3 < sum(chinese) / len(chinese) < 0.7
    for f in found:
        assert "{" not in f.text
        assert f.text and f.author.name and f.author.handle.startswith("@")
        assert f.url.startswith("https://example.com/")


async def test_identify_and_settings() -> None:
    async with http_pool() as pool:
        identity = await Demo().identify(session_for(Demo(), pool, {}))
    assert identity.handle.startswith("@")
    fields = Demo.descriptor.setting_fields
    assert validate_values(fields, {}) == {"rate_per_minute": 12.0, "seed": 1}
    for wrong in ({"rate_per_minute": 0}, {"rate_per_minute": 6001}, {"seed": 1.5}):
        with pytest.raises(FieldError):
            validate_values(fields, wrong)  # type: ignore[arg-type]
