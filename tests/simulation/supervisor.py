"""The model of `engine.supervisor.Supervisor`: starts local workers' processes, reaps and ends them."""

from collections.abc import Callable, Mapping
from typing import Protocol

from engine.fleet import messages as m
from tests.simulation.process import Process

LOCK_WAIT = 5.0  #: seconds, as in the product; so are the others
LOCK_WITHIN = 2.0
TERM_AFTER = 8.0
HUNG_GRACE = 5.0


class Child(Protocol):
    """What it needs of a worker."""

    alive: bool
    generation: int
    left_behind: tuple[str, ...]

    def boot(self, parent: int = 0) -> None: ...
    def terminate(self) -> None: ...
    def die(self, why: str) -> None: ...


class Supervisor:
    """Lives as long as one master process."""

    def __init__(self, master: Process, workers: Mapping[str, Child], submit: Callable[[m.Event], None]) -> None:
        self._master = master
        self._workers = workers
        self._submit = submit
        self._children: dict[str, int] = {}
        self._asked: set[str] = set()
        self._starting: set[str] = set()
        self._proven: set[str] = set()

    def spawn(self, worker_id: str) -> None:
        """Start its process, unless it has one."""
        if worker_id not in self._children and worker_id not in self._starting:
            self._starting.add(worker_id)
            self._prove_gone(worker_id, self._master.clock() + LOCK_WAIT)

    def _prove_gone(self, worker_id: str, deadline: float) -> None:
        """The directory lock of a process from before."""
        if self._workers[worker_id].alive and self._master.clock() <= deadline:
            self._master.timer(0.1, self._prove_gone, worker_id, deadline)
            return
        if not self._workers[worker_id].alive and worker_id not in self._proven:
            self._proven.add(worker_id)
            self._submit(m.OwnerGone(worker_id))
        self._master.io(0.05, self._start, worker_id)

    def _start(self, worker_id: str) -> None:
        self._starting.discard(worker_id)
        worker = self._workers[worker_id]
        if worker.alive:  # the new one waits for the lock, then gives up
            self._children[worker_id] = -1
            self._master.io(LOCK_WITHIN, self._reap, worker_id, -1, 75)
        else:
            worker.boot(self._master.generation)
            self._children[worker_id] = worker.generation
        self._submit(m.ChildStarted(worker_id, 1))

    def ended(self, worker_id: str, generation: int, code: int) -> None:
        """A process ended; its parent hears of it."""
        if self._children.get(worker_id) == generation:
            self._master.io(0.02, self._reap, worker_id, generation, code)

    def _reap(self, worker_id: str, generation: int, code: int) -> None:
        if self._children.get(worker_id) == generation:
            del self._children[worker_id]
            asked = worker_id in self._asked
            self._asked.discard(worker_id)
            checking: tuple[str, ...] = ()
            if not asked and generation == self._workers[worker_id].generation:
                checking, self._workers[worker_id].left_behind = self._workers[worker_id].left_behind, ()
            self._submit(m.ChildExited(worker_id, code, asked, f"ended with {code}", checking))

    def stop(self, worker_id: str, *, hung: bool) -> None:
        """End its process: it drains first, unless it is hung."""
        generation = self._children.get(worker_id)
        if generation is None:
            return
        if not hung:
            self._asked.add(worker_id)
        self._master.io(0.002, self._terminate, worker_id, generation)
        self._master.timer(HUNG_GRACE if hung else TERM_AFTER + 4, self._kill, worker_id, generation)

    def _terminate(self, worker_id: str, generation: int) -> None:
        if self._workers[worker_id].generation == generation:
            self._workers[worker_id].terminate()

    def _kill(self, worker_id: str, generation: int) -> None:
        if self._workers[worker_id].generation == generation and self._workers[worker_id].alive:
            self._workers[worker_id].die("killed by the supervisor")
