"""The way to the master: on this computer, or to another machine behind a pinned key."""

from typing import Any, Protocol

import aiohttp

from worker.process.secret import Secret

CONNECT_TIMEOUT = 10.0  #: seconds


class Unreachable(Exception):
    """The master cannot be reached right now: try again later."""


class Way(Protocol):
    """How a link gets to its master and says who it is.

    Attributes:
        where: the master for people, `127.0.0.1:3000`.
        websocket: options for the websocket beyond those of every link.
    """

    @property
    def where(self) -> str: ...
    @property
    def websocket(self) -> dict[str, Any]: ...

    def session(self) -> aiohttp.ClientSession:
        """A fresh HTTP session for one connection."""

    async def find(self, http: aiohttp.ClientSession) -> str:
        """The master's address, once it is known to be the right one.

        Raises:
            Unreachable: it does not answer.
            Stop: what answers is another master, or speaks another version.
        """

    def auth(self, socket_id: str) -> dict[str, str]:
        """What proves who this is on the socket that has this id."""


class LocalWay:
    """Loopback, and a token that is good for one start."""

    def __init__(self, url: str, worker_id: str, token: Secret) -> None:
        self._url = url
        self._worker_id = worker_id
        self._token = token
        self.websocket: dict[str, Any] = {}

    @property
    def where(self) -> str:
        return self._url.partition("://")[2]

    def session(self) -> aiohttp.ClientSession:
        return new_session()

    async def find(self, http: aiohttp.ClientSession) -> str:
        return self._url

    def auth(self, socket_id: str) -> dict[str, str]:
        return {"id": self._worker_id, "token": self._token.reveal()}


def new_session(**options: Any) -> aiohttp.ClientSession:
    """A session that asks no proxy and follows nobody elsewhere."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT)
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_refuse_redirect)
    return aiohttp.ClientSession(trust_env=False, timeout=timeout, trace_configs=[trace], **options)


async def _refuse_redirect(*_facts: object) -> None:
    raise aiohttp.ClientError("the master never sends anybody elsewhere")
