"""An account whose check ends its worker's process is found out and left alone, and its workers are not blamed for it.

A process that crashes leaves behind what it was checking: one culprit and up to twenty bystanders. After each crash the
suspects get their next checks one after the other, so that the culprit soon crashes alone. Convicted is who was there
in three crashes within ten minutes, on two workers (one machine may be at fault by itself), and in more of them than
anybody else. Where no second worker could have had the account (it is the only one, or the account is pinned to it, or
its platform is offered nowhere else) three crashes of that one are enough: waiting for another would mean for ever.
"""

from collections import deque
from dataclasses import dataclass

from engine.fleet import messages as m
from engine.fleet.entries import AccountEntry, WorkerEntry
from engine.fleet.placing import Placing
from engine.fleet.tables import Tables

CRASHES = 3
WORKERS = 2
WINDOW = 600.0  #: seconds
APART = 5.0  #: seconds between the next checks of those that were under check in one crash
KEPT = 1000  #: crashes remembered


@dataclass(frozen=True, slots=True)
class Crash:
    """A process ended in the middle of checking `suspects`.

    Attributes:
        alive: when it was last known to live; one that hung ended much later.
        ended: when we learned of its end.
    """

    alive: float
    ended: float
    worker_id: str
    suspects: frozenset[str]

    def weighs_on(self, account: AccountEntry) -> bool:
        """Whether it may be this account's doing. Of several suspects, one that was checked since then is none."""
        return account.id in self.suspects and (len(self.suspects) == 1 or account.survived <= self.alive)


class Quarantine:
    """Remembers crashes and convicts accounts."""

    def __init__(self, tables: Tables, placing: Placing) -> None:
        self._t = tables
        self._placing = placing
        self._crashes: deque[Crash] = deque(maxlen=KEPT)

    def crashed(self, worker: WorkerEntry, checking: tuple[str, ...], alive: float, now: float) -> list[Crash]:
        """Take in one crash, after its accounts were freed. `alive`: see Crash.

        Returns:
            the crashes that an account was convicted of just now: the workers are not to be blamed for them.
        """
        while self._crashes and now - self._crashes[0].ended >= WINDOW:
            self._crashes.popleft()
        suspects = [self._t.accounts[key] for key in checking if key in self._t.accounts]
        suspects = [account for account in suspects if account.wanted]
        if not suspects:
            return []
        crash = Crash(alive, now, worker.id, frozenset(account.id for account in suspects))
        self._crashes.append(crash)
        guilty = self._guilty(suspects, worker)
        explained = {id(each): each for crashes in guilty.values() for each in crashes}
        for key, crashes in guilty.items():
            self._convict(self._t.accounts[key], len(crashes), now)
        if guilty:
            self._crashes = deque((each for each in self._crashes if id(each) not in explained), KEPT)
        else:
            self._set_apart(suspects, now)
        self._t.suspects = {key for each in self._crashes for key in each.suspects}
        return list(explained.values())

    def _guilty(self, suspects: list[AccountEntry], worker: WorkerEntry) -> dict[str, list[Crash]]:
        found = {account.id: [each for each in self._crashes if each.weighs_on(account)] for account in suspects}
        enough = {
            account.id: found[account.id]
            for account in suspects
            if len(found[account.id]) >= CRASHES
            and (len({each.worker_id for each in found[account.id]}) >= WORKERS or not self._elsewhere(account, worker))
        }
        most = max((len(crashes) for crashes in found.values()), default=0)
        guilty = {key: crashes for key, crashes in enough.items() if len(crashes) == most}
        same = len({tuple(id(each) for each in crashes) for crashes in guilty.values()}) == 1
        return guilty if same else {}  # as often, but not always together: the next crash tells them apart

    def _elsewhere(self, account: AccountEntry, worker: WorkerEntry) -> bool:
        """Whether another worker could have had it."""
        return any(
            other is not worker
            and other.admits(account.kind)
            and not (other.draining or other.stopping)
            and (other.phase in ("online", "starting") or other.respawn_at is not None)
            for other in self._t.workers.values()
        )

    def _set_apart(self, suspects: list[AccountEntry], now: float) -> None:
        """Let them be checked one after the other, the most suspicious first."""
        weight = {account.id: sum(each.weighs_on(account) for each in self._crashes) for account in suspects}
        for n, account in enumerate(sorted(suspects, key=lambda account: (-weight[account.id], account.id))):
            account.due = max(account.due or 0.0, now + n * APART)

    def _convict(self, account: AccountEntry, crashes: int, now: float) -> None:
        reason = (
            f"checking it ended {crashes} worker processes within {WINDOW / 60:.0f} minutes; "
            "it is not checked any more until you change it, resume it or ask for a check"
        )
        account.quarantined, account.status = True, "failing"
        account.error = account.reason = reason
        self._t.unplaced.pop(account.id, None)
        if account.owner is not None and not account.revoking:  # it hung, and others had it before that was over
            self._placing.revoke_from(self._t.workers[account.owner], [account])
        self._t.gaps.blame(account.id, reason, now)
        self._t.journal.write(now, "in quarantine", account.id, why=reason)
        self._t.log("warning", "account.quarantined", account=account.id, crashes=crashes)
        self._t.command(m.SaveQuarantine(account.id, reason))
        self._t.tell_account(account.id)

    def lift(self, account: AccountEntry, now: float) -> None:
        """A user did something about it: it starts afresh."""
        account.quarantined, account.status = False, "active"
        account.error = account.reason = account.due = None
        self._t.journal.write(now, "out of quarantine", account.id)
        self._t.command(m.SaveQuarantine(account.id, None))
