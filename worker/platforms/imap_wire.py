"""As much of IMAP (RFC 3501, IDLE: RFC 2177) as watching a mailbox takes, on an open connection.

Nothing here can change a mailbox: it is opened with EXAMINE, and mail is fetched with BODY.PEEK.
"""

import asyncio
import base64
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from worker.platforms.base import Changed, Unreachable
from worker.platforms.plain_text import line
from worker.platforms.tcp import PlainDialogue, Stream

MAX_ANSWER = 4 * 1024 * 1024  #: bytes of everything that answers one command
LONGEST_REASON = 200  #: characters of what a server says about itself in a sentence
BODY = "BODY[]"

_LITERAL = re.compile(rb"\{(\d{1,12})\}$")
_CODE = re.compile(rb"\[([A-Za-z0-9-]+) ?([^\]]*)\] ?")
_VALUE = re.compile(rb' *(?:([()])|"((?:[^"\\]|\\.)*)"|(\0)|([^\s()"\0]+))')
_QUOTABLE = re.compile(rb"[\x20-\x7e]*")
_ENCODED = re.compile("[^\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class Response:
    """One response of the server.

    Attributes:
        tag: of the command that it ends, `*` if it ends none, `+` if the server wants more.
        number: of the message, or how many; 0 where there is none.
        kind: in upper case: OK, NO, BAD, BYE, EXISTS, SEARCH, FETCH …
        rest: what follows; a NUL stands for each of `literals`.
    """

    tag: str
    number: int
    kind: str
    rest: bytes
    literals: tuple[bytes, ...] = ()

    @property
    def code(self) -> tuple[str, str]:
        """What stands in brackets: its name in upper case and its value; empty where nothing does."""
        found = _CODE.match(self.rest)
        return (found[1].decode().upper(), _text(found[2])) if found else ("", "")

    @property
    def reason(self) -> str:
        """What the server says to people, on one line."""
        return line(_text(_CODE.sub(b"", self.rest, count=1)), LONGEST_REASON)

    def fields(self) -> dict[str, bytes]:
        """Of a FETCH: each item's value by its name; lists are empty.

        Raises:
            Changed: if it cannot be understood.
        """
        values = list(self._values())
        names = (_text(name).upper().partition("<")[0] for name in values[::2])
        return dict(zip(names, values[1::2], strict=False))

    def _values(self) -> Iterator[bytes]:
        """The values in the outer parentheses."""
        at, depth, literals = 0, 0, iter(self.literals)
        while at < len(self.rest.rstrip()):
            found = _VALUE.match(self.rest, at)
            if found is None:
                raise Changed("The server's answer is not valid IMAP.")
            at = found.end()
            bracket, quoted, literal, atom = found.groups()
            depth += {b"(": 1, b")": -1}.get(bracket, 0)
            if depth == 1 and bracket is None:
                yield next(literals, b"") if literal else atom if quoted is None else re.sub(rb"\\(.)", rb"\1", quoted)
            elif literal:
                next(literals, None)
            elif depth == 1 and bracket == b")":
                yield b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command led to: the response that ended it, and those that came meanwhile."""

    end: Response
    before: tuple[Response, ...]

    @property
    def ok(self) -> bool:
        return self.end.kind == "OK"

    def number(self, code: str) -> int:
        """The number in a response code such as UIDNEXT, 0 where there is none."""
        values = [value for name, value in (each.code for each in self.before) if name == code]
        return int(values[-1]) if values and values[-1].isdecimal() else 0

    def of(self, kind: str) -> list[Response]:
        """The responses of one kind, in order."""
        return [each for each in self.before if each.kind == kind]


@dataclass(slots=True)
class Wire:
    """A connection that speaks IMAP; one command at a time.

    Attributes:
        look: called before each command; what it raises ends it unsent.
        timeout: seconds that one command may take.
        capabilities: what the server said last that it can do, in upper case.
        news: set when the mailbox has got mail since it was opened.
    """

    stream: Stream
    look: Callable[[], None]
    timeout: Callable[[], float]
    capabilities: frozenset[str] = frozenset()
    news: bool = False
    _tags: int = 0
    _room: int = MAX_ANSWER
    _untagged: list[Response] = field(default_factory=list)

    async def greet(self) -> None:
        """Take the server's greeting.

        Raises:
            Changed: if that is none, Unreachable if the server turns us away.
        """
        try:
            async with asyncio.timeout(self.timeout()):
                greeting = await self._receive()
        except TimeoutError:
            raise Unreachable(_no_greeting(self.stream.who)) from None
        _expect_greeting(greeting, self.stream.who)

    async def learn(self) -> None:
        """Ask what the server can do, unless it said so by itself."""
        if not self.capabilities:
            await self.ask("CAPABILITY")

    async def ask(self, *words: str | bytes) -> Answer:
        """Send one command and wait for its end.

        Args:
            words: text is sent as it is; bytes as a string, however that can be written.

        Raises:
            TimeoutError: if it takes too long; OSError, EOFError if the connection fails.
            Unreachable: if the server says that it closes the connection, Changed if it does not speak IMAP.
        """
        self.look()
        async with asyncio.timeout(self.timeout()):
            tag = await self._send(words)
            return await self._until(tag)

    async def idle(self, seconds: float) -> None:
        """Wait until there is news, for at most `seconds`."""
        if self.news:
            return
        self.look()
        async with asyncio.timeout(self.timeout()):
            tag = await self._send(("IDLE",))
            await self._until("+")
        try:
            async with asyncio.timeout(seconds):
                while not self.news:
                    self._room, self._untagged = MAX_ANSWER, []
                    await self._receive()
        except TimeoutError:
            pass  # nothing new; the server may end an IDLE after 30 minutes (RFC 2177)
        self.stream.writer.write(b"DONE\r\n")
        async with asyncio.timeout(self.timeout()):
            await self._until(tag)

    def leave(self) -> None:
        """Say goodbye; the answer is not waited for."""
        self.stream.writer.write(b"Z LOGOUT\r\n")

    async def _send(self, words: Iterable[str | bytes]) -> str:
        self._tags += 1
        self._room, self._untagged = MAX_ANSWER, []
        tag, writer = f"V{self._tags}", self.stream.writer
        writer.write(tag.encode())
        for word in words:
            if isinstance(word, str):
                writer.write(b" " + word.encode())
            elif _QUOTABLE.fullmatch(word):
                writer.write(b' "' + re.sub(rb'(["\\])', rb"\\\1", word) + b'"')
            else:
                writer.write(b" {%d}\r\n" % len(word))
                await self._until("+")
                writer.write(word)
        writer.write(b"\r\n")
        await writer.drain()
        return tag

    async def _until(self, tag: str) -> Answer:
        while True:
            response = await self._receive()
            if response.tag == tag:
                return Answer(response, tuple(self._untagged))
            if response.tag not in ("*", "+"):  # a refusal where “+” was asked for, or the end of nothing we sent
                raise Changed(f"{self.stream.who} does not take a command: {response.kind} {response.reason}")

    async def _receive(self) -> Response:
        response = _parsed(*await self._read(), self.stream.who)
        if response.kind == "CAPABILITY":
            self.capabilities = frozenset(_text(response.rest).upper().split())
        elif response.code[0] == "CAPABILITY":
            self.capabilities = frozenset(response.code[1].upper().split())
        elif response.kind == "EXISTS":
            self.news = True
        elif response.kind == "BYE":
            raise Unreachable(f"{self.stream.who} closes the connection: {response.reason}")
        if response.tag == "*":
            self._untagged.append(response)
        return response

    async def _read(self) -> tuple[bytes, tuple[bytes, ...]]:
        text = b""
        literals: list[bytes] = []
        while True:
            text += await self._line()
            found = _LITERAL.search(text)
            if found is None:
                return text, tuple(literals)
            size = int(found[1])
            self._take(size)
            literals.append(await self.stream.reader.readexactly(size))
            text = text[: found.start()] + b"\0"

    async def _line(self) -> bytes:
        try:
            received = await self.stream.reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            raise Changed(f"{self.stream.who} sends a line without an end. Check the address and the port.") from None
        self._take(len(received))
        return received.rstrip(b"\r\n").replace(b"\0", b"")

    def _take(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise Changed(f"{self.stream.who} answers with more than {MAX_ANSWER} bytes to one command.")


async def ask_for_tls(plain: PlainDialogue) -> None:
    """Say STARTTLS on a connection that has just been opened.

    Raises:
        Changed: if the server does not speak IMAP, or has no TLS.
        Unreachable: if it turns us away.
    """
    _expect_greeting(_parsed(await plain.line(), (), plain.who), plain.who)
    await plain.send(b"S STARTTLS\r\n")
    while (response := _parsed(await plain.line(), (), plain.who)).tag != "S":
        pass
    if response.kind != "OK":
        raise Changed(f"{plain.who} offers no STARTTLS: {response.reason} Choose another kind of encryption.")


def mailbox_name(name: str) -> bytes:
    """A mailbox's name in modified UTF-7 (RFC 3501, 5.1.3)."""
    return _ENCODED.sub(_modified, name.replace("&", "&-")).encode()


def _modified(found: re.Match[str]) -> str:
    raw = base64.b64encode(found[0].encode("utf-16-be", "replace"))
    return "&" + raw.decode().rstrip("=").replace("/", ",") + "-"


def _expect_greeting(response: Response, who: str) -> None:
    if response.kind == "BYE":
        raise Unreachable(f"{who} turns us away: {response.reason}")
    if response.tag != "*" or response.kind not in ("OK", "PREAUTH"):
        raise Changed(f"{who} does not speak IMAP. Check the address and the port.")


def _no_greeting(who: str) -> str:
    return f"{who} did not greet like an IMAP server. Check the port and the kind of encryption."


def _parsed(text: bytes, literals: tuple[bytes, ...], who: str) -> Response:
    tag, _, rest = text.partition(b" ")
    first, _, rest = rest.partition(b" ")
    number = 0
    if first.isdigit() and len(first) <= 10:
        number = int(first)
        first, _, rest = rest.partition(b" ")
    if not tag or not (tag == b"+" or (tag.isascii() and first[:1].isalpha())):
        raise Changed(f"{who} does not speak IMAP. Check the address and the port.")
    return Response(_text(tag), number, _text(first).upper(), rest, literals)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
