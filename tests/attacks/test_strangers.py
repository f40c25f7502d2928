"""Who has proven nothing: other sites, guesses, half-open connections (trust.md, “The doors”)."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import psutil
import pytest

from engine.events import DoorRefused
from engine.gateway.limits import Limits
from tests.support.gateway import House, house, tell
from tests.support.rude import QUICK, SLOW, Rude, held, many_files
from tests.support.waiting import eventually
from worker.process import wire_json
from worker.process.tasks import spawn
from worker.protocol.messages import Heartbeat

ADDRESSES = sys.platform == "linux"  #: all of 127.0.0.0/8 are this computer's


def told(opened: House) -> list[DoorRefused]:
    events: list[DoorRefused] = []
    opened.memory.bus.subscribe(DoorRefused, events.append)
    return events


# --- other sites -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({}, 101),
    ],
)
async def test_a_page_of_another_site_opens_no_websocket(headers: dict[str, str], wanted: int) -> None:
    async with house() as opened, await Rude.connect(opened.gateway.port) as rude:
        assert await rude.upgrade(opened.gateway.port, **headers) == wanted


async def test_a_rebound_name_reads_nothing_even_with_the_token() -> None:
    async with house() as opened:
        for headers, wanted in (({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403)):
            for path in ("/status", "/hello"):
                assert (await opened.ask("GET", path, headers=headers))[0] == wanted


# --- guesses ---------------------------------------------------------------------------------------------------------


def guess(token: str) -> str:
    return f"40/client,{wire_json.dumps({'token': token})}"


async def test_of_three_thousand_guesses_on_one_socket_one_is_looked_at() -> None:
    async with house() as opened:
        events = told(opened)
        async with await Rude.knock(opened.gateway.port) as rude:
            await rude.say(*(guess(f"guess-{n}") for n in range(3000)), guess(opened.tokens.client))
            heard = await rude.to_the_end()
        assert len([frame for frame in heard if frame.startswith("44")]) <= 1
        assert not [frame for frame in heard if frame.startswith("40")]
        assert sum(event.count for event in events if event.kind == "unauthorized") <= 1


async def try_socket(opened: House, token: str, source: str = "127.0.0.1") -> str:
    """What a guess over a socket of its own is answered: `40…`, `44…`, or nothing."""
    async with await Rude.knock(opened.gateway.port, source) as rude:
        await rude.say(guess(token))
        return await rude.hear() or ""


async def test_an_address_that_guesses_on_has_to_wait_and_a_right_token_is_answered_all_the_same() -> None:
    async with house(limits=Limits(guesses=20)) as opened:
        events = told(opened)
        answers = [await try_socket(opened, f"guess-{n}") for n in range(60)]
        assert all("unauthorized" in answer for answer in answers[:20])
        assert answers[20:] == [""] * 40
        assert (await try_socket(opened, opened.tokens.client)).startswith("40")
        assert (await try_socket(opened, await opened.token("read"))).startswith("40")
        assert {(event.kind, event.count) for event in events} == {("unauthorized", 1), ("too_many_attempts", 1)}


async def test_over_rest_as_well_with_the_seconds_to_wait() -> None:
    async with house(limits=Limits(guesses=20)) as opened:
        answers = [await opened.ask("GET", "/status", token=f"guess-{n}") for n in range(60)]
        assert [status for status, _, _ in answers] == [401] * 20 + [429] * 40
        _, answer, response = answers[-1]
        assert answer["error"]["code"] == "too_many_attempts" and 1 <= int(response.headers["Retry-After"]) <= 60
        assert (await opened.ask("GET", "/status", token=""))[0] == 401  # no guess
        assert (await opened.ask("GET", "/status"))[0] == 200


@pytest.mark.skipif(not ADDRESSES, reason="this computer has one loopback address")
async def test_other_addresses_do_not_wait() -> None:
    async with house(limits=Limits(guesses=5)) as opened:
        for n in range(10):
            await try_socket(opened, f"guess-{n}", "127.0.0.9")
        assert await try_socket(opened, "guess", "127.0.0.9") == ""
        assert "unauthorized" in await try_socket(opened, "guess", "127.0.0.10")


async def test_a_worker_is_let_in_while_its_address_has_to_wait() -> None:
    async with house(limits=Limits(guesses=1)) as opened:
        for n in range(10):
            await try_socket(opened, f"guess-{n}")
        assert (await tell(await opened.worker(), Heartbeat(1, 1, "x")))["ok"]


async def test_a_stranger_has_one_request_to_a_connection() -> None:
    async with house() as opened, await Rude.connect(opened.gateway.port) as rude:
        request = f"GET /api/v1/hello HTTP/1.1\r\nHost: 127.0.0.1:{opened.gateway.port}\r\n\r\n".encode()
        rude.writer.write(request * 3)
        answer = await asyncio.wait_for(rude.ended(), 5)
        assert answer.count(b"HTTP/1.1 200") == 1 and b"Connection: close" in answer


# --- half-open connections -------------------------------------------------------------------------------------------


@asynccontextmanager
async def half_open(opened: House, count: int, sources: int = 1) -> AsyncIterator[list[Rude]]:
    """Connections that say nothing, half a request, or nothing over a websocket; and never close."""
    port = opened.gateway.port
    async with AsyncExitStack() as stack:
        rude: list[Rude] = []
        for number in range(count):
            source = f"127.0.0.{2 + number % sources}" if sources > 1 else "127.0.0.1"
            rude.append(await stack.enter_async_context(await Rude.connect(port, source)))
            match number % 3:
                case 1:
                    rude[-1].writer.write(b"POST /api/v1/accounts HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
                case 2:
                    await rude[-1].upgrade(port)
        yield rude


async def test_two_thousand_half_open_connections_are_few_and_soon_gone() -> None:
    with many_files(4096):
        async with house(limits=QUICK) as opened:
            guest = await opened.worker()  # proven: counts for nothing
            gc.collect()
            before, files = held(opened), psutil.Process().num_fds()
            async with half_open(opened, 2000) as rude:
                assert held(opened) - before <= QUICK.connections_each
                assert psutil.Process().num_fds() - files <= 2000 + QUICK.connections_each + 10
                assert (await opened.ask("GET", "/status"))[0] == 200
                assert (await tell(await opened.worker("w-2"), Heartbeat(1, 1, "x")))["ok"]
                await eventually(lambda: held(opened) <= before + 3, within=QUICK.deadline + 5)
                assert len(rude) == 2000
            assert (await tell(guest, Heartbeat(1, 1, "x")))["ok"]
            await eventually(lambda: psutil.Process().num_fds() <= files + 4)


def test_the_usual_deadline_is_within_fifteen_seconds() -> None:
    limits = Limits()
    assert limits.deadline <= 15 and (limits.sockets, limits.sockets_each) == (64, 8)
    assert (limits.events, limits.events_burst) == (50, 500)


@pytest.mark.parametrize("begin", [b"", b"GET / HTTP/1.1\r\nHost: ", b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n"])
async def test_whoever_shows_nothing_in_time_is_gone_however_busy(begin: bytes) -> None:
    """A byte now and then does not buy time."""
    async with house(limits=QUICK) as opened, await Rude.connect(opened.gateway.port) as rude:
        rude.writer.write(begin)
        ended = spawn(rude.ended(), name="reading")
        async with asyncio.timeout(QUICK.deadline + 2):
            while not ended.done():
                rude.writer.write(b"x")
                await asyncio.wait([ended], timeout=0.05)


async def test_a_websocket_that_answers_pings_but_proves_nothing_is_gone_in_time() -> None:
    async with house(limits=QUICK) as opened, await Rude.knock(opened.gateway.port) as rude:
        async with asyncio.timeout(QUICK.deadline + 2):
            while await rude.hear() is not None:
                await rude.say("3")


async def test_a_proven_connection_stays_beyond_the_deadline() -> None:
    async with house(limits=Limits(deadline=0.2)) as opened:
        guest, client = await opened.worker(), await opened.client()
        stranger = await Rude.knock(opened.gateway.port)
        async with stranger:
            await stranger.to_the_end()  # the deadline has passed
        assert (await tell(guest, Heartbeat(1, 1, "x")))["ok"]
        assert client.connected


@pytest.mark.skipif(not ADDRESSES, reason="this computer has one loopback address")
async def test_of_one_address_eight_websockets_may_have_proven_nothing_and_the_oldest_goes() -> None:
    async with house(limits=SLOW) as opened, AsyncExitStack() as stack:
        port = opened.gateway.port
        crowd = [await stack.enter_async_context(await Rude.knock(port, "127.0.0.5")) for _ in range(8)]
        other = await stack.enter_async_context(await Rude.knock(port, "127.0.0.6"))
        crowd += [await stack.enter_async_context(await Rude.knock(port, "127.0.0.5")) for _ in range(4)]
        for rude in crowd[:4]:
            assert await rude.to_the_end() == []
        for rude in (*crowd[4:], other):
            await rude.say(guess(opened.tokens.client))
            assert (await rude.hear() or "").startswith("40")
        more = [await stack.enter_async_context(await Rude.knock(port, "127.0.0.5")) for _ in range(8)]
        for rude in (*crowd[4:], other, *more):  # proven ones do not count
            await rude.say('42/client,7["client:sync",{}]' if rude not in more else guess(opened.tokens.client))
            assert (await rude.hear() or "").startswith(("43/client,7", "40"))


@pytest.mark.skipif(not ADDRESSES, reason="this computer has one loopback address")
async def test_of_all_addresses_sixty_four_websockets_may_have_proven_nothing() -> None:
    async with house(limits=SLOW) as opened, AsyncExitStack() as stack:
        port = opened.gateway.port
        for number in range(100):
            await stack.enter_async_context(await Rude.knock(port, f"127.0.0.{10 + number % 20}"))
        assert held(opened) <= 64
        assert (await tell(await opened.worker(), Heartbeat(1, 1, "x")))["ok"]


# --- requests that never end -----------------------------------------------------------------------------------------


async def test_a_long_poll_of_three_hundred_megabytes_is_refused_at_its_head() -> None:
    memory = psutil.Process().memory_info
    async with house(limits=QUICK) as opened, await Rude.connect(opened.gateway.port) as rude:
        before, chunk = memory().rss, bytes(1024 * 1024)
        head = f"POST /socket.io/?transport=polling&EIO=4&sid=x HTTP/1.1\r\nHost: 127.0.0.1:{opened.gateway.port}\r\n"
        rude.writer.write(f"{head}Content-Length: {300 * len(chunk)}\r\n\r\n".encode())
        answer = await rude.head()
        assert b" 400 " in answer
        try:
            async with asyncio.timeout(QUICK.deadline + 5):
                for _ in range(300):
                    rude.writer.write(chunk)
                    await rude.writer.drain()
        except ConnectionError:
            pass
        assert memory().rss - before < 20 * 1024 * 1024
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("socket:")]


async def test_a_body_that_never_comes_holds_nobody_without_a_token() -> None:
    async with house(limits=QUICK) as opened, await Rude.connect(opened.gateway.port) as rude:
        head = (
            f"POST /api/v1/accounts HTTP/1.1\r\nHost: 127.0.0.1:{opened.gateway.port}\r\nContent-Length: 1000\r\n\r\n"
        )
        rude.writer.write(head.encode())
        assert b" 401 " in await asyncio.wait_for(rude.ended(), QUICK.deadline + 2)


async def test_a_burst_of_right_tokens_from_one_address_is_answered_whole() -> None:
    """As many connections at once as usual clients open: none is taken for a stranger's."""
    async with house() as opened, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        headers = {"Authorization": f"Bearer {opened.tokens.client}"}

        async def one() -> int:
            async with http.get(f"{opened.gateway.url}/api/v1/status", headers=headers) as answer:
                return answer.status

        assert await asyncio.gather(*(one() for _ in range(100))) == [200] * 100
