"""The bus: FIFO, run to completion, one bad reader harms nobody."""

from engine.bus import Bus
from engine.events import AccountChanged, AccountRemoved, Event
from tests.conftest import LogWatch


def test_events_published_by_a_handler_wait_their_turn() -> None:
    bus, seen = Bus(), list[str]()

    def first(event: AccountChanged) -> None:
        seen.append(f"first {event.account_id}")
        if event.account_id == "a":
            bus.publish(AccountChanged("b"))

    bus.subscribe(AccountChanged, first)
    bus.subscribe(AccountChanged, lambda event: seen.append(f"second {event.account_id}"))
    bus.publish(AccountChanged("a"))
    assert seen == ["first a", "second a", "first b", "second b"]


def test_a_reader_of_everything_sees_every_kind() -> None:
    bus, seen = Bus(), list[Event]()
    leave = bus.subscribe(Event, seen.append)
    bus.publish(AccountChanged("a"))
    bus.publish(AccountRemoved("a"))
    leave()
    leave()
    bus.publish(AccountChanged("b"))
    assert seen == [AccountChanged("a"), AccountRemoved("a")]


def test_a_failing_reader_is_logged_and_the_others_hear_all_the_same(expected_logs: LogWatch) -> None:
    expected_logs("bus.handler_failed")
    bus, seen = Bus(), list[Event]()

    def fails(_event: AccountChanged) -> None:
        raise RuntimeError("no")

    bus.subscribe(AccountChanged, fails)
    bus.subscribe(AccountChanged, seen.append)
    bus.publish(AccountChanged("a"))
    assert seen and len(expected_logs.records) == 1
