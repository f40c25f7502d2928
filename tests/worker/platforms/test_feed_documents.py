"""Every kind of feed document, good and bad."""

from pathlib import Path

import msgspec
import pytest
from multidict import CIMultiDict

from worker.platforms.answers import Response, Validators
from worker.platforms.base import Changed
from worker.platforms.feed_documents import Document, Entry, parse
from worker.protocol.messages import Item

URL = "https://blog.example/feeds/all.xml"

RSS2 = """<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>A &amp;amp; B</title><link>/home</link>
<item><guid isPermaLink="false">g-2</guid><title>Second &lt;b&gt;bold&lt;/b&gt;</title><link>/2</link>
  <pubDate>Tue, 02 Jun 2026 10:00:00 +0200</pubDate><dc:creator>林晓雨</dc:creator>
  <description>short</description><content:encoded><![CDATA[<p>One</p><p>Two &amp; three</p>]]></content:encoded></item>
<item><guid>https://blog.example/1</guid><title>First</title>
  <description>Fish &amp;amp; chips&lt;br&gt;today</description></item>
</channel></rss>"""

RSS1 = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://blog.example/"><title>Old</title><link>https://blog.example/</link></channel>
<item rdf:about="https://blog.example/x"><title>T</title><link>https://blog.example/x</link>
  <description>D</description><dc:date>2026-06-02T08:00:00Z</dc:date></item></rdf:RDF>"""

ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><id>urn:f</id><title>At</title>
<link href="https://blog.example/"/><entry><id>urn:1</id><title>T 1</title><author><name>小明</name></author>
<published>2026-06-02T08:00:00Z</published><updated>2026-06-03T08:00:00Z</updated><link href="../posts/1"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>a</p><p>b</p></div></content></entry>
<entry><id>urn:0</id><title>plain</title><updated>2026-06-01T08:00:00Z</updated>
<content>1 &lt; 2 请问什么时候补货?</content></entry></feed>"""

JSON = msgspec.json.encode(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "J",
        "home_page_url": "https://blog.example/",
        "items": [
            {"id": 7, "url": "/7", "content_html": "<p>seven</p>", "date_published": "2026-06-02T10:00:00+02:00",
             "authors": [{"name": "Ming", "avatar": "/ming.png"}], "title": "Seven"},
            {"id": "6", "content_text": "six <b>", "date_published": "1970-01-01T00:00:00Z",
             "date_modified": "2026-06-02T10:00:00Z"},
            "no item", {"content_text": "no id", "date_published": "soon"},
        ],
    }
).decode()  # fmt: skip

JUNE_2 = 1_780_387_200_000  # 2026-06-02T08:00:00Z


def answer(body: str | bytes, content_type: str = "application/xml") -> Response:
    raw = body.encode() if isinstance(body, str) else body
    headers = CIMultiDict({"Content-Type": content_type} if content_type else {})
    return Response(200, headers, raw, URL, "blog.example", Validators())


def read(body: str | bytes, content_type: str = "application/xml") -> Document:
    return parse(answer(body, content_type))


def rss(items: str, head: str = "") -> str:
    return f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>T</title>{items}</channel></rss>'


def test_rss_2() -> None:
    document = read(RSS2, "application/rss+xml")
    assert (document.title, document.link) == ("A & B", "https://blog.example/home")
    second, first = document.entries
    assert (second.external_id, second.subject, second.url) == ("g-2", "Second bold", "https://blog.example/2")
    assert (second.text, second.author.name, second.published_at) == ("One\n\nTwo & three", "林晓雨", JUNE_2)
    assert (first.external_id, first.url) == ("https://blog.example/1", "https://blog.example/1")
    assert (first.text, first.published_at) == ("Fish & chips\ntoday", None)


def test_rss_1() -> None:
    (entry,) = read(RSS1).entries
    assert entry.text == "D"
    assert (entry.external_id, entry.published_at) == ("https://blog.example/x", JUNE_2)


def test_atom() -> None:
    one, zero = read(ATOM, "application/atom+xml").entries
    assert (one.external_id, one.subject, one.author.name) == ("urn:1", "T 1", "小明")
    assert (one.url, one.text, one.published_at) == ("https://blog.example/posts/1", "a\n\nb", JUNE_2)
    assert (zero.text, zero.url) == ("1 < 2 请问什么时候补货?", "")


