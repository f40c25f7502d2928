"""What is kept of an account's first check: enough that its feed is not empty, too little to flood anybody."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

KEPT = 20


def split(found: Sequence[T], kept: int = KEPT) -> tuple[Sequence[T], Sequence[T]]:
    """Split what a first check found (oldest first) into (only to be remembered as seen, to be stored as read)."""
    at = max(0, len(found) - kept)
    return found[:at], found[at:]
