"""Servers that are old, broken or hostile: each answers by script."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.platforms import http_pool, session_for
from worker.platforms.base import Changed, Check, PlatformError, RateLimited, Refused, Unreachable
from worker.platforms.imap import Imap
from worker.platforms.imap_wire import MAX_ANSWER, Response, mailbox_name
from worker.process.tasks import cancel, spawn

GREETING = b"* OK [CAPABILITY IMAP4rev1] ready\r\n"
MAIL = b"Subject: hi\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n"
USUAL = {
    b"LOGIN": b"# OK [CAPABILITY IMAP4rev1] in\r\n",
    b"EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 2] ok\r\n# OK [READ-ONLY] done\r\n",
    b"FETCH": b"* 1 FETCH (UID 1 BODY[]<0> {%d}\r\n%s)\r\n# OK done\r\n" % (len(MAIL), MAIL),
    b"LOGOUT": b"# OK bye\r\n",
}


class Scripted:
    """An IMAP server that answers each command by its name; `#` in an answer is the command's tag."""

    def __init__(self, greeting: bytes, answers: dict[bytes, bytes]) -> None:
        self.greeting = greeting
        self.answers = {**USUAL, **answers}
        self.got: list[bytes] = []
        self.port = 0
        self.handlers: set[asyncio.Task[None]] = set()

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.handlers.add(spawn(self._serve(reader, writer), name="scripted server"))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting)
        try:
            while line := await reader.readline():
                if literal := re.search(rb"\{(\d+)\}\r\n$", line):
                    writer.write(b"+ go on\r\n")
                    line += await reader.readexactly(int(literal[1])) + await reader.readline()
                self.got.append(line)
                words = line.split()
                name = next((word for word in words[1:3] if word in self.answers), b"")
                writer.write(self.answers.get(name, b"# BAD what\r\n").replace(b"#", words[0]))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()


@asynccontextmanager
async def scripted(greeting: bytes = GREETING, **answers: bytes) -> AsyncIterator[Scripted]:
    server = Scripted(greeting, {name.encode(): answer for name, answer in answers.items()})
    listening = await asyncio.start_server(server.connected, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await cancel(*server.handlers)
        await listening.wait_closed()


async def check(server: Scripted, password: str = "secret", tls: str = "none", timeout: float = 10) -> Check:
    settings = {"host": "127.0.0.1", "port": server.port, "tls": tls, "allow_private_network": True}
    async with http_pool(timeout=timeout) as pool:
        platform = Imap()
        session = session_for(platform, pool, settings, {"username": "u", "password": password})
        return await platform.check(session, None)


async def test_a_plain_old_server_is_enough() -> None:
    async with scripted() as server:
        (found,) = (await check(server)).items
    assert (found.subject, found.text) == ("hi", "hello")
    assert b'LOGIN "u" "secret"' in server.got[0]
    assert not any(b"SELECT" in line or b"BODY[" in line for line in server.got), "it could mark mail as seen"


async def test_a_server_that_names_no_next_uid_is_asked_for_its_last() -> None:
    async with scripted(EXAMINE=b"* 1 EXISTS\r\n# OK done\r\n") as server:
        cursor = (await check(server)).cursor
    assert cursor is not None and '"uidvalidity":0,"uidnext":2' in cursor


async def test_a_password_is_sent_whatever_it_is_made_of() -> None:
    async with scripted() as server:
        await check(server, 'a"b\\c')
        assert b'LOGIN "u" "a\\"b\\\\c"' in server.got[0]
    secret = "密码\r\nA DELETE INBOX"
    async with scripted() as server:
        await check(server, secret)
        assert server.got[0].endswith(b' "u" {%d}\r\n%s\r\n' % (len(secret.encode()), secret.encode()))


async def test_a_server_that_wants_a_name_is_told_one() -> None:
    async with scripted(LOGIN=b"# OK [CAPABILITY IMAP4rev1 ID] in\r\n", ID=b"# OK\r\n") as server:
        await check(server)
    assert any(b'ID ("name" "Vedette")' in line for line in server.got)


@pytest.mark.parametrize(
    ("greeting", "error", "says"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Changed, "does not speak IMAP"),
        (b"SSH-2.0-OpenSSH_9\r\n", Changed, "does not speak IMAP"),
        (b"+OK POP3 ready\r\n", Changed, "does not speak IMAP"),
        (b"\x16\x03\x01\x00\xff\r\n", Changed, "does not speak IMAP"),
        (b"x" * 200_000, Changed, "line without an end"),
        (b"* BYE too busy\r\n", Unreachable, "too busy"),
    ],
)
@pytest.mark.parametrize("tls", ["none", "starttls"])
async def test_greetings(greeting: bytes, error: type[PlatformError], says: str, tls: str) -> None:
    async with scripted(greeting) as server:
        with pytest.raises(error, match=says):
            await check(server, tls=tls)
    assert not any(b"LOGIN" in line for line in server.got)


