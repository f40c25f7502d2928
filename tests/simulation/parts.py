"""What a simulation is built from. Planted bugs replace some of it; the product never knows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.fleet.lease import Figures, derive
from engine.fleet.state import FleetState
from tests.simulation.database import Database
from tests.simulation.disk import Disk
from tests.simulation.ingest import Ingest
from worker.watch.lease import Lease
from worker.watch.session import Session

FIGURES = derive(10, 30)


@dataclass(frozen=True)
class Parts:
    """Defaults are the product. None is the class of that name here, which builds on this file."""

    figures: Figures = FIGURES
    fleet: Callable[..., FleetState] = FleetState
    lease: Callable[[], Lease] = Lease
    session: Callable[..., Session] = Session
    database: Callable[..., Database] = Database
    ingest: Callable[..., Ingest] = Ingest
    disk: Callable[[], Disk] = Disk
    master: Callable[..., Any] | None = None
    check: Callable[..., Any] | None = None
