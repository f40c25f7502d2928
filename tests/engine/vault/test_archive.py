"""Whatever is done to an encrypted file, it is either read as it was written or not at all."""

import hashlib
import io
import struct

import pytest

from engine.vault.archive import CHUNK, MAGIC, ArchiveReader, ArchiveWriter, BadArchive
from engine.vault.passphrase import Recipe
from engine.vault.vault import TAG
from worker.process.secret import Secret

PHRASE = Secret("correct horse battery")
SEALED = CHUNK + TAG
QUICK = Recipe(bytes(16), memory=64, passes=1, lanes=1)


def archive(content: bytes) -> bytes:
    stream = io.BytesIO()
    writer = ArchiveWriter(stream, PHRASE, QUICK)
    for at in range(0, len(content), 300_000):
        writer.write(content[at : at + 300_000])
    writer.finish()
    return stream.getvalue()


def content_of(data: bytes, phrase: Secret = PHRASE) -> bytes:
    return b"".join(ArchiveReader(io.BytesIO(data), phrase).chunks())


def refused(data: bytes, phrase: Secret = PHRASE) -> str:
    with pytest.raises(BadArchive) as caught:
        content_of(data, phrase)
    return str(caught.value)


@pytest.mark.parametrize("size", [0, 1, CHUNK, 2 * CHUNK, 2 * CHUNK + 5])
def test_what_was_written_is_read(size):
    content = hashlib.shake_128(b"x").digest(size)
    data = archive(content)
    assert content_of(data) == content
    assert size < 16 or content[:16] not in data


@pytest.fixture(scope="module")
def three() -> tuple[bytes, int]:
    """An archive of three chunks, and where the first of them begins."""
    data = archive(bytes(2 * CHUNK + 5))
    return data, len(data) - 2 * SEALED - 5 - TAG


def test_a_bit_flipped_in_any_chunk(three):
    data, begin = three
    for at in (begin, begin + SEALED + 77, begin + 2 * SEALED + 2, len(data) - 1):
        assert "is damaged" in refused(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def test_an_end_that_is_missing(three):
    data, begin = three
    for end in (len(data) - 1, begin + 2 * SEALED, begin + SEALED, begin, begin - 3, 30, 5):
        assert "is damaged or cut short" in refused(data[:end])
    assert refused(b"") == "is no backup of Vedette"


def test_chunks_that_were_moved_left_out_or_added(three):
    data, begin = three
    one, two, end = (data[begin + n * SEALED : begin + (n + 1) * SEALED] for n in range(3))
    for chunks in ((two, one, end), (one, end), (one, one, end), (one, two, end, end), (one, two, end + b"x")):
        assert "is damaged" in refused(data[:begin] + b"".join(chunks))


def test_chunks_of_another_archive(three):
    data, begin = three
    other = archive(bytes(2 * CHUNK + 5))
    assert "is damaged" in refused(data[:begin] + other[begin:])


def test_a_header_that_was_changed(three):
    data, begin = three
    for at in range(len(MAGIC), begin):
        assert "is damaged" in refused(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def test_another_passphrase_is_told_from_damage(three):
    assert refused(three[0], Secret("something else")) == "cannot be opened: the passphrase is wrong"


def test_a_newer_format_is_told_from_damage(three):
    preamble = MAGIC + struct.pack(">HH", 2, 3) + b"???"
    newer = preamble + hashlib.sha256(preamble).digest()[:16] + b"whatever comes then"
    assert "made by a newer Vedette" in refused(newer)
    data, _ = three
    damaged = data[: len(MAGIC)] + b"\0\2" + data[len(MAGIC) + 2 :]
    assert "is damaged" in refused(damaged)


def test_another_kind_of_file():
    assert refused(b"PK\3\4 a zip") == "is no backup of Vedette"
