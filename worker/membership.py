"""What a worker on another machine keeps for its next start: its key, and which master it belongs to."""

import base64
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from msgspec import Meta

from worker.process.exit_codes import Exit, Stop, cannot_use
from worker.process.private_file import write_private
from worker.protocol.join_code import SPKI_BYTES, Host
from worker.protocol.proof import transcript, worker_id_of

JOINED, JOINING = "joined.json", "joining.json"


class Membership(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The record in `joined.json` (0600); in `joining.json` while the master's answer is awaited.

    Attributes:
        spki: SHA-256 of the master's public key.
        hosts: where to look for it, the one that answered last first.
        code_hash: SHA-256 of the token of the code that this came from: the same code again is nothing new.
    """

    worker_id: str
    name: str
    spki: Annotated[bytes, Meta(min_length=SPKI_BYTES, max_length=SPKI_BYTES)]
    port: Annotated[int, Meta(ge=1, le=65_535)]
    hosts: Annotated[list[Host], Meta(min_length=1)]
    code_hash: bytes


class Key:
    """An Ed25519 key that proves who this worker is."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.worker_id = worker_id_of(self.public)

    def sign(self, spki: bytes, socket_id: str) -> str:
        """The proof for one socket, in base64url."""
        return base64.urlsafe_b64encode(self._private.sign(transcript(spki, self.worker_id, socket_id))).decode()

    def raw(self) -> bytes:
        """32 bytes, for its file."""
        return self._private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


class Home:
    """A worker's data directory: the record, and for each worker that it ever was `workers/<id>/` with its key."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def directory(self, worker_id: str) -> Path:
        """Where this worker keeps its own."""
        return self.data_dir / "workers" / worker_id

    def joined(self) -> Membership | None:
        """The record; None if it never joined. Raises Stop if it cannot be read."""
        return self._load(self.data_dir / JOINED)

    def joining(self) -> Membership | None:
        """What was asked for and not answered: the code may have been used up. Raises Stop if it cannot be read."""
        return self._load(self.data_dir / JOINING)

    def ask(self, membership: Membership) -> None:
        """Remember what is being asked for. Raises Stop."""
        _write(self.data_dir / JOINING, msgspec.json.encode(membership))

    def save(self, membership: Membership) -> None:
        """It was let in, or found its master elsewhere: the record for the next start. Raises Stop."""
        _write(self.data_dir / JOINED, msgspec.json.encode(membership))
        (self.data_dir / JOINING).unlink(missing_ok=True)

    @staticmethod
    def _load(file: Path) -> Membership | None:
        try:
            return msgspec.json.decode(file.read_bytes(), type=Membership)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError:
            sentence = f"{file} is damaged: remove it, and join again with a new code"
            raise Stop(Exit.CONFIG, sentence) from None
        except OSError as error:
            raise cannot_use(str(file), error) from None

    def new_key(self) -> Key:
        """Make a key and keep it. Raises Stop."""
        key = Key(Ed25519PrivateKey.generate())
        _write(self.directory(key.worker_id) / "key", key.raw())
        return key

    def key(self, worker_id: str) -> Key:
        """The key of a worker. Raises Stop if it is not there."""
        file = self.directory(worker_id) / "key"
        try:
            key = Key(Ed25519PrivateKey.from_private_bytes(file.read_bytes()))
        except FileNotFoundError:
            raise Stop(Exit.CONFIG, f"{file}, the worker's key, is gone: join again with a new code") from None
        except ValueError:
            raise Stop(Exit.CONFIG, f"{file}, the worker's key, is damaged: join again with a new code") from None
        except OSError as error:
            raise cannot_use(str(file), error) from None
        if key.worker_id != worker_id:
            raise Stop(Exit.CONFIG, f"{file} is the key of another worker: join again with a new code")
        return key


def _write(file: Path, content: bytes) -> None:
    """For the owner's eyes alone. Raises Stop."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, content)
    except OSError as error:
        raise cannot_use(str(file), error) from None
