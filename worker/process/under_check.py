"""Which accounts a worker was checking when its process died: a small file that outlives it, for whoever comes after.

Each entry and each clearing is one write into the page cache, a few microseconds, which is kept however the process
ends. No fsync: after a power cut nobody is to be blamed. Written to, not mapped: on a full disk a store into a mapped
page ends the process, a write says so.

A listen stands for hours, so that each would be a suspect in each crash: it is in the file only while its own code
runs, between two waits. Of those there is never more than one, and whoever it is did it.
"""

import contextlib
import re
from collections.abc import Callable, Coroutine, Generator, Iterator
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import structlog

NAME = "under-check"
SLOTS = 32  #: more than a worker checks at once; what finds no slot is not remembered
STEP = 0  #: the slot of the listen whose code runs right now
WIDTH = 64  #: bytes of a slot: an account's id, padded with zeros; a zero first means empty
log = structlog.get_logger("checks")
T = TypeVar("T")
_ID = re.compile(rb"[A-Za-z0-9_.:-]+")


class UnderCheck:
    """The file in a worker's own directory, for the process that writes it.

    Attributes:
        left_behind: what the process before this one was checking when it died; known once entered.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: FileIO | None = None
        self._free = list(range(STEP + 1, SLOTS))
        self.left_behind: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        """Read what was left behind and begin with an empty file. Without one (a full disk) nothing is remembered
        and all else goes on."""
        self.left_behind = take(self._directory)
        path = self._directory / NAME
        try:
            path.touch(mode=0o600)
            self._file = FileIO(path, "r+")
            self._file.write(bytes(SLOTS * WIDTH))
        except OSError as error:
            log.info("under_check.not_kept", reason=str(error))
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @contextlib.contextmanager
    def checking(self, account: str) -> Iterator[None]:
        """The account is under check in here. Never fails: what cannot be written down is only not remembered."""
        slot = self._free.pop() if self._free else None
        self.note(slot, account)
        try:
            yield
        finally:
            self.note(slot, "")
            if slot is not None:
                self._free.append(slot)

    def steps(self, account: str, work: Coroutine[Any, Any, T]) -> "_Steps[T]":
        """To be awaited instead of `work`, the part of a listen up to its next check: see above."""
        return _Steps(partial(self.note, STEP), account, work)

    def note(self, slot: int | None, account: str) -> None:
        """Write an account into a slot, an empty string to clear it."""
        self._write(slot, account.encode()[:WIDTH].ljust(WIDTH, b"\0"))

    def _write(self, slot: int | None, content: bytes) -> None:
        if self._file is not None and slot is not None:
            with contextlib.suppress(OSError):
                self._file.seek(slot * WIDTH)
                self._file.write(content)


class _Steps(Generic[T]):
    """Awaits `work`, and notes the account whenever that is given control and until it waits again."""

    def __init__(self, note: Callable[[str], None], account: str, work: Coroutine[Any, Any, T]) -> None:
        self._note = note
        self._account = account
        self._work = work

    def __await__(self) -> Generator[Any, Any, T]:
        step: Callable[[], Any] = partial(self._work.send, None)
        while True:
            self._note(self._account)
            try:
                awaited = step()
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            finally:
                self._note("")
            try:
                step = partial(self._work.send, (yield awaited))
            except BaseException as error:  # a cancellation above all: it is the work's to answer
                step = partial(self._work.throw, error)


def take(directory: Path) -> tuple[str, ...]:
    """What the process that worked in this directory was checking when it died, each once; it is forgotten by this.

    Only for whoever knows that the process is gone. What cannot be read is nothing.
    """
    path = directory / NAME
    try:
        content = path.read_bytes()[: SLOTS * WIDTH]
        path.unlink()
    except OSError:
        return ()
    slots = [content[at : at + WIDTH].rstrip(b"\0") for at in range(0, len(content), WIDTH)]
    if slots and _ID.fullmatch(slots[STEP]):
        return (slots[STEP].decode(),)
    return tuple(sorted({slot.decode() for slot in slots if _ID.fullmatch(slot)}))
