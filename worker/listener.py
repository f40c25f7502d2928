"""Runs the listens that the session wants, one task each."""

import asyncio
from collections.abc import Callable, Collection

from worker.checker import Checker
from worker.process.tasks import cancel, spawn
from worker.watch import events as ev


class Listener:
    """Performs StartListen and AbortListen.

    Args:
        heard: told of each check that a listen gave, once it was written down.
        ended: told once of each started listen, when it is over.
    """

    def __init__(
        self,
        checker: Checker,
        heard: Callable[[ev.CheckFinished], None],
        ended: Callable[[ev.ListenFinished], None],
    ) -> None:
        self._checker = checker
        self._heard = heard
        self._ended = ended
        self._tasks: dict[str, asyncio.Task[ev.ListenFinished]] = {}

    def start(self, command: ev.StartListen) -> None:
        """Listen until it ends or is aborted."""
        task = command.task

        def over(listen: asyncio.Task[ev.ListenFinished]) -> None:
            # in a callback: a listen that is aborted before its first step runs no code of its own
            del self._tasks[task.account]
            failed = listen.cancelled() or listen.exception() is not None
            self._ended(ev.ListenFinished(task.account, task.epoch, None) if failed else listen.result())

        self._tasks[task.account] = spawn(self._checker.listen(task, self._heard), name=f"listen {task.account}")
        self._tasks[task.account].add_done_callback(over)

    def abort(self, command: ev.AbortListen) -> None:
        """Cut one off; it ends a moment later. One that has just ended is let be."""
        if (listen := self._tasks.get(command.account)) is not None:
            listen.cancel()

    def tasks(self) -> Collection[asyncio.Task[ev.ListenFinished]]:
        """Those that run."""
        return list(self._tasks.values())

    async def close(self) -> None:
        """Abort all and wait for their end."""
        await cancel(*self._tasks.values())
