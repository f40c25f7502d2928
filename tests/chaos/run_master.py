"""`vedette-master` that knows remote workers by tokens which outlive its restarts; all else is the real one.

The first line on standard input is {"arguments": [...], "remotes": {worker_id: token}}.
"""

import asyncio
import json
import sys

import engine.master
from engine.__main__ import run
from engine.config import read
from engine.records import Worker, from_ms
from worker.process.clock import wall_ms

ORDER = json.loads(sys.stdin.readline())
CAPACITY = 100


class MasterWithRemotes(engine.master.Master):
    """Knows the tokens before its doors open, and enters the workers when they are unknown."""

    async def start(self) -> None:
        self.tokens._workers.update(ORDER["remotes"])
        await super().start()
        for worker_id in ORDER["remotes"]:
            if worker_id not in self._workers.records:
                record = Worker(worker_id, worker_id, "remote", CAPACITY, from_ms(wall_ms()))
                await self._workers._save(record)
                self._workers._enter(record)


engine.master.Master = MasterWithRemotes  # type: ignore[misc]
asyncio.run(run(read("vedette-master", ORDER["arguments"], {})))
