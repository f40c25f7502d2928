"""Files that only their owner may read, and that are there whole or not at all, whatever happens meanwhile."""

import os
from pathlib import Path


def write_private(file: Path, content: bytes) -> None:
    """Put `content` in the place of what is there (0600, whatever the umask; no link is followed), durably.

    Raises:
        OSError: what was there is still there.
    """
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    sync_directory(file.parent)


def sync_directory(directory: Path) -> None:
    """Make new names in it durable, where the system knows how."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
