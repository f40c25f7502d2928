"""The keys that seal credentials: where their key is kept, what that protects, and changing them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from engine.api import actor
from engine.api.errors import ApiError
from engine.records import MASTER, KeyBox
from worker.process.secret import Secret

#: by source, plainly
PROTECTS = {
    "environment": "The key comes from VEDETTE_ENCRYPTION_KEY and is kept nowhere here. Whoever copies the data "
    "directory cannot open credentials; whoever can read where the key is set for this master can.",
    "keychain": "The key is in this computer's keychain. Whoever copies the data directory cannot open credentials; "
    "a program that runs as you while you are logged in can ask the keychain for it.",
    "passphrase": "The key is made from a passphrase and is kept nowhere. Whoever copies the data directory must guess "
    "the passphrase, each guess taking 64 MiB and a third of a second; without it nobody can open credentials.",
    "file": "The key is in a file beside the database that only you may read. That protects a database copied alone, "
    "not the whole data directory, and not against somebody who can use your account on this computer.",
}


@dataclass(frozen=True, slots=True)
class KeysSnapshot:
    """What a front end may know of the keys; never one of them.

    Attributes:
        source: environment, keychain, passphrase or file.
        protects: plainly, for a person.
        data_keys: how many there are; more than one while credentials are being sealed anew.
        created_at: of the data key that seals.
        resealing: whether credentials are being moved to it right now.
        resealed: how many were moved since the last change. damaged: how many cannot be opened, and were not.
        hint: what the start was given although the key is kept elsewhere; empty if there is no such thing.
    """

    source: str
    protects: str
    data_keys: int
    created_at: datetime
    resealing: bool
    resealed: int = 0
    damaged: int = 0
    hint: str = ""


class KeyFailed(ApiError):
    """The place that was asked for cannot have a key; nothing was changed."""

    status, code = 422, "key_refused"


class Keeper(Protocol):
    """Keeps the keys. `rotate` raises an exception whose text is a sentence for a person."""

    @property
    def box(self) -> KeyBox: ...
    @property
    def resealing(self) -> bool: ...
    @property
    def hint(self) -> str: ...
    @property
    def moved(self) -> int: ...
    @property
    def damaged(self) -> int: ...
    async def rotate(self, to: str | None = None, given: Secret | None = None) -> None: ...


class Note(Protocol):
    """Writes a line of the journal."""

    def __call__(self, what: str, *about: str, why: str = "", details: Mapping[str, str] | None = None) -> None: ...


class Keys:
    """What a front end may do with the keys. `refused` is what the keeper raises when it cannot."""

    def __init__(self, keeper: Keeper, note: Note, refused: type[Exception]) -> None:
        self._keeper = keeper
        self._note = note
        self._refused = refused

    def get(self) -> KeysSnapshot:
        """How it stands."""
        keeper, box = self._keeper, self._keeper.box
        return KeysSnapshot(
            source=box.source,
            protects=PROTECTS[box.source],
            data_keys=len(box.keys),
            created_at=next(key.created_at for key in box.keys if key.id == box.current),
            resealing=keeper.resealing,
            resealed=keeper.moved,
            damaged=keeper.damaged,
            hint=keeper.hint,
        )

    async def rotate(self, to: str | None = None, given: Secret | None = None) -> KeysSnapshot:
        """New keys; credentials are then sealed anew while everything goes on. Raises KeyFailed.

        Args:
            to: where the key is to be kept from now on; None stays.
            given: the key (environment) or passphrase that it shall be.
        """
        before = self._keeper.box.source
        try:
            await self._keeper.rotate(to, given)
        except self._refused as error:
            raise KeyFailed(str(error)) from None
        after = self._keeper.box.source
        why = "" if before == after else f"from {before} to {after}"
        self._note("the keys were changed", MASTER, why=why, details={"by": actor.current()})
        return self.get()
