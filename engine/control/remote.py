"""The TLS door and the join codes as engine.api.remote needs them."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from engine.api import actor
from engine.api.errors import Conflict
from engine.api.remote import Enrolled, NewCode, RemoteSnapshot, plain
from engine.control.workers import WorkerControl
from engine.journal import Note
from engine.records import MASTER, OpenCode, Worker, from_ms
from engine.remote_options import DEFAULT_PORT, RemoteOptions
from worker.process.clock import wall_ms
from worker.process.exit_codes import Exit, Stop
from worker.protocol.join_code import TOKEN_BYTES, JoinCode, encode
from worker.protocol.proof import worker_id_of

ACCEPT, PORT = "remote.accept", "remote.port"  #: settings

log = structlog.get_logger("remote")


class TlsDoor(Protocol):
    """The door itself; implemented by the gateway."""

    @property
    def port(self) -> int: ...
    @property
    def hosts(self) -> Sequence[str]: ...
    async def certify(self) -> None: ...
    async def open(self, port: int) -> None: ...
    async def close(self) -> None: ...


class CodeStore(Protocol):
    """Where join codes are kept."""

    async def add(self, code: OpenCode, token_hash: bytes) -> None: ...
    async def all_open(self, now_ms: int) -> list[OpenCode]: ...
    async def cancel(self, code_id: str) -> None: ...
    async def name_for(self, token_hash: bytes) -> str: ...
    async def enrol(self, token_hash: bytes, worker: Worker, now_ms: int) -> bool: ...


class Settings(Protocol):
    """Where the window's switch is kept."""

    async def get(self, key: str) -> str | None: ...
    async def put(self, key: str, value: str) -> None: ...


class RemoteControl:
    """Opens and closes the door, gives codes out, lets workers in.

    Args:
        note: writes the journal.
        changed: told after the door was opened or closed.
    """

    def __init__(
        self,
        workers: WorkerControl,
        codes: CodeStore,
        settings: Settings,
        options: RemoteOptions,
        *,
        spki: bytes,
        note: Note,
        changed: Callable[[], None],
    ) -> None:
        self._workers = workers
        self._codes = codes
        self._settings = settings
        self._options = options
        self._spki = spki
        self._note = note
        self._changed = changed
        self._door: TlsDoor
        self._problem = ""
        self._enrolling = asyncio.Lock()

    def connect(self, door: TlsDoor) -> None:
        """The door to open."""
        self._door = door

    async def begin(self) -> None:
        """Open the door if an option says so or the window's switch was left on; only an option stops the start.

        Raises:
            Stop: if an option asks for what cannot be done.
        """
        await self._door.certify()
        wanted = self._options.accept
        if wanted is None:
            wanted = await self._settings.get(ACCEPT) == "on"
        if not wanted:
            return
        try:
            await self._open()
        except Stop as stop:
            if self._options.accept:
                raise
            self._problem = stop.sentence
            log.warning("remote.not_open", why=stop.sentence)

    # --- engine.api.remote.RemotePort

    def snapshot(self) -> RemoteSnapshot:
        """The door as it is."""
        port = self._door.port
        return RemoteSnapshot(
            accepting=port != 0,
            fixed_by=self._options.said_by,
            addresses=tuple(f"{_bracketed(host)}:{port}" for host in self._door.hosts) if port else (),
            fingerprint=self._spki.hex(),
            clients=self._options.clients,
            problem=self._problem,
        )

    async def accept(self, wanted: bool) -> None:
        """Open or close, and remember it."""
        self._problem = ""
        if wanted:
            try:
                await self._open()
            except Stop as stop:
                self._problem = stop.sentence
                raise Conflict(stop.sentence, code="port_in_use") from None
        else:
            await self._door.close()
        await self._settings.put(ACCEPT, "on" if wanted else "off")
        what = "remote workers are accepted" if wanted else "remote workers are not accepted any more"
        self._note(what, MASTER, details={"by": actor.current()})
        self._changed()

    async def make_code(self, uses: int, ttl: int, name: str) -> NewCode:
        """Give a code out."""
        token, now = secrets.token_bytes(TOKEN_BYTES), wall_ms()
        code = OpenCode(secrets.token_hex(8), name, uses, from_ms(now + ttl * 1000), from_ms(now))
        await self._codes.add(code, _hash(token))
        log.info("join_code.created", id=code.id, uses=uses, ttl=ttl)
        facts = {"id": code.id, "uses": str(uses), "name": name, "by": actor.current()}
        self._note("join code given out", MASTER, details=facts)
        text = encode(JoinCode(self._spki, token, self._door.port, list(self._door.hosts)))
        return NewCode(code.id, text, name, uses, code.expires_at)

    async def codes(self) -> list[OpenCode]:
        """Those that still let somebody in."""
        return await self._codes.all_open(wall_ms())

    async def cancel(self, code_id: str) -> None:
        """Raises Missing."""
        await self._codes.cancel(code_id)
        log.info("join_code.cancelled", id=code_id)
        self._note("join code cancelled", MASTER, details={"id": code_id, "by": actor.current()})

    async def enrol(self, token: bytes, public_key: bytes, name: str, host: str, capacity: int) -> Enrolled:
        """Raises JoinRefused."""
        async with self._enrolling:  # two at once would be given the same name
            return await self._enrol(token, public_key, plain(name), plain(host), capacity)

    async def _enrol(self, token: bytes, public_key: bytes, name: str, host: str, capacity: int) -> Enrolled:
        worker_id, hashed, now = worker_id_of(public_key), _hash(token), wall_ms()
        wanted = name or await self._codes.name_for(hashed) or host
        called = self._workers.free_name(wanted or "worker")
        worker = Worker(worker_id, called, "remote", capacity, from_ms(now), public_key=public_key)
        if await self._codes.enrol(hashed, worker, now):
            self._workers.joined(worker)
            log.info("worker.joined", worker_id=worker_id, name=worker.name)
            self._note("joined by a code", worker_id, MASTER, details={"name": worker.name, "by": actor.current()})
        return Enrolled(worker_id, self._workers.records[worker_id].name)

    async def _open(self) -> None:
        """On the port that was asked for, or the one that codes and workers know; the first time any will do."""
        asked, known = self._options.port, await self._settings.get(PORT)
        wanted = asked or int(known or (DEFAULT_PORT if asked is None else 0))
        try:
            await self._door.open(wanted)
        except Stop as stop:
            if stop.code != Exit.UNAVAILABLE or known or asked:
                raise
            await self._door.open(0)
        if known != str(self._door.port):
            await self._settings.put(PORT, str(self._door.port))


def _hash(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
