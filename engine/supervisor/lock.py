"""A worker's directory lock: whoever can take it knows that no process of that worker is left."""

import os
from pathlib import Path


def is_free(file: Path) -> bool:
    """Whether nobody holds the lock right now. A file that does not exist is free."""
    if os.name != "posix":
        return True  # a reaped child is the only proof there
    import fcntl

    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
