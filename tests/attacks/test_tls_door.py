"""The door for other machines: the same guard, from the first packet on, before any handshake of TLS."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.events import DoorRefused
from engine.gateway.limits import Limits
from tests.support.gateway import House, a_register, house
from tests.support.rude import QUICK, SLOW, Rude, held, many_files
from tests.support.waiting import eventually
from worker.process import wire_json
from worker.process.clock import wall_ms
from worker.protocol.envelope import pack
from worker.protocol.join_code import decode
from worker.protocol.messages import Heartbeat, Message
from worker.protocol.proof import transcript, worker_id_of


@asynccontextmanager
async def remote(limits: Limits | None = None, *, clients: bool = False) -> AsyncIterator[tuple[House, int]]:
    """A house whose TLS door is open, and the door's port."""
    async with house(limits=limits, clients=clients) as opened:
        await opened.gateway.remote.open(0)
        yield opened, opened.gateway.remote.port


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def event(message: Message, ack_id: int) -> str:
    return f"42/worker,{ack_id}{wire_json.dumps([message.TYPE, pack(message, 'r', wall_ms())])}"


class Key:
    """A worker's own, known to the master."""

    def __init__(self, opened: House) -> None:
        self._key, self._opened = Ed25519PrivateKey.generate(), opened
        public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = worker_id_of(public)
        opened.roster.keys[self.id] = public

    def proof(self, sid: str) -> str:
        signature = self._key.sign(transcript(self._opened.identity.spki, self.id, sid))
        return f"40/worker,{wire_json.dumps({'id': self.id, 'sig': base64.urlsafe_b64encode(signature).decode()})}"


async def works(port: int, key: Key) -> bool:
    """Whether a worker with this key gets in and is answered."""
    async with await Rude.knock(port, tls=trusting()) as worker:
        await worker.say(key.proof(worker.sid))
        if not (await worker.hear() or "").startswith("40/worker,"):
            return False
        await worker.say(event(a_register(key.id), 0), event(Heartbeat(1, 1, "x"), 1))
        heard = [await worker.hear() or "", await worker.hear() or ""]
        return heard[0].startswith('43/worker,0[{"ok":true') and heard[1].startswith('43/worker,1[{"ok":true')


HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  #: the beginning of a handshake


async def test_connections_that_never_finish_their_handshake_are_few_and_soon_gone() -> None:
    with many_files(2048):
        async with remote(QUICK) as (opened, port), AsyncExitStack() as stack:
            key, files = Key(opened), psutil.Process().num_fds()
            for number in range(500):
                rude = await stack.enter_async_context(await Rude.connect(port))
                rude.writer.write((b"", HELLO, b"GET / HTTP/1.1\r\n\r\n")[number % 3])
            assert psutil.Process().num_fds() - files <= 500 + QUICK.connections_each + 10
            assert held(opened, port) <= QUICK.connections_each
            assert await works(port, key)
            await eventually(lambda: held(opened, port) == 0, within=QUICK.deadline + 5)


async def test_nor_do_those_that_finish_it_and_then_show_nothing_stay() -> None:
    async with remote(QUICK) as (opened, port), AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(await Rude.connect(port, tls=trusting())) for _ in range(20)]
        crowd += [await stack.enter_async_context(await Rude.knock(port, tls=trusting())) for _ in range(5)]
        await eventually(lambda: held(opened, port) == 0, within=QUICK.deadline + 5)
        for rude in crowd:
            rude.writer.transport.abort()


async def test_eight_websockets_of_one_address_at_both_doors_together() -> None:
    async with remote(SLOW) as (opened, port), AsyncExitStack() as stack:
        plain = [await stack.enter_async_context(await Rude.knock(opened.gateway.port)) for _ in range(6)]
        for _ in range(6):
            await stack.enter_async_context(await Rude.knock(port, tls=trusting()))
        for rude in plain[:4]:
            assert await rude.to_the_end() == []
        assert await works(port, Key(opened))


async def test_wrong_signatures_make_an_address_wait_and_a_right_one_is_answered_all_the_same() -> None:
    async with remote(Limits(guesses=5)) as (opened, port):
        events: list[DoorRefused] = []
        opened.memory.bus.subscribe(DoorRefused, events.append)
        right, answers = Key(opened), []
        for _ in range(8):
            async with await Rude.knock(port, tls=trusting()) as rude:
                await rude.say(right.proof("another socket's"))
                answers.append(await rude.hear() or "")
        assert ["bad_signature" in answer for answer in answers] == [True] * 5 + [False] * 3
        assert await works(port, right)
        assert [told.kind for told in events] == ["bad_signature", "too_many_attempts"]


