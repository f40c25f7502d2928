"""A key from a passphrase: Argon2id, slow and large on purpose."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from engine.vault.errors import VaultError
from engine.vault.vault import KEY_BYTES
from worker.process.secret import Secret

SALT = 16
SHORTEST = 8  #: characters; what can be guessed is no protection
MOST_MEMORY = 1024 * 1024  #: KiB; a hostile file must not make us take more


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a key is made from a passphrase. `memory` is KiB; the figures are stored, so that later ones may differ."""

    salt: bytes
    memory: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    @classmethod
    def new(cls) -> "Recipe":
        """One with a fresh salt."""
        return cls(os.urandom(SALT))

    @classmethod
    def read(cls, facts: Mapping[str, str]) -> "Recipe":
        """What `facts` wrote down. Raises VaultError if it cannot be used."""
        try:
            salt = base64.b64decode(facts["salt"], validate=True)
            recipe = cls(salt, int(facts["memory"]), int(facts["passes"]), int(facts["lanes"]))
        except (KeyError, ValueError):
            recipe = cls(b"", 0)
        if len(recipe.salt) != SALT or not 8 * recipe.lanes <= recipe.memory <= MOST_MEMORY:
            raise VaultError("how the key is made from the passphrase is written down wrongly: restore a backup")
        if not (1 <= recipe.passes <= 100 and 1 <= recipe.lanes <= 64):
            raise VaultError("how the key is made from the passphrase is written down wrongly: restore a backup")
        return recipe

    def facts(self) -> dict[str, str]:
        """All of it as text; holds no secret."""
        salt = base64.b64encode(self.salt).decode()
        return {"salt": salt, "memory": str(self.memory), "passes": str(self.passes), "lanes": str(self.lanes)}

    def key(self, passphrase: Secret) -> bytes:
        """The key; takes about a third of a second and `memory` on purpose. Blocking."""
        made = Argon2id(
            salt=self.salt, length=KEY_BYTES, iterations=self.passes, lanes=self.lanes, memory_cost=self.memory
        )
        return made.derive(passphrase.reveal().encode())


def long_enough(passphrase: Secret) -> Secret:
    """The same. Raises VaultError for a new passphrase that is too short."""
    if len(passphrase.reveal()) < SHORTEST:
        raise VaultError(f"a passphrase has at least {SHORTEST} characters")
    return passphrase
