"""The key-encryption key in a 0600 file of the data directory."""

import base64
import binascii
import os
import stat
from pathlib import Path

from engine.vault.errors import VaultError
from engine.vault.vault import KEY_BYTES
from worker.process.private_file import sync_directory

NAME = "vault.key"


class KeyFile:
    """Protects a database that was copied alone, not a stolen account on this computer."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        self.next = directory / (NAME + ".new")

    def __str__(self) -> str:
        return str(self.path)

    def load(self) -> bytes | None:
        """The key in the file, None if there is none; a file that others may read is tightened first."""
        return self._load(self.path)

    def load_next(self) -> bytes | None:
        """The key that a rotation was about to put in its place when it was interrupted."""
        return self._load(self.next)

    def prepare(self, key: bytes) -> None:
        """Have the next key on the disk before anything is wrapped with it."""
        self.next.unlink(missing_ok=True)
        self._write(self.next, key)

    def commit(self) -> None:
        """The next key becomes the key."""
        os.replace(self.next, self.path)
        sync_directory(self.path.parent)

    def create(self, key: bytes) -> None:
        """Write the first key; an existing file is never overwritten."""
        self._write(self.path, key)

    def _load(self, path: Path) -> bytes | None:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                path.chmod(0o600)
            key = decoded(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise VaultError(f"the key file {path} cannot be read: {error.strerror}") from error
        if key is None:
            raise VaultError(f"the key file {path} does not hold a key: bring back the right one from a backup")
        return key

    def _write(self, path: Path, key: bytes) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.b64encode(key) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            sync_directory(path.parent)
        except OSError as error:
            raise VaultError(f"the key file {path} cannot be made: {error.strerror}") from error


def decoded(content: bytes) -> bytes | None:
    """32 bytes from base64 of either alphabet, None if it is not that."""
    try:
        key = base64.b64decode(content.strip().replace(b"-", b"+").replace(b"_", b"/"), validate=True)
    except binascii.Error:
        return None
    return key if len(key) == KEY_BYTES else None
