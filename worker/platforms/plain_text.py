"""Text from platforms as plain text: no tags, no control characters, no longer than the protocol allows."""

import re
from html.parser import HTMLParser

BLOCKS = frozenset(
    "address article aside blockquote center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5"
    " h6 header hr li main nav ol p pre section summary table tbody tfoot thead tr ul".split()
)
HIDDEN = frozenset(("script", "style", "head", "template"))
LONGEST_HTML = 100_000  #: characters; what is shown is a fifth of it, and html.parser is slow on crafted markup

_SPACES = re.compile(r"[ \t\r\n\f\v]+")
_MARKED = re.compile(r"<!\[[^>]*>")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def from_html(markup: str) -> str:
    """What a reader would see of `markup`: entities decoded, block elements and <br> become line breaks."""
    reader = _Reader()
    try:
        # WORKAROUND https://github.com/python/cpython/issues/77057 - “<![x]>” is a comment in HTML, but raises there
        reader.feed(_MARKED.sub("", markup[:LONGEST_HTML]))
        reader.close()
    except AssertionError:
        pass  # the same where it is never closed: what came before it counts
    return reader.text()


def clean(text: str, limit: int) -> str:
    """`text` without control characters and outer spaces, cut to `limit` characters with “…” where it is longer."""
    text = _CONTROL.sub("", text).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def line(text: str, limit: int) -> str:
    """`clean` on one line."""
    return clean(_SPACES.sub(" ", text), limit)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._hidden = 0
        self._preformatted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self._hidden += 1
        elif tag == "img":
            self._add(dict(attrs).get("alt") or "")
        elif tag in ("td", "th"):
            self._add(self._collapsed(" "))
        else:
            self._break(tag)
        self._preformatted += tag == "pre"
        if tag == "li":
            self._add("• ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in HIDDEN and tag != "pre":  # “<script/>” hides nothing: no end tag will follow
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hidden = max(self._hidden - 1, 0)
        elif tag == "p":
            self._add("\n\n")
        else:
            self._break(tag)
        if tag == "pre":
            self._preformatted = max(self._preformatted - 1, 0)

    def handle_data(self, data: str) -> None:
        self._add(data if self._preformatted else self._collapsed(data))

    def text(self) -> str:
        lines = "\n".join(each.rstrip(" ") for each in "".join(self._parts).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", lines).strip()

    def _collapsed(self, data: str) -> str:
        text = _SPACES.sub(" ", data)
        return text.removeprefix(" ") if not self._parts or self._parts[-1].endswith((" ", "\n")) else text

    def _break(self, tag: str) -> None:
        if tag == "br" or (tag in BLOCKS and self._parts and not self._parts[-1].endswith("\n")):
            self._add("\n")

    def _add(self, text: str) -> None:
        if not self._hidden and text:
            self._parts.append(text)
