"""From the bytes of one mail to what is told about it; whatever the bytes are, there is an answer."""

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime

from worker.platforms.plain_text import clean, from_html, line
from worker.protocol.messages import Author

LONGEST_TEXT = 20_000
LONGEST_LINE = 300
LONGEST_HEADER = 4000  #: characters that are looked at; the library's decoder is slow on crafted headers
DEEPEST = 20  #: parts inside parts; beyond that nobody writes to anybody
GUESSES = ("utf-8", "gb18030", "cp1252")
#: what mail programs call too narrowly what they write
WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "cp950", "iso-8859-1": "cp1252", "us-ascii": "utf-8"}
#: Python's, not for mail, and some of them slow on crafted text
NO_CHARSETS = frozenset(("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"))
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail.

    Attributes:
        external_id: the same wherever and whenever the mail is read.
        thread_id: the same for all mails of a conversation.
        published_at: milliseconds since 1970 UTC, as the sender says; None if that is nonsense.
    """

    external_id: str
    thread_id: str
    author: Author
    subject: str
    text: str
    published_at: int | None


def read(raw: bytes) -> Mail:
    """Understand a mail, or the beginning of one, as well as possible; never raises."""
    parser = BytesParser(policy=compat32)
    try:
        message = parser.parsebytes(raw)
    except RecursionError:  # parts in parts in parts: its headers will do
        message = parser.parsebytes(raw, headersonly=True)
    headers = _headers(message)
    return Mail(
        external_id=_external_id(headers, raw),
        thread_id=_thread_id(headers),
        author=_author(headers.get("from", "")),
        subject=line(_decoded(headers.get("subject", "")), LONGEST_LINE),
        text=clean(_text(message), LONGEST_TEXT),
        published_at=_millis(headers.get("date", "")),
    )


def _headers(message: Message) -> dict[str, str]:
    """The first header of each name, unfolded; bytes that are not ASCII are surrogates."""
    headers: dict[str, str] = {}
    for name, value in message.raw_items():
        headers.setdefault(name.lower(), re.sub(r"\r?\n(?=[ \t])", "", str(value)[:LONGEST_HEADER]).strip())
    return headers


def _external_id(headers: dict[str, str], raw: bytes) -> str:
    # with date and sender: some programs write the same Message-ID into every mail
    parts = [headers.get(name, "") for name in ("message-id", "date", "from")]
    if not parts[0]:
        parts += [headers.get(name, "") for name in ("to", "cc", "subject")]
        parts.append(_body(raw).decode("latin-1"))
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16)
    return "mail:" + digest.hexdigest()


def _body(raw: bytes) -> bytes:
    found = re.search(rb"\r?\n\r?\n", raw)
    return raw[found.end() :] if found else b""


def _thread_id(headers: dict[str, str]) -> str:
    """The conversation's first mail: first of References, else In-Reply-To, else this one."""
    for name in ("references", "in-reply-to", "message-id"):
        if found := _MESSAGE_ID.search(headers.get(name, "")):
            return line(found[0][1:-1], LONGEST_LINE)
    return ""


def _author(value: str) -> Author:
    """Addresses are taken apart before names are decoded: a decoded name may hold a comma or a bracket."""
    try:
        name, address = next(iter(getaddresses([value])), ("", ""))
    except (RecursionError, ValueError, IndexError):  # comments in comments in comments
        name, address = "", ""
    shown, address = line(_decoded(name), LONGEST_LINE), line(_decoded(address), LONGEST_LINE)
    return Author(id=address.lower(), name=shown or address or line(_decoded(value), LONGEST_LINE), handle=address)


def _millis(date: str) -> int | None:
    try:
        moment = parsedate_to_datetime(date)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        millis = round((moment - _EPOCH).total_seconds() * 1000)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return millis if millis >= 0 else None


def _decoded(value: str) -> str:
    """A header with its encoded words decoded (RFC 2047)."""
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError):
        return _characters(_bytes(value), "")
    return "".join(_characters(_bytes(piece), charset or "") for piece, charset in pieces)


def _bytes(piece: str | bytes) -> bytes:
    return piece.encode("utf-8", "surrogateescape") if isinstance(piece, str) else piece


def _characters(raw: bytes, charset: str) -> str:
    """Text in the charset that it claims to have, else in the one that fits."""
    for name in (charset, *GUESSES):
        known = _codec(name)
        if known is not None:
            try:
                return known.incrementaldecoder().decode(raw)  # not final: a mail that was cut may end in half a sign
            except ValueError:
                continue
    return raw.decode("latin-1")


def _codec(charset: str) -> codecs.CodecInfo | None:
    try:
        found = codecs.lookup(WIDER.get(charset.strip().lower(), charset.strip()))
    except (LookupError, ValueError):
        return None
    usable = getattr(found, "_is_text_encoding", True) and found.name not in NO_CHARSETS  # not “zip” or “rot13” either
    return found if usable and found.incrementaldecoder else None


def _text(message: Message) -> str:
    """The parts that are plain text, and where there is none those that are HTML."""
    parts = list(_inline(message, 0))
    plain = [text for kind, text in parts if kind == "text/plain" and text.strip()]
    return "\n\n".join(plain) if plain else "\n\n".join(from_html(text) for kind, text in parts if kind == "text/html")


def _inline(message: Message, depth: int) -> Iterator[tuple[str, str]]:
    """Content type and text of what is shown without opening an attachment."""
    kind = message.get_content_type()
    if depth > DEEPEST or message.get_content_disposition() == "attachment":
        return
    if message.is_multipart():
        if kind != "message/rfc822":  # a mail in a mail is an attachment, whatever it says
            for part in message.get_payload():
                if isinstance(part, Message):
                    yield from _inline(part, depth + 1)
    elif kind in ("text/plain", "text/html"):
        yield kind, _content(message)


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    charset = part.get_param("charset")
    return _characters(raw, charset if isinstance(charset, str) else "").replace("\r\n", "\n")
