"""What a worker is started with."""

from dataclasses import dataclass
from pathlib import Path

from worker.process.local_start import LocalStart
from worker.process.logs import new_request_id
from worker.process.secret import Secret
from worker.way import LocalWay, Way


@dataclass(frozen=True, slots=True)
class Setup:
    """One worker process.

    Attributes:
        way: to the master.
        worker_id: stays the same over restarts. incarnation: new at each.
        directory: its own; holds worker.db and the lock.
    """

    way: Way
    worker_id: str
    incarnation: str
    name: str
    capacity: int
    directory: Path


def from_local_start(start: LocalStart) -> Setup:
    """The set-up that a supervisor's start line asks for."""
    return Setup(
        way=LocalWay(start.url, start.worker_id, Secret(start.token)),
        worker_id=start.worker_id,
        incarnation=new_request_id(),
        name=start.name,
        capacity=start.capacity,
        directory=Path(start.data_dir) / "workers" / start.worker_id,
    )
