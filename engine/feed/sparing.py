"""Lines about what workers send and nobody can store: a few a minute for each of them, however much it sends."""

from collections.abc import Callable, Mapping

from engine.journal import Note

MINUTE = 60.0  #: seconds
MOST = 20  #: lines a minute of one worker
MORE = "there are more than are told within a minute: the list of what could not be stored has them"


class Sparing:
    """Writes lines, and of too many the last one says that there are more.

    Args:
        clock: seconds.
    """

    def __init__(self, note: Note, clock: Callable[[], float]) -> None:
        self._note = note
        self._clock = clock
        self._told: dict[str, tuple[float, int]] = {}  # by worker: since when, and how many

    def note(self, worker_id: str, what: str, *about: str, why: str, details: Mapping[str, str]) -> bool:
        """Write one line on behalf of a worker; false if it has had its share."""
        now = self._clock()
        since, told = self._told.get(worker_id, (now, 0))
        if now - since >= MINUTE:
            since, told = now, 0
        self._told[worker_id] = since, told + 1
        if told < MOST:
            self._note(what, *about, why=why, details=details)
        elif told == MOST:
            self._note(what, worker_id, why=MORE)
        return told < MOST
