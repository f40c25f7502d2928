"""When an account is listened to, beside its regular checks."""

import random
from typing import Any

import pytest

from tests.support.tasks import assigned, task
from worker.protocol.messages import Revoke, Task
from worker.watch import events as ev
from worker.watch.lease import Lease
from worker.watch.listening import PATIENT, UNOFFERED
from worker.watch.session import Session

LEASE, BEAT, REQUEST, INTERVAL = 25.0, 10.0, 12.0, 600.0


class Story:
    """One session with a lease that is renewed whenever time passes, unless it is told otherwise."""

    def __init__(self, *tasks: Task) -> None:
        self.session = Session(streams=frozenset({"imap"}), rng=random.Random(1))
        self.now = 1000.0
        self.nonce = 0
        self.sequence = 1
        self.commands: list[ev.Command] = []
        self.tell(ev.Registered(1, LEASE, tasks, BEAT))
        self.beat()

    def tell(self, event: ev.Event) -> list[ev.Command]:
        self.commands = self.session.handle(event, self.now)
        self.session.validate()
        return self.commands

    def beat(self) -> list[ev.Command]:
        self.nonce += 1
        sent = self.tell(ev.HeartbeatSent(self.nonce))
        return sent + self.tell(ev.HeartbeatAnswered(self.nonce))

    def wait(self, seconds: float) -> list[ev.Command]:
        """Time passes with heartbeats answered; everything that was wanted meanwhile."""
        commands: list[ev.Command] = []
        while seconds > 0:
            self.now += min(seconds, BEAT)
            seconds -= BEAT
            commands += self.beat()
        return commands

    def checked(self, outcome: Any = "ok", **more: Any) -> list[ev.Command]:
        return self.tell(ev.CheckFinished("a", 1, outcome, **more))

    def ended(self, outcome: Any = None, **more: Any) -> list[ev.Command]:
        return self.tell(ev.ListenFinished("a", 1, outcome, **more))

    def heard(self, **more: Any) -> list[ev.Command]:
        return self.tell(ev.Heard(ev.CheckFinished("a", 1, "ok", **more)))


def mailbox(epoch: int = 1, **fields: Any) -> Task:
    given = {"platform": "imap", "interval": INTERVAL, "due_in": INTERVAL, "cursor": "c", **fields}
    return task("a", epoch, **given)


def kinds(commands: list[ev.Command], *wanted: type[ev.Command]) -> list[str]:
    return [type(command).__name__ for command in commands if isinstance(command, wanted)]


def listens(commands: list[ev.Command]) -> list[str]:
    return kinds(commands, ev.StartListen, ev.AbortListen)


def test_an_account_with_a_cursor_is_listened_to_at_once_and_only_once() -> None:
    story = Story(mailbox())
    assert listens(story.commands) == ["StartListen"]
    assert listens(story.wait(100)) == []
    assert story.session.may_listen("a", 1, story.now)
    assert not story.session.may_listen("a", 2, story.now) and not story.session.may_act("a", 1, story.now)


def test_a_new_account_is_checked_first_for_what_that_finds_is_the_past() -> None:
    story = Story(mailbox(cursor=None, due_in=0))
    assert kinds(story.commands, ev.StartCheck, ev.StartListen) == ["StartCheck"]
    assert listens(story.checked("unreachable")) == []
    story.wait(2 * INTERVAL)
    assert listens(story.checked("ok")) == ["StartListen"]


def test_a_platform_that_only_polls_is_never_listened_to() -> None:
    story = Story(mailbox(platform="feed", due_in=0))
    assert listens(story.commands + story.checked()) == []


def test_regular_checks_go_on_beside_it() -> None:
    story = Story(mailbox())
    assert kinds(story.wait(INTERVAL), ev.StartCheck, ev.AbortListen) == ["StartCheck"]
    assert listens(story.checked()) == []


def test_w2_it_starts_only_when_a_request_ends_inside_the_lease() -> None:
    story = Story(mailbox())
    story.ended()
    story.now += LEASE - REQUEST + 0.1
    assert listens(story.tell(ev.ClockTick())) == []
    assert listens(story.beat()) == ["StartListen"]


def test_w3_it_goes_on_without_the_link_until_the_lease_ends_and_no_longer() -> None:
    story = Story(mailbox())
    assert listens(story.tell(ev.LinkLost())) == []
    story.now += LEASE - 0.1
    assert listens(story.tell(ev.ClockTick())) == []
    assert not story.session.may_listen("a", 1, story.now), "no new request that late"
    story.now += 0.1
    assert listens(story.tell(ev.ClockTick())) == ["AbortListen"]
    assert listens(story.ended()) == []
    story.tell(ev.Registered(1, LEASE, (mailbox(),), BEAT))
    assert listens(story.beat()) == ["StartListen"]


def test_a_renewed_lease_moves_its_end() -> None:
    story = Story(mailbox())
    assert listens(story.wait(10 * LEASE)) == []
    assert story.session.may_listen("a", 1, story.now)


def test_w2_what_a_server_may_be_asked_to_hold_open_ends_before_the_lease() -> None:
    lease = Lease()
    assert lease.standing(0.0) == 0.0
    lease.configure(LEASE, BEAT, 0.0)
    lease.sent(1, 0.0)
    lease.answered(1)
    assert (lease.standing(0.0), lease.standing(20.0), lease.standing(24.0)) == (23.0, 3.0, 0.0)


