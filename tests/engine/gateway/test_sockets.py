"""Every attack of trust.md's table that a socket can make, by a raw websocket client. None may print a traceback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from engine.gateway import sockets
from tests.support.gateway import House, a_register, house, tell
from tests.support.waiting import eventually
from worker.process import wire_json
from worker.process.clock import wall_ms
from worker.protocol.envelope import pack
from worker.protocol.messages import Heartbeat, Revoke

ENDED = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


class Peer:
    """A client that says what it likes."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, *frames: str) -> None:
        for frame in frames:
            await self.socket.send_str(frame)

    async def hear(self) -> str | None:
        """The next frame; None once the connection has ended."""
        message = await asyncio.wait_for(self.socket.receive(), 5)
        return None if message.type in ENDED else str(message.data)

    async def to_the_end(self) -> list[str]:
        """What still comes until the connection ends, which it must."""
        heard = []
        while (frame := await self.hear()) is not None:
            heard.append(frame)
        return heard

    async def join(self, namespace: str, auth: Any) -> str | None:
        await self.say(f"40{namespace},{wire_json.dumps(auth)}")
        return await self.hear()

    async def ask(self, ack_id: int, event: str, data: Any) -> Any:
        """Send a /worker event and read its acknowledgement."""
        await self.say(f"42/worker,{ack_id}{wire_json.dumps([event, data])}")
        prefix = f"43/worker,{ack_id}"
        frame = await self.hear()
        assert frame and frame.startswith(prefix), frame
        return wire_json.loads(frame.removeprefix(prefix))[0]


@asynccontextmanager
async def knock(house: House) -> AsyncIterator[Peer]:
    """A socket that has proven nothing yet."""
    url = f"{house.gateway.url}/socket.io/?transport=websocket&EIO=4"
    async with house.http.ws_connect(url, max_msg_size=0) as socket:
        peer = Peer(socket)
        assert (await peer.hear() or "").startswith("0{")
        yield peer


@asynccontextmanager
async def inside(house: House, *, registered: bool = True) -> AsyncIterator[Peer]:
    """A socket that has proven to be the worker w-1."""
    async with knock(house) as peer:
        assert (await peer.join("/worker", {"id": "w-1", "token": house.tokens.issue("w-1")}) or "").startswith("40")
        if registered:
            message = a_register()
            assert (await peer.ask(0, message.TYPE, pack(message, "r", wall_ms())))["ok"]
        yield peer


MALFORMED = [
    "4",
    "4" + "[" * 100_000,
    "42" + "[" * 100_000,
    "42/worker," + "[" * 100_000,
    "42/worker," + "1" * 5000 + "[]",
    "42/worker," + "²",
    "42/worker,[" + "9" * 5000 + "]",
    '42/worker,["\ud7ff' + "\\ud800",
    "42/worker,{}",
    "42/worker,[]",
    "42/worker,[7]",
    '42/worker,[["x"]]',
    '42/worker,["' + "e" * 65 + '"]',
    '42["worker:heartbeat", {}]',
    '42/nowhere,["x"]',
    '42/client,["client:sync", {}]',
    "43/worker,7[]",
    "43/worker,0[]",
    "43/worker,[]",
    "44/worker,{}",
    "451-/worker,[]",
    '452-/worker,["x",{"_placeholder":true,"num":0}]',
    "461-/worker,1[]",
    "47/worker,[]",
    "4x",
    '4{"type": 2}',
    "4true",
    "421-[]",
    "2",
    "0",
    "5",
    "6",
    "9",
    "",
    "bAAAA",
    "x" * 1000,
    "\ufeff4",
]


@pytest.mark.parametrize("frame", MALFORMED, ids=range(len(MALFORMED)))
async def test_three_malformed_packets_cut_the_connection(frame: str) -> None:
    async with house() as opened, inside(opened) as peer:
        await peer.say(frame, frame)
        assert (await peer.ask(5, Heartbeat.TYPE, pack(Heartbeat(7, 1, "x"), "r", wall_ms())))["nonce"] == 7
        await peer.say(frame)
        await peer.to_the_end()
        await eventually(lambda: ("link_lost", "w-1", "i-1") in opened.desk.heard)


@pytest.mark.parametrize("frame", MALFORMED[::4])
async def test_before_joining_as_well(frame: str) -> None:
    async with house() as opened, knock(opened) as peer:
        await peer.say(frame, frame, frame)
        assert await peer.to_the_end() == []


async def test_binary_frames_are_malformed() -> None:
    async with house() as opened, inside(opened) as peer:
        for _ in range(3):
            await peer.socket.send_bytes(b"\x04\x00")
        await peer.to_the_end()


async def test_a_frame_over_256_kib_ends_the_connection() -> None:
    async with house() as opened, inside(opened) as peer:
        await peer.say("42/worker," + "x" * (256 * 1024))
        await peer.to_the_end()
        assert peer.socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_compression_is_not_negotiated() -> None:
    async with house() as opened:
        url = f"{opened.gateway.url}/socket.io/?transport=websocket&EIO=4"
        async with opened.http.ws_connect(url, compress=15) as socket:
            assert not socket.compress


@pytest.mark.parametrize("event", ["connect", "disconnect", "connect_error"])
async def test_forged_lifecycle_events_run_nothing_and_end_the_connection(event: str) -> None:
    async with house() as opened, inside(opened) as peer:
        await peer.say(f'42/worker,["{event}", "x"]')
        await peer.to_the_end()
        await eventually(lambda: opened.desk.heard[-1] == ("link_lost", "w-1", "i-1"))
        assert len([fact for fact in opened.desk.heard if fact[0] == "link_lost"]) == 1


