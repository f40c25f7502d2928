"""Fleet and sessions together under any order of events and faults: the books are right, and O1 to O4 hold."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from engine.fleet import messages as m
from engine.records import AccountStatus
from tests.simulation.dialogue import LOCAL, REMOTE, Dialogue
from worker.protocol.messages import Held

pytestmark = pytest.mark.timeout(300)

WORKERS = st.sampled_from((*LOCAL, *REMOTE))
ACCOUNTS = st.sampled_from([f"a{n}" for n in range(6)])
PINS = st.sampled_from([None, None, "w1", "w3"])
STATUS: st.SearchStrategy[AccountStatus] = st.sampled_from(["active", "active", "paused"])


class Ownership(RuleBasedStateMachine):
    """Three workers, six accounts, a store that sometimes fails, a master that is sometimes killed."""

    def __init__(self) -> None:
        super().__init__()
        self.all = Dialogue()

    # --- what goes right

    @rule()
    def everybody_works(self) -> None:
        for peer in self.all.peers.values():
            self.all.start(peer)
            self.all.connect(peer)
            self.all.beat(peer)
            while peer.incoming or peer.outgoing:
                self.all.read_at_master(peer)
                if peer.frozen:
                    break
                self.all.read_at_worker(peer)
            self.all.act(peer)
        while self.all.saving:
            self.all.commit()

    @rule(worker_id=WORKERS)
    def connects(self, worker_id: str) -> None:
        self.all.start(self.all.peers[worker_id])
        self.all.connect(self.all.peers[worker_id])

    @rule(worker_id=WORKERS)
    def beats(self, worker_id: str) -> None:
        self.all.beat(self.all.peers[worker_id])

    @rule(worker_id=WORKERS, messages=st.integers(1, 3))
    def worker_reads(self, worker_id: str, messages: int) -> None:
        for _ in range(messages):
            self.all.read_at_worker(self.all.peers[worker_id])

    @rule(worker_id=WORKERS, messages=st.integers(1, 3))
    def master_reads(self, worker_id: str, messages: int) -> None:
        for _ in range(messages):
            self.all.read_at_master(self.all.peers[worker_id])

    @rule(worker_id=WORKERS)
    def acts(self, worker_id: str) -> None:
        self.all.act(self.all.peers[worker_id])

    @rule(worker_id=WORKERS)
    def finishes(self, worker_id: str) -> None:
        self.all.finish(self.all.peers[worker_id])

    @precondition(lambda self: self.all.saving)
    @rule()
    def commits(self) -> None:
        self.all.commit()

    @rule(seconds=st.sampled_from([1.0, 4.0, 11.0, 24.0, 31.0]))
    def time_passes(self, seconds: float) -> None:
        self.all.pass_time(seconds)

    # --- what goes wrong

    @precondition(lambda self: self.all.saving)
    @rule()
    def store_fails(self) -> None:
        self.all.commit(fails=True)

    @rule(worker_id=WORKERS)
    def is_killed(self, worker_id: str) -> None:
        self.all.kill(self.all.peers[worker_id])

    @rule(worker_id=WORKERS)
    def freezes_or_goes_on(self, worker_id: str) -> None:
        peer = self.all.peers[worker_id]
        peer.frozen = peer.session is not None and not peer.frozen

    @rule(worker_id=WORKERS)
    def loses_its_link(self, worker_id: str) -> None:
        peer = self.all.peers[worker_id]
        if not peer.frozen:
            self.all.cut(peer)

    @rule()
    def master_is_killed(self) -> None:
        self.all.restart_master()

    @rule()
    def master_stalls(self) -> None:
        self.all.now += 20.0
        self.all.hears(m.LoopStalled(20.0))

    # --- what users do

    @rule(account_id=ACCOUNTS, pin=PINS, status=STATUS)
    def account_is_edited(self, account_id: str, pin: str | None, status: AccountStatus) -> None:
        if account_id in self.all.rows:
            self.all.edit(account_id, pin, status)
        else:
            self.all.add(account_id, pin, status)

    @rule(account_id=ACCOUNTS)
    def account_is_removed(self, account_id: str) -> None:
        self.all.delete(account_id)

    @rule(worker_id=WORKERS, draining=st.booleans(), capacity=st.integers(0, 5))
    def worker_is_edited(self, worker_id: str, draining: bool, capacity: int) -> None:
        self.all.draining[worker_id], self.all.capacity[worker_id] = draining, capacity
        self.all.hears(m.WorkerEdited(worker_id, worker_id, capacity, draining))

    @rule(worker_id=st.sampled_from(LOCAL))
    def restart_is_asked(self, worker_id: str) -> None:
        self.all.hears(m.RestartAsked(worker_id))

    def teardown(self) -> None:
        """O4: once everyone is well, all that should be watched is."""
        for worker_id, peer in self.all.peers.items():
            peer.frozen = False
            self.worker_is_edited(worker_id, False, 20)
            if worker_id in LOCAL and peer.session is None:
                self.restart_is_asked(worker_id)
        for _ in range(80):
            self.all.pass_time(1.0)
            self.everybody_works()
            for peer in self.all.peers.values():
                self.all.finish(peer)
        for account_id, row in self.all.rows.items():
            if row.status == "active":
                account = self.all.fleet.tables.accounts[account_id]
                assert account.owner is not None, account
                session = self.all.peers[account.owner].session
                assert session is not None and session.lease.held, account
                assert Held(account_id, account.epoch) in session.held(), account


TestOwnership = Ownership.TestCase
TestOwnership.settings = settings(
    max_examples=400, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
