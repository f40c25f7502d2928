"""When an account's next check comes, as its owner's reports tell."""

from engine.fleet import messages as m
from tests.support.fleet import FleetDriver


def due_in(fleet: FleetDriver) -> float | None:
    due = fleet.state.tables.accounts["a"].due
    return None if due is None else due - fleet.now


def test_a_report_says_when_and_a_good_one_ends_the_waiting() -> None:
    fleet = FleetDriver()
    fleet.worker("w1")
    fleet.account("a", interval=30.0)
    fleet.tell(m.Reported("w1", "a", 1, "rate_limited", "wait", retry_in=3600.0))
    assert due_in(fleet) == 3600
    fleet.beat("w1", checks=(("a", 1.0, "rate_limited"),))
    assert due_in(fleet) == 3600
    fleet.now += 5  # the user asked for a check, and it went well
    fleet.tell(m.Reported("w1", "a", 1, "ok"))
    assert due_in(fleet) == 30
    fleet.tell(m.Reported("w1", "a", 1, "ok", retry_in=120.0))  # well, but the platform wants to be left alone
    assert due_in(fleet) == 120
