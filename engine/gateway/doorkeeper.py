"""What all doors share: the figures, who is at the door, who guessed wrong, and who was turned away."""

from engine.bus import Bus
from engine.gateway.admission import Admission
from engine.gateway.backoff import Backoff
from engine.gateway.limits import Limits
from engine.gateway.refusals import Refusals


class Doorkeeper:
    """One for all ports of a master, so that an address counts once wherever it knocks."""

    def __init__(self, bus: Bus, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.refusals = Refusals(bus)
        self.backoff = Backoff(self.limits.guesses)
        self.admission = Admission(self.limits, self.refusals.note)

    def guessed_wrong(self, address: str, kind: str = "unauthorized") -> float:
        """A token, code or proof was wrong; returns the seconds that the address has to wait now, 0 if it need not."""
        wait = self.backoff.failed(address)
        self.refusals.note(address, "too_many_attempts" if wait else kind)
        return wait

    def close(self) -> None:
        """Turn out who is still at the door, and tell what was not yet told."""
        self.admission.close()
        self.refusals.close()
