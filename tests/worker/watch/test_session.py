"""Scripted dialogues with a session: what it is told, what it wants done."""

from typing import Any

import pytest

from tests.support.tasks import assigned, task
from worker.protocol.digest import digest_of
from worker.protocol.messages import Held, Revoke, Task
from worker.watch import events as ev
from worker.watch.session import Session

LEASE, BEAT, REQUEST = 25.0, 10.0, 12.0


class Dialogue:
    """A session under a clock that the test moves; checks the invariants after each event."""

    def __init__(self, *tasks: Task, max_running: int = 20) -> None:
        self.session = Session(max_running)
        self.now = 1000.0
        self.nonce = 0
        self.sequence = 1
        self.tasks = tasks

    def tell(self, event: ev.Event, after: float = 0.0) -> list[ev.Command]:
        self.now += after
        commands = self.session.handle(event, self.now)
        self.session.validate()
        return commands

    def register(self, *tasks: Task) -> list[ev.Command]:
        return self.tell(ev.Registered(self.sequence, LEASE, tasks, BEAT))

    def beat(self, after: float = 0.0) -> list[ev.Command]:
        """A heartbeat that is answered at once."""
        self.nonce += 1
        return self.tell(ev.HeartbeatSent(self.nonce), after) + self.tell(ev.HeartbeatAnswered(self.nonce))

    def begin(self, *tasks: Task) -> list[ev.Command]:
        return self.register(*tasks) + self.beat()

    def finish(self, account: str = "a", epoch: int = 1, outcome: Any = "ok", **more: Any) -> list[ev.Command]:
        return self.tell(ev.CheckFinished(account, epoch, outcome, **more))

    def revoke(self, *accounts: str) -> list[ev.Command]:
        self.sequence += 1
        return self.tell(ev.Revoked(Revoke(self.sequence, list(accounts))))

    def assign(self, *tasks: Task, complete: bool = False) -> list[ev.Command]:
        self.sequence += 1
        return self.tell(assigned(self.sequence, *tasks, complete=complete))

    def tick(self, after: float) -> list[ev.Command]:
        """Time passes, with heartbeats answered all the while."""
        commands: list[ev.Command] = []
        while after > BEAT:
            commands += self.beat(BEAT)
            after -= BEAT
        return commands + self.beat() + self.tell(ev.ClockTick(), after)


def of(commands: list[ev.Command], kind: type[Any]) -> list[Any]:
    return [command for command in commands if isinstance(command, kind)]


def started(commands: list[ev.Command]) -> list[tuple[str, int]]:
    return [(command.task.account, command.task.epoch) for command in of(commands, ev.StartCheck)]


def test_a_stall_is_noted_after_the_lease_was_looked_at() -> None:
    """What ran out meanwhile is over, whatever is told first."""
    dialogue = Dialogue()
    dialogue.begin(task("a"))
    commands = dialogue.tell(ev.Stalled(60.0), after=60.0)
    assert of(commands, ev.AbortCheck) and of(commands, ev.Reconnect)
    assert [line.what for line in dialogue.session.journal][-1] == "stood still for 60 s"
    assert not of(dialogue.tell(ev.Stalled(6.0), after=6.0), ev.Reconnect)


# --- lease -----------------------------------------------------------------------------------------------------------


def test_nothing_starts_before_the_first_answered_heartbeat() -> None:
    dialogue = Dialogue()
    assert started(dialogue.register(task())) == []
    assert started(dialogue.tell(ev.ClockTick(), 5)) == []
    assert started(dialogue.beat()) == [("a", 1)]


def test_w1_the_lease_counts_from_when_the_heartbeat_was_sent() -> None:
    dialogue = Dialogue()
    dialogue.register()
    sent = dialogue.now
    dialogue.tell(ev.HeartbeatSent(1))
    dialogue.tell(ev.HeartbeatAnswered(1), 9.0)
    assert dialogue.session.lease.until == sent + LEASE


def test_w4_an_older_answer_changes_nothing() -> None:
    dialogue = Dialogue()
    dialogue.register()
    dialogue.tell(ev.HeartbeatSent(1))
    dialogue.tell(ev.HeartbeatSent(2), 10)
    dialogue.tell(ev.HeartbeatAnswered(2))
    until = dialogue.session.lease.until
    dialogue.tell(ev.HeartbeatAnswered(1), 1)
    dialogue.tell(ev.HeartbeatAnswered(2), 1)
    dialogue.tell(ev.HeartbeatAnswered(77), 1)
    assert dialogue.session.lease.until == until


