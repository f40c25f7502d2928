"""Who gets in over HTTP, and what those get who do not."""

import asyncio
import io
import logging
from typing import Any

import pytest

from engine.gateway.rest.routes import all_routes
from tests.support.gateway import House, house
from worker.process import logs

ROUTES = all_routes("")
WALK = [(route.method, route.path.replace("{id}", "x"), route.public) for route in ROUTES]


def is_failure(answer: Any, code: str) -> bool:
    error = answer["error"]
    return answer["success"] is False and error["code"] == code and bool(error["message"]) and "details" in error


async def raw(house: House, text: bytes) -> bytes:
    """Send bytes as they are, and read the head of the answer or what comes until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.gateway.port)
    writer.write(text)
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    finally:
        writer.transport.abort()


async def test_every_route_needs_the_token_but_the_public_ones() -> None:
    async with house() as opened:
        worker_token = opened.tokens.issue("w-1")
        for method, path, public in WALK:
            for token in ("", "x" * 43, worker_token):
                status, answer, response = await opened.ask(method, path, token=token)
                refused = status == 401 and is_failure(answer, "unauthorized")
                assert (status in (200, 400)) if public else refused, path
                assert response.headers["X-Request-ID"]


def test_public_are_hello_healthz_and_the_way_in_for_workers_alone() -> None:
    assert {(method, path) for method, path, public in WALK if public} == {
        ("GET", "/api/v1/hello"),
        ("GET", "/healthz"),
        ("POST", "/api/v1/enroll"),
    }


@pytest.mark.parametrize("header", ["Bearer", "Basic {token}", "{token}", "Bearer x{token}", "Bearer {token}x"])
async def test_the_token_counts_only_as_bearer(header: str) -> None:
    async with house() as opened:
        headers = {"Authorization": header.format(token=opened.tokens.client)}
        status, answer, _ = await opened.ask("GET", "/status", token="", headers=headers)
        assert status == 401 and is_failure(answer, "unauthorized")


@pytest.mark.parametrize("name", ["token", "access_token"])
async def test_a_token_in_the_address_is_refused(name: str) -> None:
    async with house() as opened:
        query = f"?{name}={opened.tokens.client}"
        assert (await opened.ask("GET", f"/status{query}", token=""))[0] == 401
        for path in ("/status", "/hello", "/none", "/socket.io/"):
            status, answer, _ = await opened.ask("GET", f"{path}{query}")
            assert status == 422 and is_failure(answer, "token_in_url") and answer["error"]["details"]["field"] == name


@pytest.mark.parametrize(
    "path", ["/api/v1/hello/", "/api/v1/hello/x", "/api/v1//hello", "/api/v1/Hello", "/none", "/socket.io"]
)
async def test_what_is_no_route_says_401_without_and_404_with_a_token(path: str) -> None:
    async with house() as opened:
        status, answer, _ = await opened.ask("GET", path, token="")
        assert status == 401 and is_failure(answer, "unauthorized")
        status, answer, response = await opened.ask("GET", path)
        assert status == 404 and is_failure(answer, "not_found")
        assert response.headers["X-Request-ID"]


async def test_a_wrong_method_says_401_without_and_405_with_a_token() -> None:
    async with house() as opened:
        assert (await opened.ask("PUT", "/accounts", token=""))[0] == 401
        assert (await opened.ask("POST", "/hello", token=""))[0] == 401
        status, answer, response = await opened.ask("PUT", "/accounts")
        assert status == 405 and is_failure(answer, "method_not_allowed")
        assert response.headers["Allow"] == "GET,POST"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.:{port}", ""]
)
@pytest.mark.parametrize("path", ["/hello", "/status", "/none", "/socket.io/"])
async def test_a_foreign_host_is_misdirected(path: str, host: str) -> None:
    async with house() as opened:
        headers = {"Host": host.format(port=opened.gateway.port)}
        status, answer, response = await opened.ask("GET", path, headers=headers)
        assert status == 421 and is_failure(answer, "wrong_host")
        assert response.headers["X-Request-ID"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
async def test_every_name_of_this_computer_is_ours(host: str) -> None:
    async with house() as opened:
        headers = {"Host": f"{host}:{opened.gateway.port}"}
        assert (await opened.ask("GET", "/status", headers=headers))[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "https://127.0.0.1:{port}", "http://127.0.0.1"])
@pytest.mark.parametrize("path", ["/hello", "/status", "/socket.io/"])
async def test_a_foreign_origin_is_forbidden(path: str, origin: str) -> None:
    async with house() as opened:
        headers = {"Origin": origin.format(port=opened.gateway.port)}
        status, answer, _ = await opened.ask("GET", path, headers=headers)
        assert status == 403 and is_failure(answer, "foreign_origin")


async def test_our_own_origin_may_ask() -> None:
    async with house() as opened:
        assert (await opened.ask("GET", "/status", headers={"Origin": opened.gateway.url}))[0] == 200


@pytest.mark.parametrize(
    ("site", "wanted"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
async def test_a_browser_may_ask_for_ourselves_only(site: str, wanted: int) -> None:
    async with house() as opened:
        assert (await opened.ask("GET", "/status", headers={"Sec-Fetch-Site": site}))[0] == wanted


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1_2.3", True), ("a b", False), ("x" * 65, False), ("", False), ("ü", False)]
)
async def test_a_sane_request_id_comes_back(given: str, kept: bool) -> None:
    async with house() as opened:
        _, _, response = await opened.ask("GET", "/status", headers={"X-Request-ID": given})
        answered = response.headers["X-Request-ID"]
        assert answered == given if kept else (answered != given and len(answered) == 16)


async def test_handlers_run_under_the_request_id() -> None:
    async with house(accounts=1) as opened:
        data = await opened.data("POST", "/accounts/acc_0001/check", headers={"X-Request-ID": "mine-1"})
        assert data == {"request_id": "mine-1"}
        assert logs.current_request_id() == ""


async def test_a_fault_of_ours_is_logged_and_not_shown(expected_logs: Any, caplog: pytest.LogCaptureFixture) -> None:
    expected_logs("gateway.request_failed")
    async with house(accounts=1) as opened:
        del opened.memory.fleet.journal.lines  # the story will stumble over this
        with caplog.at_level(logging.ERROR):
            status, answer, _ = await opened.ask("GET", "/accounts/acc_0001/story", headers={"X-Request-ID": "r-500"})
        assert status == 500 and is_failure(answer, "internal")
        assert answer["error"]["details"] == {"request_id": "r-500"}
        assert "journal" not in str(answer) and "Traceback" not in str(answer)
        assert "Traceback" in caplog.text and "r-500" not in answer["error"]["code"]


@pytest.mark.parametrize("body", [b"{", b"", b"nonsense", b"\xff\xfe", b'{"platform": "\xff"}', b"[" * 100_000, b"1 2"])
async def test_what_is_not_json_says_400(body: bytes) -> None:
    async with house() as opened:
        status, answer, _ = await opened.ask("POST", "/accounts", data=body)
        assert status == 400 and is_failure(answer, "not_json")


@pytest.mark.parametrize("path", ["/accounts", "/accounts/import"])
async def test_a_body_over_a_mebibyte_says_413(path: str) -> None:
    async with house() as opened:
        headers = {"Content-Type": "application/json"}
        status, answer, _ = await opened.ask("POST", path, data=io.BytesIO(b"x" * (1024 * 1024 + 1)), headers=headers)
        assert status == 413 and is_failure(answer, "too_large")
        status, answer, _ = await opened.ask("POST", path, data=io.BytesIO(b"x" * 1024 * 1024), headers=headers)
        assert status == 400


async def test_a_peer_that_leaves_in_the_middle_is_no_news() -> None:
    async with house() as opened:
        head = f"POST /api/v1/accounts HTTP/1.1\r\nHost: 127.0.0.1:{opened.gateway.port}\r\n"
        head += f"Authorization: Bearer {opened.tokens.client}\r\nContent-Length: 100\r\n\r\nhalf"
        for polite in (True, False):
            _, writer = await asyncio.open_connection("127.0.0.1", opened.gateway.port)
            writer.write(head.encode())
            await writer.drain()
            await opened.data("GET", "/status")
            writer.close() if polite else writer.transport.abort()
        await opened.data("GET", "/status")


async def test_a_chunked_body_that_breaks_says_400() -> None:
    async with house() as opened:
        head = f"POST /api/v1/accounts HTTP/1.1\r\nHost: 127.0.0.1:{opened.gateway.port}\r\n"
        head += f"Authorization: Bearer {opened.tokens.client}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
        assert b" 400 " in await raw(opened, head.encode())


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nA b: c\r\n\r\n",
    ],
)
async def test_bytes_that_are_no_request_are_answered_with_a_refusal_and_no_traceback(text: bytes) -> None:
    async with house() as opened:
        answer = await raw(opened, text)
        assert answer == b"" or answer.split(b" ")[1][:1] == b"4"
        await opened.data("GET", "/status")


async def test_without_a_host_nothing_is_ours() -> None:
    async with house() as opened:
        assert b" 421 " in await raw(opened, b"GET /api/v1/hello HTTP/1.0\r\n\r\n")


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "x" * 22 + "==",
}


@pytest.mark.parametrize(
    ("method", "query", "headers"),
    [
        ("GET", "transport=polling&EIO=4", UPGRADE),
        ("GET", "EIO=4", UPGRADE),
        ("GET", "transport=websocket&EIO=3", UPGRADE),
        ("GET", "transport=websocket&EIO=4&sid=abc", UPGRADE),
        ("GET", "transport=websocket&EIO=4", {}),
        ("GET", "transport=websocket&EIO=4", {**UPGRADE, "Sec-WebSocket-Key": "short"}),
        ("POST", "transport=polling&EIO=4&sid=abc", {}),
        ("OPTIONS", "", {}),
    ],
)
async def test_socket_io_is_a_fresh_websocket_or_nothing(method: str, query: str, headers: dict[str, str]) -> None:
    async with house() as opened:
        status, answer, response = await opened.ask(method, f"/socket.io/?{query}", token="", headers=headers)
        assert status == 400 and is_failure(answer, "websocket_only")
        assert response.headers["X-Request-ID"]


async def test_the_upgrade_carries_a_request_id_too() -> None:
    async with house() as opened:
        url = f"{opened.gateway.url}/socket.io/?transport=websocket&EIO=4"
        async with opened.http.ws_connect(url, headers={"X-Request-ID": "up-1"}) as socket:
            assert (await socket.receive_str()).startswith("0{")
            assert socket._response.headers["X-Request-ID"] == "up-1"


async def test_an_unknown_expectation_is_refused_in_the_envelope() -> None:
    async with house() as opened:
        text = f"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1:{opened.gateway.port}\r\nExpect: cake\r\n\r\n"
        answer = await raw(opened, text.encode())
        assert b" 417 " in answer and b"x-request-id" in answer.lower()
