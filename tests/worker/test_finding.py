"""From what a platform found to what the master takes: whatever it is, the batch goes through."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tasks import task
from worker.finding import items_of
from worker.platforms.base import Found
from worker.process import wire_json
from worker.protocol.envelope import pack, unpack
from worker.protocol.messages import FROM_WORKER, Author, Detections, Item

TASK = task("a", 3)
text = st.text(st.characters(), max_size=30)  # lone surrogates and control characters included


def items(*found: Found, baseline: bool = False) -> list[Item]:
    return items_of(found, TASK, found_at=5, request_id="r1", baseline=baseline)


def test_everything_is_carried_over() -> None:
    author = Author("i", "n", "h", "https://e.example/a.png")
    found = Found("mention", "x-1", "text", "subject", "https://e.example/1", "t", author, 4)
    expected = Item(
        0, "a", 3, "mention", "x-1", 5, 4, "t", author, "text", "https://e.example/1", "subject", True, "r1"
    )
    assert items(found, baseline=True) == [expected]


def test_what_is_too_long_is_cut_but_a_link_is_left_out() -> None:
    found = Found("comment", "x", "t" * 30_000, "s" * 400, "https://e.example/" + "u" * 2000, "h" * 400)
    (item,) = items(found)
    assert (len(item.text), len(item.subject), len(item.thread_id), item.url) == (20_000, 300, 300, "")


def test_a_missing_or_overlong_id_becomes_a_hash_that_every_worker_computes_alike() -> None:
    first, again, other = (items(Found("comment", "", text=text))[0].external_id for text in ("one", "one", "two"))
    assert first == again != other and first.startswith("hash:")
    long = items(Found("comment", "x" * 501), Found("comment", "x" * 502))
    assert long[0].external_id != long[1].external_id and len(long[0].external_id) <= 500


@pytest.mark.parametrize("published", [-1, 2**53])
def test_an_impossible_time_is_no_time(published: int) -> None:
    assert items(Found("comment", "x", published_at=published))[0].published_at is None


def test_an_item_of_no_known_kind_is_left_out_and_the_others_stay(expected_logs: Any) -> None:
    expected_logs("check.unusable_item")
    strange: Any = "poke"
    assert [item.external_id for item in items(Found(strange, "x"), Found("comment", "y"))] == ["y"]


@given(st.builds(Found, kind=st.just("comment"), external_id=text, text=text, subject=text, url=text, thread_id=text))
def test_any_text_survives_the_wire(found: Found) -> None:
    batch = Detections(items(found))
    assert len(batch.items) == 1
    envelope = wire_json.loads(wire_json.dumps(pack(batch, "r", 1)))
    assert unpack(batch.TYPE, envelope, FROM_WORKER).message == batch
