"""A gateway on loopback over an `Api` in memory, and people who knock."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import socketio
from cryptography.hazmat.primitives.asymmetric import ec

from engine.api.room import Api
from engine.api.tokens import NewToken
from engine.gateway.auth import Tokens
from engine.gateway.limits import Limits
from engine.gateway.remote import RemotePlan
from engine.gateway.server import Gateway
from engine.gateway.tls import Identity, open_identity
from engine.gateway.worker_namespace import WorkerDesk
from engine.records import Misfit, Scope
from tests.support.memory_ports import MemoryApi, make_api
from worker.process import wire_json
from worker.process.clock import wall_ms
from worker.process.logs import current_request_id
from worker.protocol.envelope import pack
from worker.protocol.errors import ProtocolError
from worker.protocol.messages import (
    Beaten,
    Credentials,
    CredentialsGiven,
    Detections,
    Heartbeat,
    Message,
    Register,
    Registered,
    Released,
    Report,
    Stored,
)


class Desk(WorkerDesk):
    """A fleet that writes down what it hears. `refusal` is raised instead; `gates` hold a method until they open."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []
        self.request_ids: list[str] = []
        self.refusal: BaseException | None = None
        self.gates: dict[str, asyncio.Event] = {}

    def _note(self, what: str, *facts: Any) -> None:
        self.heard.append((what, *facts))
        self.request_ids.append(current_request_id())

    async def _hear(self, what: str, *facts: Any) -> None:
        self._note(what, *facts)
        if what in self.gates:
            await self.gates[what].wait()
        if self.refusal is not None:
            raise self.refusal

    async def register(self, message: Register, request_id: str) -> Registered:
        await self._hear("register", message.worker_id, message.incarnation)
        return Registered(heartbeat_interval=10, lease=25, sequence=3)

    def heartbeat(self, worker_id: str, incarnation: str, message: Heartbeat) -> Beaten:
        self._note("heartbeat", worker_id, incarnation, message.nonce)
        if self.refusal is not None:
            raise self.refusal
        return Beaten(message.nonce)

    async def report(self, worker_id: str, message: Report, request_id: str) -> None:
        await self._hear("report", worker_id, message.account, message.state)

    async def credentials(self, worker_id: str, message: Credentials) -> CredentialsGiven:
        await self._hear("credentials", worker_id, message.account)
        return CredentialsGiven({"password": "p"}, 2)

    async def released(self, worker_id: str, message: Released) -> None:
        await self._hear("released", worker_id, message.account)

    def link_lost(self, worker_id: str, incarnation: str) -> None:
        self.heard.append(("link_lost", worker_id, incarnation))


class Store:
    """Takes batches in; waits for `gate` if there is one."""

    def __init__(self) -> None:
        self.taken: list[Detections] = []
        self.misfits: list[Misfit] = []
        self.gate: asyncio.Event | None = None
        self.refusal: ProtocolError | None = None

    async def take(self, worker_id: str, batch: Detections, misfits: Sequence[Misfit] = ()) -> Stored:
        self.taken.append(batch)
        self.misfits += misfits
        if self.gate is not None:
            await self.gate.wait()
        if self.refusal is not None:
            raise self.refusal
        return Stored(done=[item.seq for item in batch.items])


class Roster:
    """Workers of other machines: `keys` by id, and the ids of those that were revoked."""

    def __init__(self) -> None:
        self.keys: dict[str, bytes] = {}
        self.revoked: set[str] = set()

    def public_key(self, worker_id: str) -> bytes | None:
        return self.keys.get(worker_id)

    def is_revoked(self, worker_id: str) -> bool:
        return worker_id in self.revoked


