"""Nobody's account moves too early, and none stays behind (ownership.md, M2 to M5)."""

import random

import pytest

from engine.events import Stalled
from engine.fleet import messages as m
from engine.fleet.lease import derive
from engine.fleet.state import FleetState, Settings
from tests.support.fleet import FleetDriver
from worker.protocol.digest import digest_of


@pytest.fixture
def fleet() -> FleetDriver:
    return FleetDriver()


def remote(fleet: FleetDriver, worker_id: str = "far") -> None:
    fleet.tell(m.WorkerAdded(worker_id, worker_id, "remote", 100))
    fleet.register(worker_id)


# --- M2 and M4: who is dead, and when


def test_a_child_that_could_not_take_the_lock_says_nothing_about_who_holds_it(fleet: FleetDriver) -> None:
    """A process of the master before us may still act for the account: only its lock or a full time-out tells."""
    fleet.worker("w2")
    fleet.tell(m.WorkerAdded("w1", "w1", "local", 100, spawn=True))
    fleet.account("a", epoch=4, owner="w1")
    fleet.tell(m.ChildStarted("w1", 7))
    fleet.tell(m.ChildExited("w1", 75, False, "another worker uses its directory"))
    assert fleet.owner("a") == "w1"
    fleet.pass_time(30, "w2")
    assert fleet.owner("a") == "w1"
    fleet.pass_time(1, "w2")
    assert fleet.owner("a") == "w2"


def test_once_it_has_registered_its_death_is_certain_again(fleet: FleetDriver) -> None:
    fleet.worker("w2")
    fleet.tell(m.WorkerAdded("w1", "w1", "local", 100, spawn=True))
    fleet.account("a", epoch=4, owner="w1")
    fleet.tell(m.ChildStarted("w1", 7))
    fleet.register("w1")
    fleet.tell(m.ChildExited("w1", -9, False, "killed"))
    fleet.save()
    assert fleet.owner("a") == "w2"


@pytest.mark.parametrize("timeout", [30, 90])
def test_a_started_process_takes_no_time_from_the_owner_before_it(timeout: float) -> None:
    """With a time-out above the 30 s for registering, starting a process once cut the wait for the old one short."""
    fleet = FleetDriver()
    fleet.state = FleetState(Settings(derive(10, timeout)), random.Random(1), fleet.now)
    fleet.worker("w2")
    fleet.tell(m.WorkerAdded("w1", "w1", "local", 100, spawn=True))
    fleet.account("a", epoch=4, owner="w1")
    fleet.tell(m.ChildStarted("w1", 7))
    fleet.pass_time(timeout, "w2")
    assert fleet.owner("a") == "w1"
    fleet.pass_time(1, "w2")
    assert fleet.owner("a") == "w2"


def test_a_process_that_never_registers_is_ended_after_half_a_minute(fleet: FleetDriver) -> None:
    fleet.tell(m.WorkerAdded("w1", "w1", "local", 100, spawn=True))
    fleet.tell(m.ChildStarted("w1", 7))
    fleet.pass_time(30)
    assert not fleet.take(m.StopWorker)
    fleet.pass_time(1)
    assert [stop.hung for stop in fleet.take(m.StopWorker)] == [True]


def test_after_a_master_start_a_remote_owner_that_is_not_back_gets_a_full_timeout(fleet: FleetDriver) -> None:
    fleet.worker("w2")
    fleet.tell(m.WorkerAdded("far", "far", "remote", 100))
    fleet.account("a", epoch=4, owner="far")
    fleet.pass_time(30, "w2")
    assert fleet.owner("a") == "far"
    fleet.pass_time(1, "w2")
    assert fleet.owner("a") == "w2"


