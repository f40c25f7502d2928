"""Random events in random order: whatever happens, the books stay right and no epoch falls."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.fleet import messages as m
from tests.support.fleet import FleetDriver

pytestmark = pytest.mark.timeout(300)

WORKERS = st.sampled_from(["w1", "w2", "w3"])
ACCOUNTS = st.sampled_from([f"a{n}" for n in range(8)])


class FleetMachine(RuleBasedStateMachine):
    """Three workers, eight accounts, a store that sometimes fails."""

    def __init__(self) -> None:
        super().__init__()
        self.fleet = FleetDriver()
        self.epochs: dict[str, int] = {}
        for worker_id in ("w1", "w2", "w3"):
            self.fleet.tell(m.WorkerAdded(worker_id, worker_id, "local", 4))

    @rule(worker_id=WORKERS)
    def starts(self, worker_id: str) -> None:
        if self.fleet.state.tables.workers[worker_id].phase != "online":
            self.fleet.tell(m.ChildStarted(worker_id, 1))
            self.fleet.held[worker_id] = {}
            self.fleet.tell(m.WorkerRegistered(worker_id, str(self.fleet.now), "h", 1, "0", frozenset({"demo"})))

    @rule(worker_id=WORKERS)
    def beats(self, worker_id: str) -> None:
        if self.fleet.state.tables.workers[worker_id].phase == "online":
            self.fleet.beat(worker_id)

    @rule(worker_id=WORKERS, checking=st.sets(ACCOUNTS, max_size=3))
    def crashes(self, worker_id: str, checking: set[str]) -> None:
        self.fleet.held.pop(worker_id, None)
        self.fleet.tell(m.ChildExited(worker_id, -9, False, "killed", tuple(sorted(checking))))

    @rule(account_id=ACCOUNTS)
    def is_asked_for(self, account_id: str) -> None:
        self.fleet.tell(m.CheckAsked(account_id, "r"))

    @rule(worker_id=WORKERS, draining=st.booleans(), capacity=st.integers(0, 5), tags=st.sampled_from([(), ("cn",)]))
    def is_edited(self, worker_id: str, draining: bool, capacity: int, tags: tuple[str, ...]) -> None:
        self.fleet.tell(m.WorkerEdited(worker_id, worker_id, capacity, draining, tags))

    @rule(worker_id=WORKERS)
    def is_restarted(self, worker_id: str) -> None:
        self.fleet.tell(m.RestartAsked(worker_id))

    @rule(worker_id=WORKERS)
    def updates_itself(self, worker_id: str) -> None:
        """Another process takes over under the same name, and hears only of what is to stay."""
        entry = self.fleet.state.tables.workers[worker_id]
        if entry.phase == "online":
            duties = self.fleet.state.duties_of(worker_id, self.fleet.now)
            self.fleet.held[worker_id] = {duty.account_id: duty.epoch for duty in duties}
            self.fleet.tell(m.WorkerRegistered(worker_id, f"{self.fleet.now}'", "h", 1, "0", frozenset({"demo"})))

    @rule(account_id=ACCOUNTS, pinned_to=st.sampled_from([None, None, None, "w1", "tag:cn"]))
    def appears(self, account_id: str, pinned_to: str | None) -> None:
        known = self.fleet.state.tables.accounts.get(account_id)
        if known is None or known.removed:
            epoch = self.epochs.get(account_id, 0)
            self.fleet.tell(m.AccountAdded(account_id, "demo", 30.0, epoch=epoch, pinned_to=pinned_to))

    @rule(
        account_id=ACCOUNTS, status=st.sampled_from(["active", "paused"]), pin=st.sampled_from([None, "w2", "tag:cn"])
    )
    def is_changed(self, account_id: str, status: str, pin: str | None) -> None:
        self.fleet.tell(m.AccountEdited(account_id, 30.0, pin, status))  # type: ignore[arg-type]

    @rule(account_id=ACCOUNTS)
    def is_removed(self, account_id: str) -> None:
        self.fleet.tell(m.AccountRemoved(account_id))

    @rule()
    def store_commits(self) -> None:
        self.fleet.save()

    @precondition(lambda self: any(isinstance(c, m.SaveOwnership) for c in self.fleet.commands))
    @rule()
    def store_fails(self) -> None:
        for command in self.fleet.take(m.SaveOwnership):
            self.fleet.tell(m.StoreFailed(command.moves))

    @rule(seconds=st.integers(1, 40))
    def time_passes(self, seconds: int) -> None:
        self.fleet.now += seconds
        self.fleet.tell(m.Woke())

    @rule(seconds=st.integers(6, 4000))
    def stalls(self, seconds: int) -> None:
        """Nobody is found dead because we slept."""
        online = {worker.id for worker in self.fleet.state.tables.workers.values() if worker.phase == "online"}
        self.fleet.now += seconds
        self.fleet.tell(m.Woke())
        assert all(self.fleet.state.tables.workers[worker_id].phase == "online" for worker_id in online)

    @invariant()
    def epochs_never_fall(self) -> None:
        for account in self.fleet.state.tables.accounts.values():
            assert account.epoch >= self.epochs.get(account.id, 0)
            self.epochs[account.id] = account.epoch

    def teardown(self) -> None:
        """O4: once everyone is well, everything that should be watched is."""
        for worker_id in ("w1", "w2", "w3"):
            self.fleet.tell(m.WorkerEdited(worker_id, worker_id, 100, False, ("cn",)))
            if self.fleet.state.tables.workers[worker_id].ending:
                self.crashes(worker_id, set())
            self.starts(worker_id)
        self.fleet.pass_time(3, "w1", "w2", "w3")
        self.fleet.pass_time(32, "w1", "w2", "w3")
        assert not any(account.revoking for account in self.fleet.state.tables.accounts.values())
        wanted = [account for account in self.fleet.state.tables.accounts.values() if account.wanted]
        assert all(account.owner for account in wanted), [account.reason for account in wanted if not account.owner]


TestFleetMachine = FleetMachine.TestCase
TestFleetMachine.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
