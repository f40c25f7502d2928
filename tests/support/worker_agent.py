"""A whole worker in the test's own loop, against a FakeMaster."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from worker.agent import Agent
from worker.config import Setup
from worker.platforms.base import Platform
from worker.process.exit_codes import Exit, Stop
from worker.process.secret import Secret
from worker.process.tasks import cancel, spawn
from worker.way import LocalWay


class Quick(random.Random):
    """Jitter that always gives the shortest wait."""

    def random(self) -> float:
        return 0.999


@asynccontextmanager
async def running(
    url: str,
    directory: Path,
    platforms: Mapping[str, Platform],
    *,
    worker_id: str = "w1",
    said: list[str] | None = None,
    token: str = "t0ken",
) -> AsyncIterator[tuple[Agent, "asyncio.Task[Exit | Stop]"]]:
    """Run an agent; its task ends with the exit code or with the Stop that ended it. It is stopped at the end."""
    way = LocalWay(url, worker_id, Secret(token))
    setup = Setup(way, worker_id, "i1", "local-1", 100, directory)
    lines = said if said is not None else []
    agent = Agent(setup, platforms, Quick(), lines.append)
    task = spawn(_end_of(agent), name="agent")
    try:
        yield agent, task
    finally:
        if not task.done():
            agent.ask_stop(0.5)
            await asyncio.wait([task], timeout=5)
        await cancel(task)


async def _end_of(agent: Agent) -> Exit | Stop:
    try:
        return await agent.run()
    except Stop as stop:
        return stop
