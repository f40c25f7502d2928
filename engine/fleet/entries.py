"""What the fleet remembers of each worker and account. Only engine.fleet changes these."""

from dataclasses import dataclass, field
from typing import Literal

from engine.fleet.pins import tag_of
from engine.fleet.restart import Restarts
from engine.records import AccountStatus, Move, WorkerKind, WorkerState
from worker.protocol.digest import digest_of
from worker.protocol.messages import Quota, Resources

Phase = Literal["starting", "online", "offline", "failed"]
Kind = tuple[str, str | None]  #: what decides where an account may be watched: its platform and its pin


@dataclass(slots=True)
class WorkerEntry:
    """One worker.

    Attributes:
        tags: what an account's pin may name instead of one worker.
        incarnation: which process of it is connected; changes at each start.
        connected: a proven socket is open. confirmed: its first heartbeat after registering has come, so that
            messages to it cannot overtake the answer to its registration.
        last_seen: moment of the last heartbeat or registration received, or of our own start; what it owns is not
            taken from it before a time-out has passed since then, unless its death is certain.
        unproven: the process that owned its accounts when we started may still run, and is not a child of ours.
        register_by: moment by which a process that was started has to have registered; None if none is awaited.
        ending: its process was asked to end, so it gets nothing more.
        accounts: accounts that it owns, by epoch; those being revoked are in it until released.
        revoking: those that it was told to let go.
        kinds: how many accounts of each kind it owns and is to keep.
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
    unproven: bool = False
    register_by: float | None = None
    host: str = ""
    pid: int | None = None
    version: str = ""
    platforms: frozenset[str] = frozenset()
    resources: Resources | None = None
    outbox: int = 0
    degraded: str = ""
    accounts: dict[str, int] = field(default_factory=dict)
    revoking: set[str] = field(default_factory=set)
    kinds: dict[Kind, int] = field(default_factory=dict)
    load: int = 0
    sequence: int = 0
    behind: int = 0
    restarts: int = 0
    crashes: Restarts = field(default_factory=Restarts)
    respawn_at: float | None = None
    stopping: bool = False
    tags: frozenset[str] = frozenset()
    ending: bool = False

    @property
    def live(self) -> bool:
        """It may be given accounts, room and platform permitting; one that cannot be told only keeps what it has."""
        return self.phase == "online" and self.connected and not (self.draining or self.stopping or self.ending)

    @property
    def has_room(self) -> bool:
        """It is live and not full."""
        return (  # not by way of `live`: this is asked for each account that is placed
            self.load < self.capacity
            and self.connected
            and self.phase == "online"
            and not (self.draining or self.stopping or self.ending)
        )

    def admits(self, kind: Kind) -> bool:
        """Whether it may watch accounts of this kind, whatever its state and load."""
        platform, pin = kind
        return platform in self.platforms and self.admits_pin(pin)

    def admits_pin(self, pin: str | None) -> bool:
        """Whether a pin lets an account be here."""
        tag = tag_of(pin)
        return pin is None or (pin == self.id if tag is None else tag in self.tags)

    @property
    def certainly_dead(self) -> bool:
        """It ended too often, its last process was reaped, and none is to come."""
        return self.phase == "failed" and not self.unproven

    def state(self) -> WorkerState:
        """In the contract's words."""
        if self.stopping and self.kind == "remote":
            return "revoked"
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
        owners: all that it has had since our start.
        placing: the move that is being saved; the account is nobody's until that is answered.
        revoking: its owner was told to let go; `promised` is the worker whose load already counts it.
        free_at: it is being revoked from a worker that runs only others and does not answer: its process may never
            have heard of it. Free it then.
        removed: deleted by a user; forgotten once its owner has released it.
        quarantined: checking it ended its workers' processes; nobody watches it until a user does something about it.
        due: moment of its next check, as far as we know; None: at once.
        checked: moment of the last check; None if there was none.
        survived: when its owner was last known to have come through a check of it.
        error: the last failure's sentence; None while all is well.
    """

    id: str
    platform: str
    interval: float
    epoch: int
    owner: str | None = None
    owners: set[str] = field(default_factory=set)
    pinned_to: str | None = None
    status: AccountStatus = "active"
    placing: Move | None = None
    revoking: bool = False
    promised: str | None = None
    free_at: float | None = None
    removed: bool = False
    quarantined: bool = False
    due: float | None = None
    checked: float | None = None
    survived: float = float("-inf")
    reason: str | None = None
    error: str | None = None
    quota: Quota | None = None

    @property
    def wanted(self) -> bool:
        """Somebody should watch it."""
        return not self.removed and not self.quarantined and self.status != "paused"

    @property
    def kind(self) -> Kind:
        """What decides where it may be watched."""
        return self.platform, self.pinned_to


def expected_digest(worker: WorkerEntry) -> str:
    """Digest of what the worker should run: all that it owns and was not told to let go."""
    return digest_of((key, epoch) for key, epoch in worker.accounts.items() if key not in worker.revoking)
