"""How a process of ours ends, so that a supervisor knows whether to start it again (contract.md)."""

import errno
from enum import IntEnum

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  #: a full disk, a used-up quota, a limit on the size of files


class Exit(IntEnum):
    """Exit codes; after sysexits.h where one fits."""

    ASKED = 0  #: asked to stop
    USAGE = 2  #: wrong arguments
    UNAVAILABLE = 69  #: port in use, or another master on this data directory
    PARENT_GONE = 70
    TEMPORARY = 75  #: try again
    CONFIG = 78  #: configuration, revoked, not our master: must not be restarted


class Stop(Exception):
    """Ends the process with `code` after printing one sentence; raised anywhere, caught only in `__main__`.

    Attributes:
        sentence: always one line, whatever a value or a file name in it holds.
    """

    def __init__(self, code: Exit, sentence: str) -> None:
        self.code = code
        self.sentence = "".join(character if character.isprintable() else " " for character in sentence)
        super().__init__(self.sentence)


def cannot_use(what: str, error: OSError) -> Stop:
    """The stop for a file or directory that the system does not give us: 75 if only room is missing, else 78.

    Args:
        what: names it, "the data directory /x".
    """
    if error.errno in NO_ROOM:
        return Stop(Exit.TEMPORARY, f"{what} cannot be written to, the disk is full: make room and start again")
    return Stop(Exit.CONFIG, f"{what} cannot be used: {error.strerror or error}")
