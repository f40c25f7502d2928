"""How much a stranger, and a peer that is known, may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures of the doors; tests shorten what would take long.

    Attributes:
        deadline: seconds that a connection has, from its very start, to show a right token.
        connections, connections_each: unproven ones of all addresses together, and of one.
        sockets, sockets_each: of these, websockets. Proven ones never count.
        events, events_burst: frames a second of one socket, and how many at once.
        octets, octets_burst: the same in bytes.
        per_account: further frames at once that each account given to a worker allows it (credentials and a report).
        guesses: wrong tokens of one address that are answered as such before it has to wait.
    """

    deadline: float = 10.0
    connections: int = 256
    connections_each: int = 128
    sockets: int = 64
    sockets_each: int = 8
    events: float = 50.0
    events_burst: float = 500.0
    octets: float = 512_000.0
    octets_burst: float = 4_000_000.0
    per_account: float = 2.0
    guesses: int = 100
