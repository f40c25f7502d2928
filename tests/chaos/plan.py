"""Which fault happens when: a function of a seed."""

import random
from collections import defaultdict
from dataclasses import dataclass

LOCALS = ("local-1", "local-2", "local-3")
REMOTES = ("remote-1", "remote-2")
CRASHES = 4  #: of one local worker; with the sixth in ten minutes it is given up, which is not what is to be seen here
LONGEST = 60.0  #: seconds of the longest fault
CALM = 3.0  #: seconds between two faults of one thing
MASTER_CALM = 12.0  #: of the master: with less, nobody would be watched most of the time


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        at: seconds from the start of the round.
        target: a worker, or empty for the master, the platform, an account that `number` chooses.
        seconds: how long it lasts, or until what was killed is started again.
    """

    at: float
    kind: str
    target: str
    seconds: float
    number: int

    @property
    def ends(self) -> float:
        return self.at + self.seconds

    def __str__(self) -> str:
        target = f" {self.target}" if self.target else ""
        return f"{self.at:7.1f} s  {self.kind}{target}, {self.seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class Kind:
    """`targets`: what it may hit. `least`, `most`: seconds."""

    name: str
    targets: tuple[str, ...]
    least: float
    most: float


KINDS = (
    Kind("kill local", LOCALS, 0.0, 0.0),
    Kind("kill remote", REMOTES, 1.0, 45.0),
    Kind("stop local", LOCALS, 1.0, LONGEST),
    Kind("stop remote", REMOTES, 1.0, LONGEST),
    Kind("kill master", ("",), 0.2, 8.0),
    Kind("restart master", ("",), 5.0, 5.0),
    Kind("stop master", ("",), 1.0, 30.0),
    Kind("freeze link", REMOTES, 5.0, LONGEST),
    Kind("freeze answers", REMOTES, 5.0, LONGEST),
    Kind("cut link", REMOTES, 0.5, LONGEST),
    Kind("slow link", REMOTES, 5.0, 40.0),
    Kind("platform down", ("",), 2.0, 15.0),
    Kind("platform failing", ("",), 2.0, 15.0),
    Kind("platform slow", ("",), 5.0, 20.0),
    Kind("disk full, master", ("",), 3.0, 15.0),
    Kind("disk full, worker", (*LOCALS, *REMOTES), 3.0, 15.0),
    Kind("account added", ("",), 0.0, 0.0),
    Kind("account removed", ("",), 0.0, 0.0),
    Kind("drain", (*LOCALS, *REMOTES), 5.0, 20.0),
)


def plan(seed: int, seconds: float) -> list[Fault]:
    """Faults that all end within `seconds`. Every kind comes once before any comes again; no two hit the same thing at
    the same time."""
    rng = random.Random(seed)
    free = defaultdict[str, float](float)
    crashes = defaultdict[str, int](int)
    faults: list[Fault] = []
    deck: list[Kind] = []
    now = 1.0
    while now < seconds:
        deck = deck or rng.sample(KINDS, len(KINDS))
        fault = _made(deck.pop(), now, seconds, rng, free, crashes)
        if fault is not None:
            faults.append(fault)
        now += rng.uniform(1.0, 11.0)
    return sorted(faults, key=lambda fault: fault.at)


def _made(
    kind: Kind, now: float, end: float, rng: random.Random, free: dict[str, float], crashes: dict[str, int]
) -> Fault | None:
    """A fault of this kind, as soon as what it hits is free of others; None if that is too late."""
    lasts = min(rng.uniform(kind.least, kind.most), (end - now) / 2)
    number = rng.randrange(1_000_000)
    targets = [target for target in kind.targets if crashes[target] < CRASHES or "local" not in target]
    if not targets:
        return None
    target = min(rng.sample(targets, len(targets)), key=lambda each: max(free[hit(kind.name, each)], now))
    at = max(now, free[hit(kind.name, target)])
    if at + lasts > end:
        return None
    free[hit(kind.name, target)] = at + lasts + (MASTER_CALM if hit(kind.name, target) == "master" else CALM)
    if kind.name in ("kill local", "stop local"):
        crashes[target] += 1
    return Fault(round(at, 2), kind.name, target, round(lasts, 2), number)


def hit(kind: str, target: str) -> str:
    """What must not be hit by two faults at once."""
    if kind.startswith(("platform", "account")):
        return kind.split(maxsplit=1)[0]
    return target or "master"
