"""Connections that have not yet shown a right token: few, and not for long."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from engine.gateway.limits import Limits

Note = Callable[[str, str], None]


@dataclass(slots=True, eq=False)
class Visit:
    """One TCP connection. `address` is whom it counts for, `proven` whether it has shown a right token."""

    address: str
    transport: asyncio.Transport
    proven: bool = False
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)

    def abort(self) -> None:
        """End it now, whatever the peer does."""
        self.transport.abort()


class Crowd:
    """Visits by address. Of too many, the oldest of the most crowded address has to go.

    Not the newest is turned away: whoever holds a place and shows nothing must not keep out those who would prove
    themselves within milliseconds.
    """

    def __init__(self, most: int, each: int) -> None:
        self._most = most
        self._each = each
        self._count = 0
        self._by_address: dict[str, dict[Visit, None]] = {}

    def __len__(self) -> int:
        return self._count

    def add(self, visit: Visit) -> Visit | None:
        """Let it in; returns who has to go instead."""
        group = self._by_address.setdefault(visit.address, {})
        if visit in group:
            return None
        group[visit] = None
        self._count += 1
        if len(group) <= self._each:
            if self._count <= self._most:
                return None
            group = max(self._by_address.values(), key=len)
        return next(iter(group))

    def all(self) -> list[Visit]:
        """Everybody."""
        return [visit for group in self._by_address.values() for visit in group]

    def discard(self, visit: Visit) -> None:
        """It is gone, or proven."""
        group = self._by_address.get(visit.address, {})
        if visit in group:
            del group[visit]
            self._count -= 1
            if not group:
                del self._by_address[visit.address]


class Admission:
    """Counts and times those who have proven nothing; aborts those who are too many or too slow.

    Args:
        note: is told address and kind of each that was turned away.
    """

    def __init__(self, limits: Limits, note: Note) -> None:
        self._limits = limits
        self.note = note
        self._connections = Crowd(limits.connections, limits.connections_each)
        self._sockets = Crowd(limits.sockets, limits.sockets_each)

    def enter(self, transport: asyncio.Transport) -> Visit:
        """A connection was made."""
        visit = Visit(address_of(transport), transport)
        visit.timer = asyncio.get_running_loop().call_later(self._limits.deadline, self._too_slow, visit)
        self._end(self._connections.add(visit), "crowded")
        return visit

    def upgrade(self, visit: Visit) -> None:
        """It becomes a websocket."""
        if not visit.proven:
            self._end(self._sockets.add(visit), "crowded")

    def prove(self, visit: Visit) -> None:
        """It has shown a right token."""
        visit.proven = True
        self.leave(visit)

    def leave(self, visit: Visit) -> None:
        """It ended, or counts no longer."""
        if visit.timer is not None:
            visit.timer.cancel()
            visit.timer = None
        self._connections.discard(visit)
        self._sockets.discard(visit)

    def close(self) -> None:
        """End all that have proven nothing."""
        for visit in self._connections.all():
            self.leave(visit)
            visit.abort()

    def _too_slow(self, visit: Visit) -> None:
        visit.timer = None
        self._end(visit, "too_slow")

    def _end(self, visit: Visit | None, kind: str) -> None:
        if visit is not None:
            self.leave(visit)
            self.note(visit.address, kind)
            visit.abort()


def address_of(transport: asyncio.BaseTransport) -> str:
    """Whom a connection counts for: its IPv4 address, or the /64 that whoever has one IPv6 address has as well."""
    peer = transport.get_extra_info("peername")
    if not isinstance(peer, tuple) or not peer:
        return ""
    try:
        address = ip_address(str(peer[0]).partition("%")[0])
    except ValueError:
        return str(peer[0])[:64]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        if not address.is_loopback:
            return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