@dataclass
class House:
    """A running gateway and what is behind it."""

    gateway: Gateway
    tokens: Tokens
    desk: Desk
    store: Store
    memory: MemoryApi
    http: aiohttp.ClientSession
    roster: Roster
    identity: Identity
    _guests: list[socketio.AsyncClient] = field(default_factory=list)

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **options: Any
    ) -> tuple[int, Any, aiohttp.ClientResponse]:
        """A REST call: status, parsed body, response. `token=""` sends none; a path without root is below /api/v1."""
        headers = dict(options.pop("headers", {}))
        token = self.tokens.client if token is None else token
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            options["json"] = body
        url = self.gateway.url + (
            path if path.startswith(("/api", "/healthz", "/socket.io", "/none")) else f"/api/v1{path}"
        )
        async with self.http.request(method, url, headers=headers, **options) as response:
            raw = await response.read()
            return response.status, (wire_json.loads(raw) if response.content_type.endswith("json") else raw), response

    async def data(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """`data` of a call that must succeed."""
        status, answer, _ = await self.ask(method, path, body, **options)
        assert status < 300, answer
        return answer["data"]

    async def guest(self, namespace: str, auth: Any) -> socketio.AsyncClient:
        """A connected Socket.IO client; `guest.events` lists what it was sent."""
        guest = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        guest.events = []

        async def note(event: str, *args: Any) -> Any:
            guest.events.append((event, *args))
            return {"ok": True, "heard": event}

        guest.on("*", note, namespace=namespace)
        self._guests.append(guest)
        await guest.connect(self.gateway.url, auth=auth, namespaces=[namespace], transports=["websocket"])
        return guest

    async def worker(
        self, worker_id: str = "w-1", *, register: bool = True, incarnation: str = "i-1"
    ) -> socketio.AsyncClient:
        """A worker's connection, registered unless told otherwise."""
        guest = await self.guest("/worker", {"id": worker_id, "token": self.tokens.issue(worker_id)})
        if register:
            assert (await tell(guest, a_register(worker_id, incarnation)))["ok"]
        return guest

    async def token(self, scope: Scope, **fields: Any) -> str:
        """A new API token."""
        return (await self.memory.api.tokens.create(NewToken(f"for {scope}", scope, **fields))).secret

    async def client(self) -> socketio.AsyncClient:
        """A front end's connection."""
        return await self.guest("/client", {"token": self.tokens.client})

    async def close(self) -> None:
        for guest in self._guests:
            await guest.disconnect()
            await guest.eio.disconnect()
            await settle(guest)
        await self.http.close()
        await self.gateway.close()
        await self.memory.api.tokens.close()


def expire(opened: House, token_id: str) -> None:
    """Let a token's time be over."""
    expire_token(opened.memory.api, token_id)


def expire_token(api: Api, token_id: str) -> None:
    """The same without a house."""
    tokens = api.tokens._tokens
    tokens[token_id] = replace(tokens[token_id], expires_at=tokens[token_id].created_at)


async def settle(guest: socketio.AsyncClient) -> None:
    """Wait until a client's own tasks have ended."""
    tasks = [guest.eio.read_loop_task, guest.eio.write_loop_task]
    await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)


async def tell(guest: socketio.AsyncClient, message: Message, request_id: str = "r-1") -> Any:
    """Send a message the way it should be and wait for its acknowledgement."""
    return await guest.call(message.TYPE, pack(message, request_id, wall_ms()), namespace=next(iter(guest.namespaces)))


def a_register(worker_id: str = "w-1", incarnation: str = "i-1") -> Register:
    """A worker's first message."""
    return Register(
        worker_id=worker_id,
        incarnation=incarnation,
        name="Worker",
        host="here",
        pid=1,
        version="0.1.0",
        platforms=[],
        capacity=10,
    )


def remote_plan(directory: Path, roster: Roster | None = None, *, clients: bool = False) -> RemotePlan:
    """A door on loopback; its identity is kept in `directory`, if there is one."""
    there = directory.is_dir()
    identity = open_identity(directory) if there else Identity(directory, ec.generate_private_key(ec.SECP256R1()))
    return RemotePlan(identity, roster or Roster(), host="127.0.0.1", clients=clients)


@asynccontextmanager
async def house(
    *, limits: Limits | None = None, desk: Desk | None = None, clients: bool = False, **contents: Any
) -> AsyncIterator[House]:
    """A gateway on a free port; `contents` go to make_api. `clients`: its TLS door, once opened, serves them too."""
    memory, roster = make_api(**contents), Roster()
    tokens, desk, store = Tokens(), desk or Desk(), Store()
    with TemporaryDirectory() as directory:
        plan = remote_plan(Path(directory), roster, clients=clients)
        gateway = Gateway(memory.api, tokens, desk, store, port=0, version="0.1.0", remote=plan, limits=limits)
        await gateway.start()
        session = aiohttp.ClientSession()
        opened = House(gateway, tokens, desk, store, memory, session, roster, plan.identity)
        try:
            yield opened
        finally:
            await opened.close()
