"""When an account was not watched: what counts, why, and what becomes of it."""

from typing import Any

import pytest

from engine.fleet import gaps as gaps_module
from engine.fleet import messages as m
from engine.fleet.gaps import ABSENT, ASLEEP, UNFINISHED, UNKNOWN, allowed, gap_of
from engine.fleet.journal import SAID
from engine.fleet.parts import Checked
from engine.records import Gap, from_ms, to_ms
from tests.support.fleet import FleetDriver

WALL = 1_795_000_000_000  #: ms since 1970 UTC at 0 of the lease clock


class Scene(FleetDriver):
    """A fleet with one worker and one account (every 30 s) that was checked just now."""

    def __init__(self, **account: Any) -> None:
        super().__init__()
        self.worker("w1")
        self.account("a", **account)
        self.ended = 0

    @property
    def wall(self) -> int:
        return WALL + int(self.now * 1000)

    def check(self, outcome: str = "ok", *, worker: str = "w1", account: str = "a", **facts: Any) -> None:
        """The worker tells that a check which began just now has ended."""
        at = self.wall
        told = {"at": at, "ended": at + 200, **facts}
        self.beat(worker, checks=(tuple(Checked(account, 0.0, outcome, **told)),))  # type: ignore[arg-type]

    def later(self, seconds: float, *beating: str) -> None:
        self.pass_time(seconds, *beating)

    def found(self) -> list[Gap]:
        """Gaps to be saved since the last call."""
        return [gap for command in self.take(m.SaveGaps) for gap in command.gaps]

    def shown(self) -> Gap | None:
        return self.state.tables.gaps.shown("a", self.now)


def span(gap: Gap) -> float:
    assert gap.until is not None
    return (gap.until - gap.since).total_seconds()


@pytest.mark.parametrize(
    ("interval", "least", "seconds"),
    [(10, 60, 60), (27.5, 60, 65), (30, 60, 70), (300, 60, 610), (1, 1, 12), (30, 600, 600)],
)
def test_two_intervals_are_no_gap_and_less_than_a_minute_is_none(interval: float, least: float, seconds: float) -> None:
    assert allowed(interval, least) == seconds


@pytest.mark.parametrize(
    ("after", "facts", "expected"),
    [
        (70, {}, None),
        (70.001, {"found": 12}, (12, True, "asleep", "")),
        (300, {"found": 3, "missed": "overrun"}, (3, False, "asleep", gaps_module.MISSED["overrun"])),
        (30, {"found": 3, "missed": "overrun"}, (3, False, "", gaps_module.MISSED["overrun"])),
        (300, {"missed": "its own reason"}, (0, False, "asleep", "its own reason")),
        (300, {"found": 20, "more": True}, (20, False, "asleep", UNFINISHED)),
        (30, {"found": 20, "more": True}, None),
        (-5, {}, None),
    ],
)
def test_what_a_good_check_ends(after: float, facts: dict[str, Any], expected: Any) -> None:
    done = Checked("a", 0.0, "ok", WALL + int(after * 1000), **facts)
    gap = gap_of("a", WALL, done, 70, "asleep")
    if expected is None:
        assert gap is None
    else:
        assert gap is not None and (gap.since, gap.until) == (from_ms(WALL), from_ms(done.at))
        assert (gap.caught_up, gap.complete, gap.why, gap.missed) == expected


def test_the_first_check_ever_and_regular_ones_are_none() -> None:
    scene = Scene()
    scene.later(500, "w1")
    scene.check(found=6)
    for _ in range(5):
        scene.later(32, "w1")
        scene.check(found=1)
    assert scene.found() == [] and scene.shown() is None


