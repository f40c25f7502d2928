"""A backup of the running installation into one encrypted file. Bringing one back is a command: it needs no master."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from engine.api.errors import ApiError, Conflict, Invalid
from engine.api.keys import Note
from engine.records import MASTER
from worker.process import tasks
from worker.process.secret import Secret

SHORTEST = 8  #: characters of a passphrase


@dataclass(frozen=True, slots=True)
class BackupProgress:
    """How far it is.

    Attributes:
        step: copying, writing or reading back; empty before the first of them.
        done, total: bytes of this step.
    """

    step: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class BackupMade:
    """A backup that was read back; `size` in bytes."""

    file: Path
    size: int


class BackupFailed(ApiError):
    """It could not be written; there is no file."""

    status, code = 422, "backup_failed"


class BackupCancelled(ApiError):
    """Somebody did not want it any more; there is no file."""

    status, code = 409, "backup_cancelled"


class Writer(Protocol):
    """Writes a backup on a thread. What the reporter raises ends it, with nothing left behind."""

    def __call__(self, file: Path, passphrase: Secret, report: Callable[[str], Callable[[int, int], None]]) -> None: ...


class _Ended(Exception):
    """Raised inside of the writer to end it."""


class Backups:
    """What a front end on this computer may do. `refused` is what the writer raises when it cannot.

    Attributes:
        progress: of the backup that is being written; None if none is.
    """

    def __init__(self, write: Writer, note: Note, refused: type[Exception]) -> None:
        self._write = write
        self._note = note
        self._refused = refused
        self._end = threading.Event()
        self.progress: BackupProgress | None = None

    @staticmethod
    def name(at: datetime) -> str:
        """What a backup of this moment may be called."""
        return f"vedette-{at:%Y%m%d-%H%M%S}.vedette"

    async def make(self, file: Path, passphrase: Secret) -> BackupMade:
        """Write a backup and read it back, while everything goes on.

        Raises:
            Invalid: for `file` (its folder is not there, or it exists: nothing is ever replaced) or `passphrase`.
            Conflict: one is being written already.
            BackupFailed, BackupCancelled.
        """
        await asyncio.to_thread(_check, file)
        if len(passphrase.reveal()) < SHORTEST:
            raise Invalid("passphrase", f"a passphrase has at least {SHORTEST} characters")
        if self.progress is not None:
            raise Conflict("a backup is being written already: wait for its end", code="busy")
        self._end.clear()
        self.progress = BackupProgress()
        writing = tasks.spawn(asyncio.to_thread(self._perform, file, passphrase), name="backup")
        try:
            made = await asyncio.shield(writing)
        except asyncio.CancelledError:
            self._end.set()
            await writing  # the thread goes on whatever becomes of us: it must be over before we are
            raise
        finally:
            self.progress = None
        if isinstance(made, ApiError):
            raise made
        self._note("a backup was written", MASTER, why=file.name)
        return made

    def cancel(self) -> None:
        """End the backup that is being written."""
        self._end.set()

    def _perform(self, file: Path, passphrase: Secret) -> BackupMade | ApiError:
        try:
            self._write(file, passphrase, self._reporter)
            return BackupMade(file, file.stat().st_size)
        except _Ended:
            return BackupCancelled("the backup was cancelled: nothing was written")
        except self._refused as error:
            return BackupFailed(str(error))

    def _reporter(self, step: str) -> Callable[[int, int], None]:
        def report(done: int, total: int) -> None:
            if self._end.is_set():
                raise _Ended
            self.progress = BackupProgress(step, done, total)

        return report


def _check(file: Path) -> None:
    if not file.name or not file.is_absolute():
        raise Invalid("file", "a backup needs a whole path")
    if not file.parent.is_dir():
        raise Invalid("file", f"there is no directory {file.parent}")
    if file.exists():
        raise Invalid("file", f"{file} exists already: choose another name")
