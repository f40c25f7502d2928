"""The fleet's tables: workers, accounts, who holds whom; and the commands that the current event gave rise to."""

from engine.events import AccountChanged, WorkerChanged
from engine.fleet import messages as m
from engine.fleet.allocation import Allocation
from engine.fleet.entries import AccountEntry, WorkerEntry
from engine.fleet.gaps import Gaps
from engine.fleet.journal import Journal


class Tables:
    """Shared by the two desks.

    Attributes:
        unplaced: accounts that somebody should watch and nobody does, in the order of their arrival.
        untried: those of them that no worker was looked for yet.
        retry_placing: something changed that may make any unplaced account placeable.
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
        self.retry_placing = False
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
        worker.accounts[account.id] = epoch

    def take(self, account: AccountEntry) -> None:
        """The owner lets go or is dead: the account is nobody's."""
        worker = self.workers.get(account.owner or "")
        account.owner = None
        if worker is not None and worker.accounts.pop(account.id, None) is not None and not account.revoking:
            self.allocation.shift(worker, -1)
        account.revoking = False

    def mark_revoking(self, account: AccountEntry, promised: WorkerEntry | None) -> None:
        """The owner is told to let go; its load falls at once, that of the worker promised the account rises."""
        worker = self.workers[account.owner or ""]
        account.revoking = True
        self.allocation.shift(worker, -1)
        if promised is not None:
            account.promised = promised.id
            self.allocation.shift(promised, 1)

    def drop_promise(self, account: AccountEntry) -> None:
        """Forget the promise made with a move; the worker it was made to gets its load given back."""
        worker = self.workers.get(account.promised or "")
        account.promised = None
        if worker is not None:
            self.allocation.shift(worker, -1)

    def next_sequence(self, worker: WorkerEntry) -> int:
        """Number the next message about the worker's assignment."""
        worker.sequence += 1
        return worker.sequence

    def validate(self) -> None:
        """O2 and the books: every account has one holder, every load is the sum of what it counts."""
        for worker in self.workers.values():
            held = [self.accounts[key] for key in worker.accounts]
            assert all(account.owner == worker.id for account in held), f"{worker.id} holds what it does not own"
            assert all(account.epoch == worker.accounts[account.id] for account in held), f"{worker.id}: epoch differs"
            placing = sum(a.placing is not None and a.placing.worker_id == worker.id for a in self.accounts.values())
            promised = sum(a.promised == worker.id for a in self.accounts.values())
            staying = sum(not account.revoking for account in held)
            assert worker.load == staying + placing + promised, f"{worker.id}: load {worker.load}"
        for account in self.accounts.values():
            held_by = [worker.id for worker in self.workers.values() if account.id in worker.accounts]
            assert held_by == ([account.owner] if account.owner else []), f"{account.id}: held by {held_by}"
            assert not (account.placing and account.owner), f"{account.id}: placed while owned"
            assert (account.id in self.unplaced) <= account.wanted, f"{account.id}: unplaced but unwanted"
