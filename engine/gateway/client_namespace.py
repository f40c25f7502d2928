"""/client: front ends over Socket.IO. Events are hints, coalesced; `client:sync` is the truth."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from engine.api import actor
from engine.api.room import Api
from engine.events import (
    AccountChanged,
    AccountRemoved,
    DeadLettersChanged,
    DetectionsMarked,
    DetectionsStored,
    Event,
    PlatformsChanged,
    TokenRevoked,
    WorkerChanged,
    WorkerRemoved,
)
from engine.gateway.hints import Hints
from engine.gateway.namespace import Ack, Namespace, answered, refuse
from engine.gateway.rest.answers import DetectionAnswer, detection_answer
from engine.gateway.rights import Caller, Rights
from engine.gateway.sockets import GuardedServer
from engine.gateway.surfaces import Surfaces
from engine.records import DetectionFilter, Marks, Scope, allows
from worker.process import logs
from worker.process.clock import wall_ms
from worker.protocol.envelope import Received, pack, refused
from worker.protocol.errors import Code
from worker.protocol.messages import FROM_CLIENT, Mark, Message, Sync
from worker.protocol.messages import Event as Hint

MAX_ASKED = 16  #: requests of one client that are being answered; one more gets `busy`
MAX_PAGE_BYTES = 1024 * 1024  #: of detections in one answer; clients take 4 MiB in one frame by default


#: the least scope of each event; one that is not here is for administrators, and fails a test
NEEDS: dict[type[Message], Scope] = {Sync: "read", Mark: "operate"}


class _Client(Struct):
    hints: Hints
    caller: Caller  # who it proved to be; what that one may is asked anew for each event
    asked: int = 0


class ClientNamespace(Namespace):
    """The namespace. `start` reads the newest detection's id and listens on the bus."""

    def __init__(self, sockets: GuardedServer, rights: Rights, api: Api, surfaces: Surfaces) -> None:
        super().__init__("/client", sockets, FROM_CLIENT)
        self._surfaces = surfaces
        self._rights = rights
        self._api = api
        self._clients: dict[str, _Client] = {}
        self._newest = 0
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Begin to listen."""
        if self._unsubscribe is None:
            self._unsubscribe = self._api.bus.subscribe(Event, self._happened)
            newest = await self._api.detections.page(DetectionFilter(), limit=1)
            self._newest = max([self._newest, *(detection.id for detection in newest)])

    async def close(self) -> None:
        """Stop listening, and telling."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for client in list(self._clients.values()):
            await client.hints.close()

    def joined(self, sid: str, auth: Mapping[str, object]) -> None:
        """See Namespace: `auth` is `{"token"}`; devices name themselves with device_id and device_name."""
        if self._unsubscribe is None:
            raise refuse(Code.CLOSING, "the master is closing")
        transport = self._sockets.transport(sid, self.namespace)
        if transport is None or not self._surfaces.of(transport).clients:
            raise refuse(Code.UNAUTHORIZED, "front ends are not let in at this address")
        caller = self._rights.of(auth.get("token"), self._sockets.address(sid, self.namespace))
        if caller is None:
            raise refuse(Code.UNAUTHORIZED, "the token is wrong; master.json holds the right one")
        if caller.device_id and auth.get("device_id") != caller.device_id:
            raise refuse(Code.UNAUTHORIZED, "this token belongs to another device")
        self._clients[sid] = _Client(Hints(lambda topic, data: self._push(sid, topic, data)), caller)
        self._clients[sid].hints.start()

    def left(self, sid: str) -> None:
        """See Namespace."""
        if client := self._clients.pop(sid, None):
            client.hints.stop()

    async def received(self, sid: str, received: Received) -> Ack:
        """See Namespace."""
        client = self._clients.get(sid)
        if client is None or client.asked >= MAX_ASKED:
            return refused(Code.BUSY, f"at most {MAX_ASKED} requests at a time")
        caller, needs = self._rights.now(client.caller), NEEDS.get(type(received.message), "admin")
        if caller is None:
            self._turn_out(sid)
            return refused(Code.UNAUTHORIZED, "the token counts no longer")
        if not allows(caller.scope, needs):
            self._sockets.note(sid, self.namespace, "scope")
            sentence = f"this needs a token of the scope “{needs}”; this one's is “{caller.scope}”"
            return refused(Code.SCOPE, sentence)
        client.asked += 1
        try:
            with logs.request(received.request_id or logs.new_request_id()), actor.acting(caller.name):
                return await answered(self._do(received.message))
        finally:
            client.asked -= 1

    async def _do(self, message: object) -> Ack:
        if isinstance(message, Mark):
            marks = Marks(message.read, message.handled, message.starred)
            return {"changed": await self._api.detections.mark(message.ids, marks)}
        assert isinstance(message, Sync)
        return await self._sync(message)

    async def _sync(self, asked: Sync) -> Ack:
        """`cursor` is the `after` of the next request; `more` says whether to ask at once."""
        found = await self._api.detections.page(DetectionFilter(), after=asked.after, limit=asked.limit)
        counts = await self._api.detections.counts()
        items = _fitting([detection_answer(detection) for detection in found])
        return {
            "items": items,
            "unread": counts.unread,
            "cursor": found[len(items) - 1].id if items else asked.after,
            "more": len(items) < len(found) or len(found) == asked.limit,
        }

    def _happened(self, event: Event) -> None:
        match event:
            case TokenRevoked():
                for sid, client in list(self._clients.items()):
                    if client.caller.token_id == event.token_id:
                        self._turn_out(sid)
            case DetectionsStored():
                self._newest = max(self._newest, event.last_id)
                self._tell("detection", "", {"count": event.count, "last_id": event.last_id})
            case DetectionsMarked():
                self._tell("detection", "", {"count": 0, "last_id": self._newest})
            case AccountChanged() | AccountRemoved():
                self._tell("account", event.account_id, {"id": event.account_id})
            case WorkerChanged() | WorkerRemoved():
                self._tell("worker", event.worker_id, {"id": event.worker_id})
            case PlatformsChanged() | DeadLettersChanged():
                self._tell("status", "", {})

    def _tell(self, topic: str, subject: str, data: dict[str, Any]) -> None:
        for client in self._clients.values():
            client.hints.note(topic, subject, data)

    def _turn_out(self, sid: str) -> None:
        """Its token was revoked, or has expired."""
        self._clients[sid].hints.stop()
        self._sockets.turn_out(sid, self.namespace, "token_ended")

    def _push(self, sid: str, topic: str, data: dict[str, Any]) -> None:
        client = self._clients.get(sid)
        if client is None or self._rights.now(client.caller) is None:
            if client is not None:
                self._turn_out(sid)
            return
        hint = msgspec.convert({"topic": topic, "cursor": self._newest, "data": data}, Hint)
        self._sockets.push(sid, self.namespace, Hint.TYPE, pack(hint, logs.new_request_id(), wall_ms()))


def _fitting(items: list[DetectionAnswer]) -> list[msgspec.Raw]:
    """As many of the first items as fit into one answer, at least one; encoded already."""
    encoded: list[msgspec.Raw] = []
    room = MAX_PAGE_BYTES
    for item in items:
        raw = msgspec.json.encode(item)
        room -= len(raw)
        if room < 0 and encoded:
            break
        encoded.append(msgspec.Raw(raw))
    return encoded
