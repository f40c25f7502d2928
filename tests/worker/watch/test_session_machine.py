"""Any dialogue whatever: the invariants hold, and no check or listen starts or goes on outside lease and epoch."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tests.support.tasks import task
from worker.protocol.messages import Assign, Revoke, Task
from worker.watch import events as ev
from worker.watch.session import Session

LEASE, BEAT = 25.0, 10.0
accounts = st.sampled_from("abcd")
epochs = st.integers(min_value=1, max_value=5)
outcomes = st.sampled_from(["ok", "refused", "rate_limited", "unreachable", "changed", "error", None])
tasks = st.lists(
    st.builds(
        task,
        accounts,
        epochs,
        interval=st.sampled_from([1.0, 7.0, 30.0]),
        due_in=st.sampled_from([0.0, 3.0, 20.0]),
        check_request=st.sampled_from([None, "r1", "r2"]),
        platform=st.sampled_from(["polled", "stream"]),
        cursor=st.sampled_from([None, "c"]),
    ),
    max_size=4,
    unique_by=lambda each: each.account,
)


class Dialogues(RuleBasedStateMachine):
    """Keeps its own, simpler book of lease, running checks and listens, and ended epochs, and compares."""

    nonces: Bundle[int] = Bundle("nonces")

    def __init__(self) -> None:
        super().__init__()
        self.session = Session(max_running=3, streams=frozenset({"stream"}))
        self.now = 0.0
        self.nonce = 0
        self.registered = False
        self.sent: dict[int, float] = {}
        self.until = float("-inf")
        self.running: dict[str, int] = {}
        self.aborted: set[str] = set()
        self.listening: dict[str, int] = {}
        self.silenced: set[str] = set()
        self.released: dict[str, int] = {}

    def tell(self, event: ev.Event) -> None:
        if self.now >= self.until:
            self.until = float("-inf")
        for command in self.session.handle(event, self.now):
            self.perform(command)

    def perform(self, command: ev.Command) -> None:
        match command:
            case ev.StartCheck(task=started):
                self.must_be_startable(started)
                self.running[started.account] = started.epoch
            case ev.AbortCheck(account=account):
                assert account in self.running, "aborts what does not run"
                self.aborted.add(account)
            case ev.StartListen(task=started):
                assert started.platform == "stream", "cannot be listened to"
                assert started.account not in self.listening, "listened to twice at once"
                self.must_be_allowed(started)
                self.listening[started.account] = started.epoch
            case ev.AbortListen(account=account):
                assert account in self.listening, "aborts what does not listen"
                self.silenced.add(account)
            case ev.SendReleased(account=account, epoch=epoch):
                assert self.running.get(account) != epoch, "released while its check still runs"
                assert self.listening.get(account) != epoch, "released while it is still listened to"
                self.released[account] = max(epoch, self.released.get(account, 0))
            case ev.Reconnect():
                self.registered = False
            case ev.WakeAt(moment=moment):
                assert moment > self.now, "would wake in the past for ever"

    def must_be_startable(self, started: Task) -> None:
        assert started.account not in self.running, "twice at once"
        self.must_be_allowed(started)

    def must_be_allowed(self, started: Task) -> None:
        assert self.now + self.session.lease.request_timeout <= self.until, "no lease for it"
        assert started.epoch > self.released.get(started.account, 0), "acts with a released epoch"

    @rule(given=tasks, sequence=st.integers(min_value=1, max_value=3))
    def register(self, given: list[Task], sequence: int) -> None:
        self.sent.clear()
        self.tell(ev.LinkLost())
        self.registered = True
        self.tell(ev.Registered(sequence, LEASE, tuple(given), BEAT))

    @rule(given=tasks, complete=st.booleans(), step=st.integers(min_value=-1, max_value=2))
    def assign(self, given: list[Task], complete: bool, step: int) -> None:
        self.tell(ev.Assigned(Assign(max(0, self.session.sequence + step), complete, given)))

    @rule(given=st.lists(accounts, max_size=3), step=st.integers(min_value=-1, max_value=2))
    def revoke(self, given: list[str], step: int) -> None:
        self.tell(ev.Revoked(Revoke(max(0, self.session.sequence + step), given)))

    @rule(target=nonces)
    def send_heartbeat(self) -> int:
        self.nonce += 1
        if self.registered:
            self.sent[self.nonce] = self.now
        self.tell(ev.HeartbeatSent(self.nonce))
        return self.nonce

    @rule(nonce=consumes(nonces))
    def answer_heartbeat(self, nonce: int) -> None:
        if self.now >= self.until > float("-inf"):
            self.sent.clear()  # the lease ended meanwhile: nothing that was sent before counts
        moment = self.sent.get(nonce)
        if moment is not None:
            self.sent = {other: at for other, at in self.sent.items() if other > nonce}
            self.until = max(self.until, moment + LEASE)
        self.tell(ev.HeartbeatAnswered(nonce))

    @rule(seconds=st.sampled_from([0.0, 0.5, 3.0, 9.0, 13.0, 26.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        if self.now >= self.until > float("-inf"):
            self.sent.clear()
        self.tell(ev.ClockTick())

    @rule(account=accounts, outcome=outcomes, retry=st.sampled_from([None, 5.0, 100.0]), more=st.booleans())
    def finish(self, account: str, outcome: None, retry: float | None, more: bool) -> None:
        epoch = self.running.pop(account, None)
        if epoch is not None:
            result = None if account in self.aborted else outcome
            self.aborted.discard(account)
            self.tell(ev.CheckFinished(account, epoch, result, retry, more))

    @rule(account=accounts)
    def hear(self, account: str) -> None:
        if account in self.listening:
            self.tell(ev.Heard(ev.CheckFinished(account, self.listening[account], "ok")))

    @rule(account=accounts, outcome=outcomes, retry=st.sampled_from([None, 5.0, 100.0]))
    def stop_listening(self, account: str, outcome: None, retry: float | None) -> None:
        epoch = self.listening.pop(account, None)
        if epoch is not None:
            result = None if account in self.silenced else outcome
            self.silenced.discard(account)
            self.tell(ev.ListenFinished(account, epoch, result, retry))

    @rule(full=st.booleans())
    def memory(self, full: bool) -> None:
        self.tell(ev.MemoryFull(full))

    @invariant()
    def holds(self) -> None:
        self.session.validate()
        assert self.session.running == len(self.running)
        for account, epoch in self.running.items():
            if self.session.may_act(account, epoch, self.now):
                assert account not in self.aborted
                assert self.now + self.session.lease.request_timeout <= self.until
                assert epoch > self.released.get(account, 0)
        for account, epoch in self.listening.items():
            assert account in self.silenced or self.now < self.until, "listened to after the lease ended"
            if self.session.may_listen(account, epoch, self.now):
                assert account not in self.silenced
                assert self.now + self.session.lease.request_timeout <= self.until
                assert epoch > self.released.get(account, 0)


TestDialogues = Dialogues.TestCase
TestDialogues.settings = settings(max_examples=400, stateful_step_count=60, deadline=None)
