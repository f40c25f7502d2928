"""The accounts' desk: what users and owners say of accounts, letting go, and how each account fares."""

from collections.abc import Iterable

from engine.fleet import messages as m
from engine.fleet.entries import AccountEntry
from engine.fleet.journal import SAID
from engine.fleet.parts import Checked, Duty
from engine.fleet.placing import Placing
from engine.fleet.quarantine import Quarantine
from engine.fleet.tables import Tables
from engine.records import AccountStatus
from worker.protocol.messages import Outcome

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

    def __init__(self, tables: Tables, placing: Placing, quarantine: Quarantine) -> None:
        self._t = tables
        self._placing = placing
        self._quarantine = quarantine

    # --- from users

    def added(self, event: m.AccountAdded, now: float) -> None:
        """Enter an account; its old owner keeps it until it is certainly dead or silent for too long."""
        if (known := self._t.accounts.get(event.account_id)) is not None:  # back from the bin before it was let go of
            known.removed = False
            self._t.gaps.added(event, now)
            self.edited(m.AccountEdited(known.id, event.interval, event.pinned_to, event.status), now)
            return
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
            quarantined=event.quarantined,
            error=event.last_error if event.quarantined else None,
        )
        account.reason = account.error
        self._t.accounts[account.id] = account
        self._t.gaps.added(event, now)
        owner = self._t.workers.get(event.owner or "")
        if owner is not None and not owner.certainly_dead:
            self._t.give(account, owner, event.epoch)
            self._t.allocation.shift(owner, 1)
            if owner.load > owner.capacity:
                self._t.shedding.add(owner.id)
            self._let_go_if_unwanted(account)
            self._let_go_if_pinned_elsewhere(account, now)
        else:
            self._placing.unplace(account)
        self._t.tell_account(account.id)

    def edited(self, event: m.AccountEdited, now: float) -> None:
        """Apply a user's changes; an owner that stays is told, one that may not stay lets go."""
        account = self._t.accounts.get(event.account_id)
        if account is None:
            return
        if account.due is not None and account.interval != event.interval:  # as its owner's schedule does
            account.due = min(account.due, now + event.interval)
        mended = event.status == "active" or event.retask or account.pinned_to != event.pinned_to
        account.interval, account.status = event.interval, event.status
        if account.quarantined and mended and account.status != "paused":
            self._quarantine.lift(account, now)
        self._t.repin(account, event.pinned_to)
        account.error = None if event.status == "active" else account.error
        self._t.gaps.edited(event, now)
        self._let_go_if_unwanted(account)
        self._let_go_if_pinned_elsewhere(account, now)
        if account.owner is None:
            self._placing.unplace(account)
        elif event.retask and not account.revoking:
            self._placing.assign(self._t.workers[account.owner], [account], now, at_once=True)
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
        self._placing.forget_if_done(account)

    def check_asked(self, event: m.CheckAsked, now: float) -> None:
        """Have the owner check now, out of turn; one in quarantine is given to a worker, which checks it at once."""
        account = self._t.accounts.get(event.account_id)
        if account is not None and account.quarantined and account.status != "paused":
            self._quarantine.lift(account, now)
            self._t.journal.write(now, "check asked for", account.id, request_id=event.request_id)
            self._placing.unplace(account)
            self._t.tell_account(account.id)
            return
        worker = self._t.workers.get(account.owner or "") if account else None
        if account is None or worker is None or account.revoking:
            return
        self._t.journal.write(now, "check asked for", account.id, worker.id, request_id=event.request_id)
        due_in = max(0.0, (account.due or now) - now)
        self._placing.send(worker, [Duty(account.id, account.epoch, due_in, event.request_id)])
        self._t.tell_account(account.id)

    # --- letting go

    def _let_go_if_unwanted(self, account: AccountEntry) -> None:
        if not account.wanted:
            self._t.unplaced.pop(account.id, None)
            self._t.drop_promise(account)
            account.reason = account.error if account.quarantined else None
            if account.owner is not None and not account.revoking:
                self._placing.revoke_from(self._t.workers[account.owner], [account])

    def _let_go_if_pinned_elsewhere(self, account: AccountEntry, now: float) -> None:
        owner = self._t.workers.get(account.owner or "")
        if owner is not None and not account.revoking and not owner.admits_pin(account.pinned_to):
            self.let_go([account], "pinned to another worker", now)

    def let_go(self, accounts: list[AccountEntry], why: str, now: float) -> None:
        """Have their owners let go of them, so that others may take them."""
        by_owner: dict[str, list[AccountEntry]] = {}
        for account in accounts:
            by_owner.setdefault(account.owner or "", []).append(account)
            self._t.journal.write(now, "revoked", account.id, account.owner or "", why=why)
        for owner, theirs in by_owner.items():
            self._placing.revoke_from(self._t.workers[owner], theirs)

    def released(self, event: m.Released, now: float) -> None:
        """The owner of the current epoch lets go."""
        account = self._t.accounts.get(event.account_id)
        if account is None or account.owner != event.worker_id or account.epoch != event.epoch:
            return
        self._t.journal.write(now, "released", account.id, event.worker_id)
        self.free(account)
        self._t.rebalance = True  # a live worker has room; of a dead one that says nothing
        self._t.tell_worker(event.worker_id)
        self._t.tell_account(account.id)

    def free(self, account: AccountEntry) -> None:
        """Nobody acts for it any more; look for a new owner, or forget it if it was deleted."""
        self._t.take(account)
        self._t.drop_promise(account)  # that worker is the emptiest, unless something changed meanwhile
        self._placing.unplace(account)
        self._placing.forget_if_done(account)
        self._t.retry_placing = True

    # --- how they fare

    def reported(self, event: m.Reported, now: float) -> None:
        """The owner says how an account fares; anyone else is not listened to."""
        account = self._t.accounts.get(event.account_id)
        if account is None or account.owner != event.worker_id or account.epoch != event.epoch:
            return
        account.quota = event.quota or account.quota
        account.survived = now
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
        if account.quarantined:  # it is being let go of
            return
        error = None if event.outcome == "ok" else event.message
        account.reason = None if event.outcome == "ok" else _why(event)
        status = STATUS[event.outcome]
        if account.status != "paused" and (account.status, account.error) != (status, error):
            account.status, account.error = status, error
            self._t.command(m.SaveHealth(account.id, account.epoch, status, error))

    def checked(self, worker_id: str, checks: Iterable[Checked], now: float) -> None:
        """Finished checks that came with a heartbeat."""
        known: list[tuple[str, float, int | None]] = []
        for done in checks:
            account = self._t.accounts.get(done.account_id)
            if account is not None and account.owner == worker_id:
                account.checked = now - done.ago
                account.survived = max(account.survived, account.checked)
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
