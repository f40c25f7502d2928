"""What keeps secrets in memory from getting out of a process: no core dumps, nobody looks into it."""

import ctypes
import os
import sys

PR_SET_DUMPABLE = 4
_PLATFORM: str = sys.platform


def harden(*, undumpable: bool = True) -> None:
    """New files are the user's alone, and a crash writes no memory to the disk.

    Args:
        undumpable: on Linux, keep other programs of the same user out of our memory and /proc entries as well. The
            window must not: the desktop's portals look at /proc/<pid>/root of whoever asks them.
    """
    os.umask(0o077)
    try:
        import resource
    except ImportError:  # Windows has neither
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if undumpable and _PLATFORM == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def forget_variable(name: str) -> None:
    """Take a variable out of this process's environment, from /proc/<pid>/environ too."""
    if _PLATFORM == "linux" and name in os.environ:
        libc = ctypes.CDLL(None)
        libc.getenv.restype = ctypes.c_void_p
        # unsetenv only drops the pointer: the text stays where the kernel put it, and /proc shows that place
        address = libc.getenv(name.encode())
        if address:
            ctypes.memset(address, 0, len(ctypes.string_at(address)))
    os.environ.pop(name, None)


def hide_argument(secret: str) -> None:
    """Have asterisks stand for it in this process's command line, as /proc and ps show it (Linux only)."""
    if _PLATFORM != "linux" or not secret:
        return
    with open("/proc/self/stat", "rb") as stat:  # the name before the bracket may hold anything
        fields = stat.read().rpartition(b")")[2].split()
    begin, end = int(fields[45]), int(fields[46])
    at = ctypes.string_at(begin, end - begin).find(os.fsencode(secret)) if 0 < begin < end else -1
    if at >= 0:
        ctypes.memset(begin + at, ord("*"), len(os.fsencode(secret)))
