"""A short fingerprint of an assignment: both sides compute it, a difference makes the master send everything again."""

import hashlib
from collections.abc import Iterable


def digest_of(running: Iterable[tuple[str, int]]) -> str:
    """16 hex digits over (account, epoch) pairs, whatever their order."""
    text = "\n".join(f"{account} {epoch}" for account, epoch in sorted(running))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
