"""What one client is to be told: coalesced while it waits, at most ten times a second."""

import asyncio
from collections.abc import Callable
from typing import Any

from worker.process.tasks import cancel, spawn

PACE = 0.1  #: seconds between two events to one client
MANY = 50  #: different hints that wait; beyond that “account” and “worker” hints name nobody: look at all of them

Data = dict[str, Any]


class Hints:
    """Keeps the latest of each topic and subject; `push` gets them in the order in which they first came."""

    def __init__(self, push: Callable[[str, Data], None]) -> None:
        self._push = push
        self._waiting: dict[tuple[str, str], Data] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to tell."""
        self._task = self._task or spawn(self._run(), name="client:hints")

    def stop(self) -> None:
        """Tell nothing more."""
        if self._task is not None:
            self._task.cancel()

    async def close(self) -> None:
        """Stop, and wait until it has."""
        await cancel(self._task)

    def note(self, topic: str, subject: str, data: Data) -> None:
        """Something changed. Counts add up, anything else is replaced."""
        if len(self._waiting) >= MANY:
            self._forget_names()
        if (topic, "") in self._waiting and subject:
            subject, data = "", {"id": None}
        before = self._waiting.get((topic, subject))
        if before and "count" in data:
            data = {**data, "count": before["count"] + data["count"]}
        self._waiting[topic, subject] = data
        self._wake.set()

    def _forget_names(self) -> None:
        for topic, subject in list(self._waiting):
            if subject:
                del self._waiting[topic, subject]
                self._waiting[topic, ""] = {"id": None}

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            (topic, subject), data = next(iter(self._waiting.items()))
            del self._waiting[topic, subject]
            if not self._waiting:
                self._wake.clear()
            self._push(topic, data)
            await asyncio.sleep(PACE)