def test_an_answer_on_a_connection_that_is_gone_renews_nothing() -> None:
    dialogue = Dialogue()
    dialogue.begin()
    until = dialogue.session.lease.until
    dialogue.tell(ev.HeartbeatSent(9), 5)
    dialogue.tell(ev.LinkLost())
    dialogue.tell(ev.HeartbeatAnswered(9))
    assert dialogue.session.lease.until == until


def test_w2_a_check_starts_only_if_a_request_ends_inside_the_lease() -> None:
    inside, outside = Dialogue(), Dialogue()
    for dialogue in (inside, outside):
        dialogue.begin(task(due_in=5))
    assert started(inside.tell(ev.ClockTick(), LEASE - REQUEST)) == [("a", 1)]
    assert started(outside.tell(ev.ClockTick(), LEASE - REQUEST + 0.01)) == []
    assert started(outside.beat()) == [("a", 1)]


def test_w2_the_second_look_follows_lease_epoch_and_abort() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    session, now = dialogue.session, dialogue.now
    assert session.may_act("a", 1, now + LEASE - REQUEST)
    assert not session.may_act("a", 1, now + LEASE - REQUEST + 0.01)
    assert not session.may_act("a", 2, now)
    assert not session.may_act("b", 1, now)
    dialogue.revoke("a")
    assert not session.may_act("a", 1, now)


def test_w3_at_the_end_of_the_lease_everything_stops_until_registered_again() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    commands = dialogue.tell(ev.ClockTick(), LEASE)
    assert of(commands, ev.AbortCheck) == [ev.AbortCheck("a")]
    assert of(commands, ev.DropCredentials) == [ev.DropCredentials(None)]
    assert of(commands, ev.Reconnect)
    assert started(dialogue.finish(outcome=None)) == []
    dialogue.tell(ev.LinkLost())
    assert started(dialogue.begin(task())) == [("a", 1)]


def test_w3_a_heartbeat_on_the_old_connection_does_not_bring_the_lease_back() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    dialogue.tell(ev.ClockTick(), LEASE)
    dialogue.finish(outcome=None)
    assert started(dialogue.beat()) == [] and not dialogue.session.lease.held


def test_w3_an_answer_that_arrives_after_the_end_revives_nothing() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    dialogue.tell(ev.HeartbeatSent(5), 20)
    commands = dialogue.tell(ev.HeartbeatAnswered(5), 10)  # frozen for ten seconds; the master may have moved it
    assert of(commands, ev.AbortCheck) and not dialogue.session.lease.held


def test_an_assignment_that_no_heartbeat_confirmed_in_time_is_not_gone_on_from() -> None:
    dialogue = Dialogue()
    dialogue.register(task())
    commands = dialogue.tell(ev.HeartbeatSent(1), LEASE / 2)  # frozen between the two
    assert of(commands, ev.Reconnect)
    assert started(dialogue.tell(ev.HeartbeatAnswered(1))) == []


def test_w5_a_lost_link_alone_changes_nothing() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(), task("b", due_in=5))
    assert not of(dialogue.tell(ev.LinkLost()), ev.AbortCheck)
    assert started(dialogue.tell(ev.ClockTick(), 5)) == [("b", 1)]
    commands = dialogue.register(task(), task("b"))
    assert not of(commands, ev.AbortCheck) and started(commands) == []


def test_the_wake_up_call_is_the_earliest_of_slot_and_lease_end() -> None:
    dialogue = Dialogue()
    commands = dialogue.begin(task(due_in=3))
    assert of(commands, ev.WakeAt)[-1] == ev.WakeAt(dialogue.now + 3)
    commands = dialogue.tell(ev.ClockTick(), 3)
    assert of(commands, ev.WakeAt) == [ev.WakeAt(1000 + LEASE)]


# --- assignment ------------------------------------------------------------------------------------------------------


def test_w6_a_revoked_account_is_aborted_then_released_and_its_epoch_is_over() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    commands = dialogue.revoke("a")
    assert ev.AbortCheck("a") in commands and ev.DropCredentials("a") in commands
    assert not of(commands, ev.SendReleased)
    assert dialogue.session.digest() == digest_of([])
    assert of(dialogue.finish(outcome=None), ev.SendReleased) == [ev.SendReleased("a", 1)]
    assert started(dialogue.assign(task(epoch=1))) == []
    assert started(dialogue.assign(task(epoch=2))) == [("a", 2)]


