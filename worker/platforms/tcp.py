"""Connections that are not HTTP, under the same rules as `Http`: the SSRF rule, the look at the lease, time-outs,
redaction and the mapping to `PlatformError` are here, so that no platform opens a socket of its own.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohappyeyeballs
from aiohttp import AddrInfoType

from worker.platforms.addresses import guarded_socket, refuse_private
from worker.platforms.base import Changed, PlatformError, Unreachable
from worker.platforms.redaction import Redactor

LONGEST_LINE = 64 * 1024  #: bytes
NEXT_ADDRESS_AFTER = 0.25  #: seconds; RFC 8305
QUIET_FOR = 60  #: seconds without traffic after which the system asks whether the other end is still there

BeforeTls = Callable[["PlainDialogue"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Stream:
    """One open connection; `who` is its host (and port) for sentences."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    who: str


@dataclass(frozen=True, slots=True)
class PlainDialogue:
    """What is said on a connection before it turns to TLS; `who` is for sentences."""

    connected: socket.socket
    who: str

    async def line(self) -> bytes:
        """The next line without its end.

        Raises:
            EOFError: if the connection ends first.
            Changed: if the line does not end.
        """
        loop, line = asyncio.get_running_loop(), bytearray()
        # a byte at a time: what follows the line belongs to TLS, and bytes smuggled in before it must not be kept
        while not line.endswith(b"\n"):
            byte = await loop.sock_recv(self.connected, 1)
            if not byte:
                raise EOFError
            line += byte
            if len(line) > LONGEST_LINE:
                raise Changed(f"{self.who} sends a line without an end. Check the address and the port.")
        return bytes(line).rstrip(b"\r\n")

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""
        await asyncio.get_running_loop().sock_sendall(self.connected, data)


@dataclass(frozen=True, slots=True)
class Tcp:
    """Opens connections for one account.

    Attributes:
        allow_private_network: the account's setting of that name.
        redact: keeps the account's credentials out of sentences.
        look: called before each request and when a connection is ready; an exception it raises ends the request and
            reaches the platform's caller as it is.
        timeout: seconds that one request may take as of now.
    """

    allow_private_network: bool
    redact: Redactor
    look: Callable[[], None]
    timeout: Callable[[], float]

    @asynccontextmanager
    async def connect(
        self, host: str, port: int, *, tls: ssl.SSLContext | None = None, before_tls: BeforeTls | None = None
    ) -> AsyncIterator[Stream]:
        """A connection to `host`, cut off at the end whatever happened.

        Args:
            tls: checks the server's certificate against `host`; None leaves the connection as it is.
            before_tls: talks with the server before TLS begins (STARTTLS).

        Raises:
            PlatformError: Unreachable or PrivateAddress; inside the block too, for what happens to the connection.
        """
        who = host if port in (143, 993) else f"{host}:{port}"
        with self.explained(who):
            async with asyncio.timeout(self.timeout()):
                stream = await self._open(host, port, who, tls, before_tls)
            try:
                yield stream
            finally:
                stream.writer.transport.abort()

    @contextmanager
    def explained(self, who: str) -> Iterator[None]:
        """Turn what goes wrong with a connection into a PlatformError without secrets; others keep their type."""
        try:
            yield
        except PlatformError as error:
            error.message = self.redact(error.message)
            error.args = (error.message,)
            raise
        except (OSError, EOFError, UnicodeError) as error:
            raise Unreachable(self.redact(_sentence(error, who, self.timeout()))) from None

    async def _open(
        self, host: str, port: int, who: str, tls: ssl.SSLContext | None, before_tls: BeforeTls | None
    ) -> Stream:
        self.look()
        connected = await self._connected(host, port)
        try:
            self.look()
            if before_tls is not None:
                await before_tls(PlainDialogue(connected, who))
            name = host if tls is not None else None
            reader, writer = await asyncio.open_connection(
                sock=connected, limit=LONGEST_LINE, ssl=tls, server_hostname=name
            )
        except BaseException:
            connected.close()
            raise
        return Stream(reader, writer, who)

    async def _connected(self, host: str, port: int) -> socket.socket:
        """A socket to an address that was looked up once and checked before any packet went there."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if not self.allow_private_network:
            for *_, address in found:  # one private address refuses the name, as in addresses.GuardedResolver
                refuse_private(str(address[0]))
        opening = _any_socket if self.allow_private_network else guarded_socket
        connected = await aiohappyeyeballs.start_connection(
            found, happy_eyeballs_delay=NEXT_ADDRESS_AFTER, interleave=1, socket_factory=opening
        )
        _keep_alive(connected)
        return connected


def _any_socket(info: AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = info
    return socket.socket(family=family, type=kind, proto=protocol)


def _keep_alive(connected: socket.socket) -> None:
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, QUIET_FOR)


_SENTENCES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (TimeoutError, "{who} did not answer within {timeout:g} s. It will be tried again later."),
    (
        ssl.SSLCertVerificationError,
        "The certificate of {who} cannot be trusted: {reason}. Check the address, or ask whoever runs the server.",
    ),
    (ssl.SSLError, "No secure connection to {who}. Check the port and the kind of encryption."),
    (
        (socket.gaierror, UnicodeError),
        "No server named {who} was found. Check the address and the network connection.",
    ),
    ((EOFError, ConnectionResetError, BrokenPipeError), "{who} broke the connection off. It will be tried again."),
    (OSError, "No connection to {who}. Check the address and the port, and that the server runs."),
)  #: the first that fits counts


def _sentence(error: Exception, who: str, timeout: float) -> str:
    sentence = next(sentence for kinds, sentence in _SENTENCES if isinstance(error, kinds))
    return sentence.format(who=who, timeout=timeout, reason=getattr(error, "verify_message", ""))
