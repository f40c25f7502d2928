"""What runs right now: at most one thing per account, aborted ones included until they end."""

from collections.abc import ItemsView
from dataclasses import dataclass


@dataclass(slots=True)
class Running:
    """One check or listen in flight; `since` is when it began."""

    epoch: int
    since: float
    request: str | None = None
    aborted: bool = False


class InFlight:
    """Checks or listens by account."""

    def __init__(self) -> None:
        self._running: dict[str, Running] = {}

    def begin(self, account: str, epoch: int, now: float, request: str | None = None) -> None:
        """It starts at `now`."""
        self._running[account] = Running(epoch, now, request)

    def abort(self, account: str) -> bool:
        """Mark it as aborted; false if nothing runs there, or it was aborted before."""
        running = self._running.get(account)
        if running is None or running.aborted:
            return False
        running.aborted = True
        return True

    def end(self, account: str, epoch: int) -> Running | None:
        """It has ended; None if no such thing ran."""
        running = self._running.get(account)
        if running is None or running.epoch != epoch:
            return None
        return self._running.pop(account)

    def current(self, account: str, epoch: int) -> bool:
        """True if it runs under this epoch and was not aborted."""
        running = self._running.get(account)
        return running is not None and running.epoch == epoch and not running.aborted

    def accounts(self) -> list[str]:
        """Where something runs."""
        return list(self._running)

    def items(self) -> ItemsView[str, Running]:
        """The same with what runs there."""
        return self._running.items()

    def __contains__(self, account: str) -> bool:
        return account in self._running

    def __len__(self) -> int:
        return len(self._running)
