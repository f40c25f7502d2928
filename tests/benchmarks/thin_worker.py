"""Workers as thin as can be: a bare websocket each, so that one process is ten thousand of them.

A frame of a client must be masked; a mask of four zeros keeps the text as it is.
"""

import asyncio
import base64
import os
import struct
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from worker.process.clock import wall_ms
from worker.protocol.envelope import pack
from worker.protocol.messages import Message

NAMESPACE = "/worker"
TEXT = 0x81


def frame(text: bytes) -> bytes:
    """One text frame of a client."""
    size = len(text)
    if size < 126:
        return struct.pack("!BB4x", TEXT, 0x80 | size) + text
    return struct.pack("!BBH4x", TEXT, 0x80 | 126, size) + text


class ThinWorker(asyncio.Protocol):
    """One connection. `trips` gets the seconds of each call that was answered."""

    def __init__(self, worker_id: str, token: str, trips: list[float]) -> None:
        self.worker_id = worker_id
        self.lost = False
        self._token = token
        self._trips = trips
        self._buffer = b""
        self._heads: dict[bytes, Callable[[bytes], None]] = {
            b"HTTP": lambda _text: None,
            b"0": lambda _text: self._send(b"40/worker," + msgspec.json.encode({"id": worker_id, "token": token})),
            b"40": lambda _text: self.joined.set_result(None),
            b"43": self._answered,
            b"2": lambda _text: self._send(b"3"),
        }
        self._sent: dict[int, float] = {}
        self._number = 0
        self._upgraded = False
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answer: asyncio.Future[Any] | None = None

    async def connect(self, url: str) -> None:
        """Connect and prove who it is."""
        address = urlsplit(url)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: self, address.hostname, address.port)
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await self.joined

    async def call(self, message: Message) -> dict[str, Any]:
        """Send a message and wait for its answer."""
        self.answer = asyncio.get_running_loop().create_future()
        self.tell(message)
        answer: dict[str, Any] = await self.answer
        return answer

    def tell(self, message: Message) -> None:
        """Send a message whose answer only counts for its time. Raises ConnectionError if the server has hung up."""
        if self.lost:
            raise ConnectionError(f"the server has cut {self.worker_id}")
        self._number += 1
        data = pack(message, f"{self.worker_id}-{self._number}", wall_ms())
        event = msgspec.json.encode([message.TYPE, data])
        self._sent[self._number] = time.perf_counter()
        self._send(b"42/worker,%d%s" % (self._number, event))

    @property
    def unanswered(self) -> int:
        """Calls that wait for their answers."""
        return len(self._sent)

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        self.lost = True

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.joined.set_exception(ConnectionError(self._buffer.decode(errors="replace")))
                return
            self._upgraded, self._buffer = True, rest
        while (text := self._next()) is not None:
            self._read(text)

    def _next(self) -> bytes | None:
        """The next whole frame's text."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        start, size = 2, buffer[1] & 0x7F
        if size >= 126:
            start, form = (4, "!H") if size == 126 else (10, "!Q")
            if len(buffer) < start:
                return None
            (size,) = struct.unpack(form, buffer[2:start])
        if len(buffer) < start + size:
            return None
        self._buffer = buffer[start + size :]
        return buffer[start : start + size]

    def _read(self, text: bytes) -> None:
        handle = self._heads.get(text[:2]) or self._heads.get(text[:1])
        if handle is not None:
            handle(text)

    def _answered(self, text: bytes) -> None:
        """`43/worker,12[{…}]`"""
        number, _, rest = text[len(b"43/worker,") :].partition(b"[")
        self._trips.append(time.perf_counter() - self._sent.pop(int(number)))
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(msgspec.json.decode(b"[" + rest)[0])

    def _send(self, text: bytes) -> None:
        self._transport.write(frame(text))
