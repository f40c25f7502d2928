"""Back-off, crowds, and what is told of them: without a socket."""

import asyncio
from typing import Any, cast

import pytest

from engine.bus import Bus
from engine.events import DoorRefused
from engine.gateway import backoff, refusals
from engine.gateway.admission import Admission, Crowd, Visit, address_of
from engine.gateway.backoff import Backoff
from engine.gateway.limits import Limits
from engine.gateway.peer import Meter
from engine.gateway.refusals import Refusals
from tests.support.waiting import eventually
from worker.process.logs import current_request_id, request


class Line:
    """A transport that only says where it comes from, and whether it was aborted."""

    def __init__(self, peer: Any) -> None:
        self.peer = peer
        self.aborted = False

    def get_extra_info(self, _name: str) -> Any:
        return self.peer

    def abort(self) -> None:
        self.aborted = True


def visit(address: str) -> Visit:
    return Visit(address, cast(asyncio.Transport, Line((address, 1))))


# --- back-off --------------------------------------------------------------------------------------------------------


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_some_failures_are_free_and_then_each_makes_the_next_wait_longer() -> None:
    clock = Clock()
    guard = Backoff(3, first=1.0, longest=5.0, clock=clock)
    assert [guard.failed("a") for _ in range(7)] == [0, 0, 0, 1, 2, 4, 5]
    assert guard.wait("b") == 0
    clock.now += 2
    assert guard.wait("a") == 3
    clock.now += 3
    assert guard.wait("a") == 0


def test_whoever_fails_no_more_is_forgotten() -> None:
    clock = Clock()
    guard = Backoff(1, forget=600, clock=clock)
    assert [guard.failed("a"), guard.failed("a")] == [0, 1]
    clock.now += 601
    assert guard.failed("a") == 0


def test_a_million_addresses_do_not_fill_memory_and_the_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "MAX_ADDRESSES", 10)
    guard = Backoff(0, clock=Clock())
    for number in range(100):
        guard.failed(f"a-{number}")
    assert len(guard._addresses) == 10 and guard.wait("a-99") > 0 and guard.wait("a-1") == 0


# --- crowds ----------------------------------------------------------------------------------------------------------


def test_of_too_many_of_one_address_its_oldest_goes() -> None:
    crowd = Crowd(100, 3)
    ones = [visit("a") for _ in range(4)]
    assert [crowd.add(one) for one in ones] == [None, None, None, ones[0]]
    crowd.discard(ones[0])
    crowd.discard(ones[0])
    assert len(crowd) == 3


def test_of_too_many_in_all_the_oldest_of_the_most_crowded_address_goes() -> None:
    crowd = Crowd(4, 3)
    lone, many = visit("a"), [visit("b") for _ in range(3)]
    assert [crowd.add(one) for one in (lone, *many)] == [None] * 4
    assert crowd.add(visit("c")) is many[0]


async def test_who_is_proven_counts_no_longer_and_is_not_timed() -> None:
    told: list[tuple[str, str]] = []
    admission = Admission(Limits(deadline=0.05, connections_each=1), lambda *what: told.append(what))
    first = admission.enter(cast(asyncio.Transport, Line(("a", 1))))
    admission.prove(first)
    second = admission.enter(cast(asyncio.Transport, Line(("a", 2))))
    await eventually(lambda: told == [("a", "too_slow")])
    assert cast(Line, second.transport).aborted and not cast(Line, first.transport).aborted


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        (("192.0.2.1", 5), "192.0.2.1"),
        (("::1", 5, 0, 0), "::1"),
        (("::ffff:192.0.2.1", 5, 0, 0), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 5, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::/64"),
        (("what?", 5), "what?"),
        (None, ""),
        ("/tmp/socket", ""),
    ],
)
def test_an_address_counts_with_those_that_its_owner_has_as_well(peer: Any, address: str) -> None:
    assert address_of(cast(asyncio.Transport, Line(peer))) == address


# --- meters ----------------------------------------------------------------------------------------------------------


def test_frames_and_bytes_are_metered_and_come_back_with_time() -> None:
    meter = Meter(Limits(events=10, events_burst=3, octets=100, octets_burst=100), 0.0)
    assert [meter.take(1, 0.0) for _ in range(4)] == [True, True, True, False]
    assert meter.take(1, 1.0)
    assert not meter.take(200, 1.0)


def test_a_worker_with_many_accounts_may_say_more_and_never_less_again() -> None:
    meter = Meter(Limits(events=1, events_burst=1, per_account=2), 0.0)
    meter.widen(10)
    meter.widen(0)
    assert [meter.take(1, 0.0) for _ in range(22)] == [True] * 21 + [False]


# --- what is told ----------------------------------------------------------------------------------------------------


def listening(minute: float) -> tuple[Refusals, list[tuple[str, str, int]]]:
    bus, told = Bus(), []
    bus.subscribe(DoorRefused, lambda event: told.append((event.address, event.kind, event.count)))
    return Refusals(bus, minute), told


async def test_the_first_is_told_at_once_and_the_others_are_summed_up() -> None:
    said, told = listening(0.05)
    for _ in range(1000):
        said.note("a", "flood")
    said.note("b", "flood")
    assert told == [("a", "flood", 1), ("b", "flood", 1)]
    await eventually(lambda: ("a", "flood", 999) in told)
    await eventually(lambda: not said._open)
    said.note("a", "flood")
    assert told[-1] == ("a", "flood", 1)
    said.close()


async def test_what_was_not_yet_told_is_told_at_the_end() -> None:
    said, told = listening(60)
    for _ in range(3):
        said.note("a", "flood")
    said.close()
    said.close()
    assert told == [("a", "flood", 1), ("a", "flood", 2)]


async def test_ten_thousand_addresses_are_one_line_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MAX_KEYS", 5)
    said, told = listening(60)
    for number in range(10_000):
        said.note(f"a-{number}", "flood")
    said.close()
    assert len(told) == 7 and told[-1] == ("", "flood", 9994)
    assert sum(count for _, _, count in told) == 10_000


async def test_a_sum_does_not_go_under_the_request_of_the_first() -> None:
    ids: list[str] = []
    bus = Bus()
    bus.subscribe(DoorRefused, lambda event: ids.append(f"{event.request_id} {current_request_id()}"))
    said = Refusals(bus, 0.02)
    with request("r-1"):
        said.note("a", "flood")
        said.note("a", "flood")
    await eventually(lambda: len(ids) == 2)
    assert ids == ["r-1 r-1", " "]
    said.close()