def test_what_it_has_released_and_is_given_back_is_released_again() -> None:
    """A master that died before it noted the release gives the account back under the same epoch."""
    dialogue = Dialogue()
    dialogue.begin(task(due_in=20))
    dialogue.revoke("a")
    dialogue.tell(ev.ReleaseAnswered("a", 1))
    dialogue.tell(ev.LinkLost())
    assert of(dialogue.register(task()), ev.SendReleased) == [ev.SendReleased("a", 1)]
    assert dialogue.session.held() == []


def test_while_its_check_still_ends_what_is_given_back_is_not_released() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    dialogue.revoke("a")
    assert not of(dialogue.assign(task()), ev.SendReleased)
    assert of(dialogue.finish(outcome=None), ev.SendReleased) == [ev.SendReleased("a", 1)]


def test_an_idle_account_is_released_at_once_and_the_release_repeated_until_heard() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(due_in=20))
    assert of(dialogue.revoke("a"), ev.SendReleased) == [ev.SendReleased("a", 1)]
    assert of(dialogue.beat(1), ev.SendReleased) == [ev.SendReleased("a", 1)]
    dialogue.tell(ev.ReleaseAnswered("a", 1))
    assert not of(dialogue.beat(1), ev.SendReleased)
    assert of(dialogue.revoke("a"), ev.SendReleased) == [ev.SendReleased("a", 1)]  # asked again: said again


def test_a_release_that_was_not_heard_is_repeated_on_the_next_connection() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(due_in=20))
    dialogue.revoke("a")
    dialogue.tell(ev.LinkLost())
    commands = dialogue.register(task())  # the master has not heard of it
    assert of(commands, ev.SendReleased) == [ev.SendReleased("a", 1)]
    assert dialogue.session.held() == []


def test_an_account_that_is_named_twice_is_let_go_once() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(due_in=20))
    assert of(dialogue.revoke("a", "a"), ev.SendReleased) == [ev.SendReleased("a", 1)]


def test_revoking_what_it_never_had_is_no_answer() -> None:
    dialogue = Dialogue()
    dialogue.begin()
    assert dialogue.revoke("stranger") == []


def test_a_complete_assignment_replaces_everything() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(due_in=20), task("b", due_in=20))
    commands = dialogue.assign(task("b"), task("c", epoch=7), complete=True)
    assert of(commands, ev.SendReleased) == [ev.SendReleased("a", 1)]
    assert of(commands, ev.ForgetTasks) == [ev.ForgetTasks(("a",))]
    assert started(commands) == [("c", 7)]
    assert dialogue.session.held() == [Held("b", 1), Held("c", 7)]
    assert dialogue.session.digest() == digest_of([("b", 1), ("c", 7)])


def test_a_change_merges_by_account() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(due_in=20), task("b", due_in=20))
    commands = dialogue.assign(task("c", due_in=20))
    assert of(commands, ev.RememberTasks) == [ev.RememberTasks((task("c", due_in=20),))]
    assert len(dialogue.session) == 3


def test_a_stale_sequence_is_ignored_but_the_same_complete_one_is_not() -> None:
    dialogue = Dialogue()
    dialogue.begin()
    dialogue.sequence = 5
    dialogue.tell(assigned(5, task("b", due_in=20)))
    dialogue.tell(assigned(4, task("c")))
    dialogue.tell(assigned(5, task("d")))
    dialogue.tell(ev.Revoked(Revoke(4, ["b"])))
    assert dialogue.session.held() == [Held("b", 1)]
    dialogue.tell(assigned(5, task("e"), complete=True))
    assert dialogue.session.held() == [Held("e", 1)]
    dialogue.tell(ev.Registered(1, LEASE, (task("f"),), BEAT))  # a restarted master counts anew
    assert (dialogue.session.sequence, dialogue.session.held()) == (1, [Held("f", 1)])


def test_a_higher_epoch_ends_the_running_check_first() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    commands = dialogue.assign(task(epoch=2))
    assert of(commands, ev.AbortCheck) and started(commands) == []
    commands = dialogue.finish(outcome=None)
    assert started(commands) == [("a", 2)] and not of(commands, ev.SendReleased)
    assert started(dialogue.assign(task(epoch=1))) == []
    assert dialogue.session.held() == [Held("a", 2)]


