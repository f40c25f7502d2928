"""The door for workers on other machines, in memory: real codes and real rules, no socket."""

import hashlib
from dataclasses import replace
from datetime import timedelta

from engine.api.errors import Conflict
from engine.api.remote import Enrolled, NewCode, RemoteSnapshot
from engine.records import JoinRefused, Missing, OpenCode
from tests.support.memory_stores import BEGAN, MemoryWorkers, a_worker
from worker.protocol.join_code import JoinCode, encode
from worker.protocol.proof import worker_id_of

SPKI = hashlib.sha256(b"a key").digest()


class MemoryRemote:
    """Satisfies `RemotePort`. `now` moves the codes' clock; `trouble` keeps the door shut."""

    def __init__(self, workers: MemoryWorkers) -> None:
        self.state = RemoteSnapshot(False, "", (), SPKI.hex(), False)
        self.now = BEGAN
        self.addresses: tuple[str, ...] = ("10.0.0.5:3443", "192.168.1.9:3443")
        self.trouble = ""
        self.rows: dict[bytes, OpenCode] = {}
        self._workers = workers

    def snapshot(self) -> RemoteSnapshot:
        return self.state

    async def accept(self, wanted: bool) -> None:
        if wanted and self.trouble:
            self.state = replace(self.state, problem=self.trouble)
            raise Conflict(self.trouble, code="port_in_use")
        self.state = replace(self.state, accepting=wanted, addresses=self.addresses if wanted else (), problem="")

    async def make_code(self, uses: int, ttl: int, name: str) -> NewCode:
        token = bytes([len(self.rows) + 1]) * 24
        code = OpenCode(f"code-{len(self.rows) + 1}", name, uses, self.now + timedelta(seconds=ttl), self.now)
        self.rows[token] = code
        hosts = [address.rpartition(":")[0] for address in self.addresses]
        return NewCode(code.id, encode(JoinCode(SPKI, token, 3443, hosts)), name, uses, code.expires_at)

    async def codes(self) -> list[OpenCode]:
        return [code for code in reversed(self.rows.values()) if code.uses_left and code.expires_at > self.now]

    async def cancel(self, code_id: str) -> None:
        for token, code in list(self.rows.items()):
            if code.id == code_id:
                del self.rows[token]
                return
        raise Missing(code_id)

    async def enrol(self, token: bytes, public_key: bytes, name: str, host: str, capacity: int) -> Enrolled:
        code = self.rows.get(token)
        if code is None:
            raise JoinRefused("wrong")
        if not code.uses_left:
            raise JoinRefused("used")
        if code.expires_at <= self.now:
            raise JoinRefused("expired")
        self.rows[token] = replace(code, uses_left=code.uses_left - 1)
        worker = a_worker(worker_id_of(public_key), kind="remote", name=name or code.name or host, capacity=capacity)
        self._workers.put(worker)
        return Enrolled(worker.id, worker.name)
