"""Workers on other machines: whether they may come, and the codes by which they join."""

import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from engine.api.errors import ApiError, Conflict, Invalid, NotFound
from engine.records import JoinRefusal, JoinRefused, Missing, OpenCode

DEFAULT_TTL = 15 * 60  #: seconds
LEAST_TTL, LONGEST_TTL = 60, 7 * 86_400
MOST_USES = 100
LONGEST_NAME = 64

SENTENCES: dict[JoinRefusal, str] = {
    "wrong": "the master does not know this join code: it was cancelled, or belongs to another start of its database",
    "used": "this join code was used already: ask for a new one",
    "expired": "this join code has expired: ask for a new one",
    "revoked": "this worker was removed from the master: its key lets nobody in any more",
}


class NotAdmitted(ApiError):
    """A worker may not join; `code` is `join_code_wrong`, `join_code_used`, `join_code_expired` or `revoked`."""

    status = 403

    @property
    def guessed(self) -> bool:
        """Whether nobody ever gave out what was shown."""
        return self.code == "join_code_wrong"


@dataclass(frozen=True, slots=True)
class RemoteSnapshot:
    """The door for workers on other machines.

    Attributes:
        accepting: whether it is open.
        fixed_by: the option that says so, and that the window cannot overrule; empty if there is none.
        addresses: where others find it, the best first, `10.0.0.5:3443`; empty while closed or without a network.
        fingerprint: by which workers know this master: 64 hexadecimal digits.
        clients: whether front ends are served there as well.
        problem: why it is closed although it should be open; empty if it is not.
    """

    accepting: bool
    fixed_by: str
    addresses: tuple[str, ...]
    fingerprint: str
    clients: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class NewCode:
    """A fresh join code. Only now is `code` to be had; what is kept of it is a hash."""

    id: str
    code: str
    name: str
    uses_left: int
    expires_at: datetime

    @property
    def command(self) -> str:
        """What to type on the other machine."""
        return f"vedette-worker --join {shlex.quote(self.code)}"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A worker that is in; it comes back with its key alone."""

    worker_id: str
    name: str


def plain(text: str) -> str:
    """What a stranger calls himself, without what makes a terminal or a line of text show something else."""
    return "".join(character for character in text if character.isprintable()).strip()


class RemotePort(Protocol):
    """What the engine does for this file."""

    def snapshot(self) -> RemoteSnapshot: ...
    async def accept(self, wanted: bool) -> None: ...
    async def make_code(self, uses: int, ttl: int, name: str) -> NewCode: ...
    async def codes(self) -> list[OpenCode]: ...
    async def cancel(self, code_id: str) -> None: ...
    async def enrol(self, token: bytes, public_key: bytes, name: str, host: str, capacity: int) -> Enrolled: ...


class Remote:
    """What a front end may ask of this, and what a worker that wants to join."""

    def __init__(self, port: RemotePort) -> None:
        self._port = port

    def status(self) -> RemoteSnapshot:
        """The door as it is."""
        return self._port.snapshot()

    async def accept(self, wanted: bool) -> RemoteSnapshot:
        """Open or close the door, now and at each start. Raises Conflict if an option says otherwise, or no port is
        free."""
        fixed_by = self.status().fixed_by
        if fixed_by:
            raise Conflict(f"this is set by {fixed_by}, and can only be changed there", code="fixed")
        await self._port.accept(wanted)
        return self.status()

    async def create_code(self, uses: int = 1, ttl: int = DEFAULT_TTL, name: str = "") -> NewCode:
        """A code by which `uses` workers may join within `ttl` seconds. Opens nothing. Raises Invalid, Conflict."""
        if not 1 <= uses <= MOST_USES:
            raise Invalid("uses", f"“uses” must be from 1 to {MOST_USES}")
        if not LEAST_TTL <= ttl <= LONGEST_TTL:
            raise Invalid("ttl", f"“ttl” must be from {LEAST_TTL} to {LONGEST_TTL} seconds")
        if len(name.strip()) > LONGEST_NAME:
            raise Invalid("name", f"a worker's name has at most {LONGEST_NAME} characters")
        now = self.status()
        if not now.accepting:
            how = "switch that on first, in the window or with --accept-remote"
            raise Conflict(f"workers from other machines are not accepted: {how}", code="not_accepting")
        if not now.addresses:
            how = "connect it to a network, or name an address with --remote-names"
            raise Conflict(f"this computer has no address that another could reach: {how}", code="no_address")
        return await self._port.make_code(uses, ttl, name.strip())

    async def codes(self) -> list[OpenCode]:
        """The codes that still let somebody in, newest first; without what they say."""
        return await self._port.codes()

    async def cancel(self, code_id: str) -> None:
        """Nobody joins by this code any more. Raises NotFound."""
        try:
            await self._port.cancel(code_id)
        except Missing:
            raise NotFound(f"there is no join code “{code_id[:64]}”") from None

    async def enrol(self, token: bytes, public_key: bytes, name: str, host: str, capacity: int) -> Enrolled:
        """Let a worker in for good, called `name`, else as its code says, else as its host.

        Raises:
            NotAdmitted, Conflict.
        """
        if not self.status().accepting:
            raise Conflict("workers from other machines are not accepted at the moment", code="not_accepting")
        try:
            return await self._port.enrol(token, public_key, name, host, capacity)
        except JoinRefused as refused:
            code = "revoked" if refused.why == "revoked" else f"join_code_{refused.why}"
            raise NotAdmitted(SENTENCES[refused.why], code=code) from None
