"""The fleet's tables: workers, accounts, who holds whom; and the commands that the current event gave rise to."""

from engine.events import AccountChanged, WorkerChanged
from engine.fleet import messages as m
from engine.fleet.allocation import Allocation
from engine.fleet.entries import AccountEntry, Kind, WorkerEntry
from engine.fleet.gaps import Gaps
from engine.fleet.invariants import validate
from engine.fleet.journal import Journal


class Tables:
    """Shared by the two desks.

    Attributes:
        unplaced: accounts that somebody should watch and nobody does, in the order of their arrival.
        untried: those of them that no worker was looked for yet.
        retry_placing: something changed that may make any unplaced account placeable.
        orphans: accounts that are being revoked from a process that may never answer; see AccountEntry.free_at.
        suspects: accounts that were under check when a process crashed not long ago.
        shedding: workers that drain or own more than their capacity.
        rebalance: loads changed in a way that may want evening out.
        save_failed: an ownership could not be saved; the next patrol tries again.
        no_verdict_before: until then nobody is declared dead for being silent (start, wake from sleep, own stall).
        closing: place and spawn nothing any more.
        gaps: when nobody watched an account.
    """

    def __init__(self, started: float, *, gap_after: float, heartbeat: float) -> None:
        self.workers: dict[str, WorkerEntry] = {}
        self.accounts: dict[str, AccountEntry] = {}
        self.allocation = Allocation(self.workers)
        self.unplaced: dict[str, None] = {}
        self.untried: dict[str, None] = {}
        self.orphans: dict[str, None] = {}
        self.retry_placing = False
        self.shedding: set[str] = set()
        self.suspects: set[str] = set()
        self.rebalance = False
        self.save_failed = False
        self.no_verdict_before = started
        self.closing = False
        self.journal = Journal()
        self._commands: list[m.Command] = []
        self._wakes: list[float] = []
        self.gaps = Gaps(
            started,
            least=gap_after,
            heartbeat=heartbeat,
            journal=self.journal,
            command=self.command,
            tell=self.tell_account,
        )

    # --- what is to be done

    def command(self, command: m.Command) -> None:
        """Add to what handle() returns."""
        self._commands.append(command)

    def take_commands(self) -> list[m.Command]:
        """All commands since the last call."""
        commands, self._commands = self._commands, []
        return commands

    def wake_at(self, at: float) -> None:
        """Ask for a Woke at this moment."""
        self._wakes.append(at)

    def take_wakes(self) -> list[float]:
        """All moments asked for since the last call."""
        wakes, self._wakes = self._wakes, []
        return wakes

    def tell_account(self, account_id: str) -> None:
        """Front ends look at this account again."""
        self.command(m.Publish(AccountChanged(account_id)))

    def tell_worker(self, worker_id: str) -> None:
        """Front ends look at this worker again."""
        self.command(m.Publish(WorkerChanged(worker_id)))

    def log(self, level: str, event: str, **fields: object) -> None:
        """Write a log line."""
        self.command(m.Log(level, event, fields))

    # --- who holds whom

    def give(self, account: AccountEntry, worker: WorkerEntry, epoch: int) -> None:
        """Enter a committed ownership; the load was counted when the account was being placed."""
        account.owner, account.epoch = worker.id, epoch
        account.owners.add(worker.id)
        worker.accounts[account.id] = epoch
        _count(worker, account.kind, 1)

    def was_entrusted(self, account_id: str, worker_id: str) -> bool:
        """Whether this worker owns the account or has since our start: nobody else may blame it for anything."""
        return account_id in self.accounts and worker_id in self.accounts[account_id].owners

    def take(self, account: AccountEntry) -> None:
        """The owner lets go or is dead: the account is nobody's."""
        worker = self.workers.get(account.owner or "")
        account.owner = None
        if worker is not None and worker.accounts.pop(account.id, None) is not None and not account.revoking:
            self.allocation.shift(worker, -1)
            _count(worker, account.kind, -1)
        if worker is not None:
            worker.revoking.discard(account.id)
        account.revoking, account.free_at = False, None
        self.orphans.pop(account.id, None)

    def mark_revoking(self, account: AccountEntry, promised: WorkerEntry | None) -> None:
        """The owner is told to let go; its load falls at once, that of the worker promised the account rises."""
        worker = self.workers[account.owner or ""]
        account.revoking = True
        worker.revoking.add(account.id)
        self.allocation.shift(worker, -1)
        _count(worker, account.kind, -1)
        if promised is not None:
            account.promised = promised.id
            self.allocation.shift(promised, 1)

    def drop_promise(self, account: AccountEntry) -> None:
        """Forget the promise made with a move; the worker it was made to gets its load given back."""
        if account.promised is None:
            return
        worker = self.workers.get(account.promised or "")
        account.promised = None
        if worker is not None:
            self.allocation.shift(worker, -1)

    def repin(self, account: AccountEntry, pin: str | None) -> None:
        """Where it may be watched has changed; who watches it has not."""
        worker = self.workers.get(account.owner or "")
        staying = worker is not None and not account.revoking
        if worker is not None and staying:
            _count(worker, account.kind, -1)
        account.pinned_to = pin
        if worker is not None and staying:
            _count(worker, account.kind, 1)

    def orphan(self, account: AccountEntry, free_at: float) -> None:
        """Its owner does not say that it lets go, and may not know of it: free it then, unless it is heard first."""
        if account.free_at is None:
            account.free_at = free_at
            self.orphans[account.id] = None

    def next_sequence(self, worker: WorkerEntry) -> int:
        """Number the next message about the worker's assignment."""
        worker.sequence += 1
        return worker.sequence

    def validate(self) -> None:
        """Assert every invariant that can be seen from here; see engine/fleet/invariants.py."""
        validate(self.workers, self.accounts, self.unplaced, self.untried, self.orphans)


def _count(worker: WorkerEntry, kind: Kind, by: int) -> None:
    worker.kinds[kind] = worker.kinds.get(kind, 0) + by
    if not worker.kinds[kind]:
        del worker.kinds[kind]
