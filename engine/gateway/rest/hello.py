"""Who answers here, how it is, and which platforms it offers."""

from engine.api.status import StatusSnapshot
from engine.gateway.rest.answers import Health, Hello
from engine.gateway.rest.respond import Page
from engine.gateway.rest.route import BASE, Call, Route
from worker.protocol.descriptor import Descriptor
from worker.protocol.version import PROTOCOL

NAME = "vedette"


def routes(version: str) -> list[Route]:
    """The routes of this subject; `version` is the master's."""

    async def hello(_call: Call) -> Hello:
        return Hello(NAME, version, PROTOCOL)

    return [
        Route("GET", f"{BASE}/hello", hello, "Who answers here", Hello, public=True, remote=True),
        Route("GET", "/healthz", _healthz, "Whether it lives", Health, public=True),
        Route("GET", f"{BASE}/status", _status, "One look at everything", StatusSnapshot, scope="read"),
        Route("GET", f"{BASE}/platforms", _platforms, "Which platforms workers offer", Page[Descriptor], scope="read"),
    ]


async def _healthz(_call: Call) -> Health:
    return Health("ok")


async def _status(call: Call) -> StatusSnapshot:
    return await call.api.status.get()


async def _platforms(call: Call) -> Page[Descriptor]:
    return Page(call.api.platforms.all())
