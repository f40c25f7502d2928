"""The accounts' desk: placing, moving, letting go, and how each account fares."""

from collections.abc import Iterable

from engine.fleet import messages as m
from engine.fleet.entries import AccountEntry, WorkerEntry
from engine.fleet.journal import SAID
from engine.fleet.tables import Tables
from engine.records import AccountStatus, Move
from worker.protocol.messages import Outcome

LONGEST_WAIT = 86_400.0  #: seconds; a platform that asks us to wait longer is asked again after a day
BULK = 20  #: so many overdue first checks at once are spread over their interval

STATUS: dict[Outcome, AccountStatus] = {
    "ok": "active",
    "rate_limited": "active",
    "refused": "reauthenticate",
    "unreachable": "failing",
    "changed": "failing",
    "error": "failing",
}


class AccountsDesk:
    """Handles every event about accounts; one method an event."""

    def __init__(self, tables: Tables, rebalance_threshold: int) -> None:
        self._t = tables
        self._threshold = rebalance_threshold

    # --- from users

    def added(self, event: m.AccountAdded, now: float) -> None:
        """Enter an account; its old owner keeps it until it is certainly dead or silent for too long."""
        checked = None if event.checked_ago is None else now - event.checked_ago
        account = AccountEntry(
            event.account_id,
            event.platform,
            event.interval,
            event.epoch,
            pinned_to=event.pinned_to,
            status=event.status,
            checked=checked,
            due=None if checked is None else checked + event.interval,
        )
        self._t.accounts[account.id] = account
        self._t.gaps.added(event, now)
        owner = self._t.workers.get(event.owner or "")
        if owner is not None:
            self._t.give(account, owner, event.epoch)
            self._t.allocation.shift(owner, 1)
            self._let_go_if_unwanted(account)
        else:
            self.unplace(account)
        self._t.tell_account(account.id)

    def edited(self, event: m.AccountEdited, now: float) -> None:
        """Apply a user's changes; an owner that stays is told, one that may not stay lets go."""
        account = self._t.accounts.get(event.account_id)
        if account is None:
            return
        account.interval, account.pinned_to, account.status = event.interval, event.pinned_to, event.status
        account.error = None if event.status == "active" else account.error
        self._t.gaps.edited(event, now)
        self._let_go_if_unwanted(account)
        if account.owner is not None and not account.revoking:
            if account.pinned_to is not None and account.pinned_to != account.owner:
                self._revoke([account], "pinned to another worker", now)
            elif event.retask:
                self._assign(self._t.workers[account.owner], [account], now, at_once=True)
        elif account.owner is None and account.placing is None:
            self.unplace(account)
        self._t.tell_account(account.id)

    def removed(self, event: m.AccountRemoved, now: float) -> None:
        """Forget an account as soon as nobody acts for it."""
        account = self._t.accounts.get(event.account_id)
        if account is None:
            return
        account.removed = True
        self._t.gaps.forget(account.id)
        self._t.journal.write(now, "deleted", account.id)
        self._let_go_if_unwanted(account)
        self._forget_if_done(account)

    def check_asked(self, event: m.CheckAsked, now: float) -> None:
        """Have the owner check now, out of turn."""
        account = self._t.accounts.get(event.account_id)
        worker = self._t.workers.get(account.owner or "") if account else None
        if account is None or worker is None or account.revoking:
            return
        self._t.journal.write(now, "check asked for", account.id, worker.id, request_id=event.request_id)
        self._send(worker, [m.Duty(account.id, account.epoch, self._due_in(account, now), event.request_id)])

    # --- placing

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
        self._t.retry_placing = False
        self._t.untried.clear()
        if self._t.rebalance:
            self._t.rebalance = False
            self._rebalance(now)

    def _place_all(self, accounts: list[AccountEntry], now: float) -> None:
        for account in accounts:
            self._t.drop_promise(account)  # that worker is the emptiest, unless something changed meanwhile
        moves: list[Move] = []
        hopeless: dict[str, str] = {}  # platforms that no worker has room for, and why: it only gets fuller from here
        for account in accounts:
            reason = None if account.pinned_to else hopeless.get(account.platform)
            worker, reason = (None, reason) if reason else self._t.allocation.choose(account)
            if worker is not None:
                moves.append(self._begin_placing(account, worker))
            else:
                self._say_unplaced(account, reason, now)
                if account.pinned_to is None:
                    hopeless[account.platform] = reason
        if moves:
            self._t.command(m.SaveOwnership(tuple(moves)))

    def _begin_placing(self, account: AccountEntry, worker: WorkerEntry) -> Move:
        del self._t.unplaced[account.id]
        account.placing = Move(account.id, worker.id, account.epoch + 1)
        account.reason = None
        self._t.allocation.shift(worker, 1)
        return account.placing

    def _say_unplaced(self, account: AccountEntry, reason: str, now: float) -> None:
        if account.reason != reason:
            account.reason = reason
            self._t.gaps.blame(account.id, reason, now)
            self._t.journal.write(now, "unplaced", account.id, why=reason)
            self._t.tell_account(account.id)

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
            self._assign(self._t.workers[worker_id], accounts, now)
            self._t.tell_worker(worker_id)

    def _settle(self, account: AccountEntry, move: Move, now: float, given: dict[str, list[AccountEntry]]) -> None:
        worker = self._t.workers.get(move.worker_id or "")
        account.epoch = move.epoch
        if worker is None:
            self.unplace(account)
            return
        self._t.give(account, worker, move.epoch)
        self._t.journal.write(now, f"given to {worker.name} under epoch {move.epoch}", account.id, worker.id)
        self._t.tell_account(account.id)
        if worker.phase != "online":  # it died while the move was being saved, and never heard of it
            self._t.take(account)
            self.unplace(account)
            self._forget_if_done(account)
        elif not account.wanted:
            self._let_go_if_unwanted(account)
        else:
            given.setdefault(worker.id, []).append(account)

    def ownership_refused(self, event: m.OwnershipRefused, _now: float) -> None:
        """The store knows better: go on from its epoch, or forget the account."""
        account = self._t.accounts.get(event.account_id)
        if account is None or account.placing is None:
            return
        self._unmove(account)
        account.removed = account.removed or event.epoch is None
        account.epoch = max(account.epoch, event.epoch or 0)
        self.unplace(account)
        self._forget_if_done(account)

    def store_failed(self, event: m.StoreFailed, now: float) -> None:
        """Not saved: nothing was promised to anyone; the next patrol tries again."""
        for move in event.moves:
            account = self._t.accounts.get(move.account_id)
            if account is not None and account.placing == move:
                self._unmove(account)
                self.unplace(account)
                self._say_unplaced(account, "the assignment could not be saved; trying again", now)
                self._forget_if_done(account)
        self._t.untried.clear()
        self._t.retry_placing, self._t.save_failed = False, True

    def _unmove(self, account: AccountEntry) -> None:
        worker = self._t.workers.get((account.placing.worker_id if account.placing else None) or "")
        account.placing = None
        if worker is not None:
            self._t.allocation.shift(worker, -1)
            self._t.retry_placing = True

    # --- telling owners

    def _assign(self, worker: WorkerEntry, accounts: list[AccountEntry], now: float, *, at_once: bool = False) -> None:
        self._send(worker, self.duties(accounts, now, at_once=at_once))

    def duties(self, accounts: Iterable[AccountEntry], now: float, *, at_once: bool = False) -> list[m.Duty]:
        """What an Assign says of these accounts; many overdue ones are spread over their interval."""
        accounts = list(accounts)
        overdue = [account.id for account in accounts if self._due_in(account, now) <= 0]
        spread = {key: n / len(overdue) for n, key in enumerate(overdue)} if len(overdue) > BULK else {}
        return [
            m.Duty(a.id, a.epoch, 0.0 if at_once else self._due_in(a, now) or spread.get(a.id, 0.0) * a.interval)
            for a in accounts
        ]

    @staticmethod
    def _due_in(account: AccountEntry, now: float) -> float:
        return 0.0 if account.due is None else min(max(0.0, account.due - now), LONGEST_WAIT)

    def _send(self, worker: WorkerEntry, duties: list[m.Duty]) -> None:
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

    # --- letting go

    def _let_go_if_unwanted(self, account: AccountEntry) -> None:
        if not account.wanted:
            self._t.unplaced.pop(account.id, None)
            self._t.drop_promise(account)
            account.reason = None
            if account.owner is not None and not account.revoking:
                self._revoke_from(self._t.workers[account.owner], [account])

    def _revoke(self, accounts: list[AccountEntry], why: str, now: float) -> None:
        by_owner: dict[str, list[AccountEntry]] = {}
        for account in accounts:
            by_owner.setdefault(account.owner or "", []).append(account)
            self._t.journal.write(now, "revoked", account.id, account.owner or "", why=why)
        for owner, theirs in by_owner.items():
            self._revoke_from(self._t.workers[owner], theirs)

    def _revoke_from(self, worker: WorkerEntry, accounts: list[AccountEntry]) -> None:
        """M3. An owner that is not online cannot answer: its accounts are freed by its death instead."""
        for account in accounts:
            self._t.mark_revoking(account, None)
        self._tell_revoked(worker, accounts)

    def _tell_revoked(self, worker: WorkerEntry, accounts: list[AccountEntry]) -> None:
        sequence = self._t.next_sequence(worker)
        if worker.confirmed:
            self._t.command(m.Revoke(worker.id, sequence, tuple(account.id for account in accounts)))

    def released(self, event: m.Released, now: float) -> None:
        """The owner of the current epoch lets go."""
        account = self._t.accounts.get(event.account_id)
        if account is None or account.owner != event.worker_id or account.epoch != event.epoch:
            return
        self._t.journal.write(now, "released", account.id, event.worker_id)
        self.free(account)
        self._t.tell_worker(event.worker_id)
        self._t.tell_account(account.id)

    def free(self, account: AccountEntry) -> None:
        """Nobody acts for it any more; look for a new owner, or forget it if it was deleted."""
        self._t.take(account)
        self.unplace(account)
        self._forget_if_done(account)
        self._t.retry_placing = self._t.rebalance = True

    def _forget_if_done(self, account: AccountEntry) -> None:
        if account.removed and account.owner is None and account.placing is None:
            self._t.drop_promise(account)
            self._t.unplaced.pop(account.id, None)
            self._t.accounts.pop(account.id, None)

    def drain(self, worker: WorkerEntry, now: float) -> None:
        """Have a worker let go of everything that somebody else can take."""
        accounts = [self._t.accounts[key] for key in sorted(worker.accounts)]
        leaving = [a for a in accounts if not a.revoking and a.pinned_to is None and self._t.allocation.choose(a)[0]]
        if leaving:
            self._revoke(leaving, f"{worker.name} is draining", now)

    def _rebalance(self, now: float) -> None:
        leaving: dict[str, list[AccountEntry]] = {}
        for source, target in self._t.allocation.surplus(self._threshold):
            account = self._movable(source, target)
            if account is not None:
                self._t.mark_revoking(account, target)
                self._t.journal.write(now, f"moves to {target.name}", account.id, source.id, why="evening out")
                leaving.setdefault(source.id, []).append(account)
        for source_id, accounts in leaving.items():
            self._tell_revoked(self._t.workers[source_id], accounts)

    def _movable(self, source: WorkerEntry, target: WorkerEntry) -> AccountEntry | None:
        for account_id in reversed(source.accounts):  # the newest first: what has run longest stays
            account = self._t.accounts[account_id]
            if not account.revoking and account.pinned_to is None and account.platform in target.platforms:
                return account
        return None

    # --- how they fare

    def reported(self, event: m.Reported, now: float) -> None:
        """The owner says how an account fares; anyone else is not listened to."""
        account = self._t.accounts.get(event.account_id)
        if account is None or account.owner != event.worker_id or account.epoch != event.epoch:
            return
        account.quota = event.quota or account.quota
        if event.retry_in is not None:
            account.due = now + event.retry_in
        elif event.outcome == "ok":  # whatever held it back is over
            account.due = now + account.interval
        self._note_outcome(account, event, now)
        self._judge(account, event)
        self._t.tell_account(account.id)

    def _note_outcome(self, account: AccountEntry, event: m.Reported, now: float) -> None:
        """A line when it fares otherwise than before."""
        if event.outcome == "ok":
            if account.reason is not None or account.status in ("failing", "reauthenticate"):
                self._t.journal.write(now, "works again", account.id, event.worker_id, request_id=event.request_id)
        elif account.reason != _why(event):
            wait = {} if event.retry_in is None else {"retry_in": f"{event.retry_in:.0f}"}
            what, about = SAID[event.outcome], (account.id, event.worker_id)
            self._t.journal.write(now, what, *about, why=event.message, request_id=event.request_id, details=wait)

    def _judge(self, account: AccountEntry, event: m.Reported) -> None:
        error = None if event.outcome == "ok" else event.message
        account.reason = None if event.outcome == "ok" else _why(event)
        status = STATUS[event.outcome]
        if account.status != "paused" and (account.status, account.error) != (status, error):
            account.status, account.error = status, error
            self._t.command(m.SaveHealth(account.id, account.epoch, status, error))

    def checked(self, worker_id: str, checks: Iterable[m.Checked], now: float) -> None:
        """Finished checks that came with a heartbeat."""
        known: list[tuple[str, float, int | None]] = []
        for done in checks:
            account = self._t.accounts.get(done.account_id)
            if account is not None and account.owner == worker_id:
                account.checked = now - done.ago
                account.due = max(account.due or 0.0, account.checked + account.interval)
                known.append((account.id, done.ago, done.at if done.outcome == "ok" else None))
                self._t.gaps.checked(worker_id, done, now)
                self._t.tell_account(account.id)
        self._t.gaps.save()
        if known:
            self._t.command(m.SaveChecks(tuple(known)))


def _why(event: m.Reported) -> str:
    """What an account says of itself after a check that did not go well."""
    return f"{event.outcome}: {event.message}"[:500]
