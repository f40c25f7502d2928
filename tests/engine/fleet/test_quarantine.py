"""An account that crashes its workers is found out; nobody else is, and no worker is blamed."""

import random

import pytest

from engine.fleet import messages as m
from engine.fleet.quarantine import APART
from tests.support.fleet import FleetDriver


@pytest.fixture
def fleet() -> FleetDriver:
    return FleetDriver()


def crash(fleet: FleetDriver, worker_id: str, *checking: str, back: bool = True) -> None:
    """Its process is killed in the middle of these checks, and started again."""
    fleet.held[worker_id] = {}
    fleet.tell(m.ChildExited(worker_id, -9, False, "it was ended by SIGKILL", checking))
    fleet.save()
    if back:
        worker = fleet.state.tables.workers[worker_id]
        fleet.now = max(fleet.now, worker.respawn_at or fleet.now)
        fleet.tell(m.Woke())
        fleet.tell(m.ChildStarted(worker_id, 1))
        fleet.register(worker_id)


def quarantined(fleet: FleetDriver) -> set[str]:
    return {account.id for account in fleet.state.tables.accounts.values() if account.quarantined}


def workers(fleet: FleetDriver, *names: str) -> None:
    for name in names:
        fleet.worker(name)
        fleet.account(f"of {name}", pinned_to=name)


# --- who is convicted


def test_three_crashes_on_two_workers_convict(fleet: FleetDriver) -> None:
    workers(fleet, "w1", "w2")
    fleet.account("bad")
    for n in range(3):
        assert not quarantined(fleet), f"after {n} crashes"
        crash(fleet, fleet.owner("bad") or "", "bad")
    assert quarantined(fleet) == {"bad"} and fleet.owner("bad") is None
    account = fleet.state.tables.accounts["bad"]
    assert account.status == "failing" and account.reason == account.error
    assert account.reason == (
        "checking it ended 3 worker processes within 10 minutes; "
        "it is not checked any more until you change it, resume it or ask for a check"
    )
    assert fleet.take(m.SaveQuarantine) == [m.SaveQuarantine("bad", account.reason)]
    fleet.pass_time(60, "w1", "w2")
    assert fleet.owner("bad") is None


def test_three_crashes_of_one_among_two_do_not(fleet: FleetDriver) -> None:
    """That one machine may be at fault."""
    workers(fleet, "w1", "w2")
    fleet.account("a")
    for _ in range(4):
        crash(fleet, "w1", "a")
    assert not quarantined(fleet)
    crash(fleet, "w2", "a")
    assert quarantined(fleet) == {"a"}


@pytest.mark.parametrize("only", ["worker", "pinned", "platform", "draining"])
def test_where_there_is_no_second_place_three_crashes_of_one_do(fleet: FleetDriver, only: str) -> None:
    workers(fleet, "w1")
    if only == "draining":
        fleet.worker("w2", draining=True)
    elif only != "worker":
        fleet.worker("w2", platforms=("feed",) if only == "platform" else ("demo",))
    fleet.account("bad", pinned_to="w1" if only == "pinned" else None)
    for _ in range(3):
        crash(fleet, "w1", "bad")
    assert quarantined(fleet) == {"bad"}


def test_crashes_further_apart_than_ten_minutes_do_not(fleet: FleetDriver) -> None:
    workers(fleet, "w1", "w2")
    fleet.account("a")
    for _ in range(6):
        crash(fleet, fleet.owner("a") or "", "a")
        fleet.now += 301
    assert not quarantined(fleet)


@pytest.mark.parametrize("told_by", ["heartbeat", "report"])
def test_a_bystander_is_acquitted_by_a_check_that_ended(fleet: FleetDriver, told_by: str) -> None:
    """The first check under a new epoch is reported at once: seldom does a culprit leave time for a heartbeat."""
    workers(fleet, "w1", "w2")
    fleet.account("bad")
    fleet.account("slow")
    for worker_id in ("w1", "w2", "w1"):
        crash(fleet, worker_id, "bad", "slow")
        fleet.now += 1
        slow = fleet.state.tables.accounts["slow"]
        assert slow.owner is not None
        if told_by == "heartbeat":
            fleet.beat(slow.owner, checks=(("slow", 0.0, "unreachable"),))
        else:
            fleet.tell(m.Reported(slow.owner, "slow", slow.epoch, "unreachable", "no route"))
    assert quarantined(fleet) == {"bad"}


def test_one_that_was_there_less_often_is_not_convicted_with_the_other(fleet: FleetDriver) -> None:
    workers(fleet, "w1", "w2")
    fleet.account("bad")
    fleet.account("slow")
    crash(fleet, "w1", "bad", "slow")
    crash(fleet, "w2", "bad")
    crash(fleet, "w1", "bad", "slow")
    assert quarantined(fleet) == {"bad"}


