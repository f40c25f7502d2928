"""Opening and closing."""

import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest

from engine.gateway.auth import Tokens
from engine.gateway.server import Gateway
from tests.support.gateway import Desk, Store, house, remote_plan
from tests.support.memory_ports import make_api
from tests.support.waiting import eventually
from worker.process.exit_codes import Exit, Stop


def a_gateway(port: int = 0, host: str = "127.0.0.1") -> Gateway:
    plan = remote_plan(Path("none"))  # nothing is written before its door is opened
    return Gateway(make_api().api, Tokens(), Desk(), Store(), host=host, port=port, remote=plan)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_the_constructor_starts_nothing() -> None:
    gateway = a_gateway()
    assert gateway.port == 0
    await gateway.close()


async def test_it_listens_on_a_free_port_until_closed() -> None:
    gateway = a_gateway()
    await gateway.start()
    port = gateway.port
    await gateway.start()
    assert gateway.port == port and gateway.url == f"http://127.0.0.1:{port}"
    assert answers(port)
    await asyncio.gather(gateway.close(), gateway.close())
    await gateway.close()
    assert not answers(port)


async def test_a_port_in_use_stops_the_start_with_a_sentence() -> None:
    first = a_gateway()
    await first.start()
    second = a_gateway(first.port)
    with pytest.raises(Stop) as caught:
        await second.start()
    assert caught.value.code is Exit.UNAVAILABLE
    assert str(first.port) in caught.value.sentence and "--port" in caught.value.sentence
    await second.close()
    await first.close()


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
async def test_a_host_that_is_not_here_stops_the_start(host: str) -> None:
    with pytest.raises(Stop) as caught:
        await a_gateway(host=host).start()
    assert caught.value.code is Exit.CONFIG and host in caught.value.sentence


async def test_closing_does_not_wait_for_idle_or_rude_clients() -> None:
    async with house() as opened:
        await opened.client()
        await opened.worker()
        url = f"{opened.gateway.url}/socket.io/?transport=websocket&EIO=4"
        async with opened.http.ws_connect(url) as silent:
            _, writer = await asyncio.open_connection("127.0.0.1", opened.gateway.port)
            async with asyncio.timeout(15):  # engine.io's own patience would be a minute
                await opened.gateway.close()
            writer.transport.abort()
            await eventually(lambda: silent._response.connection is None or silent._response.connection.closed)
    assert ("link_lost", "w-1", "i-1") not in opened.desk.heard


async def test_a_request_under_way_ends_with_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(accounts=1) as opened:
        fleet, entered, never = opened.memory.fleet, asyncio.Event(), asyncio.Event()

        async def check_now(_account_id: str) -> None:
            entered.set()
            await never.wait()

        monkeypatch.setattr(fleet, "check_now", check_now)
        asked = asyncio.gather(opened.ask("POST", "/accounts/acc_0001/check"), return_exceptions=True)
        await entered.wait()
        await opened.gateway.close()
        (result,) = await asked
        assert isinstance(result, aiohttp.ClientError)


async def test_the_version_has_a_default() -> None:
    gateway = a_gateway()
    await gateway.start()
    async with aiohttp.ClientSession() as session, session.get(f"{gateway.url}/api/v1/hello") as response:
        assert (await response.json())["data"]["version"]
    await gateway.close()
