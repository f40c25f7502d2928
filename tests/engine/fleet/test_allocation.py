"""Who gets what: tags, the order of many, draining, lowered capacity, and the spread of first checks."""

import pytest

from engine.fleet import messages as m
from engine.fleet.parts import Duty
from tests.support.fleet import FleetDriver


@pytest.fixture
def fleet() -> FleetDriver:
    return FleetDriver()


def reason(fleet: FleetDriver, account_id: str) -> str | None:
    return fleet.state.tables.accounts[account_id].reason


def edit(fleet: FleetDriver, worker_id: str, *, capacity: int = 100, draining: bool = False, **more: object) -> None:
    fleet.tell(m.WorkerEdited(worker_id, worker_id, capacity, draining, **more))  # type: ignore[arg-type]
    fleet.save()


# --- tags


def test_an_account_pinned_to_a_tag_goes_to_the_emptiest_that_carries_it(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.worker("w2", tags=("cn",))
    fleet.worker("w3", tags=("cn", "home"))
    for n in range(4):
        fleet.account(f"a{n}", pinned_to="tag:cn")
    assert fleet.owners() == {"w1": 0, "w2": 2, "w3": 2}
    fleet.account("b", pinned_to="tag:home")
    assert fleet.owner("b") == "w3"


def test_the_emptiest_is_found_among_workers_that_offer_different_things() -> None:
    fleet = FleetDriver()
    fleet.worker("w1", platforms=("demo",))
    fleet.worker("w2", platforms=("demo", "feed"))
    for key in "abcd":
        fleet.account(key)
    assert [fleet.owner(key) for key in "abcd"] == ["w1", "w2", "w1", "w2"]


def test_each_lack_of_a_tagged_worker_has_its_reason(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a", pinned_to="tag:cn")
    assert reason(fleet, "a") == "no worker has the tag “cn”"
    fleet.tell(m.WorkerAdded("w2", "w2", "local", 1, tags=("cn",)))
    fleet.tell(m.Woke())
    fleet.account("b", pinned_to="tag:cn")
    assert reason(fleet, "b") == "no worker with the tag “cn” is online"
    fleet.register("w2", ("feed",))
    assert reason(fleet, "a") == "no worker with the tag “cn” offers demo"
    fleet.register("w2", ("demo",))
    assert fleet.owner("a") == "w2" and reason(fleet, "b") == "all workers with the tag “cn” are full"


def test_a_tag_that_is_taken_away_moves_who_was_there_for_it(fleet: FleetDriver) -> None:
    fleet.worker("w1", tags=("cn",))
    fleet.worker("w2")
    fleet.account("a", pinned_to="tag:cn")
    fleet.account("b")
    fleet.account("c")
    edit(fleet, "w1", tags=())
    assert fleet.owner("a") is None and reason(fleet, "a") == "no worker has the tag “cn”"
    edit(fleet, "w2", tags=("cn",))
    assert fleet.owner("a") == "w2" and fleet.held["w2"]["a"] == 2
    edit(fleet, "w2", capacity=50)
    assert fleet.owner("a") == "w2", "an edit that says nothing of tags leaves them"


# --- the order of many


def test_those_that_may_be_nowhere_else_are_placed_first(fleet: FleetDriver) -> None:
    for key, pin in (("a", None), ("b", None), ("c", "tag:cn"), ("d", "w1"), ("e", None)):
        fleet.account(key, pinned_to=pin)
    fleet.worker("w1", capacity=2, tags=("cn",))
    assert {key for key in "abcde" if fleet.owner(key)} == {"c", "d"}
    fleet.worker("w2", capacity=2)
    assert fleet.owner("a") == fleet.owner("b") == "w2" and reason(fleet, "e") == "all workers are full"


def test_rare_platforms_come_before_common_ones(fleet: FleetDriver) -> None:
    fleet.account("a", platform="demo")
    fleet.account("b", platform="demo")
    fleet.account("c", platform="imap")
    fleet.tell(m.Closing())  # nothing is placed until both are there
    fleet.worker("w1", capacity=1, platforms=("demo", "imap"))
    fleet.worker("w2", capacity=1, platforms=("demo",))
    fleet.state.tables.closing = False
    fleet.tell(m.WorkerEdited("w1", "w1", 1, draining=False))
    fleet.save()
    assert (fleet.owner("c"), fleet.owner("a"), fleet.owner("b")) == ("w1", "w2", None)


# --- draining and capacity


def test_draining_goes_on_when_room_appears_later(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    for n in range(5):
        fleet.account(f"a{n}")
    edit(fleet, "w1", draining=True)
    assert fleet.owners() == {"w1": 5}, "nobody can take them: they stay watched"
    fleet.worker("w2", capacity=2)
    assert fleet.owners() == {"w1": 3, "w2": 2}
    edit(fleet, "w2", capacity=4)
    assert fleet.owners() == {"w1": 1, "w2": 4}
    fleet.worker("w3")
    assert fleet.owners()["w1"] == 0


def test_draining_never_lets_go_of_more_than_there_is_room_for(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    for n in range(3):
        fleet.account(f"a{n}")
    fleet.worker("w2", capacity=2)
    fleet.tell(m.WorkerEdited("w1", "w1", 100, draining=True))
    revoked = [key for command in fleet.take(m.Revoke) for key in command.account_ids]
    assert len(revoked) == 2 and all(fleet.owner(f"a{n}") == "w1" for n in range(3))


def test_what_is_pinned_to_a_draining_worker_stays_and_what_has_its_tag_goes(fleet: FleetDriver) -> None:
    fleet.worker("w1", tags=("cn",))
    fleet.account("a", pinned_to="w1")
    fleet.account("b", pinned_to="tag:cn")
    fleet.worker("w2")
    fleet.worker("w3", tags=("cn",))
    edit(fleet, "w1", draining=True)
    assert (fleet.owner("a"), fleet.owner("b")) == ("w1", "w3")


def test_a_lowered_capacity_is_kept_as_soon_as_others_have_room(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    for n in range(6):
        fleet.account(f"a{n}")
    edit(fleet, "w1", capacity=2)
    assert fleet.owners() == {"w1": 6}
    fleet.worker("w2", capacity=3)
    assert fleet.owners() == {"w1": 3, "w2": 3}
    assert fleet.owner("a0") == "w1", "what has run longest stays"


def test_a_worker_that_offers_less_after_an_update_hands_over_what_it_cannot_check(fleet: FleetDriver) -> None:
    fleet.worker("w1", platforms=("demo", "imap"))
    fleet.account("a", platform="imap")
    fleet.worker("w2", platforms=("imap",))
    fleet.register("w1", ("demo",))
    fleet.pass_time(31, "w1", "w2")
    assert fleet.owner("a") == "w2"


# --- first checks


def duties(fleet: FleetDriver) -> list[Duty]:
    return [duty for command in fleet.take(m.Assign) for duty in command.duties]


@pytest.mark.parametrize("workers", [1, 5])
def test_a_bulk_that_arrives_one_by_one_is_spread_over_the_interval(fleet: FleetDriver, workers: int) -> None:
    for n in range(workers):
        fleet.worker(f"w{n}", capacity=500)
    delays = []
    for n in range(300):
        fleet.tell(m.AccountAdded(f"a{n:03}", "demo", 60.0))
        [save] = fleet.take(m.SaveOwnership)
        fleet.tell(m.OwnershipSaved(save.moves))
        delays += [duty.due_in for duty in duties(fleet)]
        fleet.now += 0.01
    assert delays[:20] == [0.0] * 20, "a few are checked at once"
    tenths = [sum(6 * n <= delay < 6 * n + 6 for delay in delays[20:]) for n in range(10)]
    assert all(25 <= tenth <= 31 for tenth in tenths), tenths


def test_after_a_quiet_moment_a_new_account_is_checked_at_once(fleet: FleetDriver) -> None:
    fleet.worker("w1", capacity=500)
    for n in range(50):
        fleet.account(f"a{n}")
    fleet.now += 11
    fleet.commands.clear()
    fleet.tell(m.AccountAdded("b", "demo", 60.0))
    [save] = fleet.take(m.SaveOwnership)
    fleet.tell(m.OwnershipSaved(save.moves))
    assert [duty.due_in for duty in duties(fleet)] == [0.0]


def test_the_slot_in_a_bulk_is_kept_when_the_account_moves_before_it(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    for n in range(40):
        fleet.account(f"a{n:02}", interval=60.0)
    due = {key: account.due for key, account in fleet.state.tables.accounts.items()}
    late = [key for key, at in due.items() if at is not None and at - fleet.now > 30]
    assert len(late) >= 8
    fleet.worker("w2", draining=True)
    fleet.tell(m.ChildExited("w1", -9, False, "killed"))
    fleet.now += 1
    fleet.tell(m.WorkerEdited("w2", "w2", 100, draining=False))
    [save] = fleet.take(m.SaveOwnership)
    fleet.tell(m.OwnershipSaved(save.moves))
    told = {duty.account_id: duty.due_in for duty in duties(fleet)}
    assert len(told) == 40
    assert all(told[key] == pytest.approx((due[key] or 0.0) - fleet.now) for key in late)


def test_a_shorter_interval_brings_the_next_check_nearer(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a", interval=600.0)
    fleet.beat("w1", checks=(("a", 0.0, "ok"),))
    fleet.tell(m.AccountEdited("a", 30.0, None, "active"))
    fleet.tell(m.ChildExited("w1", -9, False, "killed"))
    due = fleet.state.tables.accounts["a"].due
    assert due is not None and due - fleet.now == 30.0
