"""One master per data directory, and the file that tells local programs how to reach it."""

import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from worker.process.exit_codes import Exit, Stop, cannot_use
from worker.process.private_file import write_private


def restoring(data_dir: Path) -> Path:
    """The directory that is there from the beginning of a restore to its end."""
    return data_dir / ".restoring"


def refuse_half_restored(data_dir: Path) -> None:
    """Raises Stop (78) if a restore was cut off: what is there may be half of the old and half of the new."""
    if restoring(data_dir).exists():
        raise Stop(Exit.CONFIG, f"a restore into {data_dir} was cut off: run it again, with --force")


class InstanceLock:
    """Held for as long as a master runs on this data directory; the system lets go of it when the process ends."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "master.lock"
        self._descriptor = -1

    def __enter__(self) -> "InstanceLock":
        try:
            self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        try:
            _lock(self._descriptor)
        except OSError:
            holder = os.pread(self._descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise Stop(
                Exit.UNAVAILABLE,
                f"another master (process {holder}) already runs on {self._file.parent}: use that one, close it, "
                "or choose another directory with --data-dir",
            ) from None
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)
        except OSError as error:
            os.close(self._descriptor)
            raise self._unusable(error) from None
        return self

    def _unusable(self, error: OSError) -> Stop:
        return cannot_use(f"the data directory {self._file.parent}", error)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


def _lock(descriptor: int) -> None:
    if os.name == "posix":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]


@dataclass(frozen=True, slots=True)
class MasterFile:
    """master.json: how local programs reach the master that runs. `fingerprint`: None until remote workers are
    accepted."""

    data_dir: Path
    url: str
    token: str
    version: str

    def write(self, fingerprint: str | None = None) -> None:
        """Write it (0600) in the place of the one before, atomically. Raises OSError."""
        write_private(self.data_dir / "master.json", msgspec.json.encode(self._facts(fingerprint)))

    def remove(self) -> None:
        """No master runs here any more."""
        (self.data_dir / "master.json").unlink(missing_ok=True)

    def _facts(self, fingerprint: str | None) -> dict[str, object]:
        return {
            "url": self.url,
            "token": self.token,
            "pid": os.getpid(),
            "version": self.version,
            "fingerprint": fingerprint,
        }
