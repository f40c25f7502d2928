"""Where the encryption key comes from."""

import base64
import binascii
import os
import stat
from pathlib import Path
from typing import Protocol

from engine.vault.errors import VaultError
from engine.vault.vault import KEY_BYTES, Vault

NAME = "vault.key"


class KeySource(Protocol):
    """A place that may hold the key; `str(source)` names it to a person."""

    def load(self) -> bytes | None:
        """The key, None if there is none yet. Raises VaultError if there is one that cannot be used."""
        ...

    def create(self) -> bytes:
        """Make a new key and keep it durably. Raises VaultError."""
        ...


class KeyFile:
    """A 0600 file in the data directory: protects a copied database, not a stolen account on this computer."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME

    def __str__(self) -> str:
        return str(self.path)

    def load(self) -> bytes | None:
        """The key in the file; a file that others may read is tightened first."""
        try:
            mode = stat.S_IMODE(self.path.stat().st_mode)
            if mode & 0o077:
                self.path.chmod(0o600)
            return self._decoded(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise VaultError(f"the key file {self.path} cannot be read: {error.strerror}") from error

    def create(self) -> bytes:
        """A new key, on the disk before it is used; an existing file is never overwritten."""
        key = os.urandom(KEY_BYTES)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.b64encode(key) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            _sync_directory(self.path.parent)
        except OSError as error:
            raise VaultError(f"the key file {self.path} cannot be made: {error.strerror}") from error
        return key

    def _decoded(self, content: bytes) -> bytes:
        try:
            key = base64.b64decode(content.strip(), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise VaultError(f"the key file {self.path} does not hold a key: bring back the right one from a backup")
        return key


def open_vault(source: KeySource, *, sealed_exist: bool) -> Vault:
    """The vault with the source's key, made on the first start. Blocking.

    Args:
        sealed_exist: whether the database holds sealed credentials already.

    Raises:
        VaultError: if the key is missing though something was sealed with it, or cannot be used.
    """
    key = source.load()
    if key is None and sealed_exist:
        raise VaultError(
            f"the database holds sealed credentials, but the key they were sealed with is gone: bring back {source}"
        )
    return Vault(source.create() if key is None else key)


def _sync_directory(directory: Path) -> None:
    """Make the new name itself durable, where the system knows how."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