@pytest.mark.parametrize(
    ("greeting", "error", "says"),
    [
        (b"", Unreachable, "did not greet"),
        (b"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] ready\r\n", Changed, "no password without encryption"),
    ],
)
async def test_greetings_of_a_server_without_encryption(greeting: bytes, error: type[PlatformError], says: str) -> None:
    async with scripted(greeting) as server:
        with pytest.raises(error, match=says):
            await check(server, tls="none", timeout=10 if greeting else 0.2)
    assert not any(b"LOGIN" in line for line in server.got)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"# NO [AUTHENTICATIONFAILED] Invalid credentials\r\n", Refused),
        (b"# NO login failed\r\n", Refused),
        (b"# NO [UNAVAILABLE] backend down\r\n", Unreachable),
        (b"# NO [LIMIT] slow down\r\n", RateLimited),
        (b"# NO [ALERT] Too many simultaneous connections\r\n", RateLimited),
        (b"* BYE shutting down\r\n", Unreachable),
        (b"# NO your password secret is wrong\r\n", Refused),
    ],
)
async def test_logins_that_fail(answer: bytes, error: type[PlatformError]) -> None:
    async with scripted(LOGIN=answer) as server:
        with pytest.raises(error) as raised:
            await check(server)
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"* 1 FETCH (UID 1 BODY[]<0> {999999999999}\r\n", Changed),
        (b"* 1 FETCH (UID 1 BODY[]<0> {900000}\r\n" + b"x" * 900_000 + b")\r\n", Changed),
        (b"* OK still here\r\n" * (MAX_ANSWER // 10), Changed),
        (b'* 1 FETCH (UID 1 BODY[]<0> "unclosed)\r\n# OK\r\n', Changed),
        (b"# NO [EXPUNGEISSUED] gone\r\n", Changed),
        (b"garbage\r\n", Changed),
        (b"* 1 FETCH (UID 1 BODY[]<0> {50}\r\nhalf", Unreachable),
    ],
    ids=["huge literal", "long literal", "flood", "open quote", "refused", "garbage", "half"],
)
async def test_answers_that_are_none(answer: bytes, error: type[PlatformError]) -> None:
    async with scripted(FETCH=answer * (6 if len(answer) == 900_040 else 1)) as server:
        with pytest.raises(error):
            await check(server, timeout=0.5 if answer.endswith(b"half") else 10)


async def test_what_is_fetched_may_come_in_any_order_and_beside_other_things() -> None:
    fetched = (
        b"* 1 FETCH (FLAGS (\\Recent (odd)))\r\n* 2 EXISTS\r\n"
        b'* 1 FETCH (FLAGS () BODY[]<0> "Subject: q\\"uoted" X-GM-MSGID 9 UID 1)\r\n# OK done\r\n'
    )
    async with scripted(FETCH=fetched) as server:
        (found,) = (await check(server)).items
    assert found.subject == 'q"uoted'


async def test_starttls_that_is_not_offered_is_no_reason_to_go_on_without() -> None:
    async with scripted(STARTTLS=b"# NO not here\r\n") as server:
        with pytest.raises(Changed, match="offers no STARTTLS: not here"):
            await check(server, tls="starttls")
    assert not any(b"LOGIN" in line for line in server.got)


async def test_what_is_smuggled_in_before_tls_is_not_taken_for_the_servers_word() -> None:
    injected = b"# OK begin\r\n* OK [CAPABILITY IMAP4rev1] injected\r\n"
    async with scripted(STARTTLS=injected) as server:
        with pytest.raises(Unreachable, match="No secure connection"):
            await check(server, tls="starttls")


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("INBOX", b"INBOX"),
        ("Tom & Co", b"Tom &- Co"),
        ("台北", b"&U,BTFw-"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("a😀", b"a&2D3eAA-"),
    ],
)
def test_mailbox_names(name: str, encoded: bytes) -> None:
    assert mailbox_name(name) == encoded


@given(st.binary(max_size=200), st.lists(st.binary(max_size=5), max_size=3))
def test_fields_of_anything_are_fields_or_a_changed_answer(rest: bytes, literals: list[bytes]) -> None:
    try:
        Response("*", 1, "FETCH", b"(" + rest, tuple(literals)).fields()
    except Changed:
        pass
