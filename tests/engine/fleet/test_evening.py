"""Evening out: as few moves as possible, and none to where an account may not be."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fleet.entries import Kind, WorkerEntry
from engine.fleet.evening import Shift, even_out

DEMO: Kind = ("demo", None)
Fleet = dict[str, WorkerEntry]


def worker(
    worker_id: str, kinds: dict[Kind, int], *, capacity: int = 100, platforms: tuple[str, ...] = ("demo",)
) -> WorkerEntry:
    entry = WorkerEntry(
        worker_id, worker_id, "local", capacity, phase="online", connected=True, platforms=frozenset(platforms)
    )
    entry.kinds, entry.load = {kind: n for kind, n in kinds.items() if n}, sum(kinds.values())
    return entry


def after(fleet: list[WorkerEntry], shifts: list[Shift]) -> dict[str, Counter[Kind]]:
    state = {entry.id: Counter(entry.kinds) for entry in fleet}
    for shift in shifts:
        state[shift.source.id][shift.kind] -= 1
        state[shift.target.id][shift.kind] += 1
        assert shift.target.admits(shift.kind)
    assert all(n >= 0 for mine in state.values() for n in mine.values())
    return state


@pytest.mark.parametrize(
    ("loads", "moves"),
    [((3, 0), 0), ((4, 0), 2), ((10, 10, 0), 6), ((5, 5, 5), 0), ((4, 4, 4, 0), 3), ((9,), 0), ((), 0)],
)
def test_never_more_moves_than_needed(loads: tuple[int, ...], moves: int) -> None:
    fleet = [worker(f"w{n}", {DEMO: load}) for n, load in enumerate(loads)]
    shifts = even_out(fleet, 3)
    assert len(shifts) == moves
    final = [mine.total() for mine in after(fleet, shifts).values()]
    assert not moves or max(final) - min(final) <= 1


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_where_all_may_be_everywhere_no_two_differ_by_more_than_one(loads: list[int]) -> None:
    """Only what accounts need can leave the ends of a row of workers further apart."""
    fleet = [worker(f"w{n}", {DEMO: load}) for n, load in enumerate(loads)]
    shifts = even_out(fleet, 3)
    final = [mine.total() for mine in after(fleet, shifts).values()]
    if max(loads) - min(loads) <= 3:
        assert not shifts
        return
    share, over = divmod(sum(loads), len(loads))
    targets = [share + (n < over) for n in range(len(loads))]
    assert sorted(final, reverse=True) == targets
    assert len(shifts) == sum(max(0, load - target) for load, target in zip(sorted(loads)[::-1], targets, strict=True))


def test_capacity_is_respected() -> None:
    assert len(even_out([worker("w0", {DEMO: 10}), worker("w1", {}, capacity=2)], 3)) == 2


def test_what_may_not_move_is_passed_over_for_what_may() -> None:
    """The newest account is pinned; an older one is not."""
    shifts = even_out([worker("w0", {("demo", "w0"): 4, DEMO: 2}), worker("w1", {})], 3)
    assert [(shift.kind, shift.target.id) for shift in shifts] == [(DEMO, "w1")] * 2


def test_a_small_full_worker_is_no_reason_to_stir_the_others() -> None:
    """The difference to it is great, but nobody can move there; between the others it is small."""
    full = worker("w2", {DEMO: 2}, capacity=2)
    assert even_out([worker("w0", {DEMO: 10}), worker("w1", {DEMO: 7}), full], 3) == []


def test_room_is_made_by_way_of_a_third_where_it_takes_that() -> None:
    """Nothing of w0 may be on w2, but what w1 has may. In the end no two differ that could even each other out."""
    feeds, mixed, mails = ("feed",), ("feed", "imap"), ("imap",)
    fleet = [
        worker("w0", {("feed", None): 8}, platforms=feeds),
        worker("w1", {("imap", None): 4}, platforms=mixed),
        worker("w2", {}, platforms=mails),
    ]
    assert [mine.total() for mine in after(fleet, even_out(fleet, 3)).values()] == [5, 4, 3]


def test_a_tag_lets_an_account_be_on_any_worker_that_carries_it() -> None:
    fleet = [worker(f"w{n}", {}) for n in range(3)]
    fleet[0].kinds, fleet[0].load = {("demo", "tag:cn"): 6}, 6
    fleet[2].tags = frozenset({"cn"})
    assert {shift.target.id for shift in even_out(fleet, 3)} == {"w2"}


@st.composite
def fleets(draw: st.DrawFn) -> list[WorkerEntry]:
    """Two or three workers, two platforms, pins and tags, at most eight accounts, each where it may be."""
    fleet = [
        worker(
            f"w{n}",
            {},
            capacity=draw(st.sampled_from([2, 4, 100])),
            platforms=draw(st.sampled_from([("demo",), ("feed",), ("demo", "feed"), ("demo", "feed")])),
        )
        for n in range(draw(st.integers(2, 3)))
    ]
    for entry in fleet:
        entry.tags = frozenset(draw(st.sets(st.just("cn"))))
    for _ in range(draw(st.integers(4, 8))):
        kind = (draw(st.sampled_from(["demo", "feed"])), draw(st.sampled_from([None, None, None, "w0", "tag:cn"])))
        able = [entry for entry in fleet if entry.admits(kind) and entry.load < entry.capacity]
        if able:
            entry = draw(st.sampled_from(able[:1] * 3 + able))
            entry.kinds[kind] = entry.kinds.get(kind, 0) + 1
            entry.load += 1
    return fleet


def least_moves(fleet: list[WorkerEntry], wanted: list[int]) -> int:
    """By trying everything: the fewest accounts that must move until the workers' loads are `wanted`."""
    accounts = [(kind, entry) for entry in fleet for kind, n in entry.kinds.items() for _ in range(n)]
    fewest = len(accounts) + 1
    for places in product(*[[entry for entry in fleet if entry.admits(kind)] for kind, _ in accounts]):
        moved = sum(place is not home for place, (_, home) in zip(places, accounts, strict=True))
        if moved < fewest and sorted(Counter(place.id for place in places)[entry.id] for entry in fleet) == wanted:
            fewest = moved
    return fewest


@settings(max_examples=300, deadline=None)
@given(fleets())
def test_against_everything_that_could_be_done(fleet: list[WorkerEntry]) -> None:
    shifts = even_out(fleet, 3)
    state = after(fleet, shifts)
    loads = {entry.id: state[entry.id].total() for entry in fleet}
    gaps = [
        loads[source.id] - loads[target.id]
        for source in fleet
        for kind, n in state[source.id].items()
        for target in fleet
        if n and target.admits(kind) and loads[target.id] < target.capacity
    ]
    assert all(loads[entry.id] <= entry.capacity for entry in fleet)
    assert max(gaps, default=0) <= (1 if shifts else 3)
    assert len(shifts) == (least_moves(fleet, sorted(loads.values())) if shifts else 0)
