"""Joining a master by a code: once in a worker's life, or again when its user brings a new code."""

import asyncio
import base64
import hashlib
import socket
from collections.abc import Callable

import aiohttp
import msgspec
import structlog

from worker.membership import Home, Key, Membership
from worker.pin import client_context
from worker.process.exit_codes import Exit, Stop
from worker.protocol.join_code import JoinCode
from worker.remote import LARGEST, authority, find_master, pinned_session
from worker.watch import backoff
from worker.way import Unreachable

ANSWER_TIMEOUT = 15.0  #: seconds

REFUSED = {
    "join_code_wrong": "the master does not know this code (it may have been cancelled): ask for a new one",
    "join_code_used": "this code was used already: ask for a new one",
    "join_code_expired": "this code has expired: ask for a new one",
}

log = structlog.get_logger("join")


class _Enrolled(msgspec.Struct, frozen=True):
    worker_id: str
    name: str


class _Failed(msgspec.Struct, frozen=True):
    code: str
    message: str


class _Answer(msgspec.Struct, frozen=True):
    data: _Enrolled | None = None
    error: _Failed | None = None


class _Revoked(Exception):
    """The key that we have lets nobody in any more."""


class Joining:
    """One attempt to become a worker of the master that issued a code.

    Args:
        say: prints a line for the person who waits.
    """

    def __init__(self, home: Home, name: str, capacity: int, say: Callable[[str], None]) -> None:
        self._home = home
        self._name = name
        self._capacity = capacity
        self._say = say

    async def by(self, code: JoinCode, rng: backoff.Rng) -> Membership:
        """Join, trying until the master can be reached; a code by which this worker joined before costs nothing.

        Raises:
            Stop: if it never will.
        """
        known = self._home.joined()
        if known is not None and known.code_hash == _hash(code):
            return known
        asked = self._ask_for(code, known)
        attempt, said = 0, ""
        while True:
            try:
                return await self._once(code, asked)
            except _Revoked:  # a fresh code of a master that threw this worker out: it comes back as another one
                asked = self._remember(code, self._home.new_key())
            except Unreachable as error:
                if str(error) != said:
                    said = str(error)
                    self._say(f"The master cannot be reached yet ({said}); trying again.")
                await asyncio.sleep(backoff.compute(attempt, rng))
                attempt += 1

    def _ask_for(self, code: JoinCode, known: Membership | None) -> Membership:
        """With the key of last time if this is the same master, so that an answer that got lost uses nothing up."""
        before = [known, self._home.joining()]
        same = next((one for one in before if one is not None and one.spki == code.spki), None)
        return self._remember(code, self._home.key(same.worker_id) if same else self._home.new_key())

    def _remember(self, code: JoinCode, key: Key) -> Membership:
        asked = Membership(key.worker_id, self._name, code.spki, code.port, code.hosts, _hash(code))
        self._home.ask(asked)
        return asked

    async def _once(self, code: JoinCode, asked: Membership) -> Membership:
        context = client_context()
        async with pinned_session(code.spki) as http:
            host = await find_master(http, context, code.hosts, code.port)
            url = f"https://{authority(host, code.port)}/api/v1/enroll"
            try:
                async with (
                    asyncio.timeout(ANSWER_TIMEOUT),
                    http.post(url, json=self._request(code, asked), ssl=context, allow_redirects=False) as answer,
                ):
                    raw = await answer.content.read(LARGEST)
            except (aiohttp.ClientError, OSError) as error:
                raise Unreachable(str(error) or "no answer in time") from None
        enrolled = self._read(raw, answer.status, asked)
        hosts = [host, *(other for other in code.hosts if other != host)]
        joined = msgspec.structs.replace(asked, name=enrolled.name, hosts=hosts)
        self._home.save(joined)
        log.info("join.done", worker_id=joined.worker_id, name=joined.name)
        return joined

    def _request(self, code: JoinCode, asked: Membership) -> dict[str, object]:
        key = self._home.key(asked.worker_id)
        return {
            "token": _text(code.token),
            "public_key": _text(key.public),
            "name": self._name,
            "host": socket.gethostname()[:64],
            "capacity": self._capacity,
        }

    def _read(self, raw: bytes, status: int, asked: Membership) -> _Enrolled:
        try:
            answer = msgspec.json.decode(raw, type=_Answer)
        except msgspec.MsgspecError:
            answer = _Answer()
        if answer.data is not None and answer.data.worker_id == asked.worker_id:
            return answer.data
        if answer.error is None:
            raise Unreachable(f"the master's answer makes no sense (HTTP {status})")
        if answer.error.code == "revoked":
            raise _Revoked
        if answer.error.code in REFUSED:
            raise Stop(Exit.CONFIG, REFUSED[answer.error.code])
        if status in (400, 404, 405, 422):
            raise Stop(Exit.CONFIG, f"the master does not take this worker: {answer.error.message[:300]}")
        raise Unreachable(answer.error.message[:300])


def _hash(code: JoinCode) -> bytes:
    return hashlib.sha256(code.token).digest()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
