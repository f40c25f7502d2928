"""The real application on a fresh data directory: window, master, forked workers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
from PySide6.QtWidgets import QWidget

from desktop.app import App
from engine.config import read
from tests.support.master_process import alive
from tests.support.waiting import eventually
from tests.support.window import destroy
from worker.process import tasks
from worker.process.exit_codes import Exit


class RunningApp:
    """What a test may look at."""

    def __init__(self, app: App, task: "asyncio.Task[Exit]") -> None:
        self.app = app
        self.task = task

    async def ready(self, workers: int = 2) -> None:
        """Until the engine runs and so many workers are online, as the window has it."""

        def online() -> bool:
            shown = self.app.window.directory.workers.values()
            return sum(worker.state == "online" for worker in shown) == workers

        await eventually(lambda: self.app.window.state == "running" and online(), within=20, what="engine and workers")

    def texts(self) -> list[str]:
        """What the feed's model holds, newest first."""
        return [detection.text for detection in self.app.window.detections.model.rows]

    async def rest(self, path: str) -> list[dict[str, object]]:
        """The items of a REST list."""
        assert self.app.master is not None
        headers = {"Authorization": f"Bearer {self.app.master.token}"}
        async with (
            aiohttp.ClientSession(trust_env=False) as session,
            session.get(self.app.master.url + "/api/v1" + path, headers=headers) as answer,
        ):
            return list((await answer.json())["data"]["items"])

    async def close(self) -> Exit:
        """Quit as a user does; no worker process is left."""
        children = psutil.Process().children()
        self.app.window.close()
        code = await asyncio.wait_for(self.task, 20)
        assert not any(alive(child.pid) for child in children)
        return code


@asynccontextmanager
async def running_app(data_dir: Path, *arguments: str) -> AsyncIterator[RunningApp]:
    """A shown window whose engine starts behind it; closed at the end, whatever happened."""
    options = read("vedette", ["--data-dir", str(data_dir), "--port", "0", *arguments], {}, window=True)
    options.data_dir.mkdir(mode=0o700, exist_ok=True)
    app = App(options)
    task = tasks.spawn(app.run(), name="app")
    running = RunningApp(app, task)
    try:
        yield running
    finally:
        app.quit()
        await asyncio.wait_for(task, 20)
        window: QWidget = app.window
        destroy(window)
