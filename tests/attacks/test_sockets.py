"""Who is in, or half in, and means harm: floods, packets that make no sense, frames without end (trust.md)."""

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from engine.events import DoorRefused
from engine.gateway import sockets
from tests.support.gateway import House, a_register, house, tell
from tests.support.rude import BINARY, COMPRESSED, FINAL, PING, TEXT, Rude
from tests.support.waiting import eventually
from worker.process import wire_json
from worker.process.clock import lease_clock, wall_ms
from worker.protocol.envelope import pack
from worker.protocol.messages import Detections, Heartbeat, Item, Message, Sync

MB = 1024 * 1024
NAMESPACES = ["/worker", "/client"]


def event(message: Message, ack_id: int, namespace: str = "/worker") -> str:
    return f"42{namespace},{ack_id}{wire_json.dumps([message.TYPE, pack(message, 'r', wall_ms())])}"


def beat(ack_id: int) -> str:
    return event(Heartbeat(ack_id, 1, "x"), ack_id)


def a_batch(ack_id: int, size: int = 0) -> str:
    items = [Item(seq, "a", 1, "comment", f"x-{seq}", wall_ms(), text="y" * 20_000) for seq in range(1, size + 1)]
    return event(Detections(items or [Item(1, "a", 1, "comment", "x-1", wall_ms())]), ack_id)


@asynccontextmanager
async def inside(opened: House, namespace: str = "/worker") -> AsyncIterator[Rude]:
    """In, and registered if it is a worker."""
    worker = {"id": "w-1", "token": opened.tokens.issue("w-1")}
    auth = worker if namespace == "/worker" else {"token": opened.tokens.client}
    async with await Rude.join(opened.gateway.port, namespace, auth) as rude:
        if namespace == "/worker":
            await rude.say(event(a_register(), 0))
            assert (await rude.hear() or "").startswith("43/worker,0")
        yield rude


@asynccontextmanager
async def refused(opened: House, kind: str) -> AsyncIterator[None]:
    """Within, somebody is turned away for this reason."""
    kinds: list[str] = []
    leave = opened.memory.bus.subscribe(DoorRefused, lambda told: kinds.append(told.kind))
    yield
    await eventually(lambda: kind in kinds, within=2.0, what=f"{kind} among {kinds}")
    leave()


# --- forged events, rude ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize("name", ["connect", "disconnect", "connect_error"])
async def test_forged_lifecycle_events_run_nothing_and_cut(namespace: str, name: str) -> None:
    async with house() as opened, refused(opened, "forged_event"), inside(opened, namespace) as rude:
        heard = len(opened.desk.heard)
        began = lease_clock()
        await rude.say(f'42{namespace},["{name}",{{"token":"x"}}]')
        assert await rude.to_the_end() == []
        assert lease_clock() - began < 1.0
        await eventually(lambda: len(opened.desk.heard) == heard + (namespace == "/worker"))  # link_lost, once


@pytest.mark.parametrize("namespace", NAMESPACES)
async def test_a_rude_client_that_is_disconnected_loses_its_transport_within_a_second(namespace: str) -> None:
    async with house() as opened, inside(opened, namespace) as rude:
        server = opened.gateway.workers.server
        (sid,) = [sid for sid, _ in server.manager.get_participants(namespace, None)]
        began = lease_clock()
        await server.disconnect(sid, namespace=namespace)
        async with asyncio.timeout(5):
            while await rude.hear() is not None:
                await rude.say("3")  # goes on as if nothing were
        assert lease_clock() - began < 1.0


# --- floods ----------------------------------------------------------------------------------------------------------


async def blast(rude: Rude, frame: bytes, times: int, kind: int = TEXT | FINAL) -> None:
    for _ in range(times):
        await rude.send(frame, kind)


async def test_of_forty_thousand_heartbeats_a_worker_is_heard_with_the_first_few_hundred() -> None:
    async with house() as opened, refused(opened, "flood"), inside(opened) as rude:
        began = lease_clock()
        await blast(rude, beat(7).encode(), 40_000)
        await rude.to_the_end()
        most = 500 + 50 * (lease_clock() - began + 1)
        assert 100 <= len([fact for fact in opened.desk.heard if fact[0] == "heartbeat"]) <= most
        assert (await tell(await opened.worker(), Heartbeat(1, 1, "x")))["ok"]


async def test_of_forty_thousand_requests_of_a_client_likewise() -> None:
    async with house() as opened, refused(opened, "flood"), inside(opened, "/client") as rude:
        other = await opened.client()
        await blast(rude, event(Sync(), 7, "/client").encode(), 40_000)
        await rude.to_the_end()
        assert (await tell(other, Sync()))["ok"]


@pytest.mark.parametrize(
    ("frame", "kind"),
    [(b"3", TEXT), (b'43/worker,7["x"]', TEXT), (b"x" * 100, PING), (b"", PING), (b"x", 10), (b"", BINARY)],
    ids=["pong", "ack", "ping frame", "empty ping frame", "pong frame", "binary"],
)
async def test_a_flood_of_whatever_is_no_event_is_cut_too(frame: bytes, kind: int) -> None:
    async with house() as opened, inside(opened) as rude:
        await blast(rude, frame, 5000, kind | FINAL)
        assert len(await rude.to_the_end()) < 10


async def test_a_flood_before_any_proof_is_cut() -> None:
    async with house() as opened, refused(opened, "flood"), await Rude.knock(opened.gateway.port) as rude:
        await blast(rude, b"3", 5000)
        await rude.to_the_end()


async def test_few_large_frames_are_a_flood_as_well() -> None:
    """250 KB each: the bytes are metered, not only the frames."""
    async with house() as opened, refused(opened, "flood"), inside(opened) as rude:
        await blast(rude, b"3" + bytes(250_000), 60)
        await rude.to_the_end()