def test_an_old_epochs_late_result_is_not_taken_for_the_new_ones() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    dialogue.assign(task(epoch=2))
    assert not of(dialogue.finish(epoch=1, outcome="refused"), ev.SendReport)


def test_a_new_interval_is_taken_over_and_other_changes_keep_the_phase() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(due_in=20))
    dialogue.assign(task(settings={"seed": 2}))
    assert started(dialogue.tick(19.9)) == []
    assert started(dialogue.tell(ev.ClockTick(), 0.1)) == [("a", 1)]
    dialogue.finish()
    dialogue.assign(task(interval=5.0, settings={"seed": 2}))
    assert started(dialogue.tick(5)) == [("a", 1)]


def test_tasks_are_remembered_before_any_of_their_checks_starts() -> None:
    dialogue = Dialogue()
    dialogue.begin()
    kinds = [type(command) for command in dialogue.assign(task())]
    assert kinds.index(ev.RememberTasks) < kinds.index(ev.StartCheck)


def test_a_change_makes_the_credentials_be_pulled_again() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(due_in=20))
    assert ev.DropCredentials("a") in dialogue.assign(task(due_in=20))


# --- checks ----------------------------------------------------------------------------------------------------------


def test_checks_keep_their_phase_however_long_they_take() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    dialogue.tick(7)
    dialogue.finish()
    assert started(dialogue.tick(22.9)) == []
    assert started(dialogue.tell(ev.ClockTick(), 0.2)) == [("a", 1)]


def test_a_slot_that_passes_during_a_check_is_left_out() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(interval=5.0))
    assert started(dialogue.tick(12)) == []
    assert started(dialogue.finish()) == []
    assert started(dialogue.tick(3)) == [("a", 1)]


def test_not_more_than_the_limit_run_at_once_and_the_rest_follow() -> None:
    dialogue = Dialogue(max_running=2)
    assert started(dialogue.begin(task("a"), task("b"), task("c"))) == [("a", 1), ("b", 1)]
    assert started(dialogue.finish("b")) == [("c", 1)]


def test_more_is_fetched_at_once_but_not_for_ever() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    rounds = 0
    while started(dialogue.finish(more=True)):
        rounds += 1
    assert rounds == 50
    assert started(dialogue.tick(30)) == [("a", 1)]


def test_a_check_request_runs_at_once_with_its_id_and_leaves_the_phase() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(due_in=10))
    commands = dialogue.assign(task(due_in=10, check_request="r1"))
    assert [command.request_id for command in of(commands, ev.StartCheck)] == ["r1"]
    dialogue.finish(request_id="r1")
    again = dialogue.assign(task(check_request="r1"), complete=True)  # a repeated assignment repeats it
    assert started(again) == []
    commands = dialogue.tick(10)
    assert [command.request_id for command in of(commands, ev.StartCheck)] == [None]


def test_a_check_request_during_a_check_runs_after_it() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    assert started(dialogue.assign(task(check_request="r1"))) == []
    assert [command.request_id for command in of(dialogue.finish(), ev.StartCheck)] == ["r1"]


def test_a_check_request_goes_before_those_that_merely_wait() -> None:
    dialogue = Dialogue(max_running=1)
    dialogue.begin(task("a"), task("b"), task("c", due_in=20))
    dialogue.assign(task("c", due_in=20, check_request="r1"))
    assert started(dialogue.finish("a")) == [("c", 1)]


def test_an_aborted_check_request_is_not_lost() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(due_in=20, check_request="r1"))
    dialogue.tell(ev.ClockTick(), LEASE)
    dialogue.finish(outcome=None)
    dialogue.tell(ev.LinkLost())
    commands = dialogue.begin(task(due_in=20, check_request="r1"))
    assert [command.request_id for command in of(commands, ev.StartCheck)] == ["r1"]


def test_retry_after_is_obeyed_on_the_grid_and_reported() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    (report,) = of(dialogue.finish(outcome="rate_limited", retry_after=70, message="slow down"), ev.SendReport)
    assert (report.state, report.retry_in, report.message) == ("rate_limited", 90.0, "slow down")
    assert started(dialogue.tick(89.9)) == []
    assert started(dialogue.tell(ev.ClockTick(), 0.2)) == [("a", 1)]