def test_json_feed() -> None:
    document = read(JSON, "application/feed+json")
    assert (document.title, document.link) == ("J", "https://blog.example/")
    seven, six, none = document.entries
    assert (seven.external_id, seven.url, seven.text) == ("7", "https://blog.example/7", "seven")
    assert (seven.author.name, seven.author.avatar) == ("Ming", "https://blog.example/ming.png")
    assert (seven.published_at, six.text, six.published_at) == (JUNE_2, "six <b>", 0)
    assert none.external_id.startswith("sha256:")
    assert none.published_at is None


def test_a_json_feed_may_begin_with_a_byte_order_mark() -> None:
    assert read("\ufeff" + JSON, "text/plain").title == "J"


def test_an_id_that_is_no_clean_text_is_hashed() -> None:
    feed = JSON.replace('"id":"6"', '"id":"6\\u0000\\n"')
    assert feed != JSON
    assert read(feed).entries[1].external_id.startswith("sha256:")


def test_without_a_guid_the_id_is_a_hash_of_the_content() -> None:
    one, two = "<item><title>a</title><link>/1</link></item>", "<item><title>b</title><link>/1</link></item>"
    ids = [entry.external_id for entry in read(rss(one + two)).entries]
    assert ids == [entry.external_id for entry in read(rss(one + two)).entries]
    assert len(set(ids)) == 2
    assert all(each.startswith("sha256:") for each in ids)


def test_an_id_is_what_the_feed_wrote() -> None:
    """Not made absolute: the same feed behind a redirect would otherwise name everything anew."""
    atom = ATOM.replace("urn:1", "post-1")
    assert read(atom).entries[0].external_id == "post-1"
    assert read(rss("<item><guid>17</guid></item>")).entries[0].external_id == "17"


def test_doubles_in_one_document_count_once() -> None:
    twice = "<item><guid>1</guid><title>new</title></item><item><guid>1</guid><title>old</title></item>"
    assert [entry.subject for entry in read(rss(twice)).entries] == ["new"]


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Sun, 07 Feb 2106 06:28:15 GMT", 4_294_967_295_000),
        ("2106-02-07T06:28:15Z", 4_294_967_295_000),
        ("Wed, 31 Dec 1969 23:59:59 GMT", None),
        ("yesterday at noon", None),
        ("0000-00-00T00:00:00Z", None),
        ("", None),
    ],
)
def test_dates(written: str, at: int | None) -> None:
    (entry,) = read(rss(f"<item><guid>1</guid><pubDate>{written}</pubDate></item>")).entries
    assert entry.published_at == at


@pytest.mark.parametrize("encoding", ["gb2312", "gbk", "gb18030", "big5", "utf-8", "utf-16"])
@pytest.mark.parametrize("content_type", ["application/xml", "text/xml", "text/html", ""])
def test_chinese_encodings(encoding: str, content_type: str) -> None:
    words = "評論測試" if encoding == "big5" else "评论测试"
    text = rss(f"<item><guid>1</guid><title>{words}</title></item>").replace("?>", f' encoding="{encoding}"?>')
    assert read(text.encode(encoding), content_type).entries[0].subject == words


def test_the_charset_of_the_header_counts() -> None:
    text = rss("<item><guid>1</guid><title>评论测试</title></item>")
    assert read(text.encode("gb18030"), "text/xml; charset=gb18030").entries[0].subject == "评论测试"


@pytest.mark.parametrize(
    "damaged",
    [
        rss("<item><guid>1</guid><title>fine</title></item><item><title>cut"),
        rss("<item><guid>1</guid><title>fine</title><description>a & b &nbsp; <br></description></item>"),
        "\n\n" + rss("<item><guid>1</guid><title>fine</title></item>"),
        rss("<item><guid>1</guid><title>fine</title><x:y/></item>"),
    ],
)
def test_a_damaged_feed_gives_what_can_be_read(damaged: str) -> None:
    assert read(damaged).entries[0].subject == "fine"


def test_one_strange_entry_does_not_take_the_others_along() -> None:
    """https://github.com/kurtmckee/feedparser/issues/468"""
    strange = "<item><guid>1</guid><description><![CDATA[a<![dsgvo_service_control]> b]]></description></item>"
    entries = read(rss(strange + "<item><guid>2</guid></item>")).entries
    assert [(entry.external_id, entry.text) for entry in entries] == [("1", "a b"), ("2", "")]


