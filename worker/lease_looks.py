"""What the session's lease allows right now, for those who do not hold the clock."""

from dataclasses import dataclass

from worker.process.clock import lease_clock
from worker.watch.session import Session


@dataclass(frozen=True, slots=True)
class Looks:
    """Satisfies `checker.Permits`."""

    session: Session

    def may_act(self, account: str, epoch: int) -> bool:
        """Whether a check may make a request now."""
        return self.session.may_act(account, epoch, lease_clock())

    def may_listen(self, account: str, epoch: int) -> bool:
        """Whether a listen may."""
        return self.session.may_listen(account, epoch, lease_clock())

    def standing(self) -> float:
        """Seconds that a server may be asked to hold a request open."""
        return self.session.lease.standing(lease_clock())
