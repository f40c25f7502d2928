"""The lease: how long this worker may act without hearing from the master (ownership.md, W1 to W4)."""

import math

REQUEST_TIMEOUT = 12.0  #: seconds; no request to a platform may take longer
MARGIN = 3.0  #: seconds of slack between a renewed lease and the last request that may start

SLACK = 2.0  #: seconds between what a server is asked to hold a request open for and the end of the lease


class Lease:
    """Until when the worker may act. All moments are seconds of the lease clock."""

    def __init__(self) -> None:
        self.length = 0.0
        self.request_timeout = REQUEST_TIMEOUT
        self.until = -math.inf
        self._confirm_by = math.inf
        self._registered = False
        self._sent: dict[int, float] = {}

    @property
    def held(self) -> bool:
        """True from the first answered heartbeat until the lease is dropped, even if its end has passed meanwhile."""
        return self.until > -math.inf

    @property
    def ends(self) -> float:
        """When it expires; infinity if there is nothing that could."""
        return self.until if self.held else self._confirm_by

    def configure(self, length: float, heartbeat_interval: float, now: float) -> None:
        """Take the master's figures (seconds); they count from the next answered heartbeat on.

        Registering gives no lease, but an assignment that no heartbeat confirms soon is as old as an expired one: a
        process that was frozen in between must not go on from it.
        """
        self._registered = True
        self._confirm_by = now + length / 2
        self.length = length
        self.request_timeout = max(1.0, min(REQUEST_TIMEOUT, length - heartbeat_interval - MARGIN))

    def sent(self, nonce: int, now: float) -> None:
        """A heartbeat leaves at `now`; it counts only after a registration."""
        if self._registered:
            self._sent[nonce] = now

    def answered(self, nonce: int) -> bool:
        """Renew from the moment when the heartbeat with this nonce was *sent* (W1); false if it is too old (W4)."""
        moment = self._sent.pop(nonce, None)
        if moment is None:
            return False
        self._sent = {later: at for later, at in self._sent.items() if later > nonce}
        self.until = max(self.until, moment + self.length)
        return True

    def forget_sent(self) -> None:
        """The connection is gone, and with it every answer that is still out."""
        self._sent.clear()

    def expired(self, now: float) -> bool:
        """True if its end has come (W3)."""
        return now >= self.ends

    def allows(self, now: float) -> bool:
        """True if a request that starts at `now` ends inside the lease (W2)."""
        return now + self.request_timeout <= self.until

    def standing(self, now: float) -> float:
        """Seconds that a server may be asked to hold a request open (W2); 0 without a lease."""
        return max(0.0, self.until - now - SLACK)

    def drop(self) -> None:
        """Give it up; only a new registration and a heartbeat after it bring it back."""
        self._registered = False
        self.until = -math.inf
        self._confirm_by = math.inf
        self._sent.clear()