def test_an_empty_feed_is_a_feed() -> None:
    assert read(rss("")).entries == ()


@pytest.mark.parametrize(
    ("body", "content_type", "sentence"),
    [
        ("<html><body>Hi</body></html>", "text/html", "a web page, not a feed. Enter the address"),
        ('<html><link rel="alternate" type="application/rss+xml" href="/rss">', "text/html", "at https://blog.example/rss"),
        ("just text", "text/plain", "no RSS, Atom or JSON Feed"),
        ("", "application/xml", "no RSS, Atom or JSON Feed"),
        ('{"a": 1}', "application/json", "JSON that is no JSON Feed"),
        ('{"version": "https://jsonfeed.org/version/1", "items": 3}', "application/json", "JSON that is no JSON Feed"),
        ('{"a": ', "application/json", "not what it documents"),
        ("<?xml version='1.0'?><rss version='2.0'><channel></rss>", "application/xml", "damaged XML"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "no RSS, Atom or JSON Feed"),
        (b"\x00\x01\x02\xff" * 100, "application/octet-stream", "no RSS, Atom or JSON Feed"),
    ],
)  # fmt: skip
def test_what_is_no_feed_says_what_to_do(body: str | bytes, content_type: str, sentence: str) -> None:
    with pytest.raises(Changed) as caught:
        read(body, content_type)
    assert sentence in caught.value.message
    assert "blog.example" in caught.value.message


def test_everything_fits_the_protocol() -> None:
    long = "汉" * 30_000
    item = (
        f"<item><guid>{long}</guid><title>{long}</title><link>https://a.example/{'x' * 3000}</link>"
        f"<author>{long}</author><description>{long}</description></item>"
    )
    (entry,) = read(rss(item)).entries
    wire = msgspec.json.encode(
        Item(
            seq=1, account="a", epoch=1, kind="post", found_at=0, external_id=entry.external_id, text=entry.text,
            subject=entry.subject, url=entry.url, author=entry.author, published_at=entry.published_at,
        )
    )  # fmt: skip
    assert msgspec.json.decode(wire, type=Item).text.endswith("…")
    assert entry.url == ""
    assert entry.external_id.startswith("sha256:")


def test_links_that_are_no_web_address_are_dropped() -> None:
    for link in ("javascript:alert(1)", "file:///etc/passwd", "http://[", "data:text/html,x"):
        (entry,) = read(rss(f"<item><guid>1</guid><link>{link}</link></item>")).entries
        assert entry.url == ""


def test_a_document_that_names_a_file_or_address_opens_neither(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(RSS2)
    for body in (str(file), file.as_uri(), "http://127.0.0.1:1/"):
        with pytest.raises(Changed):
            read(body)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = {
    "billion laughs": f'<!DOCTYPE rss [<!ENTITY l0 "lol">{LAUGHS}]>',
    "quadratic": f'<!DOCTYPE rss [\n<!ENTITY l9 "{"x" * 50_000}">\n]>',
    "hidden behind a comment": f'<!-- <a --><!DOCTYPE rss [<!ENTITY l9 "{"x" * 50_000}">]>',
    "default attributes": f'<!DOCTYPE rss [<!ATTLIST item a CDATA "{"x" * 50_000}">]>',
    "a file": '<!DOCTYPE rss [<!ENTITY l9 SYSTEM "file:///etc/hostname">]>',
    "in a broken prolog": f'<!DOCTYPE rss [<!ENTITY l9 "{"x" * 50_000}"> <broken ]>',
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entity_bombs_are_not_unpacked(bomb: str, encoding: str) -> None:
    document = rss(f"<item><guid>1</guid><title>{'&l9;' * 1000}</title></item>", BOMBS[bomb])
    with pytest.raises(Changed, match="declares XML entities"):
        read(document.encode(encoding))


def test_harmless_entities_pass() -> None:
    head = '\n<!DOCTYPE rss [\n<!ENTITY nbsp "&#160;">\n<!ENTITY shop "Willow">\n]>'
    (entry,) = read(rss("<item><guid>1</guid><title>&shop;</title></item>", head)).entries
    assert entry.subject == "Willow"
    cdata = "<item><guid>1</guid><title><![CDATA[about <!ENTITY x> in XML]]></title></item>"
    assert "about" in read(rss(cdata)).entries[0].subject


def test_the_defaults_of_an_entry_are_empty() -> None:
    assert Entry("x").published_at is None