def test_two_as_often_but_not_together_wait_for_the_next_crash(fleet: FleetDriver) -> None:
    workers(fleet, "w1", "w2", "w3")
    fleet.account("x")
    fleet.account("y")
    crash(fleet, "w1", "x")
    crash(fleet, "w2", "y")
    crash(fleet, "w1", "x", "y")
    crash(fleet, "w3", "x", "y")
    assert not quarantined(fleet)
    crash(fleet, "w2", "x")
    assert quarantined(fleet) == {"x"}


def test_two_that_are_in_each_crash_together_are_both_convicted(fleet: FleetDriver) -> None:
    workers(fleet, "w1", "w2")
    fleet.account("x")
    fleet.account("y")
    for worker_id in ("w1", "w2", "w1"):
        crash(fleet, worker_id, "x", "y")
    assert quarantined(fleet) == {"x", "y"}


def test_one_that_was_alone_is_not_acquitted_by_a_check_that_went_well(fleet: FleetDriver) -> None:
    """It ends its worker now and then."""
    workers(fleet, "w1", "w2")
    fleet.account("bad")
    for _ in range(3):
        crash(fleet, fleet.owner("bad") or "", "bad")
        if fleet.owner("bad"):
            fleet.now += 1
            fleet.beat(fleet.owner("bad") or "", checks=(("bad", 0.0, "ok"),))
    assert quarantined(fleet) == {"bad"}


def test_after_a_crash_its_suspects_are_checked_one_after_the_other(fleet: FleetDriver) -> None:
    workers(fleet, "w1", "w2")
    for key in ("a", "b", "bad"):
        fleet.account(key)
    crash(fleet, "w1", "bad")
    fleet.take(m.Assign)
    fleet.tell(m.ChildExited("w2", -9, False, "killed", ("a", "b", "bad")))
    due = {key: (fleet.state.tables.accounts[key].due or 0.0) - fleet.now for key in ("a", "b", "bad")}
    assert due == {"bad": 0.0, "a": APART, "b": 2 * APART}, "the most suspicious first"


def test_a_bulk_of_bystanders_never_suffers(fleet: FleetDriver) -> None:
    """One culprit among thirty slow accounts that are all checked at once, whatever the order of the checks."""
    rng = random.Random(7)
    for run in range(20):
        fleet = FleetDriver(seed=run)
        workers(fleet, "w1", "w2", "w3")
        keys = ["bad", *(f"a{n}" for n in range(30))]
        for key in rng.sample(keys, len(keys)):
            fleet.account(key)
        for _ in range(12):
            if quarantined(fleet):
                break
            owner = fleet.owner("bad")
            assert owner is not None
            mine = fleet.state.tables.workers[owner].accounts
            at = fleet.state.tables.accounts["bad"].due or fleet.now
            fleet.now = max(fleet.now, at)
            slow = [key for key in mine if abs((fleet.state.tables.accounts[key].due or 0) - fleet.now) < 2]
            crash(fleet, owner, "bad", *rng.sample(slow, min(len(slow), 19)))
        assert quarantined(fleet) == {"bad"}


# --- the workers are not blamed


def test_the_crashes_do_not_count_against_the_workers(fleet: FleetDriver) -> None:
    workers(fleet, "w1", "w2")
    for n in range(4):  # four such accounts one after the other: twelve crashes within ten minutes
        fleet.account(f"bad{n}")
        while f"bad{n}" not in quarantined(fleet):
            crash(fleet, fleet.owner(f"bad{n}") or "", f"bad{n}")
    assert all(worker.crashes.crashes == [] for worker in fleet.state.tables.workers.values())
    assert {worker.state() for worker in fleet.state.tables.workers.values()} == {"online"}


def test_crashes_of_nobodys_doing_count_as_ever(fleet: FleetDriver) -> None:
    workers(fleet, "w1", "w2")
    for _ in range(5):
        crash(fleet, "w1")
    fleet.tell(m.ChildExited("w1", -9, False, "killed"))
    assert fleet.state.tables.workers["w1"].state() == "failed"


def test_a_worker_that_failed_because_of_it_is_started_again(fleet: FleetDriver) -> None:
    """Four crashes of its own, two more by the account: that was too often, until the account was found out."""
    workers(fleet, "w1", "w2")
    fleet.account("bad")
    for _ in range(4):
        crash(fleet, "w1")
    crash(fleet, "w1", "bad")
    crash(fleet, "w1", "bad", back=False)
    assert fleet.state.tables.workers["w1"].state() == "failed"
    fleet.take(m.SpawnWorker)
    crash(fleet, "w2", "bad")
    assert quarantined(fleet) == {"bad"}
    fleet.pass_time(2, "w2")
    assert "w1" in [spawn.worker_id for spawn in fleet.take(m.SpawnWorker)]


