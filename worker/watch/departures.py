"""What became of accounts that were let go: the epochs that are over, and the releases that the master must hear of."""

from collections import OrderedDict

KEPT = 100_000  #: accounts whose last released epoch is remembered


class Departures:
    """Remembers the last epoch of each account that was let go (W6: never act with it again)."""

    def __init__(self) -> None:
        self._gone: OrderedDict[str, int] = OrderedDict()
        self._unheard: dict[str, int] = {}

    def leave(self, account: str, epoch: int) -> None:
        """The account is let go; its epoch is over."""
        self._gone[account] = epoch
        self._gone.move_to_end(account)
        if len(self._gone) > KEPT:
            self._gone.popitem(last=False)

    def over(self, account: str, epoch: int) -> bool:
        """True if this worker may never act with this epoch."""
        return epoch <= self._gone.get(account, -1)

    def last(self, account: str) -> int | None:
        """The last epoch under which it was let go, None if it never was."""
        return self._gone.get(account)

    def told(self, account: str, epoch: int) -> None:
        """A release is being sent; it counts as unheard until the master has answered."""
        self._unheard[account] = epoch

    def heard(self, account: str, epoch: int) -> bool:
        """The master answered a release; false if a later one is still out."""
        if self._unheard.get(account) != epoch:
            return False
        del self._unheard[account]
        return True

    def unheard(self) -> list[tuple[str, int]]:
        """Releases that the master may not have heard of."""
        return list(self._unheard.items())
