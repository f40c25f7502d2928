"""The whole master in this process: real store, fleet and gateway, and pretended workers instead of processes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import socketio

from engine.config import read
from engine.gateway.limits import Limits
from engine.master import Master
from engine.records import Worker, from_ms
from tests.support.gateway import settle, tell
from worker.platforms.demo import Demo
from worker.platforms.feed import Feed
from worker.process import wire_json
from worker.protocol.messages import Heartbeat, Register

#: for tests that ask without a pause, thousands of times: a guard that counts would end them
UNMETERED = Limits(events=1e9, events_burst=1e9, octets=1e12, octets_burst=1e12, guesses=10**9)


@dataclass
class LiveMaster:
    """A running master. `http` speaks to it; `url` is its address."""

    master: Master
    http: aiohttp.ClientSession
    _stack: AsyncExitStack

    @property
    def url(self) -> str:
        return self.master.url

    async def enter_worker(self, worker_id: str) -> dict[str, str]:
        """Let the master know a worker; returns what it proves itself with."""
        record = Worker(worker_id, worker_id, "remote", 100, from_ms(0))
        await self.master._workers._save(record)
        self.master._workers._enter(record)
        return {"id": worker_id, "token": self.master.tokens.issue(worker_id)}

    async def worker(self, worker_id: str) -> socketio.AsyncClient:
        """A registered worker that offers demo and feed, checks nothing, and answers every question with a yes."""
        guest = socketio.AsyncClient(reconnection=False, handle_sigint=False)

        async def agree(*_message: Any) -> dict[str, bool]:
            return {"ok": True}

        guest.on("*", agree, namespace="/worker")
        auth = await self.enter_worker(worker_id)
        self._stack.push_async_callback(_leave, guest)
        await guest.connect(self.url, auth=auth, namespaces=["/worker"], transports=["websocket"])
        assert (await tell(guest, a_registration(worker_id)))["ok"]
        return guest

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """The `data` of a REST call below /api/v1 that must succeed."""
        headers = {"Authorization": f"Bearer {self.master.token}"}
        async with self.http.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers) as answer:
            content = wire_json.loads(await answer.read())
            assert answer.status < 300, content
            return content["data"]


def a_registration(worker_id: str) -> Register:
    """What such a worker says first."""
    descriptors = [Demo.descriptor, Feed.descriptor]
    return Register(worker_id, "i-1", worker_id, "here", 1, "0.1.0", descriptors, 100)


async def is_well(guest: socketio.AsyncClient) -> bool:
    """Whether a registered worker's heartbeat is answered."""
    answer = await tell(guest, Heartbeat(nonce=7, sequence=0, digest="x"))
    return bool(answer["ok"] and answer["nonce"] == 7)


async def _leave(guest: socketio.AsyncClient) -> None:
    await guest.disconnect()
    await guest.eio.disconnect()
    await settle(guest)


@asynccontextmanager
async def live_master(data_dir: Path, limits: Limits | None = None, *options: str) -> AsyncIterator[LiveMaster]:
    """A started master that can start no processes; closed at the end. `options` are more of the command line."""
    arguments = ["--data-dir", str(data_dir), "--port", "0", "--local-workers", "0", "--worker-max-count", "0"]
    master = Master(read("test", [*arguments, *options], {}), limits=limits)
    await master.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(master.close, "the test ends")
        http = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
        yield LiveMaster(master, http, stack)
