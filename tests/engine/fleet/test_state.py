"""Dialogues with the fleet: this happened, so that is done."""

import pytest

from engine.fleet import messages as m
from engine.fleet.allocation import Allocation
from engine.fleet.entries import AccountEntry, WorkerEntry
from engine.fleet.parts import Duty
from tests.support.fleet import FleetDriver
from worker.protocol.digest import digest_of


@pytest.fixture
def fleet() -> FleetDriver:
    return FleetDriver()


def test_ownership_is_saved_before_anyone_is_told(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.tell(m.AccountAdded("a", "demo", 30.0))
    assert not fleet.take(m.Assign)
    [save] = fleet.take(m.SaveOwnership)
    assert [(move.account_id, move.worker_id, move.epoch) for move in save.moves] == [("a", "w1", 1)]
    fleet.tell(m.OwnershipSaved(save.moves))
    [assign] = fleet.take(m.Assign)
    assert assign.worker_id == "w1" and assign.duties == (Duty("a", 1, 0.0),) and not assign.complete


def test_a_move_that_could_not_be_saved_is_tried_again(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.tell(m.AccountAdded("a", "demo", 30.0))
    [save] = fleet.take(m.SaveOwnership)
    fleet.tell(m.StoreFailed(save.moves))
    assert not fleet.take(m.Assign) and not fleet.take(m.SaveOwnership)
    assert "could not be saved" in (fleet.state.tables.accounts["a"].reason or "")
    fleet.pass_time(1, "w1")
    assert fleet.owner("a") == "w1"


def test_a_refused_move_goes_on_from_the_stores_epoch(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.tell(m.AccountAdded("a", "demo", 30.0))
    fleet.take(m.SaveOwnership)
    fleet.tell(m.OwnershipRefused("a", 7))
    [save] = fleet.take(m.SaveOwnership)
    assert save.moves[0].epoch == 8
    fleet.tell(m.OwnershipRefused("a", None))
    assert "a" not in fleet.state.tables.accounts


class _Counted(Allocation):
    """Counts how often a worker is looked for."""

    looks = 0

    def choose(self, account: AccountEntry) -> tuple[WorkerEntry | None, str]:
        self.looks += 1
        return super().choose(account)


def test_entering_an_account_does_not_look_for_workers_for_all_that_wait(fleet: FleetDriver) -> None:
    counted = fleet.state.tables.allocation = _Counted(fleet.state.tables.workers)
    for n in range(50):
        fleet.account(f"a{n:02}")
    assert counted.looks == 50
    fleet.worker("w1", capacity=3)
    assert [key for key in fleet.state.tables.accounts if fleet.owner(key)] == ["a00", "a01", "a02"]
    assert counted.looks < 60, "once nobody has room, nobody has"
    assert fleet.state.tables.accounts["a49"].reason == "all workers are full"


def test_room_that_is_given_back_goes_to_who_waited_longest(fleet: FleetDriver) -> None:
    fleet.worker("w1", capacity=1)
    for name in ("a", "b", "c"):
        fleet.account(name)
    fleet.tell(m.AccountRemoved("a"))
    fleet.deliver()
    assert fleet.owner("b") == "w1" and fleet.owner("c") is None


def test_fewest_accounts_first(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.worker("w2")
    for n in range(6):
        fleet.account(f"a{n}")
    assert fleet.owners() == {"w1": 3, "w2": 3}


def test_a_crashed_local_worker_loses_its_accounts_at_once(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.worker("w2")
    fleet.account("a")
    assert fleet.owner("a") == "w1"
    fleet.tell(m.ChildExited("w1", -9, False, "killed"))
    fleet.save()
    assert fleet.owner("a") == "w2"
    assert fleet.held["w2"] == {"a": 2}, "under a later epoch"


def test_it_keeps_its_due_time_when_it_moves(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.worker("w2")
    fleet.account("a")
    fleet.beat("w1", checks=(("a", 10.0, "ok"),))
    fleet.tell(m.ChildExited("w1", -9, False, "killed"))
    [save] = fleet.take(m.SaveOwnership)
    fleet.tell(m.OwnershipSaved(save.moves))
    [assign] = fleet.take(m.Assign)
    assert assign.duties[0].due_in == 20.0


def test_a_silent_worker_is_warned_about_then_offline_after_the_timeout(fleet: FleetDriver) -> None:
    fleet.tell(m.WorkerAdded("far", "far", "remote", 100))
    fleet.register("far")
    fleet.account("a")
    fleet.worker("w2")
    fleet.pass_time(30, "w2")
    assert fleet.owner("a") == "far", "not before D"
    fleet.commands.clear()
    fleet.pass_time(2, "w2")
    assert fleet.owner("a") == "w2"
    logs = [(log.level, log.event) for log in fleet.take(m.Log)]
    assert logs == [("warning", "worker.heartbeat_timeout"), ("info", "worker.offline")]


def test_after_an_own_stall_nobody_is_dead(fleet: FleetDriver) -> None:
    fleet.tell(m.WorkerAdded("far", "far", "remote", 100))
    fleet.register("far")
    fleet.account("a")
    fleet.now += 100
    fleet.tell(m.LoopStalled(99.0))
    fleet.tell(m.Woke())
    assert fleet.owner("a") == "far"
    fleet.pass_time(31)
    assert fleet.owner("a") is None


def test_a_lost_link_changes_nothing_but_the_picture(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a")
    worker = fleet.state.tables.workers["w1"]
    fleet.tell(m.LinkLost("w1", worker.incarnation))
    assert fleet.owner("a") == "w1" and worker.state() == "degraded" and "connection" in worker.why()


def test_a_link_lost_by_an_earlier_process_is_no_news(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.tell(m.LinkLost("w1", "another"))
    assert fleet.state.tables.workers["w1"].state() == "online"


def test_a_new_worker_evens_out_only_a_difference_above_the_threshold(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    for n in range(3):
        fleet.account(f"a{n}")
    fleet.worker("w2")
    assert fleet.owners() == {"w1": 3, "w2": 0}, "a difference of 3 is let be"
    fleet.account("b")
    fleet.account("c")
    fleet.tell(m.ChildExited("w2", -9, False, "killed"))
    fleet.save()
    fleet.register("w2")
    assert fleet.owners() == {"w1": 3, "w2": 2}, "moved by revoke → released, until they differ by one"


def test_unplaceable_accounts_say_why(fleet: FleetDriver) -> None:
    fleet.account("a")
    accounts = fleet.state.tables.accounts
    assert accounts["a"].reason == "no worker is online"
    fleet.worker("w1", capacity=1, platforms=("feed",))
    assert accounts["a"].reason == "no worker offers demo"
    fleet.account("b", platform="feed")
    fleet.account("c", platform="feed")
    assert accounts["c"].reason == "all workers are full"
    fleet.account("d", pinned_to="w9")
    assert "no longer exists" in (accounts["d"].reason or "")
    fleet.tell(m.WorkerEdited("w1", "w1", 2, False))
    fleet.save()
    assert fleet.owner("c") == "w1" and accounts["c"].reason is None


def test_a_pinned_account_goes_where_it_is_pinned(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.worker("w2")
    fleet.account("x")
    fleet.account("a", pinned_to="w1")
    assert fleet.owner("a") == "w1"
    fleet.tell(m.AccountEdited("a", 30.0, "w2", "active"))
    fleet.save()
    assert fleet.owner("a") == "w2"


def test_pausing_lets_go_and_resuming_takes_up_again(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a")
    fleet.tell(m.AccountEdited("a", 30.0, None, "paused"))
    fleet.save()
    assert fleet.owner("a") is None and fleet.held["w1"] == {}
    fleet.tell(m.AccountEdited("a", 30.0, None, "active"))
    fleet.save()
    assert fleet.held["w1"] == {"a": 2}


def test_a_deleted_account_is_forgotten_once_released(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a")
    fleet.tell(m.AccountRemoved("a"))
    assert "a" in fleet.state.tables.accounts
    fleet.deliver()
    assert "a" not in fleet.state.tables.accounts and fleet.state.tables.workers["w1"].load == 0


def test_an_account_deleted_while_it_is_being_placed_is_not_watched(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.tell(m.AccountAdded("a", "demo", 30.0))
    fleet.tell(m.AccountRemoved("a"))
    fleet.save()
    assert fleet.held["w1"] == {} and fleet.state.tables.workers["w1"].load == 0


def test_a_worker_that_dies_while_a_move_is_saved_does_not_get_it(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.tell(m.AccountAdded("a", "demo", 30.0))
    [save] = fleet.take(m.SaveOwnership)
    fleet.tell(m.ChildExited("w1", -9, False, "killed"))
    fleet.worker("w2")
    fleet.tell(m.OwnershipSaved(save.moves))
    fleet.save()
    assert fleet.owner("a") == "w2" and fleet.held["w2"] == {"a": 2}


def test_what_runs_wrongly_is_sent_whole_again(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a")
    entry = fleet.state.tables.workers["w1"]
    fleet.tell(m.HeartbeatReceived("w1", entry.incarnation, entry.sequence, "something else"))
    [assign] = fleet.take(m.Assign)
    assert assign.complete and [duty.account_id for duty in assign.duties] == ["a"]


def test_a_heartbeat_that_crossed_an_assign_is_given_time(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a")
    entry = fleet.state.tables.workers["w1"]
    late = m.HeartbeatReceived("w1", entry.incarnation, entry.sequence - 1, "older")
    fleet.tell(late)
    assert not fleet.take(m.Assign)
    fleet.tell(late)
    assert fleet.take(m.Assign)[0].complete


def test_after_a_restart_a_worker_gets_its_whole_assignment(fleet: FleetDriver) -> None:
    fleet.tell(m.WorkerAdded("w1", "w1", "local", 100))
    fleet.tell(m.AccountAdded("a", "demo", 30.0, epoch=4, owner="w1"))
    fleet.register("w1")
    assert fleet.held["w1"] == {"a": 4}


def test_a_former_local_owner_is_certainly_gone_once_its_lock_is_free(fleet: FleetDriver) -> None:
    fleet.worker("w2")
    fleet.tell(m.WorkerAdded("w1", "w1", "local", 100))
    fleet.account("a", epoch=4, owner="w1")
    assert fleet.owner("a") == "w1"
    fleet.tell(m.OwnerGone("w1"))
    fleet.save()
    assert fleet.owner("a") == "w2" and fleet.held["w2"] == {"a": 5}


def test_draining_hands_everything_over(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    for n in range(3):
        fleet.account(f"a{n}")
    fleet.worker("w2")
    fleet.tell(m.WorkerEdited("w1", "w1", 100, True))
    fleet.save()
    assert fleet.owners() == {"w1": 0, "w2": 3}
    assert fleet.state.tables.workers["w1"].state() == "draining"


def test_a_heartbeat_that_is_read_after_its_process_was_reaped_revives_nobody(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    dead = fleet.state.tables.workers["w1"].incarnation
    fleet.tell(m.ChildExited("w1", -9, False, "killed by SIGKILL"))
    fleet.tell(m.HeartbeatReceived("w1", dead, 0, ""))
    fleet.account("a1")
    assert fleet.state.tables.workers["w1"].phase == "offline" and fleet.owner("a1") is None


def test_an_account_out_of_the_bin_does_not_wait_for_a_worker_that_failed(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    for _ in range(6):
        fleet.tell(m.ChildExited("w1", -9, False, "killed by SIGKILL"))
    assert fleet.state.tables.workers["w1"].phase == "failed"
    fleet.worker("w2")
    fleet.account("a1", owner="w1", epoch=3)
    assert fleet.owner("a1") == "w2"


def test_a_crash_is_followed_by_a_restart_and_the_sixth_by_failed(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    delays = []
    for _ in range(5):
        fleet.tell(m.ChildExited("w1", -9, False, "killed by SIGKILL"))
        worker = fleet.state.tables.workers["w1"]
        assert worker.respawn_at is not None
        delays.append(worker.respawn_at - fleet.now)
        assert not fleet.take(m.SpawnWorker)
        fleet.now = worker.respawn_at
        fleet.tell(m.Woke())
        assert fleet.take(m.SpawnWorker)
        fleet.tell(m.ChildStarted("w1", 200))
        fleet.register("w1")
    assert [round(delay / full, 1) for delay, full in zip(delays, (1, 2, 4, 8, 16), strict=True)] == pytest.approx(
        [1] * 5, abs=0.1
    )
    fleet.tell(m.ChildExited("w1", -9, False, "killed by SIGKILL"))
    worker = fleet.state.tables.workers["w1"]
    assert worker.state() == "failed" and "too often" in worker.why() and worker.restarts == 5
    fleet.pass_time(60)
    assert not fleet.take(m.SpawnWorker)
    fleet.tell(m.RestartAsked("w1"))
    assert fleet.take(m.SpawnWorker), "a user may try again"


def test_a_configuration_error_is_not_retried(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.tell(m.ChildExited("w1", 78, False, "its configuration does not let it run"))
    assert fleet.state.tables.workers["w1"].state() == "failed"


def test_a_hung_local_worker_is_stopped(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.pass_time(31)
    [stop] = fleet.take(m.StopWorker)
    assert stop.hung and stop.worker_id == "w1"
    fleet.tell(m.ChildExited("w1", -15, True, "ended by SIGTERM"))
    assert fleet.state.tables.workers["w1"].respawn_at is not None


def test_reports_only_count_from_the_owner_of_the_current_epoch(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.worker("w2")
    fleet.account("a")
    fleet.tell(m.Reported("w2", "a", 1, "refused", "no"))
    fleet.tell(m.Reported("w1", "a", 0, "refused", "no"))
    assert not fleet.take(m.SaveHealth)
    fleet.tell(m.Reported("w1", "a", 1, "refused", "wrong password"))
    [saved] = fleet.take(m.SaveHealth)
    assert (saved.status, saved.last_error) == ("reauthenticate", "wrong password")
    fleet.tell(m.Reported("w1", "a", 1, "ok"))
    [saved] = fleet.take(m.SaveHealth)
    assert (saved.status, saved.last_error) == ("active", None)


def test_check_now_goes_to_the_owner_with_its_request_id(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a")
    fleet.tell(m.CheckAsked("a", "req-1"))
    [assign] = fleet.take(m.Assign)
    assert assign.duties[0].check_request == "req-1"


def test_what_a_platform_asked_for_holds_after_a_failover_too(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.worker("w2")
    fleet.account("a")
    fleet.tell(m.Reported("w1", "a", 1, "rate_limited", "slow down", retry_in=900.0))
    fleet.now += 100
    fleet.tell(m.ChildExited("w1", -9, False, "killed"))
    [save] = fleet.take(m.SaveOwnership)
    fleet.tell(m.OwnershipSaved(save.moves))
    [assign] = fleet.take(m.Assign)
    assert assign.worker_id == "w2" and assign.duties[0].due_in == 800.0


def test_many_overdue_accounts_are_spread_over_their_interval(fleet: FleetDriver) -> None:
    fleet.tell(m.WorkerAdded("w1", "w1", "local", 100))
    for n in range(60):
        fleet.tell(m.AccountAdded(f"a{n:02}", "demo", 30.0, owner="w1"))
    fleet.tell(m.WorkerRegistered("w1", "i", "host", 1, "0", frozenset({"demo"})))
    delays = [duty.due_in for duty in fleet.state.duties_of("w1", fleet.now)]
    assert delays.count(0.0) == 20 and 27 < max(delays) < 30 and len(set(delays)) == 41


def test_the_story_tells_when_an_account_fares_otherwise(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a")
    fleet.lines.clear()
    for outcome, message, wait in (
        ("ok", "", None),
        ("rate_limited", "429", 90.0),
        ("rate_limited", "429", 90.0),
        ("refused", "wrong password", None),
        ("ok", "", None),
        ("ok", "", None),
        ("unreachable", "no route", None),
    ):
        fleet.tell(m.Reported("w1", "a", 1, outcome, message, wait, request_id="r"))  # type: ignore[arg-type]
    lines = fleet.lines
    assert [(line.what, line.why, line.details) for line in lines] == [
        ("the platform asked to wait", "429", {"retry_in": "90"}),
        ("the platform refused the credentials", "wrong password", {}),
        ("works again", "", {}),
        ("the platform could not be reached", "no route", {}),
    ]
    assert {line.about for line in lines} == {("a", "w1")} and {line.request_id for line in lines} == {"r"}


def test_a_workers_story_tells_of_processes_and_outboxes(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a")
    fleet.lines.clear()
    entry = fleet.state.tables.workers["w1"]
    for degraded in ("the outbox is full (1 rows)", "the outbox is full (2 rows)", ""):
        digest = digest_of(fleet.held["w1"].items())
        fleet.tell(m.HeartbeatReceived("w1", entry.incarnation, entry.sequence, digest, degraded=degraded))
    fleet.tell(m.WorkerRegistered("w1", "another", "host", 101, "0", frozenset({"demo"})))
    fleet.tell(m.ChildExited("w1", -9, False, "it was ended by SIGKILL"))
    fleet.tell(m.ChildStarted("w1", 102))
    fleet.tell(m.LoopStalled(7.4))
    told = [line.what for line in fleet.lines]
    restart = next(what for what in told if what.startswith("is started again in "))
    assert [what for what in told if what != "unplaced"] == [
        "degraded",
        "no longer degraded",
        "another process took over",
        "ended",
        "offline",
        "taken from w1",
        restart,
        "started",
        "the master stood still for 7 s",
    ]


def test_the_story_says_why(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.account("a")
    fleet.tell(m.ChildExited("w1", -9, False, "it was ended by SIGKILL"))
    what = fleet.story("a")
    assert what[0] == "given to w1 under epoch 1" and "unplaced" in what


def test_removing_a_worker_frees_its_accounts_when_its_process_is_reaped(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.worker("w2")
    fleet.account("a")
    fleet.tell(m.WorkerRemoved("w1"))
    assert fleet.owner("a") == "w1" and fleet.take(m.StopWorker)
    fleet.tell(m.ChildExited("w1", 0, True, "it ended by itself"))
    fleet.save()
    assert fleet.owner("a") == "w2" and "w1" not in fleet.state.tables.workers


def test_nothing_is_placed_or_spawned_while_closing(fleet: FleetDriver) -> None:
    fleet.worker("w1")
    fleet.worker("w2")
    fleet.account("a")
    fleet.tell(m.Closing())
    fleet.commands.clear()
    fleet.tell(m.ChildExited("w1", 0, True, "it ended by itself"))
    fleet.pass_time(40)
    assert not fleet.take(m.SaveOwnership) and not fleet.take(m.SpawnWorker)
    assert not fleet.take(m.StopWorker), "who says nothing any more ends as well"


def test_what_a_process_was_to_let_go_is_free_when_another_takes_its_place(fleet: FleetDriver) -> None:
    """Found by chaos: nobody would ever have answered `released`, and the account stayed unwatched."""
    fleet.worker("w1")
    for number in range(4):
        fleet.account(f"a{number}")
    fleet.worker("w2")
    fleet.tell(m.WorkerEdited("w1", "w1", 100, True))
    assert fleet.take(m.Revoke), "w1 is told to let go, and dies before it hears it"
    fleet.now += 1
    fleet.register("w1")
    fleet.save()
    assert fleet.owners() == {"w1": 0, "w2": 4}


def test_a_worker_without_a_connection_keeps_its_accounts_and_is_given_no_others(fleet: FleetDriver) -> None:
    """Found by chaos: a crashed worker's accounts went to one whose cable was out, and waited for its time-out."""
    fleet.worker("w1")
    fleet.account("a1")
    fleet.worker("w2")
    incarnation = fleet.state.tables.workers["w2"].incarnation
    fleet.tell(m.LinkLost("w2", incarnation))
    fleet.account("a2")
    assert fleet.owners() == {"w1": 2, "w2": 0}
    fleet.tell(m.LinkLost("w1", fleet.state.tables.workers["w1"].incarnation))
    fleet.account("a3")
    assert fleet.owners() == {"w1": 2, "w2": 0} and fleet.owner("a3") is None
    fleet.register("w2")
    assert fleet.owner("a3") == "w2" and fleet.owner("a1") == "w1"
