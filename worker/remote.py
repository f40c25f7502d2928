"""The way to a master on another machine: pinned TLS, and a signature for each socket."""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any

import aiohttp
import msgspec
import structlog

from worker.membership import Home, Key, Membership
from worker.pin import Pin, client_context
from worker.process.exit_codes import Exit, Stop
from worker.protocol.version import PROTOCOL
from worker.way import Unreachable, new_session

HELLO_TIMEOUT = 5.0  #: seconds for one address
LARGEST = 64 * 1024  #: bytes of an answer

log = structlog.get_logger("link")


class _Facts(msgspec.Struct, frozen=True):
    name: str
    protocol: str


class _Hello(msgspec.Struct, frozen=True):
    data: _Facts


class RemoteWay:
    """See worker.way.Way. Finds the master under any of its addresses, and remembers which one answered."""

    def __init__(self, home: Home, membership: Membership, key: Key) -> None:
        self._home = home
        self._membership = membership
        self._key = key
        self._context = client_context()
        self.websocket: dict[str, Any] = {"ssl": self._context}

    @property
    def where(self) -> str:
        return authority(self._membership.hosts[0], self._membership.port)

    def session(self) -> aiohttp.ClientSession:
        return pinned_session(self._membership.spki)

    async def find(self, http: aiohttp.ClientSession) -> str:
        mine = self._membership
        host = await find_master(http, self._context, mine.hosts, mine.port, answered_last=mine.hosts[0])
        if host != mine.hosts[0]:
            hosts = [host, *(other for other in mine.hosts if other != host)]
            self._membership = msgspec.structs.replace(mine, hosts=hosts)
            self._home.save(self._membership)
        return f"https://{authority(host, mine.port)}"

    def auth(self, socket_id: str) -> dict[str, str]:
        return {"id": self._key.worker_id, "sig": self._key.sign(self._membership.spki, socket_id)}


def pinned_session(spki: bytes) -> aiohttp.ClientSession:
    """A session that speaks to nobody but the holder of this key."""
    return new_session(connector=aiohttp.TCPConnector(ssl=Pin(spki)))


async def find_master(
    http: aiohttp.ClientSession,
    context: ssl.SSLContext,
    hosts: Sequence[str],
    port: int,
    *,
    answered_last: str | None = None,
) -> str:
    """The first of the hosts at which the pinned master answers, in our version of the protocol.

    A stranger at one address is no verdict as long as the master is known from another: addresses are given away.

    Raises:
        Unreachable: saying why, for each host.
        Stop: a stranger answers where the master was last, or where it should be found for the first time.
    """
    reasons: dict[str, str] = {}
    strangers: list[str] = []
    for host in hosts:
        try:
            await _greet(http, context, f"https://{authority(host, port)}/api/v1/hello")
            return host
        except aiohttp.ServerFingerprintMismatch:
            log.warning("link.stranger", host=host, port=port)
            strangers.append(host)
        except (aiohttp.ClientError, OSError, Unreachable) as error:
            reasons[host] = str(error) or "no answer in time"
    if strangers and answered_last in (None, *strangers):
        raise stranger(strangers[0], port)
    raise Unreachable("; ".join(f"{host}: {why}" for host, why in reasons.items()))


def stranger(host: str, port: int) -> Stop:
    """The end of a worker that found somebody else in its master's place; nothing was sent to them."""
    where = authority(host, port)
    return Stop(Exit.CONFIG, f"this is not the master that issued the code: {where} has another key")


async def _greet(http: aiohttp.ClientSession, context: ssl.SSLContext, url: str) -> None:
    async with asyncio.timeout(HELLO_TIMEOUT), http.get(url, ssl=context, allow_redirects=False) as answer:
        raw = await answer.content.read(LARGEST)
    try:
        facts = msgspec.json.decode(raw, type=_Hello).data
    except msgspec.MsgspecError:
        raise Unreachable(f"the master's answer makes no sense (HTTP {answer.status})") from None
    if facts.protocol != PROTOCOL:
        raise wrong_version(facts.protocol)


def wrong_version(theirs: str) -> Stop:
    """The end of a worker that is older or newer than its master."""
    sentence = f"the master speaks version {theirs[:20]} of the protocol, this worker {PROTOCOL}: update the older one"
    return Stop(Exit.CONFIG, sentence)


def authority(host: str, port: int) -> str:
    """`host:port`, IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
