"""Seals secrets with AES-256-GCM so that they open only for the same account and kind.

A sealed secret is `01 | key id (4) | nonce (12) | ciphertext and tag`.
"""

import hashlib
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.vault.errors import VaultError

FORMAT = b"\x01"
HEAD = 5  #: bytes of format and key id, which are authenticated with the rest
NONCE = 12
SHORTEST = HEAD + NONCE + 16
KEY_BYTES = 32


class Vault:
    """Seals with one key and opens with the same.

    Args:
        key: 32 bytes. Its id is the start of its SHA-256, so that a wrong key is told from a damaged secret.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise VaultError(f"an encryption key has {KEY_BYTES} bytes")
        self._head = FORMAT + hashlib.sha256(b"vedette/key-id/v1" + key).digest()[:4]
        self._cipher = AESGCM(key)

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
        if head != self._head:
            raise VaultError("these credentials were sealed with another key: bring back the key file they belong to")
        try:
            return self._cipher.decrypt(nonce, sealed, _bound(account_id, kind, head))
        except InvalidTag:
            raise VaultError("these credentials were changed or belong to another account: enter them again") from None

    def __repr__(self) -> str:
        return "Vault(***)"


def _bound(account_id: str, kind: str, head: bytes) -> bytes:
    """What a secret is bound to; each part with its length, so that no two lists give the same bytes."""
    parts = (account_id.encode(), kind.encode(), head)
    return b"vedette/secret/v1" + b"".join(struct.pack(">I", len(part)) + part for part in parts)
