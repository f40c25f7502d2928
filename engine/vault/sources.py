"""Where the key-encryption key comes from: four places, in one order, and never another one than was chosen first."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from engine.records import KeyBox
from engine.vault.errors import VaultError
from engine.vault.key_file import KeyFile, decoded
from engine.vault.keychain import Keychain
from engine.vault.passphrase import Recipe, long_enough
from engine.vault.vault import new_key
from worker.process.secret import Secret

SourceName = Literal["environment", "keychain", "passphrase", "file"]
SOURCES: tuple[SourceName, ...] = get_args(SourceName)
VARIABLE = "VEDETTE_ENCRYPTION_KEY"


def _nobody() -> Secret | None:
    """Nobody is there to ask."""
    return None


@dataclass(frozen=True, slots=True)
class Offered:
    """What the start was given. `ask` asks a person for the passphrase, None if nobody is there."""

    encryption_key: Secret | None = None
    passphrase: Secret | None = None
    ask: Callable[[], Secret | None] = _nobody


def _nothing() -> None:
    """Nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """A key-encryption key and where it is.

    Attributes:
        commit: makes the place final, called once everything is wrapped with this key.
        forget: takes back what was prepared, if nothing was wrapped.
    """

    source: SourceName
    kek: bytes = field(repr=False)
    facts: Mapping[str, str] = field(default_factory=dict)
    commit: Callable[[], None] = _nothing
    forget: Callable[[], None] = _nothing


class Sources:
    """The four places of one installation. Everything blocks; the keychain and a passphrase may take a while.

    Args:
        mend: whether a rotation that was cut off may be brought to its end; not while a master may be in one.
    """

    def __init__(
        self,
        directory: Path,
        offered: Offered | None = None,
        keychain: Keychain | None = None,
        *,
        mend: bool = True,
    ) -> None:
        self._mend = mend
        self.file = KeyFile(directory)
        self._offered = offered or Offered()
        self._keychain = keychain or Keychain()
        self._glanced: list[bytes] = []

    def choose(self) -> SourceName:
        """The place of a new installation. A key file that is there already belongs to it."""
        if self.file.load() is not None:
            return "file"
        if self._offered.encryption_key is not None:
            return "environment"
        if self._keychain.works():
            return "keychain"
        return "file" if self._offered.passphrase is None else "passphrase"

    def first(self, source: SourceName) -> Place:
        """The first key in a place. Raises VaultError."""
        if source == "file":
            key = self.file.load()
            if key is None:
                key = new_key()
                self.file.create(key)
            return Place("file", key)
        return self.prepare(source, None)

    def prepare(self, source: SourceName, given: Secret | None) -> Place:
        """A new key in a place, durable before anything is wrapped with it.

        Args:
            given: the key or passphrase to use instead of the one that the start was given.

        Raises:
            VaultError: if this place cannot have it.
        """
        if source == "environment":
            return Place(source, self._from_environment(given))
        if source == "passphrase":
            passphrase = given or self._passphrase()
            if passphrase is None:
                raise VaultError("give the passphrase with --passphrase-file or VEDETTE_PASSPHRASE, or in a terminal")
            recipe = Recipe.new()
            return Place(source, recipe.key(long_enough(passphrase)), recipe.facts())
        key = new_key()
        if source == "keychain":
            entry = self._keychain.create(key)
            return Place(source, key, {"entry": entry}, forget=lambda: self._keychain.delete(entry))
        self.file.prepare(key)
        return Place(source, key, commit=self.file.commit, forget=lambda: self.file.next.unlink(missing_ok=True))

    def glance(self) -> None:
        """Remember what the key file holds now: a master that runs may have put another key there before `load`."""
        with suppress(VaultError):
            self._glanced = [key for key in (self.file.load(), self.file.load_next()) if key is not None]

    def load(self, box: KeyBox, fits: Callable[[bytes], bool]) -> bytes | None:
        """The key that the stored data keys are wrapped with; None if the place is empty.

        Raises:
            VaultError: if it cannot be reached, or holds another key.
        """
        kek = self._held(box)
        if kek is not None and fits(kek):
            if box.source == "file" and self._mend:
                self.file.next.unlink(missing_ok=True)  # of a rotation that never came to wrap anything
            return kek
        if box.source == "file" and (following := self.file.load_next()) is not None and fits(following):
            if self._mend:
                self.file.commit()  # a rotation was interrupted after it had wrapped everything
            return following
        if box.source == "file":  # a master that runs put the next key in its place between our looks, or before them
            for other in (self.file.load(), *self._glanced):
                if other is not None and fits(other):
                    return other
        if kek is None:
            return None
        raise VaultError(self._wrong(box))

    def passed_over(self, box: KeyBox) -> str:
        """What the start was given although the key is kept elsewhere; a sentence, empty if there is no such thing."""
        given = {"environment": (self._offered.encryption_key, VARIABLE), "passphrase": (self._offered.passphrase, "")}
        for place, (secret, name) in given.items():
            if secret is not None and place != box.source:
                return (
                    f"{name or 'the passphrase'} was given but is not used: the key is kept in another place "
                    f"({box.source}); “vedette-master rotate-key --to {place}” moves it"
                )
        return ""

    def leave(self, box: KeyBox) -> None:
        """Remove the key from a place that is no longer used."""
        if box.source == "file":
            self.file.path.unlink(missing_ok=True)
        if box.source == "keychain":
            self._keychain.delete(box.facts.get("entry", ""))

    def lost(self, box: KeyBox) -> str:
        """What to do about an empty place."""
        if box.source == "keychain":
            entry = box.facts.get("entry", "")
            return (
                f"the database holds sealed credentials, but their key, the entry “{entry}” of “Vedette” in the "
                "keychain, is gone: bring it back, or restore a backup"
            )
        return (
            "the database holds sealed credentials, but the key they were sealed with is gone: "
            f"bring back {self.file.path}"
        )

    def _held(self, box: KeyBox) -> bytes | None:
        if box.source == "environment":
            return self._from_environment(None)
        if box.source == "keychain":
            return self._keychain.load(box.facts.get("entry", ""))
        if box.source == "passphrase":
            recipe, passphrase = Recipe.read(box.facts), self._passphrase()
            if passphrase is None:
                raise VaultError(
                    "the credentials here are sealed with a passphrase: give it with --passphrase-file, with "
                    "VEDETTE_PASSPHRASE, or start in a terminal and be asked"
                )
            return recipe.key(passphrase)
        return self.file.load()

    def _passphrase(self) -> Secret | None:
        return self._offered.passphrase or self._offered.ask()

    def _from_environment(self, given: Secret | None) -> bytes:
        text = given or self._offered.encryption_key
        if text is None:
            raise VaultError(
                f"the key for the credentials here comes from {VARIABLE}, which is not set: "
                f"set it or {VARIABLE}_FILE and start again"
            )
        key = decoded(text.reveal().encode())
        if key is None:
            raise VaultError(f"{VARIABLE} is no key; allowed: 32 bytes in base64")
        return key

    def _wrong(self, box: KeyBox) -> str:
        return {
            "environment": f"{VARIABLE} is not the key that the credentials here were sealed with: set the right one",
            "keychain": "the key in the keychain is not the one that the credentials here were sealed with: "
            "bring back the right one, or restore a backup",
            "passphrase": "the passphrase is wrong",
        }.get(
            box.source,
            f"the key file {self.file.path} is not the one that the credentials here were sealed with: "
            "bring back the right one from a backup",
        )
