"""One encrypted file: a header that says how its key is made, then chunks, each authenticated with its place.

`magic | version (2) | length (2) | header as JSON | SHA-256 of all that, 16 bytes | chunks`. A chunk is AES-256-GCM
with nonce `prefix (7) | number (4) | 1 if it is the last`, bound to the header: none can be changed, moved, left out or
taken from another file, and an end that is missing is seen.
"""

import base64
import hashlib
import hmac
import os
import struct
from collections.abc import Iterator
from typing import IO, Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.vault.errors import VaultError
from engine.vault.passphrase import Recipe
from engine.vault.vault import TAG
from worker.process.secret import Secret

MAGIC = b"VEDETTE-BACKUP\r\n\x1a\n"
VERSION = 1
DIGEST = 16
PREFIX = 7
CHUNK = 1024 * 1024
_NUMBERS = struct.Struct(">HH")


class BadArchive(VaultError):
    """It cannot be read; `str(error)` says why without its name."""


DAMAGED = "is damaged or cut short: use another backup"


class ArchiveWriter:
    """Encrypts what is written into `stream`; without finish() the result cannot be read. Blocking."""

    def __init__(self, stream: IO[bytes], passphrase: Secret, recipe: Recipe | None = None) -> None:
        recipe = recipe or Recipe.new()
        key = recipe.key(passphrase)
        self._stream, self._prefix, self._number, self._rest = stream, os.urandom(PREFIX), 0, bytearray()
        header = recipe.facts() | {"prefix": _text(self._prefix), "check": _text(_derived(key, b"check")[:8])}
        encoded = msgspec.json.encode(header)
        preamble = MAGIC + _NUMBERS.pack(VERSION, len(encoded)) + encoded
        self._digest = hashlib.sha256(preamble).digest()[:DIGEST]
        self._cipher = AESGCM(_derived(key, b"chunks"))
        stream.write(preamble + self._digest)

    def write(self, data: bytes) -> None:
        """Add to the content."""
        self._rest += data
        while len(self._rest) > CHUNK:  # not at equality: the last chunk must be there to be marked as the last
            self._put(bytes(self._rest[:CHUNK]), last=False)
            del self._rest[:CHUNK]

    def finish(self) -> None:
        """Write the last chunk, which says that nothing follows."""
        self._put(bytes(self._rest), last=True)

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._stream.write(self._cipher.encrypt(_nonce(self._prefix, self._number, last), chunk, self._digest))
        self._number += 1


class ArchiveReader:
    """Reads what an ArchiveWriter wrote. Blocking.

    Raises:
        BadArchive: from the constructor for a file of another kind, a newer version, a damaged header, a wrong
            passphrase.
    """

    def __init__(self, stream: IO[bytes], passphrase: Secret) -> None:
        self._stream = stream
        header, self._digest = _header(stream)
        self._begin = stream.tell()
        try:
            key = Recipe.read({name: str(value) for name, value in header.items()}).key(passphrase)
            self._prefix, check = (base64.b64decode(header[name], validate=True) for name in ("prefix", "check"))
        except (KeyError, ValueError, VaultError):
            raise BadArchive(DAMAGED) from None
        if not hmac.compare_digest(check, _derived(key, b"check")[:8]):
            raise BadArchive("cannot be opened: the passphrase is wrong")
        self._cipher = AESGCM(_derived(key, b"chunks"))

    def chunks(self) -> Iterator[bytes]:
        """The content from its beginning. Raises BadArchive at the first chunk that is not as it was written."""
        self._stream.seek(self._begin)
        number, following = 0, self._stream.read(CHUNK + TAG)
        while True:
            sealed, following = following, self._stream.read(CHUNK + TAG)
            try:
                yield self._cipher.decrypt(_nonce(self._prefix, number, not following), sealed, self._digest)
            except (InvalidTag, ValueError):
                raise BadArchive(DAMAGED) from None
            if not following:
                return
            number += 1


def _header(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    start = stream.read(len(MAGIC) + _NUMBERS.size)
    if not start.startswith(MAGIC):
        raise BadArchive(DAMAGED if start and MAGIC.startswith(start) else "is no backup of Vedette")
    if len(start) < len(MAGIC) + _NUMBERS.size:
        raise BadArchive(DAMAGED)
    version, length = _NUMBERS.unpack(start[len(MAGIC) :])
    encoded, digest = stream.read(length), stream.read(DIGEST)
    if digest != hashlib.sha256(start + encoded).digest()[:DIGEST]:
        raise BadArchive(DAMAGED)
    if version > VERSION:  # the digest stands for every version, so that a damaged number is not taken for a newer one
        raise BadArchive("was made by a newer Vedette: install that version or newer")
    try:
        return msgspec.json.decode(encoded, type=dict[str, Any]), digest
    except msgspec.MsgspecError:
        raise BadArchive(DAMAGED) from None


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", number, last)


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"vedette/backup/v1/" + purpose, "sha256")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
