"""What must hold between any two events, as far as the fleet's own state can show it. For tests: it looks at all.

O2 (one owner), the books (loads, kinds, revocations), and that nothing is owned, placed or waiting that should not be.
O3 (epochs never fall) needs two states: `tests/engine/fleet/test_machine.py` compares them.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from engine.fleet.entries import AccountEntry, WorkerEntry


def validate(
    workers: Mapping[str, WorkerEntry],
    accounts: Mapping[str, AccountEntry],
    unplaced: Collection[str],
    untried: Collection[str],
    orphans: Collection[str],
) -> None:
    """Assert them all.

    Raises:
        AssertionError: naming what is wrong.
    """
    coming = Counter(a.placing.worker_id for a in accounts.values() if a.placing is not None)
    promised = Counter(a.promised for a in accounts.values() if a.promised is not None)
    holders: Counter[str] = Counter(key for worker in workers.values() for key in worker.accounts)
    for worker in workers.values():
        _worker(worker, accounts, coming[worker.id] + promised[worker.id])
    for account in accounts.values():
        _account(account, workers, holders[account.id])
        _waiting(account, unplaced, orphans)
    for name, keys in (("unplaced", unplaced), ("untried", untried), ("orphans", orphans), ("held", holders)):
        assert set(keys) <= accounts.keys(), f"{name}: {set(keys) - accounts.keys()} are not known"
    assert promised.keys() <= workers.keys(), "promised to a worker that is gone"


def _worker(worker: WorkerEntry, accounts: Mapping[str, AccountEntry], expected: int) -> None:
    held = [accounts[key] for key in worker.accounts]
    staying = [account for account in held if not account.revoking]
    assert worker.load == len(staying) + expected, f"{worker.id}: load {worker.load}"
    assert worker.kinds == Counter(account.kind for account in staying), f"{worker.id}: kinds {worker.kinds}"
    assert worker.revoking == {a.id for a in held if a.revoking}, f"{worker.id}: revoking {worker.revoking}"
    assert all(account.epoch == worker.accounts[account.id] for account in held), f"{worker.id}: epoch differs"
    assert worker.load >= 0 and not (worker.certainly_dead and held), f"{worker.id}: failed, and owns accounts"
    assert not worker.confirmed or worker.connected, f"{worker.id}: has beaten, but is not connected"
    assert not worker.connected or worker.phase == "online", f"{worker.id}: connected while {worker.phase}"


def _account(account: AccountEntry, workers: Mapping[str, WorkerEntry], holders: int) -> None:
    owner = workers.get(account.owner or "")
    assert (owner is None) == (account.owner is None), f"{account.id}: owned by nobody known, {account.owner}"
    assert holders == (owner is not None), f"{account.id}: held by {holders}"
    assert owner is None or account.id in owner.accounts, f"{account.id}: not held by its owner {account.owner}"
    assert not (account.placing and owner), f"{account.id}: placed while owned"
    assert account.placing is None or account.placing.epoch > account.epoch, f"{account.id}: placed under no new epoch"
    assert owner is not None or not account.revoking, f"{account.id}: revoked from nobody"
    assert account.promised is None or account.revoking, f"{account.id}: promised while nobody lets it go"
    if owner is not None and not account.revoking:
        assert account.wanted, f"{account.id}: unwanted, and yet {owner.id} is to keep it"
        assert owner.admits_pin(account.pinned_to), f"{account.id}: pinned elsewhere, and yet {owner.id} is to keep it"


def _waiting(account: AccountEntry, unplaced: Collection[str], orphans: Collection[str]) -> None:
    free = account.owner is None and account.placing is None
    assert (account.id in unplaced) == (account.wanted and free), f"{account.id}: unplaced, wanted, free do not agree"
    assert (account.id in orphans) == (account.free_at is not None), f"{account.id}: not in the orphans' list"
    assert account.free_at is None or account.revoking, f"{account.id}: an orphan that is not revoked"
    assert not (account.removed and free), f"{account.id}: deleted, and yet remembered"
