"""Restart delays, lease figures, and evening out, each by itself."""

import random

import pytest

from engine.fleet.allocation import Allocation
from engine.fleet.entries import AccountEntry, WorkerEntry
from engine.fleet.lease import derive
from engine.fleet.restart import DELAYS, Restarts
from worker.watch.lease import Lease


class NoJitter:
    def random(self) -> float:
        return 0.0


def test_delays_double_and_the_sixth_crash_in_ten_minutes_is_the_last() -> None:
    restarts = Restarts()
    assert [restarts.crashed(60.0 * n, NoJitter()) for n in range(6)] == [*DELAYS, None]


def test_crashes_older_than_ten_minutes_do_not_count() -> None:
    restarts = Restarts()
    assert [restarts.crashed(601.0 * n, NoJitter()) for n in range(8)] == [1.0] * 8


def test_five_healthy_minutes_with_a_finished_check_clear_the_count() -> None:
    restarts = Restarts()
    restarts.crashed(0.0, NoJitter())
    restarts.beat(10.0, checked=False)
    restarts.beat(320.0, checked=False)
    assert restarts.crashes, "no check was finished"
    restarts.beat(330.0, checked=True)
    assert not restarts.crashes


def test_jitter_only_shortens_and_by_a_tenth_at_most() -> None:
    delay = Restarts().crashed(0.0, random.Random(3))
    assert delay is not None and 0.9 <= delay <= 1.0


def test_the_lease_ends_before_death_whatever_two_clocks_say() -> None:
    figures = derive(10, 30)
    assert figures.lease * 1.01 < figures.timeout * 0.99
    lease = Lease()
    lease.configure(figures.lease, figures.heartbeat, 0.0)
    assert lease.request_timeout == 12.0 <= figures.lease - figures.heartbeat - 3


@pytest.mark.parametrize(("heartbeat", "timeout"), [(10, 29), (1, 4), (0.1, 1)])
def test_options_that_leave_no_room_are_refused(heartbeat: float, timeout: float) -> None:
    with pytest.raises(ValueError, match="time"):
        derive(heartbeat, timeout)


def _fleet(*loads: int, capacity: int = 100) -> Allocation:
    workers = {
        f"w{n}": WorkerEntry(f"w{n}", f"w{n}", "local", capacity, phase="online", connected=True)
        for n in range(len(loads))
    }
    for worker, load in zip(workers.values(), loads, strict=True):
        worker.load, worker.platforms = load, frozenset({"demo"})
    allocation = Allocation(workers)
    for worker in workers.values():
        allocation.offer(worker)
    return allocation


def test_stale_offers_are_passed_over() -> None:
    allocation = _fleet(0, 1)
    account = AccountEntry("a", "demo", 30.0, 0)
    chosen = []
    for _ in range(5):
        worker, _reason = allocation.choose(account)
        assert worker is not None
        allocation.shift(worker, 1)
        chosen.append(worker.id)
    assert chosen == ["w0", "w0", "w1", "w0", "w1"]


def test_a_rising_and_falling_load_does_not_fill_the_memory() -> None:
    allocation = _fleet(5, 3)
    account = AccountEntry("a", "demo", 30.0, 0)
    for _ in range(1000):
        worker, _reason = allocation.choose(account)
        assert worker is not None and worker.id == "w1"
        allocation.shift(worker, 1)
        allocation.shift(worker, -1)
    assert allocation.offers < 200
