"""What is kept of a first check."""

import pytest

from worker.watch.baseline import KEPT, split


@pytest.mark.parametrize("found", [0, 1, KEPT - 1, KEPT, KEPT + 1, 500])
def test_keeps_the_newest_and_remembers_the_rest(found: int) -> None:
    seen_only, kept = split(range(found))
    assert [*seen_only, *kept] == list(range(found))
    assert len(kept) == min(found, KEPT)
