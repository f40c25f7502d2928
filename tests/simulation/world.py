"""The outside: what is posted on the platforms, who acts on them, and the promises that outsiders can check."""

from collections import defaultdict

from tests.simulation.timeline import Timeline

PAGE = 6  #: items that one request gives
OVERLAP = 2  #: items before the cursor that a sloppy platform gives again


class World:
    """Platforms that number what is posted: an account's items are 1, 2, 3 … and a cursor is the last number seen.

    Attributes:
        posted: items by account. poison: those (account, number) that no database takes.
        deadly: accounts that end the process that gets their answer.
        slow: share of connections and requests that take their time, in this seed.
        owners: who had an account under an epoch.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.posted: dict[str, int] = defaultdict(int)
        self.slow = timeline.random.choice((0.02, 0.1, 0.3, 0.6))
        self.poison: set[tuple[str, int]] = set()
        self.deadly: set[str] = set()
        self._latest: dict[str, int] = {}
        self.owners: dict[tuple[str, int], str] = {}
        self._saved: dict[str, int] = {}

    def post(self, account: str) -> None:
        """Somebody writes something."""
        self.posted[account] += 1
        if self.timeline.random.random() < 0.002:
            self.poison.add((account, self.posted[account]))

    def page(self, account: str, cursor: int, *, sloppy: bool) -> tuple[list[int], bool]:
        """Items after a cursor, oldest first, and whether there are more."""
        first = max(1, cursor + 1 - (OVERLAP if sloppy else 0))
        last = min(self.posted[account], cursor + PAGE)
        return list(range(first, last + 1)), last < self.posted[account]

    # --- the promises

    def acts(self, worker: str, account: str, epoch: int) -> None:
        """O1, O2: a request of a worker is on its way, or is answered, right now."""
        self.timeline.counts["acts"] += 1
        latest = self._latest.get(account, 0)
        if epoch < latest:
            by = self.owners.get((account, latest))
            self.timeline.fail("O1", worker, "acts on", account, "under", epoch, "after", by, "did under", latest)
        self._latest[account] = epoch
        self.owns(worker, account, epoch)

    def owns(self, worker: str, account: str, epoch: int) -> None:
        """O2: a worker takes an account as its own."""
        owner = self.owners.setdefault((account, epoch), worker)
        if owner != worker:
            self.timeline.fail("O2", worker, "and", owner, "have", account, "under", epoch)

    def saved(self, account: str, epoch: int) -> None:
        """O3: an epoch was committed."""
        if epoch <= self._saved.get(account, -1):
            self.timeline.fail("O3", account, "gets epoch", epoch, "after", self._saved[account])
        self._saved[account] = epoch

    def trusted(self, worker: str, account: str, epoch: int) -> None:
        """O5: credentials are handed out."""
        if epoch != self._saved.get(account):
            self.timeline.fail("O5", worker, "gets credentials of", account, "under", epoch)
