"""Keys in memory for front ends: nothing is sealed with them."""

from dataclasses import replace
from datetime import UTC, datetime

from engine.records import DataKey, KeyBox
from engine.vault.errors import VaultError
from worker.process.secret import Secret

MADE = datetime(2026, 1, 1, tzinfo=UTC)


class MemoryKeeper:
    """Counts up at each rotation; refuses to move to the keychain."""

    def __init__(self) -> None:
        self.box = KeyBox("file", {}, (DataKey(1, b"wrapped", MADE),), 1)
        self.resealing = False
        self.moved = self.damaged = 0
        self.refusal = self.hint = ""
        self.given: list[Secret | None] = []

    async def rotate(self, to: str | None = None, given: Secret | None = None) -> None:
        if to == "keychain":
            raise VaultError("no keychain can be reached here")
        if self.refusal:
            raise VaultError(self.refusal)
        self.given.append(given)
        current = self.box.current + 1
        self.box = replace(
            self.box, source=to or self.box.source, keys=(DataKey(current, b"w", MADE),), current=current
        )


def no_note(what: str, *about: str, why: str = "", details: object = None) -> None:
    """A journal that nobody reads."""
