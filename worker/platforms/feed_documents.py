"""RSS, Atom and JSON Feed documents turned into entries; no network here.

Slow for large documents (feedparser reads about a megabyte a second): call it in a thread.
"""

import calendar
import codecs
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin
from xml.parsers import expat
from xml.sax import SAXException

from worker.platforms.answers import Response
from worker.platforms.base import Changed
from worker.platforms.plain_text import clean, from_html, line
from worker.protocol.messages import Author

LONGEST_ID = 500
LONGEST_TEXT = 20_000
LONGEST_LINE = 300
LONGEST_URL = 2000
LATEST = 2**53 - 1  #: ms; the last time that the protocol can carry

_MARKS = (  # the longer first: UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

ENTITY_LENGTH = 100  #: characters that an entity may stand for
ENTITY_DOCUMENT = 1024 * 1024  #: bytes of a document that declares entities: together they bound what it grows to


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, within the protocol's limits, as plain text.

    Attributes:
        published_at: milliseconds since 1970 UTC, None where the feed does not say or talks nonsense.
    """

    external_id: str
    text: str = ""
    subject: str = ""
    url: str = ""
    author: Author = field(default_factory=Author)
    published_at: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One feed: its own title and link, and its entries in the order in which it lists them, each id once."""

    title: str
    link: str
    entries: tuple[Entry, ...]


def parse(answer: Response) -> Document:
    """Read a feed.

    Raises:
        Changed: if it is none; says what it is instead, and where a web page's own feed is.
    """
    is_json = answer.body.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{"
    document = _from_json(answer) if is_json else _from_xml(answer)
    unique = {entry.external_id: entry for entry in reversed(document.entries)}
    return Document(document.title, document.link, tuple(reversed(unique.values())))


# --- what both have in common ----------------------------------------------------------------------------------------


def _external_id(given: str, *content: str) -> str:
    """The feed's own id; without one, or with an unusable one, a hash, which every worker makes alike."""
    given = given.strip()
    if given and len(given) <= LONGEST_ID and given.isprintable():
        return given
    digest = hashlib.sha256("\0".join((given,) if given else content).encode("utf-8", "replace"))
    return f"sha256:{digest.hexdigest()}"


def _link(base: str, link: str) -> str:
    """`link` made absolute; empty unless it can be opened. A cut address would lead elsewhere, so it is left out."""
    try:
        absolute = urljoin(base, link.strip()) if link.strip() else ""
    except ValueError:
        return ""
    return absolute if absolute.startswith(("http://", "https://")) and len(absolute) <= LONGEST_URL else ""


# --- RSS and Atom ----------------------------------------------------------------------------------------------------


def _from_xml(answer: Response) -> Document:
    import feedparser  # late: it takes 60 ms, and a worker without feeds never needs it
    from feedparser.encodings import convert_to_utf8

    utf8 = convert_to_utf8(*_encoded(answer), {})
    _refuse_growing(utf8, answer.who)
    try:
        # as bytes, never as text: feedparser opens text that looks like an address or a file name
        parsed = feedparser.parse(
            utf8,
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,  # we keep no markup at all
            resolve_relative_uris=False,
        )
    except Exception as error:  # feedparser lets whatever its handlers meet in odd markup through: the feed is at fault
        raise Changed(f"The feed of {answer.who} cannot be read ({type(error).__name__}).") from None
    _refuse_other(parsed, answer)
    feed = parsed.feed
    entries = tuple(_xml_entry(entry, answer.url) for entry in parsed.entries)
    return Document(_text(feed, "title"), _link(answer.url, _string(feed, "link")), entries)


def _encoded(answer: Response) -> tuple[dict[str, str], bytes]:
    """The header and body from which feedparser finds out the encoding.

    A byte order mark outranks everything (RFC 7303), but feedparser reads UTF-16 as UTF-8 unless the document says so
    twice; and without a Content-Type it must not see a header at all, or it assumes ISO-8859-1.
    """
    for mark, encoding in _MARKS:
        if answer.body.startswith(mark):
            return {"content-type": "application/xml; charset=utf-8"}, answer.body.decode(encoding, "replace").encode()
    return {"content-type": answer.headers["Content-Type"]} if "Content-Type" in answer.headers else {}, answer.body


def _refuse_other(parsed: Any, answer: Response) -> None:
    """Let feeds pass, damaged ones (`bozo`) too if something could be read from them."""
    if parsed.entries:
        return
    if not parsed.get("version"):
        raise Changed(_not_a_feed(answer))
    if isinstance(parsed.get("bozo_exception"), SAXException):
        raise Changed(f"The feed of {answer.who} is damaged XML with no readable entry.")


def _xml_entry(entry: Mapping[str, Any], base: str) -> Entry:
    body = _body(entry)
    title, link, content = _string(entry, "title"), _string(entry, "link"), _string(body, "value")
    return Entry(
        external_id=_external_id(_string(entry, "id"), link, title, content),
        text=clean(content if body.get("type") == "text/plain" else from_html(content), LONGEST_TEXT),
        subject=_text(entry, "title"),
        url=_link(base, link),
        author=_xml_author(entry),
        published_at=_xml_date(entry),
    )


def _body(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    contents = [part for part in entry.get("content") or () if part.get("value")]
    summary: Mapping[str, Any] = entry.get("summary_detail") or {}
    return contents[0] if contents else summary


def _string(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def _text(holder: Mapping[str, Any], name: str) -> str:
    """One line of a text construct, which may be plain or HTML."""
    detail, value = holder.get(f"{name}_detail") or {}, _string(holder, name)
    return line(value if detail.get("type") == "text/plain" else from_html(value), LONGEST_LINE)


def _xml_author(entry: Mapping[str, Any]) -> Author:
    detail = entry.get("author_detail") or {}
    return Author(name=line(_string(detail, "name") or _string(entry, "author"), LONGEST_LINE))


def _xml_date(entry: Mapping[str, Any]) -> int | None:
    for name in ("published_parsed", "updated_parsed"):
        if name not in entry or entry[name] is None:  # asking for a missing date makes feedparser warn
            continue
        try:
            return _in_range(calendar.timegm(entry[name]) * 1000)
        except (ValueError, OverflowError, TypeError):
            continue
    return None


def _in_range(millis: int) -> int | None:
    return millis if 0 <= millis <= LATEST else None


class _PrologEnd(Exception):
    """The root element begins: nothing can be declared after it."""


def _refuse_growing(utf8: bytes, who: str) -> None:
    """Refuse documents that declare entities or default attributes with which a parser's memory grows.

    feedparser drops most declarations, but a comment before the DOCTYPE hides them from it, and expat 2.5 lets a
    document grow a hundredfold. Real feeds declare short entities at most.

    Raises:
        Changed: says so.
    """
    declared: list[str] = []
    parser = _prolog_parser(declared)
    try:
        parser.Parse(utf8, True)
    except _PrologEnd:
        pass
    except expat.ExpatError:
        # no XML up to the root element: only feedparser's lenient parser will read it
        declared += ["&"] if b"<!ENTITY" in utf8 or b"<!ATTLIST" in utf8 else []
    too_long = any(len(value) > ENTITY_LENGTH or "&" in value for value in declared)
    if too_long or (declared and len(utf8) > ENTITY_DOCUMENT):
        raise Changed(f"The feed of {who} declares XML entities that could grow without end; it is not read.")


def _prolog_parser(declared: list[str]) -> expat.XMLParserType:
    def entity(_name: str, _parameter: bool, value: str | None, *_rest: object) -> None:
        declared.append("&" if value is None else value)

    def attributes(*_declaration: object) -> None:
        declared.append("&")

    def root(*_element: object) -> None:
        raise _PrologEnd

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = entity
    parser.AttlistDeclHandler = attributes
    parser.StartElementHandler = root
    return parser


# --- what is no feed -------------------------------------------------------------------------------------------------


def _not_a_feed(answer: Response) -> str:
    head = answer.body[:50_000].decode("utf-8", "replace")
    if "html" not in answer.content_type and "<html" not in head.lower():
        return f"{answer.who} answers with something that is no RSS, Atom or JSON Feed. Check the address."
    finder = _AlternateFinder()
    try:
        finder.feed(head)
    except AssertionError:  # see plain_text.from_html
        pass
    found = _link(answer.url, finder.href)
    hint = f"Its feed is at {found} – enter that address." if found else "Enter the address of its RSS or Atom feed."
    return f"{answer.who} answers with a web page, not a feed. {hint}"


class _AlternateFinder(HTMLParser):
    """Finds <link rel=alternate> with the type of a feed; `href` is the first one's."""

    href = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        is_feed = given.get("type", "").lower().endswith(("/rss+xml", "/atom+xml", "/feed+json"))
        if tag == "link" and is_feed and "alternate" in given.get("rel", "").lower().split():
            self.href = self.href or given.get("href", "")


# --- JSON Feed -------------------------------------------------------------------------------------------------------


def _from_json(answer: Response) -> Document:
    feed = answer.json(dict)
    items = feed.get("items")
    if not _scalar(feed.get("version")).startswith("https://jsonfeed.org/") or not isinstance(items, list):
        raise Changed(f"{answer.who} answers with JSON that is no JSON Feed. Check the address.")
    entries = tuple(_json_entry(item, answer.url) for item in items if isinstance(item, dict))
    title = line(_scalar(feed.get("title")), LONGEST_LINE)
    return Document(title, _link(answer.url, _scalar(feed.get("home_page_url"))), entries)


def _scalar(value: object) -> str:
    """Text, or a number as text: some feeds give numbers as ids."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _json_entry(item: Mapping[str, object], base: str) -> Entry:
    title, link = _scalar(item.get("title")), _scalar(item.get("url")) or _scalar(item.get("external_url"))
    plain, markup = _scalar(item.get("content_text")), _scalar(item.get("content_html"))
    text = plain or from_html(markup) or _scalar(item.get("summary"))
    return Entry(
        external_id=_external_id(_scalar(item.get("id")), link, title, plain or markup),
        text=clean(text, LONGEST_TEXT),
        subject=line(title, LONGEST_LINE),
        url=_link(base, link),
        author=_json_author(item, base),
        published_at=_json_date(item),
    )


def _json_author(item: Mapping[str, object], base: str) -> Author:
    authors = item.get("authors")
    first = authors[0] if isinstance(authors, list) and authors else item.get("author")
    if not isinstance(first, dict):
        return Author()
    name, avatar = _scalar(first.get("name")), _scalar(first.get("avatar"))
    return Author(name=line(name, LONGEST_LINE), avatar=_link(base, avatar))


def _json_date(item: Mapping[str, object]) -> int | None:
    published = _iso_ms(item.get("date_published"))
    return _iso_ms(item.get("date_modified")) if published is None else published


def _iso_ms(value: object) -> int | None:
    try:
        moment = datetime.fromisoformat(_scalar(value))
        return _in_range(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError):
        return None