async def test_an_honest_pace_is_never_cut() -> None:
    async with house() as opened:
        guest = await opened.worker()
        for nonce in range(450):
            assert (await tell(guest, Heartbeat(nonce, 1, "x")))["ok"]


async def test_one_outstanding_batch_is_outside_of_the_meter_and_a_second_one_is_cut() -> None:
    async with house() as opened, inside(opened) as rude:
        for number in range(700):  # more than frames, and more bytes, than the meter would let pass
            await rude.say(a_batch(number, 3))
            assert (await rude.hear() or "").startswith(f"43/worker,{number}[")
        opened.store.gate = asyncio.Event()
        await rude.say(a_batch(900))
        await eventually(lambda: len(opened.store.taken) == 701)
        async with refused(opened, "second_batch"):
            await rude.say(a_batch(901))
            await rude.to_the_end()
        assert len(opened.store.taken) == 701
        opened.store.gate.set()


async def test_batches_beyond_128_kib_are_metered() -> None:
    async with house() as opened, refused(opened, "flood"), inside(opened) as rude:
        for number in range(60):
            await rude.say(a_batch(number, 8))
        await rude.to_the_end()


async def test_nobody_but_a_worker_sends_batches() -> None:
    async with house() as opened, refused(opened, "malformed"), inside(opened, "/client") as rude:
        await blast(rude, a_batch(7).encode(), 2000)
        await rude.to_the_end()
        assert opened.store.taken == []


# --- packets that make no sense --------------------------------------------------------------------------------------


async def test_an_unfinished_packet_with_three_hundred_megabytes_of_attachments_is_refused() -> None:
    memory = psutil.Process().memory_info
    async with house() as opened, refused(opened, "malformed"), inside(opened) as rude:
        before, part = memory().rss, bytes(200 * 1024)
        await rude.say('451500-/worker,["x",{"_placeholder":true,"num":0}]')
        for _ in range(1500):
            await rude.send(part, BINARY | FINAL)
        await rude.to_the_end()
        assert memory().rss - before < 8 * MB
        assert not opened.gateway.workers.server._binary_packet


MALFORMED = [
    b"42" + b"[" * 100_000,
    b"42/worker," + b"1" * 5000 + b"[]",
    b"43/worker,7[]",
    b'42/nowhere,["x"]',
    b"4\xff",
]


@pytest.mark.parametrize("frame", MALFORMED, ids=["nested", "digits", "stray ack", "unknown namespace", "no text"])
async def test_three_malformed_packets_cut_without_a_traceback_and_with_little_log(
    frame: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with house() as opened:
        with caplog.at_level(logging.DEBUG):
            for _ in range(8):
                async with inside(opened) as rude:
                    await blast(rude, frame, 20)
                    await rude.to_the_end()
        said = [record.getMessage() for record in caplog.records if record.name.startswith(("gateway", "vedette"))]
        assert "Traceback" not in caplog.text and sum(map(len, said)) < 2000, said


# --- frames without end ----------------------------------------------------------------------------------------------


async def test_a_frame_of_two_megabytes_ends_the_connection_with_1009() -> None:
    memory = psutil.Process().memory_info
    async with house() as opened, refused(opened, "too_large"), inside(opened) as rude:
        before = memory().rss
        await rude.send(b"4" + bytes(2 * MB))
        assert "close 1009" in await rude.to_the_end()
        assert memory().rss - before < 8 * MB


async def test_a_message_in_many_parts_ends_as_a_whole_one_would() -> None:
    async with house() as opened, inside(opened) as rude:
        await rude.send(b"4" * 100_000, TEXT)
        for _ in range(30):
            await rude.send(b"4" * 100_000, 0)
        await rude.to_the_end()


async def test_a_deflate_bomb_ends_the_connection_unopened() -> None:
    """Compression was not agreed upon, so nothing is inflated at all."""
    memory = psutil.Process().memory_info
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = squeezer.compress(bytes(100 * MB)) + squeezer.flush(zlib.Z_SYNC_FLUSH)
    async with house() as opened, inside(opened) as rude:
        before = memory().rss
        await rude.send(bomb[:-4], TEXT | FINAL | COMPRESSED)
        ends = await rude.to_the_end()
        assert ends in (["close 1002"], ["close 1009"], [])
        assert memory().rss - before < 8 * MB


# --- peers that do not read ------------------------------------------------------------------------------------------


async def test_a_client_that_asks_and_does_not_read_is_cut_before_it_fills_memory() -> None:
    memory = psutil.Process().memory_info
    async with house(accounts=1) as opened:
        opened.memory.add_detections("acc_0001", ["字" * 20_000] * 20)
        before = memory().rss
        async with refused(opened, "reads_too_slowly"), inside(opened, "/client") as rude:
            rude.writer.transport.pause_reading()  # type: ignore[attr-defined]
            for ack_id in range(300):
                await rude.say(event(Sync(), ack_id, "/client"))
                await asyncio.sleep(0.002)
        assert memory().rss - before < 60 * MB  # 300 answers would be more than 300 MB


async def test_a_worker_that_does_not_read_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MAX_WAITING_BYTES", 100_000)
    async with house() as opened, refused(opened, "reads_too_slowly"), inside(opened) as rude:
        server = opened.gateway.workers.server
        (sid,) = [sid for sid, _ in server.manager.get_participants("/worker", None)]
        results = [server.push(sid, "/worker", "x", "y" * 60_000) for _ in range(4)]  # no turn of the loop
        assert results == [True, True, False, False]
        await rude.to_the_end()
