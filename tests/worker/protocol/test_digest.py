"""The fingerprint of an assignment."""

from hypothesis import given
from hypothesis import strategies as st

from worker.protocol.digest import digest_of

pairs = st.lists(st.tuples(st.text("abc123", min_size=1, max_size=4), st.integers(0, 99)), unique=True, max_size=6)


@given(pairs, st.randoms())
def test_order_does_not_matter_content_does(running: list[tuple[str, int]], rng: object) -> None:
    shuffled = list(reversed(running))
    assert digest_of(running) == digest_of(shuffled)
    assert digest_of([*running, ("other", 1)]) != digest_of(running)
    assert digest_of((account, epoch + 1) for account, epoch in running) != digest_of(running) or not running