async def test_wrong_join_codes_make_an_address_wait_and_a_right_one_lets_in_all_the_same() -> None:
    async with remote(Limits(guesses=5)) as (opened, port):
        await opened.memory.api.remote.accept(True)
        made = await opened.memory.api.remote.create_code()
        url, statuses = f"https://127.0.0.1:{port}/api/v1/enroll", []
        for token in [*(bytes([200 + number]) * 24 for number in range(8)), decode(made.code).token]:
            texts = [base64.urlsafe_b64encode(raw).decode().rstrip("=") for raw in (token, b"k" * 32)]
            body = {"token": texts[0], "public_key": texts[1], "name": "far", "host": "far", "capacity": 10}
            async with opened.http.post(url, json=body, ssl=False) as answer:
                statuses.append(answer.status)
        assert 429 not in statuses[:5] and statuses[5:] == [429] * 3 + [201]
        assert 401 <= min(statuses[:5]) and max(statuses[:5]) < 500


async def test_a_proof_that_was_overheard_is_worth_nothing_on_another_socket() -> None:
    async with remote() as (opened, port):
        key = Key(opened)
        async with await Rude.knock(port, tls=trusting()) as first, await Rude.knock(port, tls=trusting()) as second:
            overheard = key.proof(first.sid)
            await second.say(overheard)
            assert "bad_signature" in (await second.hear() or "")
            await first.say(overheard)
            assert (await first.hear() or "").startswith("40/worker,")


@pytest.mark.parametrize(
    "line",
    [
        "GET /api/v1/status",
        "GET /api/v1/tokens",
        "GET /healthz",
        "GET /none",
        "GET /api/v1/openapi.json",
        "GET //api/v1/status",
        "GET /api/v1/hello/../status",
        "GET /api/v1/%2e%2e/v1/status",
        "GET /api%2fv1%2fstatus",
        "GET /API/V1/STATUS",
        "GET /api/v1/status;jsessionid=1",
        "GET https://127.0.0.1/api/v1/status",
        "HEAD /api/v1/status",
        "OPTIONS /api/v1/hello",
        "TRACE /api/v1/hello",
        "CONNECT 127.0.0.1:80",
        "POST /api/v1/hello",
        "GET /api/v1/enroll",
        "GET /socket.io",
        "POST /socket.io/",
    ],
)
async def test_front_ends_find_nothing_here_even_with_the_token_however_they_spell_it(line: str) -> None:
    told = "X-HTTP-Method-Override: GET\r\nX-Original-URL: /api/v1/status\r\nX-Forwarded-For: 127.0.0.1"
    async with remote() as (opened, port), await Rude.connect(port, tls=trusting()) as rude:
        head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {opened.tokens.client}\r\n{told}"
        rude.writer.write(f"{line} HTTP/1.1\r\n{head}\r\n\r\n".encode())
        assert (await rude.ended()).startswith(b"HTTP/1.1 404 ")


async def test_whom_a_request_says_it_comes_from_is_not_believed() -> None:
    async with remote(Limits(guesses=5), clients=True) as (opened, port):
        told: list[DoorRefused] = []
        opened.memory.bus.subscribe(DoorRefused, told.append)
        for number in range(8):
            forged = {name: f"192.0.2.{number}" for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded")}
            headers = {"Authorization": "Bearer wrong", **forged}
            url = f"https://127.0.0.1:{port}/api/v1/status"
            async with opened.http.get(url, headers=headers, ssl=False) as answer:
                assert answer.status == (401 if number < 5 else 429)
        assert {one.address for one in told} == {"127.0.0.1"}


async def test_a_client_does_not_join_here_even_with_the_token() -> None:
    async with remote() as (opened, port), await Rude.knock(port, tls=trusting()) as rude:
        await rude.say(f"40/client,{wire_json.dumps({'token': opened.tokens.client})}")
        assert (await rude.hear() or "").startswith("44/client,")


async def test_a_local_workers_token_is_worth_nothing_here() -> None:
    async with remote() as (opened, port), await Rude.knock(port, tls=trusting()) as rude:
        await rude.say(f"40/worker,{wire_json.dumps({'id': 'w-1', 'token': opened.tokens.issue('w-1')})}")
        assert (await rude.hear() or "").startswith("44/worker,")


async def test_another_host_and_another_site_are_refused_as_at_the_other_door() -> None:
    async with remote(clients=True) as (opened, port):
        for headers, wanted in (({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)):
            url = f"https://127.0.0.1:{port}/api/v1/hello"
            async with opened.http.get(url, headers=headers, ssl=False) as answer:
                assert answer.status == wanted


async def test_a_flood_is_cut_here_too() -> None:
    async with remote() as (opened, port), await Rude.knock(port, tls=trusting()) as rude:
        key = Key(opened)
        await rude.say(key.proof(rude.sid))
        assert (await rude.hear() or "").startswith("40/worker,")
        await rude.say(event(a_register(key.id), 0))
        for _ in range(5000):
            await rude.say("3")
        await rude.to_the_end()
        await eventually(lambda: ("link_lost", key.id, "i-1") in opened.desk.heard)


async def test_closing_the_gateway_does_not_wait_for_half_a_handshake() -> None:
    async with remote(SLOW) as (opened, port), await Rude.connect(port) as rude:
        rude.writer.write(HELLO)
        await eventually(lambda: held(opened, port) == 1)
        async with asyncio.timeout(5):
            await opened.gateway.close()
        assert await rude.ended() == b""
