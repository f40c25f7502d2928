"""Placing: accounts that nobody watches are given to workers, and the fleet is evened out and drained."""

from collections.abc import Iterable

from engine.fleet import messages as m
from engine.fleet.burst import Burst
from engine.fleet.entries import AccountEntry, Kind, WorkerEntry
from engine.fleet.evening import even_out
from engine.fleet.parts import Duty
from engine.fleet.pins import tag_of
from engine.fleet.tables import Tables
from engine.records import Move

LONGEST_WAIT = 86_400.0  #: seconds; a platform that asks us to wait longer is asked again after a day


class Placing:
    """Decides who gets what, and tells workers of it."""

    def __init__(self, tables: Tables, rebalance_threshold: int) -> None:
        self._t = tables
        self._threshold = rebalance_threshold
        self._burst = Burst()

    # --- choosing

    def unplace(self, account: AccountEntry) -> None:
        """Nobody watches it: look for a worker, if somebody should."""
        if account.wanted and account.owner is None and account.placing is None:
            self._t.unplaced[account.id] = self._t.untried[account.id] = None
        else:
            self._t.unplaced.pop(account.id, None)

    def place(self, now: float) -> None:
        """Give unplaced accounts to workers if there are any, and even the fleet out if that was asked for.

        All are tried if there may be room that there was not before, else only those that have not been tried: with
        100,000 accounts and no worker yet, looking at all of them for each one that is entered took half an hour.
        """
        if self._t.closing:
            return
        waiting = self._t.unplaced if self._t.retry_placing else self._t.untried
        if waiting:
            self._place_all([self._t.accounts[key] for key in waiting if key in self._t.unplaced], now)
        self._t.untried.clear()
        if self._t.retry_placing:
            self._t.retry_placing = False
            self._shed(now)
        if self._t.rebalance:
            self._t.rebalance = False
            self._rebalance(now)

    def _place_all(self, accounts: list[AccountEntry], now: float) -> None:
        moves: list[Move] = []
        hopeless: dict[Kind, str] = {}  # kinds that no worker has room for, and why: it only gets fuller from here
        for account in self._pickiest_first(accounts):
            reason = hopeless.get(account.kind) if hopeless else None
            worker, reason = (None, reason) if reason else self._t.allocation.choose(account)
            if worker is not None:
                moves.append(self._begin(account, worker))
            else:
                self.say_unplaced(account, reason, now)
                hopeless[account.kind] = reason
        if moves:
            self._t.command(m.SaveOwnership(tuple(moves)))

    def _pickiest_first(self, accounts: list[AccountEntry]) -> list[AccountEntry]:
        """Who may be on one worker only, then who needs a tag, then the rest, rare platforms first: those that could be
        anywhere must not take the room of those that cannot. Otherwise in the order of their arrival."""
        if len(accounts) < 2:
            return accounts
        choices = {platform: self._t.allocation.choices(platform) for platform in {a.platform for a in accounts}}
        pins = {pin: _picky(pin) for pin in {account.pinned_to for account in accounts}}
        if len(set(pins.values())) == len(set(choices.values())) == 1:
            return accounts
        return sorted(accounts, key=lambda account: (pins[account.pinned_to], choices[account.platform]))

    def _begin(self, account: AccountEntry, worker: WorkerEntry) -> Move:
        del self._t.unplaced[account.id]
        account.placing = Move(account.id, worker.id, account.epoch + 1)
        account.reason = None
        self._t.allocation.shift(worker, 1)
        return account.placing

    def say_unplaced(self, account: AccountEntry, reason: str, now: float) -> None:
        """Tell why nobody watches it, if that is news."""
        if account.reason != reason:
            account.reason = reason
            self._t.gaps.blame(account.id, reason, now)
            self._t.journal.write(now, "unplaced", account.id, why=reason)
            self._t.tell_account(account.id)

    # --- moving

    def _shed(self, now: float) -> None:
        """Workers that drain, or whose capacity was lowered, let go of whatever somebody else has room for."""
        for worker in [self._t.workers[key] for key in sorted(self._t.shedding)]:
            if not worker.draining and worker.load <= worker.capacity:
                self._t.shedding.discard(worker.id)
            if not worker.connected or not worker.load:
                continue
            if worker.draining:
                self._hand_over(worker, worker.load, f"{worker.name} is draining", now)
            elif worker.load > worker.capacity:
                self._hand_over(worker, worker.load - worker.capacity, f"{worker.name} is over its capacity", now)

    def _hand_over(self, worker: WorkerEntry, most: int, why: str, now: float) -> None:
        """The room is promised with each account, so that no more of them are let go than fit elsewhere."""
        hopeless: set[Kind] = set()
        leaving: list[AccountEntry] = []
        for account in [self._t.accounts[key] for key in reversed(worker.accounts)]:  # what has run longest goes last
            if len(leaving) == most:
                break
            if account.revoking or account.kind in hopeless:
                continue
            target, _reason = self._t.allocation.choose(account)
            if target is None:
                hopeless.add(account.kind)
                continue
            self._t.journal.write(now, "revoked", account.id, worker.id, why=why)
            self._t.mark_revoking(account, target)
            leaving.append(account)
        if leaving:
            self.tell_revoked(worker, leaving)

    def _rebalance(self, now: float) -> None:
        leaving: dict[str, list[AccountEntry]] = {}
        for shift in even_out(self._t.workers.values(), self._threshold):
            account = self._newest(shift.source, shift.kind)
            self._t.mark_revoking(account, shift.target)
            self._t.journal.write(now, f"moves to {shift.target.name}", account.id, shift.source.id, why="evening out")
            leaving.setdefault(shift.source.id, []).append(account)
        for source_id, accounts in leaving.items():
            self.tell_revoked(self._t.workers[source_id], accounts)

    def _newest(self, worker: WorkerEntry, kind: Kind) -> AccountEntry:
        """What has run longest stays; and what may have crashed another worker must not go back there at once, where
        the next crash would tell nothing new."""
        accounts = (self._t.accounts[key] for key in reversed(worker.accounts))
        staying = (account for account in accounts if not account.revoking and account.kind == kind)
        first = next(staying)
        if first.id not in self._t.suspects:
            return first
        return next((account for account in staying if account.id not in self._t.suspects), first)

    # --- committed

    def ownership_saved(self, event: m.OwnershipSaved, now: float) -> None:
        """Committed: now the new owners may be told."""
        given: dict[str, list[AccountEntry]] = {}
        for move in event.moves:
            account = self._t.accounts.get(move.account_id)
            if account is None or account.placing != move:
                continue
            account.placing = None
            self._settle(account, move, now, given)
        for worker_id, accounts in given.items():
            self.assign(self._t.workers[worker_id], accounts, now)
            self._t.tell_worker(worker_id)

    def _settle(self, account: AccountEntry, move: Move, now: float, given: dict[str, list[AccountEntry]]) -> None:
        worker = self._t.workers.get(move.worker_id or "")
        account.epoch = move.epoch
        if worker is None:
            self.unplace(account)
            self.forget_if_done(account)
            return
        self._t.give(account, worker, move.epoch)
        self._t.journal.write(now, f"given to {worker.name} under epoch {move.epoch}", account.id, worker.id)
        self._t.tell_account(account.id)
        # It died, or a user was faster than the store. It never heard of this epoch, so there is nothing to release.
        if worker.phase != "online" or not account.wanted or not worker.admits_pin(account.pinned_to):
            self._t.take(account)
            self.unplace(account)
            self.forget_if_done(account)
        else:
            given.setdefault(worker.id, []).append(account)
            self._t.retry_placing |= worker.draining

    def ownership_refused(self, event: m.OwnershipRefused, _now: float) -> None:
        """The store knows better: go on from its epoch, or forget the account."""
        account = self._t.accounts.get(event.account_id)
        if account is None or account.placing is None:
            return
        self._unmove(account)
        account.removed = account.removed or event.epoch is None
        account.epoch = max(account.epoch, event.epoch or 0)
        self.unplace(account)
        self.forget_if_done(account)

    def store_failed(self, event: m.StoreFailed, now: float) -> None:
        """Not saved: nothing was promised to anyone; the next patrol tries again."""
        for move in event.moves:
            account = self._t.accounts.get(move.account_id)
            if account is not None and account.placing == move:
                self._unmove(account)
                self.unplace(account)
                if account.wanted:
                    self.say_unplaced(account, "the assignment could not be saved; trying again", now)
                self.forget_if_done(account)
        self._t.untried.clear()
        self._t.retry_placing, self._t.save_failed = False, True

    def _unmove(self, account: AccountEntry) -> None:
        worker = self._t.workers.get((account.placing.worker_id if account.placing else None) or "")
        account.placing = None
        if worker is not None:
            self._t.allocation.shift(worker, -1)
            self._t.retry_placing = True

    def forget_if_done(self, account: AccountEntry) -> None:
        """A deleted account is forgotten as soon as nobody acts for it."""
        if account.removed and account.owner is None and account.placing is None:
            self._t.drop_promise(account)
            self._t.unplaced.pop(account.id, None)
            self._t.accounts.pop(account.id, None)

    # --- telling owners

    def assign(self, worker: WorkerEntry, accounts: list[AccountEntry], now: float, *, at_once: bool = False) -> None:
        """Tell a worker of accounts that it owns."""
        self.send(worker, self.duties(accounts, now, at_once=at_once))

    def duties(self, accounts: Iterable[AccountEntry], now: float, *, at_once: bool = False) -> list[Duty]:
        """What an Assign says of these accounts; overdue ones are given their slot, which they keep when they move."""
        return [Duty(a.id, a.epoch, 0.0 if at_once else self.due_in(a, now)) for a in accounts]

    def due_in(self, account: AccountEntry, now: float) -> float:
        """Seconds until its next check."""
        if account.due is None or account.due <= now:
            account.due = now + self._burst.share(now) * account.interval
        return min(account.due - now, LONGEST_WAIT)

    def send(self, worker: WorkerEntry, duties: list[Duty]) -> None:
        """A worker that has not yet beaten since it registered gets the whole assignment after its first heartbeat."""
        sequence = self._t.next_sequence(worker)
        if worker.confirmed:
            self._t.command(m.Assign(worker.id, sequence, False, tuple(duties)))

    def send_all(self, worker: WorkerEntry, now: float) -> None:
        """Send the whole assignment again: what the worker runs is not what it should."""
        accounts = [self._t.accounts[key] for key in worker.accounts]
        duties = self.duties([account for account in accounts if not account.revoking], now)
        self._t.command(m.Assign(worker.id, self._t.next_sequence(worker), True, tuple(duties)))
        if revoking := tuple(account.id for account in accounts if account.revoking):
            self._t.command(m.Revoke(worker.id, self._t.next_sequence(worker), revoking))

    def revoke_from(self, worker: WorkerEntry, accounts: list[AccountEntry]) -> None:
        """M3. An owner that is not online cannot answer: its accounts are freed by its death instead."""
        for account in accounts:
            self._t.mark_revoking(account, None)
        self.tell_revoked(worker, accounts)

    def tell_revoked(self, worker: WorkerEntry, accounts: list[AccountEntry]) -> None:
        """Have it let go of accounts that are marked so."""
        sequence = self._t.next_sequence(worker)
        if worker.confirmed:
            self._t.command(m.Revoke(worker.id, sequence, tuple(account.id for account in accounts)))


def _picky(pin: str | None) -> int:
    return 2 if pin is None else 1 if tag_of(pin) is not None else 0
