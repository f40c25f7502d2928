"""Seals secrets with AES-256-GCM so that they open only for the same account and kind.

A sealed secret is `01 | data key id (4) | nonce (12) | ciphertext and tag`. Data keys are numbered and wrapped by one
key-encryption key, which never seals anything else.
"""

import hashlib
import os
import struct
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.vault.errors import VaultError

FORMAT = b"\x01"
HEAD = 5  #: bytes of format and key id, which are authenticated with the rest
NONCE = 12
TAG = 16
SHORTEST = HEAD + NONCE + TAG
KEY_BYTES = 32


def new_key() -> bytes:
    """256 bits of chance."""
    return os.urandom(KEY_BYTES)


class Vault:
    """Seals with the current data key and opens with any that it holds.

    Args:
        keys: 32 bytes each, by id. current: the id of the one that seals.
    """

    def __init__(self, keys: Mapping[int, bytes], current: int) -> None:
        self._keys: dict[int, bytes] = {}
        for key_id, key in keys.items():
            self.add(key_id, key)
        self.use(current)

    @property
    def current(self) -> int:
        """The id of the data key that seals."""
        return self._current

    def add(self, key_id: int, key: bytes) -> None:
        """Hold one more key. It stays as long as the process: what was read before a rotation is opened after it."""
        if len(key) != KEY_BYTES:
            raise VaultError(f"an encryption key has {KEY_BYTES} bytes")
        self._keys[key_id] = key

    def use(self, key_id: int) -> None:
        """Seal with this key from now on."""
        self._head, self._cipher, self._current = _head(key_id), AESGCM(self._keys[key_id]), key_id

    def keys(self) -> dict[int, bytes]:
        """All keys by id, for wrapping them; the result is a secret."""
        return dict(self._keys)

    def seal(self, account_id: str, kind: str, plain: bytes) -> bytes:
        """Encrypt for this account and kind of secret."""
        nonce = os.urandom(NONCE)
        return self._head + nonce + self._cipher.encrypt(nonce, plain, _bound(account_id, kind, self._head))

    def open(self, account_id: str, kind: str, blob: bytes) -> bytes:
        """Decrypt what was sealed for the same account and kind.

        Raises:
            VaultError: if it was sealed for another one, with another key, in an unknown format, or changed since.
        """
        if blob[:1] != FORMAT or len(blob) < SHORTEST:
            raise VaultError("these credentials are in a format that this version does not know")
        head, nonce, sealed = blob[:HEAD], blob[HEAD : HEAD + NONCE], blob[HEAD + NONCE :]
        key = self._keys.get(int.from_bytes(head[1:]))
        if key is None:
            raise VaultError("these credentials were sealed with a key that is no longer here: enter them again")
        try:
            return AESGCM(key).decrypt(nonce, sealed, _bound(account_id, kind, head))
        except InvalidTag:
            raise VaultError("these credentials were changed or belong to another account: enter them again") from None

    def __repr__(self) -> str:
        return "Vault(***)"


def wrap(kek: bytes, key_id: int, key: bytes) -> bytes:
    """A data key, sealed with the key-encryption key and bound to its id."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(kek).encrypt(nonce, key, b"vedette/data-key/v1" + struct.pack(">I", key_id))


def unwrap(kek: bytes, key_id: int, wrapped: bytes) -> bytes | None:
    """The data key; None if it was wrapped with another key or changed since."""
    try:
        return AESGCM(kek).decrypt(wrapped[:NONCE], wrapped[NONCE:], b"vedette/data-key/v1" + struct.pack(">I", key_id))
    except (InvalidTag, ValueError):
        return None


def first_format_id(key: bytes) -> int:
    """The id that the first version, which sealed with the key-encryption key itself, wrote into the head."""
    return int.from_bytes(hashlib.sha256(b"vedette/key-id/v1" + key).digest()[:4])


def _head(key_id: int) -> bytes:
    return FORMAT + struct.pack(">I", key_id)


def _bound(account_id: str, kind: str, head: bytes) -> bytes:
    """What a secret is bound to; each part with its length, so that no two lists give the same bytes."""
    parts = (account_id.encode(), kind.encode(), head)
    return b"vedette/secret/v1" + b"".join(struct.pack(">I", len(part)) + part for part in parts)
