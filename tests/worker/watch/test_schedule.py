"""The schedule keeps its phase for ever, is never early and catches up with one check."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.watch.schedule import SLACK, Schedule

intervals = st.floats(min_value=0.01, max_value=3600)
moments = st.floats(min_value=0, max_value=1e7)


@given(intervals, moments, st.lists(st.floats(min_value=0, max_value=10_000), min_size=1, max_size=30))
def test_never_early_never_drifting_one_check_for_all_missed_slots(
    interval: float, anchor: float, steps: list[float]
) -> None:
    schedule = Schedule()
    schedule.add("a", interval, anchor)
    now = anchor
    for step in steps:
        now += step
        before = schedule.due_at("a")
        due = schedule.pop_due(now)
        assert due == (["a"] if before <= now else [])
        following = schedule.due_at("a")
        assert following > now
        assert following - now <= interval * (1 + 1e-6) + 1e-6  # coalesced: the very next slot, none skipped
        slots = (following - anchor) / interval
        assert math.isclose(slots, round(slots), abs_tol=1e-6 * max(1, slots))  # on the grid of the anchor


def test_ten_thousand_slots_later_the_phase_is_exact() -> None:
    schedule = Schedule()
    schedule.add("a", 0.1, 7.0)
    for _ in range(10_000):
        now = schedule.next_at()
        assert now is not None
        assert schedule.pop_due(now) == ["a"]
    assert schedule.due_at("a") == 7.0 + 10_000 * 0.1


def test_due_ones_come_earliest_first() -> None:
    schedule = Schedule()
    for key, at in (("late", 3.0), ("early", 1.0), ("middle", 2.0), ("future", 9.0)):
        schedule.add(key, 10, at)
    assert schedule.pop_due(5.0) == ["early", "middle", "late"]
    assert schedule.next_at() == 9.0


def test_due_in_counts_down_to_zero() -> None:
    schedule = Schedule()
    schedule.add("a", 10, 5.0)
    assert schedule.due_in("a", 2.0) == 3.0
    assert schedule.due_in("a", 8.0) == 0.0


def test_a_new_interval_anchors_anew_but_never_later_than_was_due() -> None:
    schedule = Schedule()
    schedule.add("faster", 3600, 3000.0)
    schedule.add("slower", 30, 105.0)
    schedule.change_interval("faster", 30, 100.0)
    schedule.change_interval("slower", 3600, 100.0)
    assert schedule.due_at("faster") == 130.0
    assert schedule.due_at("slower") == 105.0
    schedule.pop_due(130.0)
    assert schedule.due_at("faster") == 160.0
    assert schedule.due_at("slower") == 3705.0


@given(intervals, moments, moments)
def test_aiming_lands_on_the_first_slot_not_before(interval: float, anchor: float, not_before: float) -> None:
    schedule = Schedule()
    schedule.add("a", interval, anchor)
    schedule.aim("a", not_before)
    due = schedule.due_at("a")
    assert due >= not_before
    assert due == anchor or due - interval < not_before + 1e-6


def test_aiming_back_returns_to_the_regular_slot() -> None:
    schedule = Schedule()
    schedule.add("a", 10, 0.0)
    schedule.aim("a", 95.0)
    assert schedule.pop_due(50.0) == []
    schedule.aim("a", 50.5)
    assert schedule.due_at("a") == 60.0


def test_removed_keys_are_gone_and_unknown_ones_do_no_harm() -> None:
    schedule = Schedule()
    schedule.add("a", 1, 0.0)
    schedule.remove("a")
    schedule.remove("never")
    assert (schedule.next_at(), schedule.pop_due(100.0), len(schedule), "a" in schedule) == (None, [], 0, False)
    with pytest.raises(KeyError):
        schedule.aim("a", 1.0)


def test_the_heap_does_not_grow_with_changes() -> None:
    schedule = Schedule()
    for n in range(100):
        schedule.add(f"a{n}", 30, n)
    for n in range(10_000):
        schedule.change_interval(f"a{n % 100}", 30 + n % 7, n / 100)
    assert schedule.heap_size <= 2 * 100 + SLACK + 1
    for n in range(100):
        schedule.remove(f"a{n}")
    assert schedule.heap_size <= SLACK + 1


def test_a_hundred_thousand_accounts_each_come_once() -> None:
    schedule = Schedule()
    for n in range(100_000):
        schedule.add(f"a{n}", 30, n * 30 / 100_000)
    seen = [key for second in range(31) for key in schedule.pop_due(second)]
    assert len(seen) == len(set(seen)) + 1  # a0 has its second turn at 30
