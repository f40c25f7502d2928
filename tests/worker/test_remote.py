"""Finding the one right master: by its key, before a byte is said; what it says on other versions and at other ends."""

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from engine.gateway.tls import Identity, open_identity
from tests.conftest import LogWatch
from tests.support.waiting import eventually
from worker.joining import Joining
from worker.membership import Home, Membership
from worker.pin import client_context
from worker.process.exit_codes import Exit, Stop
from worker.protocol.join_code import JoinCode
from worker.remote import RemoteWay, find_master, pinned_session
from worker.way import Unreachable

HELLO = {"name": "vedette", "version": "9", "protocol": "v1"}


class Server:
    """Answers every request with `status` and `answer`, and keeps each byte that it was sent. Binds in `listening`."""

    def __init__(self, answer: object, status: int = 200, headers: str = "") -> None:
        self.heard = bytearray()
        self.connections = self.ended = 0
        self.port = 0
        body = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self._reply = head.encode() + body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while data := await reader.read(65_536):
                self.heard += data
                writer.write(self._reply)
        except OSError:
            pass
        finally:
            writer.close()
            self.ended += 1


@asynccontextmanager
async def listening(
    identity: Identity, answer: object, *, host: str = "127.0.0.1", port: int = 0, **more: object
) -> AsyncIterator[Server]:
    server = Server(answer, **more)  # type: ignore[arg-type]
    identity.certify(["127.0.0.1"])
    opened = await asyncio.start_server(server.serve, host, port, ssl=identity.context())
    server.port = opened.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        opened.close()


def an_identity(directory: Path, name: str) -> Identity:
    (directory / name).mkdir()
    return open_identity(directory / name)


async def find(spki: bytes, port: int, *hosts: str, answered_last: str | None = None) -> str:
    async with pinned_session(spki) as http:
        return await find_master(http, client_context(), hosts, port, answered_last=answered_last)


async def test_another_master_hears_not_one_byte_of_http(tmp_path: Path, expected_logs: LogWatch) -> None:
    expected_logs("link.stranger")
    ours, other = an_identity(tmp_path, "ours"), an_identity(tmp_path, "other")
    async with listening(other, {"data": HELLO}) as stranger:
        with pytest.raises(Stop) as caught:
            await find(ours.spki, stranger.port, "127.0.0.1")
        await eventually(lambda: stranger.ended)
        assert stranger.connections == 1 and not stranger.heard
    assert caught.value.code is Exit.CONFIG
    assert caught.value.sentence == (
        f"this is not the master that issued the code: 127.0.0.1:{stranger.port} has another key"
    )


async def test_nor_does_it_hear_of_a_code(tmp_path: Path, expected_logs: LogWatch) -> None:
    expected_logs("link.stranger")
    ours, other = an_identity(tmp_path, "ours"), an_identity(tmp_path, "other")
    async with listening(other, {"data": HELLO}) as stranger:
        code = JoinCode(ours.spki, b"t" * 24, stranger.port, ["127.0.0.1"])
        with pytest.raises(Stop, match="not the master that issued the code"):
            await Joining(Home(tmp_path / "w"), "", 1, lambda text: None).by(code, random.Random(1))
        await eventually(lambda: stranger.ended)
        assert stranger.connections == 1 and not stranger.heard


async def test_the_right_one_is_found_behind_a_stranger(tmp_path: Path, expected_logs: LogWatch) -> None:
    expected_logs("link.stranger")
    ours, other = an_identity(tmp_path, "ours"), an_identity(tmp_path, "other")
    async with listening(other, {"data": HELLO}, host="127.0.0.2") as stranger:
        async with listening(ours, {"data": HELLO}, host="127.0.0.3", port=stranger.port):
            assert await find(ours.spki, stranger.port, "127.0.0.4", "127.0.0.2", "127.0.0.3") == "127.0.0.3"
        assert not stranger.heard


async def test_a_stranger_where_the_master_never_was_is_no_verdict(tmp_path: Path, expected_logs: LogWatch) -> None:
    expected_logs("link.stranger")
    ours, other = an_identity(tmp_path, "ours"), an_identity(tmp_path, "other")
    async with listening(other, {"data": HELLO}, host="127.0.0.2") as stranger:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.3"):
            await find(ours.spki, stranger.port, "127.0.0.3", "127.0.0.2", answered_last="127.0.0.3")
        with pytest.raises(Stop):
            await find(ours.spki, stranger.port, "127.0.0.2", "127.0.0.3", answered_last="127.0.0.2")


async def test_the_address_that_answered_is_asked_first_the_next_time(tmp_path: Path) -> None:
    ours, home = an_identity(tmp_path, "ours"), Home(tmp_path / "w")
    async with listening(ours, {"data": HELLO}, host="127.0.0.3") as server:
        key = home.new_key()
        member = Membership(key.worker_id, "w", ours.spki, server.port, ["127.0.0.2", "127.0.0.3"], b"h")
        way = RemoteWay(home, member, key)
        async with way.session() as http:
            assert await way.find(http) == f"https://127.0.0.3:{server.port}"
    saved = home.joined()
    assert saved is not None and saved.hosts == ["127.0.0.3", "127.0.0.2"] and way.where.startswith("127.0.0.3")


async def test_another_version_ends_it_before_anything_is_asked_for(tmp_path: Path) -> None:
    ours = an_identity(tmp_path, "ours")
    async with listening(ours, {"data": HELLO | {"protocol": "v2"}}) as server:
        code = JoinCode(ours.spki, b"t" * 24, server.port, ["127.0.0.1"])
        with pytest.raises(Stop) as caught:
            await Joining(Home(tmp_path / "w"), "", 1, lambda text: None).by(code, random.Random(1))
        assert b"enroll" not in server.heard
    assert caught.value.code is Exit.CONFIG
    assert caught.value.sentence == (
        "the master speaks version v2 of the protocol, this worker v1: update the older one"
    )


@pytest.mark.parametrize("answer", ["nonsense", {"data": {}}, {"success": False}, []])
async def test_an_answer_that_makes_no_sense_is_tried_again(tmp_path: Path, answer: object) -> None:
    ours = an_identity(tmp_path, "ours")
    async with listening(ours, answer) as server:
        with pytest.raises(Unreachable, match="makes no sense"):
            await find(ours.spki, server.port, "127.0.0.1")


async def test_nobody_is_followed_elsewhere(tmp_path: Path) -> None:
    ours, other = an_identity(tmp_path, "ours"), an_identity(tmp_path, "other")
    async with listening(other, {"data": HELLO}) as elsewhere:
        where = f"Location: https://127.0.0.1:{elsewhere.port}/\r\n"
        async with listening(ours, {}, status=302, headers=where) as server:
            with pytest.raises(Unreachable):
                await find(ours.spki, server.port, "127.0.0.1")
            async with pinned_session(ours.spki) as http:
                with pytest.raises(aiohttp.ClientError, match="elsewhere"):
                    await http.get(f"https://127.0.0.1:{server.port}/", ssl=client_context())
        assert not elsewhere.connections


async def test_older_tls_is_not_spoken(tmp_path: Path) -> None:
    ours = an_identity(tmp_path, "ours")
    ours.certify(["127.0.0.1"])
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.load_cert_chain(tmp_path / "ours" / "tls.crt", tmp_path / "ours" / "tls.key")
    server = Server({"data": HELLO})
    opened = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=old)
    with pytest.raises(Unreachable):
        await find(ours.spki, opened.sockets[0].getsockname()[1], "127.0.0.1")
    assert not server.heard
    opened.close()
