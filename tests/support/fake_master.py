"""A master's /worker door on a real Socket.IO server: records what workers say and answers as the test scripts it."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import socketio
from aiohttp import web
from socketio.exceptions import ConnectionRefusedError as Refuse

from worker.process import wire_json
from worker.process.clock import wall_ms
from worker.process.logs import new_request_id
from worker.process.tasks import cancel
from worker.protocol.envelope import ok, pack, refused, unpack
from worker.protocol.errors import ProtocolError
from worker.protocol.messages import (
    FROM_WORKER,
    Beaten,
    Credentials,
    CredentialsGiven,
    Detections,
    Heartbeat,
    Item,
    Message,
    Register,
    Registered,
    Stored,
    Task,
)

NAMESPACE = "/worker"
Script = Callable[[Any], dict[str, Any] | None]


class FakeMaster:
    """One master on 127.0.0.1, on a free port.

    Attributes:
        got: every valid message in order of arrival.
        stored: items acknowledged, by (account, kind, external_id), in order.
        connects: auth of each connect.
        script: message type → what to answer: an acknowledgement, SILENT for none at all, None for the usual one.
        refuse: raised at connect if set.
    """

    def __init__(self, *, heartbeat_interval: float = 0.05, lease: float = 25.0) -> None:
        self.heartbeat_interval = heartbeat_interval
        self.lease = lease
        self.tasks: list[Task] = []
        self.sequence = 1
        self.credentials: dict[str, str] = {}
        self.got: list[Message] = []
        self.stored: dict[tuple[str, str, str], Item] = {}
        self.cursors: dict[str, str] = {}
        self.connects: list[Any] = []
        self.script: dict[str, Script] = {}
        self.refuse: Refuse | None = None
        self.sid: str | None = None
        self.port = 0
        self._unanswered: list[asyncio.Future[None]] = []
        self._runner: web.AppRunner | None = None
        self._io: socketio.AsyncServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> "FakeMaster":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port as before if it was started before."""
        self._io = socketio.AsyncServer(
            async_mode="aiohttp",
            json=wire_json,
            transports=["websocket"],
            logger=False,
            engineio_logger=False,
            monitor_clients=False,
        )
        self._io.on("connect", self._connect, namespace=NAMESPACE)
        self._io.on("*", self._event, namespace=NAMESPACE)
        application = web.Application()
        self._io.attach(application)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        io, runner = self._io, self._runner
        self._io = self._runner = self.sid = None
        for unanswered in self._unanswered:
            unanswered.cancel()
        if io is not None and runner is not None:
            await self._drop_all(io)
            await runner.cleanup()
            await cancel(*(task for task in asyncio.all_tasks() if _is_ping(task)))

    async def drop_connections(self) -> None:
        """Cut what is connected, go on listening."""
        self.sid = None
        assert self._io is not None
        await self._drop_all(self._io)

    @staticmethod
    async def _drop_all(io: socketio.AsyncServer) -> None:
        for engine in list(io.eio.sockets.values()):
            await engine.close(wait=False)

    def of(self, kind: type[Any]) -> list[Any]:
        """Messages of one type, in order of arrival."""
        return [message for message in self.got if isinstance(message, kind)]

    async def send(self, message: Message, timeout: float = 10.0) -> dict[str, Any]:
        """Send a message to the worker that registered last; returns its acknowledgement."""
        return await self.send_raw(message.TYPE, pack(message, new_request_id(), wall_ms()), timeout)

    async def send_raw(self, event: str, data: object, timeout: float = 10.0) -> dict[str, Any]:
        assert self._io is not None
        answer = await self._io.call(event, data, to=self.sid, namespace=NAMESPACE, timeout=timeout)
        assert isinstance(answer, dict)
        return answer

    async def _connect(self, _sid: str, _environ: object, auth: object = None) -> None:
        self.connects.append(auth)
        if self.refuse is not None:
            raise self.refuse

    async def _event(self, event: str, sid: str, data: object) -> dict[str, Any]:
        try:
            message = unpack(event, msgspec.json.decode(msgspec.json.encode(data)), FROM_WORKER).message
        except ProtocolError as error:
            return refused(error.code, error.message)
        self.got.append(message)
        if isinstance(message, Register):
            self.sid = sid
        if event in self.script:
            answer = self.script[event](message)
            if answer is not None:
                if answer is SILENT:
                    self._unanswered.append(asyncio.get_running_loop().create_future())
                    await self._unanswered[-1]
                return answer
        return self._usual(message)

    def _usual(self, message: Message) -> dict[str, Any]:
        match message:
            case Register():
                return ok(Registered(self.heartbeat_interval, self.lease, self.sequence, self.tasks))
            case Heartbeat(nonce=nonce):
                return ok(Beaten(nonce))
            case Detections():
                return ok(self.store(message))
            case Credentials():
                return ok(CredentialsGiven(self.credentials, 1))
        return ok()

    def store(self, batch: Detections) -> Stored:
        """Keep a batch as the real master would."""
        for item in batch.items:
            self.stored.setdefault((item.account, item.kind, item.external_id), item)
        for account, at in batch.cursors.items():
            self.cursors[account] = at.cursor
        return Stored(done=[item.seq for item in batch.items])


def _is_ping(task: "asyncio.Task[Any]") -> bool:
    # engine.io's server leaves a sleeping task behind for each socket that it has closed
    return getattr(task.get_coro(), "__qualname__", "") == "AsyncSocket._send_ping"


SILENT: dict[str, Any] = {"silent": True}  #: scripted answer: none at all
