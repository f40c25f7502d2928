"""Waiting before trying again."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.watch.backoff import CAP, LONGEST, compute, slowed


class Fixed:
    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


def test_doubles_up_to_thirty_seconds() -> None:
    assert [compute(n, Fixed(0.0)) for n in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert [compute(n, Fixed(1.0)) for n in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]


@given(st.integers(min_value=0, max_value=10**9), st.randoms())
def test_never_zero_never_over_the_cap(attempt: int, rng: random.Random) -> None:
    assert 0.5 <= compute(attempt, rng) <= CAP


def test_jitter_differs_between_workers() -> None:
    assert compute(5, random.Random(1)) != compute(5, random.Random(2))


@pytest.mark.parametrize(
    ("interval", "failures", "retry_after", "seconds"),
    [
        (30, 0, None, 0),
        (30, 1, None, 0),
        (30, 2, None, 30),
        (30, 3, None, 90),
        (30, 4, None, 210),
        (30, 9, None, 300),
        (3600, 9, None, 3600),
        (30, 1, 600, 600),
        (30, 9, 10, 300),
        (30, 0, 45, 45),
        (30, 0, 1e12, LONGEST),
    ],
)
def test_failing_accounts_are_slowed(interval: float, failures: int, retry_after: float | None, seconds: float) -> None:
    assert slowed(interval, failures, retry_after) == seconds
