"""How a worker on another machine proves who it is: what it signs, and how its id follows from its key."""

import hashlib

CONTEXT = b"vedette/worker-connect/v1\0"


def worker_id_of(public_key: bytes) -> str:
    """The id of the worker that holds this Ed25519 key (32 bytes): nobody can claim it with another one."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def transcript(spki: bytes, worker_id: str, socket_id: str) -> bytes:
    """What is signed at each connect.

    The socket's id is new each time and chosen by the master: it is the challenge, at the price of no round trip.

    Args:
        spki: SHA-256 of the master's public key, so that one master cannot use the proof at another.
        socket_id: Engine.IO's.
    """
    return CONTEXT + spki + worker_id.encode() + b"\0" + socket_id.encode()
