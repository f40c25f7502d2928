"""The two clocks."""

import time

from worker.process.clock import lease_clock, wall_ms


def test_the_lease_clock_never_goes_back_and_counts_suspend() -> None:
    first, second = lease_clock(), lease_clock()
    assert second >= first
    if hasattr(time, "CLOCK_BOOTTIME"):
        before = time.clock_gettime(time.CLOCK_BOOTTIME)
        assert before <= lease_clock() <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_the_wall_clock_is_in_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    assert before <= wall_ms() <= time.time_ns() // 1_000_000
