"""A worker of another machine is removed: it is told and cut at once, its accounts move by M2 and no sooner."""

from engine.fleet import messages as m
from tests.support.fleet import FleetDriver


def remove(fleet: FleetDriver) -> None:
    """The worker does not hear of it."""
    fleet.tell(m.WorkerRemoved("far"))
    fleet.take(m.Revoke)


def a_fleet() -> FleetDriver:
    """A remote worker `far` with account `a`; a local one that could take it."""
    fleet = FleetDriver()
    fleet.tell(m.WorkerAdded("far", "far", "remote", 100))
    fleet.register("far")
    fleet.account("a")
    assert fleet.owner("a") == "far"
    fleet.worker("near")
    fleet.take(m.CastOut)
    return fleet


def test_accounts_that_it_does_not_let_go_of_wait_until_it_can_no_longer_act() -> None:
    fleet = a_fleet()
    fleet.pass_time(5, "near")
    fleet.beat("far")
    last_heard = fleet.now
    fleet.pass_time(8, "near")
    remove(fleet)
    assert [command.worker_id for command in fleet.take(m.CastOut)] == ["far"]
    assert fleet.state.tables.workers["far"].state() == "revoked"
    assert "as soon as that can no longer act" in (fleet.state.tables.accounts["a"].reason or "")
    fleet.pass_time(last_heard + 30 - fleet.now, "near")
    assert fleet.owner("a") == "far", "the time-out has not passed since it was last heard"
    fleet.pass_time(2, "near")
    assert fleet.owner("a") == "near" and fleet.state.tables.accounts["a"].reason is None
    assert "far" not in fleet.state.tables.workers


def test_what_it_lets_go_of_moves_at_once() -> None:
    fleet = a_fleet()
    epoch = fleet.state.tables.accounts["a"].epoch
    remove(fleet)
    fleet.tell(m.Released("far", "a", epoch))
    fleet.save()
    assert fleet.owner("a") == "near"
    fleet.pass_time(1, "near")
    assert "far" not in fleet.state.tables.workers


def test_nothing_that_it_says_keeps_it_alive() -> None:
    fleet = a_fleet()
    remove(fleet)
    fleet.pass_time(25, "near", "far")
    fleet.pass_time(7, "near")
    assert fleet.owner("a") == "near" and "far" not in fleet.state.tables.workers


def test_it_is_given_nothing_new_not_even_what_was_being_saved() -> None:
    fleet = FleetDriver()
    fleet.tell(m.WorkerAdded("far", "far", "remote", 100))
    fleet.register("far")
    fleet.account("a")
    fleet.tell(m.AccountAdded("b", "demo", 30.0))
    remove(fleet)
    fleet.save()
    assert fleet.owner("b") is None and not fleet.held["far"].get("b")
    fleet.worker("near")
    assert fleet.owner("b") == "near"


def test_without_accounts_it_is_forgotten_at_once() -> None:
    fleet = FleetDriver()
    fleet.tell(m.WorkerAdded("far", "far", "remote", 100))
    fleet.register("far")
    remove(fleet)
    assert [command.worker_id for command in fleet.take(m.CastOut)] == ["far"]
    assert "far" not in fleet.state.tables.workers and not fleet.take(m.CutWorker), "it hears first why it is cut"


def test_a_restarted_master_waits_for_it_as_well() -> None:
    fleet = FleetDriver()
    fleet.worker("near")
    fleet.tell(m.WorkerAdded("far", "far", "remote", 100))
    fleet.tell(m.AccountAdded("a", "demo", 30.0, epoch=3, owner="far"))
    remove(fleet)
    fleet.pass_time(29, "near")
    assert fleet.owner("a") == "far"
    fleet.pass_time(3, "near")
    assert fleet.owner("a") == "near"