@pytest.mark.parametrize("first", ["heartbeat of another", "patrol"])
def test_no_verdict_before_the_meter_has_spoken(fleet: FleetDriver, first: str) -> None:
    """After a night asleep our own timers ring in any order; whichever comes first must not find everybody dead."""
    remote(fleet)
    fleet.account("a")
    fleet.worker("w2")
    fleet.now += 3600
    if first == "patrol":
        fleet.tell(m.Woke())
    else:
        fleet.beat("w2")
        fleet.tell(m.Woke())
    assert fleet.owner("a") == "far" and fleet.state.tables.workers["far"].state() == "online"
    fleet.tell(m.LoopStalled(3599.0))
    fleet.pass_time(29, "w2")
    assert fleet.owner("a") == "far"
    fleet.pass_time(3, "w2")
    assert fleet.owner("a") == "w2"


def test_the_certainly_dead_move_even_right_after_a_stall(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a")
    fleet.worker("w2")
    fleet.now += 3600
    fleet.tell(m.LoopStalled(3599.0))
    fleet.tell(m.ChildExited("w1", -9, False, "killed"))
    fleet.save()
    assert fleet.owner("a") == "w2"


def test_a_stall_is_told_to_the_window_and_in_the_masters_story(fleet: FleetDriver) -> None:
    fleet.tell(m.LoopStalled(42.0))
    assert Stalled(42.0) in [command.event for command in fleet.take(m.Publish)]
    assert fleet.story("master") == ["the master stood still for 42 s"]


# --- M3: what is revoked is heard of, or waited for


def test_what_a_new_process_never_heard_of_is_free_after_a_timeout(fleet: FleetDriver) -> None:
    """Its predecessor was told to let go and died: the new process has nothing to release, its digest says so."""
    remote(fleet)
    fleet.account("a", pinned_to="far")
    fleet.worker("w2")
    fleet.tell(m.AccountEdited("a", 30.0, "w2", "active"))
    assert fleet.take(m.Revoke) and fleet.owner("a") == "far"
    fleet.register("far")
    fleet.pass_time(29, "far", "w2")
    assert fleet.owner("a") == "far", "the old process may not know yet that it is displaced"
    fleet.pass_time(2, "far", "w2")
    assert fleet.owner("a") == "w2"


def test_after_a_master_start_the_process_that_comes_back_may_still_have_to_let_go(fleet: FleetDriver) -> None:
    """It is new to us and yet the one that acts: only its own word frees what is to go elsewhere."""
    fleet.worker("w2")
    fleet.tell(m.WorkerAdded("far", "far", "remote", 100))
    fleet.account("a", epoch=4, owner="far", pinned_to="w2")
    fleet.register("far")
    assert fleet.owner("a") == "far"
    fleet.tell(m.Released("far", "a", 4))
    fleet.save()
    assert fleet.owner("a") == "w2"


def test_a_release_that_comes_late_is_taken_at_once(fleet: FleetDriver) -> None:
    remote(fleet)
    fleet.account("a", pinned_to="far")
    fleet.worker("w2")
    fleet.tell(m.AccountEdited("a", 30.0, "w2", "active"))
    far = fleet.state.tables.workers["far"]
    fleet.tell(m.HeartbeatReceived("far", far.incarnation, far.sequence, digest_of([])))
    fleet.now += 5
    fleet.tell(m.Released("far", "a", 1))
    fleet.save()
    assert fleet.owner("a") == "w2" and not fleet.state.tables.orphans


@pytest.mark.parametrize("meanwhile", ["paused", "deleted", "pinned elsewhere"])
def test_an_account_that_was_not_told_of_needs_no_release(fleet: FleetDriver, meanwhile: str) -> None:
    """A user was faster than the store. The worker would never answer a revoke of what it was never given."""
    fleet.worker("w1")
    fleet.tell(m.AccountAdded("a", "demo", 30.0))
    [save] = fleet.take(m.SaveOwnership)
    if meanwhile == "deleted":
        fleet.tell(m.AccountRemoved("a"))
    elif meanwhile == "paused":
        fleet.tell(m.AccountEdited("a", 30.0, None, "paused"))
    else:
        fleet.worker("w2")
        fleet.tell(m.AccountEdited("a", 30.0, "w2", "active"))
    fleet.tell(m.OwnershipSaved(save.moves))
    assert not fleet.take(m.Revoke)
    fleet.save()
    if meanwhile == "deleted":
        assert "a" not in fleet.state.tables.accounts
    else:
        assert fleet.owner("a") == (None if meanwhile == "paused" else "w2")


def test_out_of_the_bin_before_its_owner_let_go(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a")
    fleet.tell(m.AccountRemoved("a"))
    fleet.tell(m.AccountAdded("a", "demo", 60.0, epoch=1))
    fleet.save()
    assert fleet.owner("a") == "w1" and fleet.held["w1"] == {"a": 2}


def test_a_removed_remote_worker_keeps_its_accounts_until_it_let_go(fleet: FleetDriver) -> None:
    remote(fleet)
    fleet.account("a")
    fleet.worker("w2")
    fleet.tell(m.WorkerRemoved("far"))
    assert fleet.owner("a") == "far" and fleet.take(m.CastOut)
    fleet.save()
    assert fleet.owner("a") == "w2"
    fleet.pass_time(1, "w2")
    assert "far" not in fleet.state.tables.workers


def test_a_removed_remote_worker_that_is_silent_keeps_them_for_a_timeout(fleet: FleetDriver) -> None:
    remote(fleet)
    fleet.account("a")
    fleet.worker("w2")
    fleet.tell(m.WorkerRemoved("far"))
    fleet.take(m.Revoke)
    fleet.pass_time(30, "w2")
    assert fleet.owner("a") == "far"
    fleet.pass_time(2, "w2")
    assert fleet.owner("a") == "w2" and "far" not in fleet.state.tables.workers


# --- who is given nothing


def test_a_worker_that_is_being_restarted_is_given_nothing_more(fleet: FleetDriver) -> None:
    """It lets go of all it has before it ends; the emptiest worker is then the one that is leaving."""
    fleet.worker("w1")
    fleet.account("a")
    fleet.worker("w2")
    fleet.account("b")
    fleet.account("c", pinned_to="w2")
    fleet.tell(m.RestartAsked("w1"))
    fleet.tell(m.Released("w1", "a", 1))
    fleet.save()
    assert fleet.owner("a") == "w2"
    fleet.tell(m.ChildExited("w1", 0, True, "it ended by itself"))
    fleet.tell(m.ChildStarted("w1", 9))
    fleet.register("w1")
    fleet.account("d")
    assert fleet.owner("d") == "w1"


def test_a_broken_row_of_heartbeats_is_no_healthy_stretch(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a")
    fleet.tell(m.ChildExited("w1", -9, False, "killed"))
    fleet.worker("w1b")
    fleet.tell(m.ChildStarted("w1", 9))
    fleet.register("w1")
    fleet.beat("w1", checks=(("a", 0.0, "ok"),))
    fleet.pass_time(200, "w1")
    fleet.pass_time(40)  # frozen, and back
    fleet.pass_time(100, "w1")
    assert fleet.state.tables.workers["w1"].crashes.crashes, "five minutes, but not in a row"


def test_a_release_of_an_earlier_epoch_frees_nothing() -> None:
    """It was on its way while the account went elsewhere and came back: the same worker acts for it again."""
    fleet = FleetDriver()
    fleet.worker("w1")
    fleet.account("a")
    fleet.worker("w2")
    fleet.tell(m.AccountEdited("a", 30.0, "w2", "active"))
    fleet.tell(m.Released("w1", "a", 1))
    fleet.save()
    assert fleet.owner("a") == "w2"
    fleet.tell(m.AccountEdited("a", 30.0, "w1", "active"))
    fleet.tell(m.Released("w2", "a", 2))
    fleet.save()
    fleet.tell(m.Released("w1", "a", 1))
    assert (fleet.owner("a"), fleet.state.tables.accounts["a"].epoch) == ("w1", 3)
