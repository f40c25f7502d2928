"""A code for every refusal, and the exception that carries one."""

from enum import StrEnum


class Code(StrEnum):
    """Why a message was refused. Codes are part of the contract; sentences are not."""

    MALFORMED = "malformed"  #: not an envelope at all
    UNKNOWN_TYPE = "unknown_type"  #: no such message in this direction
    WRONG_VERSION = "wrong_version"  #: the envelope's version is not ours
    INVALID = "invalid"  #: the payload does not fit its type; the message names the field
    TOO_LARGE = "too_large"  #: over the frame's or the batch's limit
    UNAUTHORIZED = "unauthorized"  #: wrong or missing token
    SCOPE = "scope"  #: the token may not do this; the message names the scope that may
    UNKNOWN_WORKER = "unknown_worker"  #: no worker with this id has joined
    BAD_SIGNATURE = "bad_signature"  #: the proof does not fit the worker's key
    NOT_REGISTERED = "not_registered"  #: worker:register must come first on each connection
    NOT_OWNER = "not_owner"  #: the account is not this worker's
    STALE_EPOCH = "stale_epoch"  #: it was once, under an earlier epoch
    DISPLACED = "displaced"  #: a newer connection of the same worker took over
    REVOKED = "revoked"  #: this worker may not come back
    STALE_REVISION = "stale_revision"  #: rotated credentials were made from others than are stored now
    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_PLATFORM = "unknown_platform"
    BUSY = "busy"  #: try again later
    CLOSING = "closing"  #: the master is shutting down
    INTERNAL = "internal"  #: our fault; the log has the request id
    # why a probe or a check failed; the platform's reason is in the message
    REFUSED = "refused"  #: the platform does not take these credentials
    PRIVATE_ADDRESS = "private_address"  #: a private address, and the account does not allow one
    UNREACHABLE = "unreachable"
    RATE_LIMITED = "rate_limited"
    CHANGED = "changed"  #: the answer is not what the platform documents
    ERROR = "error"


class ProtocolError(Exception):
    """A message that cannot be accepted.

    Attributes:
        code: which refusal it is.
        message: a sentence for a person; names the field where there is one.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
