"""File descriptors and memory of the master and the workers, before and after.

Both are read after twenty quiet seconds with the same number of accounts and the same traffic. A process that was
restarted is compared with the one before it. Faults shift accounts between workers, so the descriptors of workers count
together; connections to the platform do not count, since a pool keeps as many as there were checks at the same time.
"""

from contextlib import suppress
from dataclasses import dataclass

import psutil

from tests.chaos.house import House
from tests.chaos.operator import Operator

MORE = 0.10  #: share by which anything may have grown


@dataclass(frozen=True)
class Used:
    """Of one process: descriptors and resident bytes."""

    descriptors: int
    memory: int


Usage = dict[str, Used]


def measure(house: House, operator: Operator, platform: int) -> Usage:
    """What each process uses now, by worker; the master is `master`. `platform`: the port of the platform's server."""
    pids = {name: house.pid_of(name, operator.workers) for name in operator.workers} | {"master": house.master.pid}
    usage: Usage = {}
    for name, pid in sorted(pids.items()):
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            pooled = [one for one in process.net_connections("tcp") if one.raddr and one.raddr.port == platform]
            usage[name] = Used(process.num_fds() - len(pooled), process.memory_info().rss)
    return usage


def grown(before: Usage, after: Usage) -> list[str]:
    """What is more than it may be."""
    bad = [
        f"memory of {name}: {before[name].memory / 2**20:.1f} MB before, {used.memory / 2**20:.1f} MB after"
        for name, used in after.items()
        if name in before and used.memory > before[name].memory * (1 + MORE)
    ]
    for what in ("master", "workers"):
        first, last = (_descriptors(usage, what) for usage in (before, after))
        if last > first * (1 + MORE):
            bad.append(f"file descriptors of {what}: {first} before, {last} after")
    return bad


def _descriptors(usage: Usage, what: str) -> int:
    return sum(used.descriptors for name, used in usage.items() if (name == "master") == (what == "master"))


def sentence(before: Usage, after: Usage) -> str:
    """One line for the summary."""
    parts = [
        f"{name} {before[name].memory / 2**20:.0f} → {used.memory / 2**20:.0f} MB"
        for name, used in after.items()
        if name in before
    ]
    fds = [f"{what} {_descriptors(before, what)} → {_descriptors(after, what)}" for what in ("master", "workers")]
    return f"memory {', '.join(parts)}; descriptors {', '.join(fds)}"
