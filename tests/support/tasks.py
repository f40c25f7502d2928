"""Tasks and assignments for tests of the worker."""

from typing import Any

from worker.protocol.messages import Assign, Task
from worker.watch import events as ev


def task(account: str = "a", epoch: int = 1, **fields: Any) -> Task:
    """A task of the demo platform, checked every 30 s, due at once."""
    given: dict[str, Any] = {"platform": "demo", "settings": {}, "interval": 30.0, **fields}
    return Task(account=account, epoch=epoch, **given)


def assigned(sequence: int, *tasks: Task, complete: bool = False) -> ev.Assigned:
    """The event of a master:assign."""
    return ev.Assigned(Assign(sequence=sequence, complete=complete, tasks=list(tasks)))
