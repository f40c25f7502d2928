"""A lock on a directory that ends with its process, however that ends: whoever can take it knows the owner is dead."""

import os
import sys
from pathlib import Path
from typing import IO

_PLATFORM: str = sys.platform


class DirLock:
    """An exclusive lock on `<directory>/lock`, held until release() or the end of the process."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "lock"
        self._handle: IO[bytes] | None = None

    def take(self) -> bool:
        """Take it if nobody else has it; true if it is ours now. Makes the directory (0700) if need be.

        Raises:
            OSError: if the file cannot be made or opened.
        """
        if self._handle is not None:
            return True
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # no inheritance: a child that outlives us would keep the lock (Python's default since 3.4)
        handle = os.fdopen(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        try:
            _lock(handle.fileno())
        except OSError:
            handle.close()
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give it back; a second call does nothing. The file stays: removing it would let two processes hold "it"."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None


def _lock(descriptor: int) -> None:
    if _PLATFORM == "win32":
        import msvcrt

        getattr(msvcrt, "locking")(descriptor, getattr(msvcrt, "LK_NBLCK"), 1)  # noqa: B009 - absent for mypy here
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
