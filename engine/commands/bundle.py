"""What is inside of a backup: a manifest, then its files one after the other."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated

import msgspec
from msgspec import Meta

from engine.vault.archive import DAMAGED, ArchiveReader, ArchiveWriter, BadArchive

LENGTH = 4
MOST_MANIFEST = 1024 * 1024
BLOCK = 1024 * 1024
DATABASE = "vedette.db"
OTHERS = ("tls.key", "tls.crt")  #: beside the database: who this master is to its workers

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9.]{0,63}\Z")]


class Entry(msgspec.Struct, frozen=True):
    """One file: a plain name, and its bytes."""

    name: Name
    size: Annotated[int, Meta(ge=0)]


class Manifest(msgspec.Struct, frozen=True):
    """What the files are of.

    Attributes:
        version: Vedette's. schema: the database's revision.
        keys: data keys by id, in clear: the archive around them is what keeps them.
        current: id of the data key that seals; 0 if nothing ever was.
    """

    made_at: datetime
    version: str
    schema: str
    keys: dict[int, bytes]
    current: int
    files: list[Entry]

    def __repr__(self) -> str:
        return f"Manifest(made_at={self.made_at!r}, keys=***)"


@dataclass(frozen=True, slots=True)
class Opened:
    """A backup that was read from its beginning to its end, and is as it was written."""

    reader: ArchiveReader
    manifest: Manifest
    size: int

    def extract(self, directory: Path, report: Callable[[int, int], None]) -> None:
        """Write its files (0600) into a directory. Raises OSError, BadArchive."""
        content = _Content(self.reader.chunks(), lambda done: report(done, self.size))
        content.take(int.from_bytes(content.take(LENGTH)))
        for entry in self.manifest.files:
            with os.fdopen(os.open(directory / entry.name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                content.copy(entry.size, file)
                file.flush()
                os.fsync(file.fileno())


def write(writer: ArchiveWriter, manifest: Manifest, files: list[Path], report: Callable[[int, int], None]) -> None:
    """Write all of it; `files` are in the order of the manifest. Raises OSError."""
    encoded, total, done = msgspec.json.encode(manifest), sum(entry.size for entry in manifest.files), 0
    writer.write(len(encoded).to_bytes(LENGTH) + encoded)
    for path in files:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                writer.write(block)
                done += len(block)
                report(done, total)
    writer.finish()


def verify(reader: ArchiveReader, report: Callable[[int, int], None]) -> Opened:
    """Read everything and keep nothing but the manifest. Raises BadArchive."""
    read = 0

    def reporting(done: int) -> None:
        nonlocal read
        read = done
        report(done, manifest_size)

    manifest_size = 0
    content = _Content(reader.chunks(), reporting)
    length = int.from_bytes(content.take(LENGTH))
    if length > MOST_MANIFEST:
        raise BadArchive(DAMAGED)
    try:
        manifest = msgspec.json.decode(content.take(length), type=Manifest)
    except msgspec.MsgspecError:  # authenticated, so whoever wrote it meant it: a later version
        raise BadArchive("was made by a newer Vedette: install that version or newer") from None
    manifest_size = sum(entry.size for entry in manifest.files)
    for entry in manifest.files:
        content.copy(entry.size, None)
    content.end()
    return Opened(reader, manifest, manifest_size)


class _Content:
    """Bytes in pieces as they are asked for."""

    def __init__(self, chunks: Iterator[bytes], report: Callable[[int], None]) -> None:
        self._chunks = chunks
        self._report = report
        self._rest = b""
        self._done = 0

    def take(self, size: int) -> bytes:
        parts = []
        while size:
            part = self._some(size)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def copy(self, size: int, file: IO[bytes] | None) -> None:
        while size:
            part = self._some(size)
            size -= len(part)
            if file is not None:
                file.write(part)

    def end(self) -> None:
        if self._rest or any(self._chunks):
            raise BadArchive(DAMAGED)

    def _some(self, most: int) -> bytes:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise BadArchive(DAMAGED)
            self._rest = chunk
        part, self._rest = self._rest[:most], self._rest[most:]
        self._done += len(part)
        self._report(self._done)
        return part
