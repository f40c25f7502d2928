"""How long detections are kept: said at the start, shown by front ends, changed by neither."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that a detection without a star is kept, 0 is for ever; and the option that says so, empty if none does."""

    days: int = 0
    said_by: str = ""