# --- hung and remote workers


def test_a_check_that_hangs_its_worker_convicts_as_well(fleet: FleetDriver) -> None:
    """It is taken away after a time-out and hangs the next one before the first has been ended."""
    workers(fleet, "w1", "w2", "w3")
    fleet.account("bad")
    for _ in range(3):
        owner = fleet.owner("bad")
        assert owner is not None
        others = [name for name in ("w1", "w2", "w3") if name != owner]
        fleet.pass_time(32, *others)
        assert fleet.take(m.StopWorker)
        fleet.tell(m.ChildExited(owner, -9, True, "it was ended by SIGKILL", ("bad",)))
        fleet.save()
        fleet.now += 2
        fleet.tell(m.Woke())
        fleet.tell(m.ChildStarted(owner, 1))
        fleet.register(owner)
    assert quarantined(fleet) == {"bad"} and fleet.owner("bad") is None


def register(fleet: FleetDriver, worker_id: str, incarnation: str, *crashed: str) -> None:
    platforms = frozenset({"demo"})
    fleet.held[worker_id] = {duty.account_id: duty.epoch for duty in fleet.state.duties_of(worker_id, fleet.now)}
    fleet.tell(m.WorkerRegistered(worker_id, incarnation, "h", 1, "0", platforms, crashed=crashed))
    fleet.beat(worker_id)


def test_a_remote_worker_tells_of_its_crash_when_it_is_back(fleet: FleetDriver) -> None:
    for name in ("far1", "far2"):
        fleet.tell(m.WorkerAdded(name, name, "remote", 100))
        register(fleet, name, f"{name}-0")
    fleet.account("bad")
    register(fleet, "far1", "far1-1", "bad")
    register(fleet, "far1", "far1-1", "bad")  # our answer was lost: the same crash once more
    register(fleet, "far1", "far1-2", "bad")
    assert not quarantined(fleet)
    register(fleet, "far2", "far2-1", "bad")
    assert not quarantined(fleet), "it never had it, so it says nothing true about it"
    fleet.state.tables.accounts["bad"].owners.add("far2")
    register(fleet, "far2", "far2-2", "bad")
    assert quarantined(fleet) == {"bad"}
    fleet.save()
    assert fleet.owner("bad") is None


# --- out of it


def convicted(fleet: FleetDriver) -> None:
    workers(fleet, "w1", "w2")
    fleet.account("bad")
    for _ in range(3):
        crash(fleet, fleet.owner("bad") or "", "bad")
    fleet.commands.clear()


@pytest.mark.parametrize(
    "event",
    [
        m.AccountEdited("bad", 30.0, None, "active"),
        m.AccountEdited("bad", 60.0, None, "failing"),
        m.AccountEdited("bad", 30.0, "w2", "failing", retask=False),
        m.CheckAsked("bad", "req-1"),
    ],
    ids=["resumed", "edited", "pinned", "check"],
)
def test_a_user_who_does_something_about_it_ends_it(fleet: FleetDriver, event: m.Event) -> None:
    convicted(fleet)
    fleet.tell(event)
    assert fleet.take(m.SaveQuarantine) == [m.SaveQuarantine("bad", None)]
    fleet.save()
    account = fleet.state.tables.accounts["bad"]
    assert fleet.owner("bad") is not None and (account.status, account.error) == ("active", None)
    crash(fleet, fleet.owner("bad") or "", "bad")
    assert not quarantined(fleet), "what was before does not count any more"


@pytest.mark.parametrize("event", [m.AccountEdited("bad", 30.0, None, "failing", retask=False), m.Woke()])
def test_another_name_does_not(fleet: FleetDriver, event: m.Event) -> None:
    convicted(fleet)
    fleet.tell(event)
    fleet.save()
    assert fleet.owner("bad") is None and "ended 3 worker" in (fleet.state.tables.accounts["bad"].reason or "")


def test_a_pause_keeps_it_until_it_is_resumed(fleet: FleetDriver) -> None:
    convicted(fleet)
    fleet.tell(m.AccountEdited("bad", 30.0, None, "paused"))
    assert quarantined(fleet) == {"bad"}
    fleet.tell(m.AccountEdited("bad", 30.0, None, "active"))
    fleet.save()
    assert fleet.owner("bad") is not None


def test_it_outlives_a_restart_of_the_master(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("bad", epoch=4, owner="w1", status="failing", quarantined=True, last_error="checking it ended …")
    fleet.pass_time(60, "w1")
    assert fleet.owner("bad") is None and fleet.state.tables.accounts["bad"].reason == "checking it ended …"
