"""A local worker's tie to its parent: the start line on standard input, whose end means that the parent is gone."""

import os
import sys
import threading
from collections.abc import Callable

from worker.process.exit_codes import Exit

GRACE = 0.8  #: seconds between the parent's end and ours, even if the event loop hangs
MAX_LINE = 64 * 1024
PR_SET_PDEATHSIG = 1
SIGKILL = 9

_PLATFORM: str = sys.platform


class Parent:
    """Reads standard input in a thread of its own: that works with a blocked loop, and the same on Windows.

    Args:
        gone: called once, in that thread, when standard input has ended after the start line.
    """

    def __init__(self, gone: Callable[[], None], descriptor: int = 0) -> None:
        self._gone = gone
        self._descriptor = descriptor
        self._arrived = threading.Event()
        self._line = b""

    def start_line(self, within: float) -> bytes:
        """Start watching and wait for the first line.

        Returns:
            the line without its end; empty if none came within `within` seconds or standard input ended before.
        """
        threading.Thread(target=self._watch, name="parent watch", daemon=True).start()
        self._arrived.wait(within)
        return self._line

    def _watch(self) -> None:
        buffer = bytearray()
        while chunk := self._read():
            if self._arrived.is_set():
                continue
            buffer += chunk
            if b"\n" in buffer or len(buffer) > MAX_LINE:
                self._line = bytes(buffer).split(b"\n")[0]
                self._arrived.set()
        had_line = self._arrived.is_set()
        self._arrived.set()
        if had_line:
            timer = threading.Timer(GRACE, os._exit, (int(Exit.PARENT_GONE),))
            timer.daemon = True
            timer.start()
            self._gone()

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, 4096)
        except OSError:
            return b""


def die_with_parent(parent_pid: int) -> bool:
    """On Linux: be killed when the parent ends, even if it is stopped in a debugger; elsewhere nothing.

    Args:
        parent_pid: who it should be; 0 if unknown.

    Returns:
        false if that parent has gone before this could take effect.
    """
    if _PLATFORM != "linux":
        return True
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    return parent_pid in (0, os.getppid())