def test_a_gap_is_saved_before_the_check_that_ended_it_and_shown_until_acknowledged() -> None:
    scene = Scene()
    scene.check()
    began = scene.wall
    scene.later(1740, "w1")
    scene.commands.clear()
    scene.check(found=12)
    kinds = [type(command) for command in scene.commands if isinstance(command, m.SaveGaps | m.SaveChecks)]
    assert kinds == [m.SaveGaps, m.SaveChecks]
    [gap] = scene.found()
    assert (to_ms(gap.since), span(gap), gap.caught_up, gap.complete, gap.why) == (began, 1740, 12, True, UNKNOWN)
    assert scene.shown() == gap
    line = [line for line in scene.lines if "a" in line.about][-1]
    assert (line.what, line.why) == ("not watched for 1740 s; 12 caught up", UNKNOWN)
    scene.tell(m.GapsAcknowledged(("a", "never")))
    assert scene.shown() is None


def test_checks_that_a_heartbeat_repeats_count_once() -> None:
    scene = Scene()
    scene.check()
    scene.later(600, "w1")
    told = (("a", 0.0, "ok", scene.wall, scene.wall + 200, 5, "", True),)
    scene.beat("w1", checks=told)
    scene.beat("w1", checks=told)
    scene.check(at=scene.wall + 300, ended=scene.wall + 400, found=2)
    assert [gap.caught_up for gap in scene.found()] == [5, 7]
    scene.beat("w1", checks=told)
    assert scene.found() == []


def test_pages_that_follow_add_up_and_the_end_stays_where_watching_began_again() -> None:
    scene = Scene()
    scene.check()
    scene.later(600, "w1")
    scene.check(found=20, more=True)
    resumed = scene.wall
    assert [(gap.complete, gap.missed) for gap in scene.found()] == [(False, UNFINISHED)]
    scene.later(1, "w1")
    scene.check("unreachable")
    scene.later(30, "w1")
    scene.check(found=20, more=True)
    scene.later(1, "w1")
    scene.check(found=2)
    gap = scene.found()[-1]
    assert (gap.caught_up, gap.complete, gap.missed, to_ms(gap.until or gap.since)) == (42, True, "", resumed)
    scene.later(30, "w1")
    scene.check(found=9)
    assert scene.found() == [], "that is business as usual"


def test_what_is_lost_in_every_check_is_one_growing_gap_and_stays_acknowledged() -> None:
    scene = Scene()
    scene.check()
    for _ in range(3):
        scene.later(30, "w1")
        scene.check(found=10, missed="overrun")
    first, second, third = scene.found()
    assert first.since == second.since == third.since and [span(gap) for gap in (first, second, third)] == [30, 60, 90]
    assert (third.caught_up, third.complete, third.why) == (30, False, "")
    assert scene.story("a").count("something may have been missed; 10 caught up, others unknown") == 1
    scene.tell(m.GapsAcknowledged(("a",)))
    scene.later(30, "w1")
    scene.check(found=10, missed="overrun")
    assert scene.shown() is None and len(scene.found()) == 1
    scene.later(30, "w1")
    scene.check()
    scene.later(30, "w1")
    scene.check(missed="overrun")
    assert scene.shown() is not None, "another one"


@pytest.mark.parametrize("outcome", list(SAID))
def test_a_platform_that_fails_is_the_reason(outcome: Any) -> None:
    scene = Scene()
    scene.check()
    for _ in range(5):
        scene.later(30, "w1")
        scene.check(outcome)
    lasting = scene.shown()
    assert lasting is not None and (lasting.until, lasting.complete, lasting.why) == (None, None, SAID[outcome])
    scene.later(30, "w1")
    scene.check(found=1)
    [gap] = scene.found()
    assert (gap.why, span(gap), gap.complete) == (SAID[outcome], 180, True)


def test_no_worker_is_the_reason_and_fronts_are_told_when_it_lasts_too_long() -> None:
    scene = Scene()
    scene.check()
    scene.tell(m.ChildExited("w1", -9, False, "killed"))
    scene.commands.clear()
    scene.later(79)
    assert scene.shown() is None
    told = [c for c in scene.take(m.Publish) if getattr(c.event, "account_id", "") == "a"]
    assert not told
    scene.later(2)
    lasting = scene.shown()
    assert lasting is not None and lasting.why == "no worker is online"
    assert [c for c in scene.take(m.Publish) if getattr(c.event, "account_id", "") == "a"]
    scene.register("w1")
    scene.save()
    scene.check(found=1)
    [gap] = scene.found()
    assert gap.why == "no worker is online" and scene.shown() == gap
    scene.later(81, "w1")
    assert scene.shown() != gap, "the deadline was set again"


