"""The two clocks. Everything that decides takes `now` as an argument; only I/O code reads these."""

import sys
import time

_PLATFORM: str = sys.platform


def lease_clock() -> float:
    """Seconds that go on counting while the machine sleeps, from an arbitrary start.

    CLOCK_BOOTTIME on Linux and CLOCK_MONOTONIC on macOS count suspend; Python's `time.monotonic` does so on Windows
    but not on Linux, where a lease would outlive a night in a bag.
    """
    if _PLATFORM == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if _PLATFORM == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()  # noqa: TID251 - the one place


def wall_ms() -> int:
    """Milliseconds since 1970 UTC: for people and for the wire, never for deciding how long something took."""
    return time.time_ns() // 1_000_000
