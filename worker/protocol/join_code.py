"""The code that a person carries from the master's window to another machine: `VDT1.` and some base64url.

It holds all that a worker must know beforehand: whom to trust (the hash of the master's public key), where to look, and
a token that lets one more worker in. Its own checksum catches a slip of the mouse before anybody is called.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Annotated

import msgspec
from msgspec import Meta

PREFIX = "VDT1."
SPKI_BYTES = 32
TOKEN_BYTES = 24
CHECKSUM_BYTES = 4
MAX_HOSTS = 8
LONGEST = 4096  #: characters

Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:_-]{1,253}\Z")]


class BadJoinCode(ValueError):
    """What was given is no join code, or not a whole one; the message is a sentence for a person."""


class JoinCode(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a join code says.

    Attributes:
        spki: SHA-256 of the master's public key (DER SubjectPublicKeyInfo).
        token: lets one more worker in.
        port: of the master's TLS door.
        hosts: names and addresses under which the master may be found; to be tried in this order.
    """

    spki: Annotated[bytes, Meta(min_length=SPKI_BYTES, max_length=SPKI_BYTES)]
    token: Annotated[bytes, Meta(min_length=TOKEN_BYTES, max_length=TOKEN_BYTES)]
    port: Annotated[int, Meta(ge=1, le=65_535)]
    hosts: Annotated[list[Host], Meta(min_length=1, max_length=MAX_HOSTS)]

    def __repr__(self) -> str:
        return f"JoinCode(port={self.port}, hosts={self.hosts}, token=***)"


def encode(code: JoinCode) -> str:
    """The code as a person copies it."""
    raw = msgspec.msgpack.encode(code)
    return PREFIX + base64.urlsafe_b64encode(raw + _checksum(raw)).decode().rstrip("=")


def decode(text: str) -> JoinCode:
    """Read a code; white space within it, as a terminal's line breaks leave it, does no harm.

    Raises:
        BadJoinCode: with a sentence that never holds the code.
    """
    text = "".join(text.split())
    if not text.startswith(PREFIX):
        raise BadJoinCode(f"this is not a join code: one starts with {PREFIX}")
    raw, checksum = _split(text.removeprefix(PREFIX))
    if not hmac.compare_digest(_checksum(raw), checksum):
        raise BadJoinCode("the code is damaged or cut short; copy it again")
    try:
        return msgspec.msgpack.decode(raw, type=JoinCode)
    except msgspec.MsgspecError:  # the checksum fits, so this is what its master meant
        raise BadJoinCode("the code comes from another version of the master: update the older of the two") from None


def _split(text: str) -> tuple[bytes, bytes]:
    try:
        data = base64.b64decode(text[:LONGEST] + "=" * (-len(text[:LONGEST]) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b"", b""  # no checksum at all: damaged
    return data[:-CHECKSUM_BYTES], data[-CHECKSUM_BYTES:]


def _checksum(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()[:CHECKSUM_BYTES]