def test_sleep_is_the_reason_for_what_lay_in_it() -> None:
    scene = Scene()
    scene.check()
    scene.now += 1740
    scene.tell(m.LoopStalled(1735.0))
    scene.check("unreachable")
    scene.now += 3
    scene.check(found=4)
    [gap] = scene.found()
    assert (gap.why, gap.caught_up) == (ASLEEP, 4)
    scene.later(600, "w1")
    scene.check()
    assert [gap.why for gap in scene.found()] == [UNKNOWN], "that one was another"


def test_after_a_start_the_last_good_check_counts_from_the_store() -> None:
    scene = FleetDriver()
    scene.worker("w1")
    scene.now += 4
    watched_at = WALL + int((scene.now - 900) * 1000)
    scene.account("a", checked_ago=5.0, watched_ago=900.0, watched_at=watched_at)
    scene.account("p", status="paused", watched_ago=900.0, watched_at=watched_at)
    scene.tell(m.GapsKnown((Gap("a", from_ms(5), from_ms(9), why="older"), Gap("gone", from_ms(5), from_ms(9)))))
    lasting = scene.state.tables.gaps.shown("a", scene.now)
    assert lasting is not None and lasting.why == ABSENT
    at = WALL + int(scene.now * 1000)
    scene.beat("w1", checks=(("a", 0.0, "ok", at, at, 3),))
    [gap] = [gap for command in scene.take(m.SaveGaps) for gap in command.gaps]
    assert (to_ms(gap.since), span(gap), gap.why, gap.caught_up) == (watched_at, 900, ABSENT, 3)
    assert scene.state.tables.gaps.shown("p", scene.now) is None


def test_a_pause_is_none_and_says_nothing() -> None:
    scene = Scene()
    scene.check()
    scene.later(100, "w1")
    assert scene.shown() is not None
    scene.tell(m.AccountEdited("a", 30.0, None, "paused"))
    assert scene.shown() is None
    scene.later(3600, "w1")
    scene.tell(m.AccountEdited("a", 30.0, None, "active"))
    scene.save()
    scene.check(found=9)
    assert scene.found() == [] and scene.shown() is None
    scene.later(100, "w1")
    scene.check()
    assert len(scene.found()) == 1, "it is watched over again"


def test_a_deleted_account_is_forgotten_and_a_restored_one_starts_anew() -> None:
    scene = Scene()
    scene.check()
    scene.tell(m.AccountRemoved("a"))
    scene.deliver()
    scene.later(500, "w1")
    assert scene.shown() is None
    scene.account("a")
    scene.check()
    assert scene.found() == []


def test_a_clock_that_was_set_back_makes_no_gap_and_hides_none() -> None:
    scene = Scene()
    scene.check()
    scene.later(30, "w1")
    hour = 3_600_000
    scene.check(at=scene.wall - hour, ended=scene.wall - hour)
    scene.later(30, "w1")
    scene.check(at=scene.wall - hour, ended=scene.wall - hour)
    assert scene.found() == []
    scene.later(600, "w1")
    scene.check(at=scene.wall - hour, ended=scene.wall - hour)
    assert [span(gap) for gap in scene.found()] == [600]


def test_another_worker_with_another_clock_is_not_taken_for_a_repeat() -> None:
    scene = Scene()
    scene.worker("w2")
    scene.check()
    scene.tell(m.ChildExited("w1", -9, False, "killed"))
    scene.save()
    assert scene.owner("a") == "w2"
    scene.later(30, "w2")
    scene.check(worker="w2", at=scene.wall - 60_000, ended=scene.wall - 60_000, missed="reset")
    assert len(scene.found()) == 1
