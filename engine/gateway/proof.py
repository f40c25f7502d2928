"""Who a worker is: a local one by its one-start token, one from another machine by a signature of its key."""

import base64
import binascii
from collections.abc import Mapping
from typing import Protocol

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from engine.gateway.auth import Tokens
from engine.gateway.namespace import refuse
from worker.protocol.errors import Code
from worker.protocol.proof import transcript

log = structlog.get_logger("gateway")


class Roster(Protocol):
    """The workers of other machines. Looked up each time: rights may end between two messages."""

    def public_key(self, worker_id: str) -> bytes | None:
        """Its Ed25519 key, 32 bytes, of a revoked one too; None if there never was such a worker."""

    def is_revoked(self, worker_id: str) -> bool:
        """Whether it may not come in any more."""


class Proofs:
    """Checks what a worker brings along. A token is good on this computer only, a signature from elsewhere only.

    Args:
        spki: SHA-256 of this master's public key.
    """

    def __init__(self, tokens: Tokens, roster: Roster, spki: bytes) -> None:
        self._tokens = tokens
        self._roster = roster
        self._spki = spki

    def is_revoked(self, worker_id: str) -> bool:
        """See Roster."""
        return self._roster.is_revoked(worker_id)

    def check(self, auth: Mapping[str, object], socket_id: str, *, tls: bool) -> str:
        """The proven worker's id. Raises ConnectionRefusedError with a code of its own for each reason."""
        worker_id = auth.get("id")
        if not isinstance(worker_id, str):
            raise self._refusal(Code.UNAUTHORIZED, "a worker says who it is by “id”", "")
        if not tls:
            if not self._tokens.check_worker(worker_id, auth.get("token")):
                raise self._refusal(Code.UNAUTHORIZED, "the master does not know this worker by this token", worker_id)
            return worker_id
        key = self._roster.public_key(worker_id)
        if key is None:
            raise self._refusal(Code.UNKNOWN_WORKER, "no worker with this id has joined", worker_id)
        if not _signed(key, auth.get("sig"), transcript(self._spki, worker_id, socket_id)):
            raise self._refusal(Code.BAD_SIGNATURE, "the signature does not fit this worker's key", worker_id)
        if self._roster.is_revoked(worker_id):
            raise self._refusal(Code.REVOKED, "this worker was removed from the master", worker_id)
        return worker_id

    @staticmethod
    def _refusal(code: Code, message: str, worker_id: str) -> Exception:
        # only for whoever looks for it: a stranger can have as many of these as he likes; the journal counts them
        log.debug("worker.refused", worker_id=worker_id[:64], code=str(code))
        refusal: Exception = refuse(code, message)
        return refusal


def _signed(key: bytes, signature: object, message: bytes) -> bool:
    try:
        raw = base64.b64decode(signature, altchars=b"-_", validate=True) if isinstance(signature, str) else b""
        Ed25519PublicKey.from_public_bytes(key).verify(raw, message)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
