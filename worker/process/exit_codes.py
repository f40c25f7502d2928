"""How a process of ours ends, so that a supervisor knows whether to start it again (contract.md)."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes; after sysexits.h where one fits."""

    ASKED = 0  #: asked to stop
    USAGE = 2  #: wrong arguments
    UNAVAILABLE = 69  #: port in use, or another master on this data directory
    PARENT_GONE = 70
    TEMPORARY = 75  #: try again
    CONFIG = 78  #: configuration, revoked, not our master: must not be restarted


class Stop(Exception):
    """Ends the process with `code` after printing one sentence; raised anywhere, caught only in `__main__`."""

    def __init__(self, code: Exit, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
