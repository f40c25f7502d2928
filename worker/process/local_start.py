"""The one line of JSON that a supervisor writes to the standard input of a local worker."""

from typing import Annotated

import msgspec
from msgspec import Meta

from worker.protocol.messages import Id


class LocalStart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a local worker must know. Secrets travel here and never in argv or environment.

    Attributes:
        url: the master's, e.g. `http://127.0.0.1:3000`.
        token: good for this one start of this worker.
        capacity: accounts that it may be given.
        data_dir: the worker keeps to `<data_dir>/workers/<worker_id>/`.
        log_level: debug, info, warning or error.
        log_file: rotated JSON lines; None: stderr.
        banner: print the seed's banner and ✓ lines on stderr.
        parent_pid: the supervisor's process id; 0 if it does not say.
    """

    url: Annotated[str, Meta(pattern=r"^https?://")]
    worker_id: Id
    token: Annotated[str, Meta(min_length=1, max_length=500)]
    name: Annotated[str, Meta(max_length=300)]
    data_dir: Annotated[str, Meta(min_length=1)]
    capacity: Annotated[int, Meta(ge=0, le=100_000)] = 100
    log_level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$")] = "info"
    log_file: str | None = None
    banner: bool = False
    parent_pid: Annotated[int, Meta(ge=0)] = 0

    def __repr__(self) -> str:
        return f"LocalStart(worker_id={self.worker_id!r}, token=***)"

    def line(self) -> bytes:
        """The line, with its end."""
        return msgspec.json.encode(self) + b"\n"


def read_line(line: bytes) -> LocalStart:
    """Read the line.

    Raises:
        ValueError: with a sentence that names what is wrong and never holds the token.
    """
    try:
        return msgspec.json.decode(line, type=LocalStart)
    except msgspec.ValidationError as error:
        raise ValueError(f"the start line does not fit: {error}") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ValueError("the start line is not JSON") from None