def test_w6_a_revoked_account_is_released_when_check_and_listen_have_both_ended() -> None:
    story = Story(mailbox(due_in=0))
    story.sequence += 1
    assert listens(story.tell(ev.Revoked(Revoke(2, ["a"])))) == ["AbortListen"]
    assert not kinds(story.checked(None), ev.SendReleased)
    assert kinds(story.ended(), ev.SendReleased) == ["SendReleased"]
    assert listens(story.wait(100)) == []


def test_a_new_epoch_waits_for_the_end_of_the_old_listen() -> None:
    story = Story(mailbox())
    assert listens(story.tell(assigned(2, mailbox(epoch=2)))) == ["AbortListen"]
    assert listens(story.wait(5)) == []
    assert listens(story.ended()) == ["StartListen"]
    assert story.session.may_listen("a", 2, story.now)


def test_a_new_epoch_without_a_cursor_is_checked_first_again() -> None:
    story = Story(mailbox())
    story.tell(assigned(2, mailbox(epoch=2, cursor=None)))
    assert listens(story.ended() + story.wait(5)) == []


def test_changed_settings_or_credentials_begin_anew_and_a_reconnect_does_not() -> None:
    story = Story(mailbox())
    assert listens(story.tell(ev.Registered(1, LEASE, (mailbox(),), BEAT))) == []
    assert listens(story.tell(ev.Registered(1, LEASE, (mailbox(settings={"x": 1}),), BEAT))) == ["AbortListen"]
    assert listens(story.ended()) == ["StartListen"]
    assert listens(story.tell(assigned(2, mailbox(settings={"x": 1})))) == ["AbortListen"]


def test_a_failed_one_asks_for_a_check_and_is_tried_again_later_and_later() -> None:
    story = Story(mailbox())
    assert kinds(story.ended("unreachable"), ev.StartCheck) == ["StartCheck"]
    story.checked("unreachable")
    waits = []
    for _ in range(PATIENT + 1):
        began = story.now
        while "StartListen" not in listens(story.wait(0.5)):
            pass
        waits.append(story.now - began)
        assert kinds(story.ended("unreachable"), ev.StartCheck) == []
    assert all(0.5 <= wait <= full for wait, full in zip(waits, [1.5, 2.5, 4.5, 8.5, 16.5, 30.5], strict=False))
    assert waits[-1] >= INTERVAL, "no more often than it is checked"


def test_one_that_lasted_was_no_failure() -> None:
    story = Story(mailbox())
    for _ in range(5):
        assert kinds(story.ended("unreachable"), ev.StartCheck) == ["StartCheck"]
        story.checked("ok")
        assert "StartListen" in listens(story.wait(2))
        story.wait(61)


def test_what_the_platform_asks_for_is_obeyed() -> None:
    story = Story(mailbox())
    story.ended("rate_limited", retry_after=120.0)
    story.checked("ok")
    assert listens(story.wait(110)) == []
    assert listens(story.wait(20)) == ["StartListen"]


def test_refused_credentials_end_it_until_a_check_is_good_again() -> None:
    story = Story(mailbox())
    assert kinds(story.ended("refused"), ev.StartCheck) == ["StartCheck"]
    story.checked("refused")
    assert listens(story.wait(5 * INTERVAL)) == []
    story.tell(assigned(2, mailbox(check_request="r1")))
    assert listens(story.checked("ok")) == ["StartListen"]


def test_a_check_that_is_refused_ends_the_listen_too() -> None:
    story = Story(mailbox(due_in=0))
    assert listens(story.checked("refused")) == ["AbortListen"]
    assert listens(story.ended()) == []


def test_a_server_that_does_not_offer_it_is_asked_again_after_a_long_time() -> None:
    story = Story(mailbox(interval=3600.0, due_in=3600.0))
    assert kinds(story.ended("ok"), ev.StartCheck) == []
    assert listens(story.wait(UNOFFERED - 10)) == []
    assert listens(story.wait(10)) == ["StartListen"]


def test_hearing_something_is_as_good_as_a_check() -> None:
    story = Story(mailbox(due_in=0))
    (bad,) = [each for each in story.checked("unreachable") if isinstance(each, ev.SendReport)]
    (good,) = [each for each in story.heard() if isinstance(each, ev.SendReport)]
    assert (bad.state, good.state) == ("unreachable", "ok")
    assert not kinds(story.heard(), ev.SendReport)


def test_that_there_is_more_heard_during_a_check_starts_no_second_one() -> None:
    """Found by simulation."""
    story = Story(mailbox())
    assert len(kinds(story.wait(600), ev.StartCheck)) == 1
    assert not kinds(story.heard(more=True), ev.StartCheck)
    assert len(kinds(story.checked("ok", more=True), ev.StartCheck)) == 1, "the check that ended says it as well"


def test_what_is_heard_after_an_abort_changes_nothing() -> None:
    story = Story(mailbox())
    story.tell(ev.Revoked(Revoke(2, ["a"])))
    assert story.heard() == []


@pytest.mark.parametrize("event", [ev.MemoryFull(True), ev.ShutdownAsked()])
def test_nothing_starts_while_nothing_could_be_written_or_at_the_end(event: ev.Event) -> None:
    story = Story(mailbox())
    story.tell(event)
    story.ended()
    assert listens(story.wait(100)) == []
