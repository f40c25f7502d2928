"""A peer without manners: websocket frames made by hand, from any loopback address, read only when asked."""

import asyncio
import base64
import os
import ssl
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import psutil

from engine.gateway.limits import Limits
from tests.support.gateway import House
from worker.process import wire_json

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
FINAL, COMPRESSED = 0x80, 0x40
PATIENCE = 5.0  #: seconds for an answer or an end
SLOW = Limits(deadline=60.0)  #: for tests of how many, not of how long
QUICK = Limits(deadline=1.0)


class Rude:
    """One connection. As a context manager it is aborted at the end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self.sid = ""

    @classmethod
    async def connect(cls, port: int, source: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> "Rude":
        """A connection that says nothing yet, but for the handshake of TLS if it is that."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0), ssl=tls))

    @classmethod
    async def knock(cls, port: int, source: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> "Rude":
        """A websocket that has proven nothing; `sid` is Engine.IO's."""
        rude = await cls.connect(port, source, tls)
        status = await rude.upgrade(port)
        assert status == 101, status
        opening = await rude.hear() or ""
        assert opening.startswith("0{"), opening
        rude.sid = wire_json.loads(opening[1:])["sid"]
        return rude

    @classmethod
    async def join(cls, port: int, namespace: str, auth: Mapping[str, Any], source: str = "127.0.0.1") -> "Rude":
        """A websocket that is in."""
        rude = await cls.knock(port, source)
        await rude.say(f"40{namespace},{wire_json.dumps(auth)}")
        answer = await rude.hear() or ""
        assert answer.startswith(f"40{namespace},"), answer
        return rude

    async def upgrade(self, port: int, **headers: str) -> int:
        """Ask for the websocket; the answer's status, 0 if the connection ended instead."""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = {
            "Host": f"127.0.0.1:{port}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.writer.write(f"GET /socket.io/?transport=websocket&EIO=4 HTTP/1.1\r\n{head}\r\n".encode())
        try:
            return int((await self.head()).split(b" ", 2)[1])
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0

    async def head(self) -> bytes:
        """The head of an answer."""
        return await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), PATIENCE)

    async def ended(self) -> bytes:
        """All that comes until the connection ends."""
        heard = b""
        try:
            while part := await self._reader.read(65536):
                heard += part
        except ConnectionError:
            pass
        return heard

    async def say(self, *texts: str) -> None:
        """Send text frames; whether anybody listens is another question."""
        for text in texts:
            await self.send(text.encode("utf-8", "surrogatepass"))

    async def send(self, payload: bytes, kind: int = TEXT | FINAL) -> None:
        """Send one frame."""
        if self.writer.is_closing():
            return
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", kind, 0x80 | size)
        elif size < 65536:
            head = struct.pack("!BBH", kind, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", kind, 0x80 | 127, size)
        try:
            self.writer.write(head + bytes(4) + payload)  # masked with zeros
            await self.writer.drain()
        except ConnectionError:
            return

    async def hear(self, within: float = PATIENCE) -> str | None:
        """The next text frame, pings passed over; None once the connection has ended, `close <code>` before that."""
        try:
            async with asyncio.timeout(within):
                while True:
                    kind, size = struct.unpack("!BB", await self._reader.readexactly(2))
                    if size == 126:
                        (size,) = struct.unpack("!H", await self._reader.readexactly(2))
                    elif size == 127:
                        (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
                    payload = await self._reader.readexactly(size)
                    if kind & 15 == CLOSE:
                        return f"close {int.from_bytes(payload[:2], 'big')}"
                    if kind & 15 == TEXT and payload != b"2":
                        return payload.decode()
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def to_the_end(self, within: float = PATIENCE) -> list[str]:
        """What still comes until the transport ends, which it must."""
        heard = []
        async with asyncio.timeout(within):
            while (frame := await self.hear(within)) is not None:
                heard.append(frame)
        return heard

    async def __aenter__(self) -> "Rude":
        return self

    async def __aexit__(self, *_error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.writer.transport.abort()
        await asyncio.sleep(0)


def held(opened: House, port: int = 0) -> int:
    """Connections that the server's side holds right now at a port, the plain one if none is named."""
    port = port or opened.gateway.port
    mine = psutil.Process().net_connections(kind="tcp")
    return sum(c.laddr.port == port and c.status not in ("LISTEN", "NONE") for c in mine if c.laddr)


@contextmanager
def many_files(count: int) -> Iterator[None]:
    """Room for so many sockets."""
    import resource  # not everywhere

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, count), hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
