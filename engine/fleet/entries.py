"""What the fleet remembers of each worker and account. Only engine.fleet changes these."""

from dataclasses import dataclass, field
from typing import Literal

from engine.fleet.restart import Restarts
from engine.records import AccountStatus, Move, WorkerKind, WorkerState
from worker.protocol.digest import digest_of
from worker.protocol.messages import Quota, Resources

Phase = Literal["starting", "online", "offline", "failed"]


@dataclass(slots=True)
class WorkerEntry:
    """One worker.

    Attributes:
        incarnation: which process of it is connected; changes at each start.
        connected: a proven socket is open. confirmed: its first heartbeat after registering has come, so that
            messages to it cannot overtake the answer to its registration.
        last_seen: moment of the last heartbeat or registration received; None if there was none.
        accounts: accounts that it owns, by epoch; those being revoked are in it until released.
        load: accounts that it has or will have: owned and staying, being placed, promised by a move.
        sequence: number of the last message about its assignment.
        behind: heartbeats in a row that showed an older sequence or another digest.
        respawn_at: moment of the next start of its process, None if none is planned.
    """

    id: str
    name: str
    kind: WorkerKind
    capacity: int
    draining: bool = False
    phase: Phase = "offline"
    reason: str = ""
    incarnation: str = ""
    connected: bool = False
    confirmed: bool = False
    last_seen: float | None = None
    host: str = ""
    pid: int | None = None
    version: str = ""
    platforms: frozenset[str] = frozenset()
    resources: Resources | None = None
    outbox: int = 0
    degraded: str = ""
    accounts: dict[str, int] = field(default_factory=dict)
    load: int = 0
    sequence: int = 0
    behind: int = 0
    restarts: int = 0
    crashes: Restarts = field(default_factory=Restarts)
    respawn_at: float | None = None
    stopping: bool = False

    @property
    def live(self) -> bool:
        """It may be given accounts, room and platform permitting; one that cannot be told only keeps what it has."""
        return self.phase == "online" and self.connected and not self.draining and not self.stopping

    def state(self) -> WorkerState:
        """In the contract's words."""
        if self.phase != "online":
            return self.phase
        if self.draining:
            return "draining"
        return "degraded" if self.degraded or not self.connected else "online"

    def why(self) -> str:
        """The reason behind a state that is not plain online."""
        if self.phase == "online" and not self.connected:
            return "the connection was lost; it may come back by itself"
        return self.degraded if self.phase == "online" else self.reason


@dataclass(slots=True)
class AccountEntry:
    """One account.

    Attributes:
        owner, epoch: as committed. An owner that is dead is None here although the store still names it.
        placing: the move that is being saved; the account is nobody's until that is answered.
        revoking: its owner was told to let go; `promised` is the worker whose load already counts it.
        removed: deleted by a user; forgotten once its owner has released it.
        due: moment of its next check, as far as we know; None: at once.
        checked: moment of the last check; None if there was none.
        error: the last failure's sentence; None while all is well.
    """

    id: str
    platform: str
    interval: float
    epoch: int
    owner: str | None = None
    pinned_to: str | None = None
    status: AccountStatus = "active"
    placing: Move | None = None
    revoking: bool = False
    promised: str | None = None
    removed: bool = False
    due: float | None = None
    checked: float | None = None
    reason: str | None = None
    error: str | None = None
    quota: Quota | None = None

    @property
    def wanted(self) -> bool:
        """Somebody should watch it."""
        return not self.removed and self.status != "paused"


def expected_digest(worker: WorkerEntry, accounts: dict[str, AccountEntry]) -> str:
    """Digest of what the worker should run: all that it owns and was not told to let go."""
    return digest_of((key, epoch) for key, epoch in worker.accounts.items() if not accounts[key].revoking)