def test_failures_in_a_row_slow_an_account_down_and_a_success_ends_it() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    waits = []
    for _ in range(3):
        dialogue.tick(1)  # a check takes a while
        reports = of(dialogue.finish(outcome="unreachable"), ev.SendReport)
        retry_in = reports[0].retry_in if reports else None
        waits.append(retry_in)
        wait = retry_in or 29.0
        assert started(dialogue.tick(wait - 0.1)) == []
        assert started(dialogue.tick(0.1 + 1e-6)) == [("a", 1)]
        dialogue.now = round(dialogue.now)
    assert waits == [29.0, 59.0, 119.0]
    dialogue.tick(1)
    (report,) = of(dialogue.finish(outcome="ok"), ev.SendReport)
    assert report.state == "ok"
    assert started(dialogue.tick(29)) == [("a", 1)]


def test_a_success_by_request_gives_the_regular_slots_back() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    dialogue.finish(outcome="rate_limited", retry_after=3000)
    dialogue.assign(task(check_request="r1"), complete=True)
    dialogue.tick(1)
    dialogue.finish(request_id="r1")
    assert started(dialogue.tick(29)) == [("a", 1)]


def test_refused_credentials_are_not_tried_again_until_asked_or_changed() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    dialogue.finish(outcome="refused", message="wrong password")
    assert started(dialogue.tick(3600)) == []
    commands = dialogue.assign(task(check_request="r1"), complete=True)
    assert started(commands) == [("a", 1)]
    dialogue.finish(outcome="refused")
    assert started(dialogue.tick(3600)) == []
    dialogue.assign(task())
    assert started(dialogue.tick(30)) == [("a", 1)]


def test_only_changes_of_state_are_reported() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    states = []
    for outcome in ("ok", "ok", "unreachable", "ok", "ok"):
        states += [report.state for report in of(dialogue.finish(outcome=outcome), ev.SendReport)]
        dialogue.tick(30)
    assert states == ["ok", "unreachable", "ok"]


def test_bad_news_is_told_again_after_a_reconnect_good_news_with_the_next_check() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(), task("b"))
    dialogue.finish("a", outcome="refused", message="no")
    dialogue.finish("b")
    dialogue.tell(ev.LinkLost())
    commands = dialogue.register(task(), task("b"))
    assert [(report.account, report.state) for report in of(commands, ev.SendReport)] == [("a", "refused")]
    dialogue.tick(30)
    assert [report.account for report in of(dialogue.finish("b"), ev.SendReport)] == ["b"]


def test_a_check_that_did_not_happen_says_nothing_about_the_account() -> None:
    dialogue = Dialogue()
    dialogue.begin(task())
    commands = dialogue.finish(outcome=None)
    assert not of(commands, ev.SendReport) and started(commands) == []
    assert started(dialogue.tick(30)) == [("a", 1)]


def test_a_full_memory_stops_all_checks_until_there_is_room() -> None:
    dialogue = Dialogue()
    dialogue.register(task())
    dialogue.tell(ev.MemoryFull(True))
    assert started(dialogue.beat()) == []
    assert started(dialogue.tell(ev.MemoryFull(False))) == [("a", 1)]


def test_shutdown_aborts_and_then_lets_everything_go() -> None:
    dialogue = Dialogue()
    dialogue.begin(task(), task("b", due_in=20))
    assert of(dialogue.tell(ev.ShutdownAsked()), ev.AbortCheck) == [ev.AbortCheck("a")]
    assert started(dialogue.tick(60)) == []
    dialogue.finish(outcome=None)
    released = of(dialogue.tell(ev.Drained()), ev.SendReleased)
    assert released == [ev.SendReleased("a", 1), ev.SendReleased("b", 1)]
    assert len(dialogue.session) == 0


def test_an_unknown_end_of_a_check_is_only_noted() -> None:
    dialogue = Dialogue()
    dialogue.begin()
    assert dialogue.finish("ghost") == []
    assert dialogue.session.journal[-1].subject == "ghost"


@pytest.mark.parametrize(("lease", "beat", "timeout"), [(25, 10, 12), (100, 10, 12), (10, 4, 3), (2, 1, 1)])
def test_the_request_time_out_leaves_room_in_every_lease(lease: float, beat: float, timeout: float) -> None:
    session = Session()
    session.handle(ev.Registered(1, lease, (), beat), 0.0)
    assert session.lease.request_timeout == timeout
