"""The platform's server: knows every request with its account, worker and epoch, and sees when two owners act (O1)."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from aiohttp import web

from worker.process.clock import lease_clock

PAGE = 50  #: items in one answer
Mood = Literal["well", "down", "failing", "slow"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request as it arrived. `at` and `decided` are seconds of the lease clock, which all processes share."""

    at: float
    account: str
    worker: str
    epoch: int
    request: str
    decided: float


@dataclass(frozen=True, slots=True)
class Breach:
    """A request of an owner of the past. `residual`: it was under way before its process was stopped."""

    ask: Ask
    after: Ask
    residual: bool

    def __str__(self) -> str:
        return (
            f"O1: {self.ask.account}: {self.ask.worker} acted with epoch {self.ask.epoch} at {self.ask.at:.3f} "
            f"(decided {self.ask.at - self.ask.decided:.3f} s before), {self.ask.at - self.after.at:.3f} s after "
            f"{self.after.worker} acted with epoch {self.after.epoch}"
        )


class Log:
    """Every request, in order of arrival."""

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.breaches: list[Breach] = []
        self._newest: dict[str, Ask] = {}
        self._owners: dict[tuple[str, int], str] = {}
        self._frozen: dict[str, tuple[float, float]] = {}

    def add(self, ask: Ask) -> None:
        """Take a request in and judge it."""
        self.asks.append(ask)
        newest = self._newest.get(ask.account)
        owner = self._owners.setdefault((ask.account, ask.epoch), ask.worker)
        past = newest is not None and ask.epoch < newest.epoch and ask.worker != newest.worker
        if newest is not None and (past or owner != ask.worker):
            self.breaches.append(Breach(ask, newest, self._was_under_way(ask)))
        if newest is None or ask.epoch >= newest.epoch:
            self._newest[ask.account] = ask

    def last(self, account: str) -> Ask | None:
        """The request with the newest epoch."""
        return self._newest.get(account)

    def froze(self, worker: str, since: float, until: float) -> None:
        """A worker's process was stopped and goes on at `until`."""
        self._frozen[worker] = since, until

    def _was_under_way(self, ask: Ask) -> bool:
        """Decided on before the process was stopped, and sent at once when it went on: what no look can catch."""
        since, until = self._frozen.get(ask.worker, (0.0, 0.0))
        return ask.decided <= since and until - 0.05 <= ask.at <= until + 0.25


class Site:
    """The server, on loopback.

    Attributes:
        posted: per account's shelf, the texts of its items.
        mood: how it treats requests; each of them is logged all the same.
        names: of workers, by id; in the log they go by name.
    """

    def __init__(self) -> None:
        self.log = Log()
        self.posted: defaultdict[str, list[str]] = defaultdict(list)
        self.mood: Mood = "well"
        self.slowness = 0.0  #: seconds before an answer while the mood is `slow`
        self.names: dict[str, str] = {}
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_get("/{shelf}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def post(self, shelf: str) -> None:
        """A new item."""
        items = self.posted[shelf]
        items.append(f"{shelf} says {len(items)}")

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        given = request.headers
        self.log.add(
            Ask(
                lease_clock(),
                given["X-Account"],
                self.names.get(given["X-Worker"], given["X-Worker"]),
                int(given["X-Epoch"]),
                given["X-Request"],
                float(given["X-Decided"]),
            )
        )
        if self.mood == "down":
            assert request.transport is not None
            request.transport.abort()
        elif self.mood == "failing":
            return web.Response(status=500)
        elif self.mood == "slow":
            await asyncio.sleep(self.slowness)
        since, items = int(request.query["since"]), self.posted[request.match_info["shelf"]]
        return web.json_response({"items": items[since : since + PAGE], "more": len(items) > since + PAGE})