@pytest.mark.parametrize("event", ["joined", "left", "received", "message", "trigger_event", "__class__", ""])
async def test_an_event_name_never_becomes_a_method_name(event: str) -> None:
    async with house() as opened, inside(opened) as peer:
        answer = await peer.ask(3, event, pack(Heartbeat(1, 1, "x"), "r", wall_ms()))
        assert answer["ok"] is False and answer["code"] == "malformed"


async def test_a_socket_has_one_guess() -> None:
    async with house() as opened, knock(opened) as peer:
        assert "unauthorized" in (await peer.join("/client", {"token": "wrong"}) or "")
        await peer.say(f"40/client,{wire_json.dumps({'token': opened.tokens.client})}")
        assert not [frame for frame in await peer.to_the_end() if frame.startswith("40")]


async def test_whoever_is_refused_is_cut() -> None:
    async with house() as opened, knock(opened) as peer:
        assert (await peer.join("/client", {"token": "wrong"}) or "").startswith("44/client,")
        assert await peer.to_the_end() == []


@pytest.mark.parametrize("namespace", ["/", "/admin", "/worker/x"])
async def test_there_are_two_namespaces(namespace: str) -> None:
    async with house() as opened, knock(opened) as peer:
        assert (await peer.join(namespace, {"token": opened.tokens.client}) or "").startswith("44")
        await peer.to_the_end()


async def test_a_second_connect_on_a_proven_socket_cuts_it() -> None:
    async with house() as opened, inside(opened) as peer:
        await peer.say(f"40/client,{wire_json.dumps({'token': opened.tokens.client})}")
        assert await peer.to_the_end() == []


@pytest.mark.parametrize("auth", ["", "7", "[]", '"x"', "null", "{}", '{"token": 7}', '{"id": ["w-1"], "token": {}}'])
@pytest.mark.parametrize("namespace", ["/worker", "/client"])
async def test_whatever_is_no_proof_is_refused(namespace: str, auth: str) -> None:
    async with house() as opened, knock(opened) as peer:
        await peer.say(f"40{namespace},{auth}")
        assert "unauthorized" in (await peer.hear() or "")
        assert await peer.to_the_end() == []


async def test_who_leaves_its_namespace_is_cut() -> None:
    async with house() as opened, inside(opened) as peer:
        await peer.say("41/worker,")
        await peer.to_the_end()
        await eventually(lambda: ("link_lost", "w-1", "i-1") in opened.desk.heard)


async def test_disconnecting_a_rude_client_ends_its_transport() -> None:
    async with house() as opened, inside(opened) as peer:
        server = opened.gateway.workers.server
        (sid,) = [sid for sid, _ in server.manager.get_participants("/worker", None)]
        await server.disconnect(sid, namespace="/worker")
        while (message := await asyncio.wait_for(peer.socket.receive(), 5)).type not in ENDED:
            await peer.say("3")  # goes on as if nothing were
        assert message.type in ENDED


async def test_three_bad_messages_get_a_code_each_and_the_third_cuts() -> None:
    async with house() as opened, inside(opened) as peer:
        for ack_id, code in enumerate(("malformed", "wrong_version", "invalid"), 10):
            good = pack(Heartbeat(1, 1, "x"), "r", wall_ms())
            bad = {"malformed": 7, "wrong_version": {**good, "version": "v2"}, "invalid": {**good, "payload": {}}}[code]
            answer = await peer.ask(ack_id, Heartbeat.TYPE, bad)
            assert (answer["ok"], answer["code"]) == (False, code) and answer["message"]
        await peer.to_the_end()


async def test_a_peer_that_does_not_read_is_cut_before_it_fills_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MAX_WAITING", 5)
    async with house() as opened, inside(opened) as peer:
        server = opened.gateway.workers.server
        (sid,) = [sid for sid, _ in server.manager.get_participants("/worker", None)]
        results = [server.push(sid, "/worker", "x", {}) for _ in range(7)]  # no turn of the loop: nothing is sent
        assert results == [True] * 5 + [False] * 2
        await peer.to_the_end()


async def test_a_polite_client_is_pinged_and_stays() -> None:
    async with house() as opened:
        guest = await opened.worker()
        assert guest.eio.ping_interval == sockets.PING_INTERVAL
        assert (await tell(guest, Heartbeat(1, 1, "x")))["ok"]


async def test_nothing_overtakes_the_answer_to_register() -> None:
    async with house() as opened, inside(opened, registered=False) as peer:
        gate = opened.desk.gates["register"] = asyncio.Event()
        register = a_register()
        await peer.say(f"42/worker,8{wire_json.dumps([register.TYPE, pack(register, 'r', wall_ms())])}")
        await eventually(lambda: opened.desk.heard)
        assert opened.gateway.workers.send("w-1", Revoke(4, ["a"]), "r")
        assert opened.gateway.workers.send("w-1", Revoke(5, ["a"]), "r")
        gate.set()
        frames = [await peer.hear() or "" for _ in range(3)]
        assert frames[0].startswith("43/worker,8")
        assert '"sequence":4' in frames[1] and '"sequence":5' in frames[2]
        assert opened.gateway.workers.send("w-1", Revoke(6, ["a"]), "r")
        assert '"sequence":6' in (await peer.hear() or "")
