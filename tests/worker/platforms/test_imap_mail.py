"""Mails as they are found in the wild, and worse."""

import base64
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.platforms.imap_mail import LONGEST_TEXT, read


def plain(head: str, body: bytes = b"x") -> bytes:
    return head.encode() + b"\n\n" + body


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        ("=?utf-8?B?5L2g5aW9?=", "你好"),
        ("=?UTF-8?Q?=E4=BD=A0?= =?utf-8?q?=E5=A5=BD?=", "你好"),
        ("Re: =?gb2312?B?xOO6ww==?= (2)", "Re: 你好 (2)"),
        ("=?big5?B?p0GmbqFJ?=", "你好！"),
        ("=?no-such-charset?B?5L2g5aW9?=", "你好"),
        ("=?utf-8?B?5L2g5aW?=", None),
        ("=?utf-8?B?@@@?=", None),
        ("=?punycode?B?5L2g5aW9?=", "你好"),
        ("plain\n folded", "plain folded"),
        ("你好", "你好"),
    ],
)
def test_subjects(value: str, subject: str | None) -> None:
    found = read(plain(f"Subject: {value}")).subject
    assert found == subject if subject is not None else isinstance(found, str)


def test_a_subject_in_bare_gbk_is_read() -> None:
    assert read(b"Subject: " + "发货通知".encode("gbk") + b"\n\nx").subject == "发货通知"


@pytest.mark.parametrize(
    ("value", "name", "handle"),
    [
        ("Li Lei <Li@Example.org>", "Li Lei", "Li@Example.org"),
        ("=?utf-8?B?5p2OLCDpm7c=?= <l@example.org>", "李, 雷", "l@example.org"),
        ('"Lei, Li" <l@example.org>, Other <o@example.org>', "Lei, Li", "l@example.org"),
        ("l@example.org", "l@example.org", "l@example.org"),
        ("=?utf-8?B?PGV2aWxAeC5vcmc+?= <l@example.org>", "<evil@x.org>", "l@example.org"),
        ("undisclosed", "undisclosed", "undisclosed"),
        ("", "", ""),
    ],
)
def test_authors(value: str, name: str, handle: str) -> None:
    author = read(plain(f"From: {value}")).author
    assert (author.name, author.handle, author.id) == (name, handle, handle.lower())


@pytest.mark.parametrize(
    ("date", "millis"),
    [
        ("Thu, 01 Jan 1970 00:00:00 +0000", 0),
        ("Thu, 01 Jan 1970 00:00:00 +0800", None),
        ("Sun, 07 Feb 2106 06:28:16 GMT", 4_294_967_296_000),
        ("Fri, 31 Dec 9999 23:59:59 -0000", 253_402_300_799_000),
        ("Tue, 24 Nov 2026 08:00:00", 1_795_507_200_000),
        ("Tue, 24 Nov 2026 08:00:00 +0800 (CST)", 1_795_478_400_000),
        ("Tue, 99 Nov 2026 08:00:00 +0800", None),
        ("yesterday", None),
        ("Tue, 24 Nov 2026 08:00:00 +9999999999", None),
        ("", None),
    ],
)
def test_dates(date: str, millis: int | None) -> None:
    assert read(plain(f"Date: {date}")).published_at == millis


def test_a_conversation_has_one_thread() -> None:
    root = read(plain("Message-ID: <a@x>"))
    reply = read(plain("Message-ID: <b@x>\nIn-Reply-To: <a@x>"))
    later = read(plain("Message-ID: <c@x>\nReferences: <a@x>\n <b@x>\nIn-Reply-To: <b@x>"))
    assert root.thread_id == reply.thread_id == later.thread_id == "a@x"
    assert read(plain("Subject: alone")).thread_id == ""


def test_the_id_is_of_the_mail_and_not_of_its_way_here() -> None:
    mail = "From: a@x\nDate: Tue, 24 Nov 2026 08:00:00 +0800\nMessage-ID: <1@x>\nSubject: s"
    assert read(plain(mail)).external_id == read(plain("Received: elsewhere\n" + mail, b"cut")).external_id
    assert read(plain(mail)).external_id != read(plain(mail.replace("<1@x>", "<2@x>"))).external_id
    assert read(plain(mail)).external_id != read(plain(mail.replace("24 Nov", "25 Nov"))).external_id


def test_without_a_message_id_headers_and_content_count() -> None:
    one = read(plain("From: a@x\nSubject: s", b"one"))
    assert one.external_id == read(plain("Received: y\nFrom: a@x\nSubject: s", b"one")).external_id
    assert one.external_id != read(plain("From: a@x\nSubject: s", b"two")).external_id
    assert one.external_id != read(plain("From: a@x\nSubject: t", b"one")).external_id


def test_plain_text_is_preferred_to_html_and_attachments_are_left_out() -> None:
    mail = EmailMessage()
    mail.set_content("plain 文字")
    mail.add_alternative("<p>html</p>", subtype="html")
    mail.add_attachment("attached", filename="a.txt")
    mail.add_attachment(b"\x00\x01", maintype="image", subtype="png", filename="a.png")
    assert read(mail.as_bytes()).text == "plain 文字"


def test_html_alone_becomes_plain_text() -> None:
    mail = EmailMessage()
    mail.set_content("<style>p{}</style><p>一</p><p>二 &amp; 三</p>", subtype="html")
    assert read(mail.as_bytes()).text == "一\n\n二 & 三"


def test_a_mail_in_a_mail_is_an_attachment() -> None:
    inner = EmailMessage()
    inner.set_content("inner")
    outer = EmailMessage()
    outer.set_content("outer")
    outer.add_attachment(inner, disposition="inline")
    assert read(outer.as_bytes()).text == "outer"


def test_a_mail_that_was_cut_off_gives_what_there_is() -> None:
    head = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit"
    assert read(plain(head, "你好".encode()[:-1])).text == "你"
    encoded = base64.b64encode("你好世界".encode() * 30)
    cut = plain(head.replace("8bit", "base64"), encoded[:50])
    assert read(cut).text.startswith("你好世界")
    parts = 'Content-Type: multipart/mixed; boundary="b"'
    assert read(plain(parts, b"--b\n\nbegin\n--b\nContent-Type: image/png\n\n\x89PN")).text == "begin"


@pytest.mark.parametrize(
    ("claimed", "real"),
    [
        ("gb2312", "gb18030"),
        ("", "utf-8"),
        ("", "gb18030"),
        ("us-ascii", "utf-8"),
        ("utf-8", "gb18030"),
        ("zip", "utf-8"),
    ],
)
def test_charsets_that_are_missing_or_wrong(claimed: str, real: str) -> None:
    head = f'Content-Type: text/plain; charset="{claimed}"' if claimed else "Content-Type: text/plain"
    assert read(plain(head, "您好，镕基".encode(real))).text == "您好，镕基"


def test_latin_letters_without_a_charset() -> None:
    assert read(plain("Content-Type: text/plain; charset=iso-8859-1", "“Grüße” – é".encode("cp1252"))).text == (
        "“Grüße” – é"
    )


def test_text_is_as_long_as_the_protocol_allows_and_free_of_control_characters() -> None:
    text = read(plain("Subject: s", b"a\x00\x1b[31m" * LONGEST_TEXT)).text
    assert len(text) == LONGEST_TEXT and "\x00" not in text and "\x1b" not in text


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "raw",
    [
        b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(4000)),
        b"Subject: " + b"=?a?q?" * 40_000 + b"\n\nx",
        b"From: " + b"<" * 250_000 + b"\n\nx",
        b"From: " + b"(" * 250_000 + b"\n\nx",
        b"References: " + b"<" * 250_000 + b"\n\nx",
        b"Date: " + b"1 " * 120_000 + b"\n\nx",
        b"Content-Type: text/plain; charset=punycode\n\n" + b"-" + b"a9" * 120_000,
        b"Content-Type: " + b"a/b; c*0*=" * 25_000 + b"\n\nx",
    ],
    ids=["parts in parts", "encoded words", "brackets", "comments", "references", "date", "punycode", "parameters"],
)
def test_crafted_mails_take_no_long_time(raw: bytes) -> None:
    assert read(raw).external_id


@given(st.binary(max_size=400), st.sampled_from(["Subject", "From", "Date", "Content-Type", "References"]))
def test_no_header_whatever_raises(junk: bytes, name: str) -> None:
    read(name.encode() + b": " + junk + b"\n\n" + junk)


@given(st.binary(max_size=400), st.sampled_from(["base64", "quoted-printable", "uuencode", "8bit", "x"]))
def test_no_body_whatever_raises(junk: bytes, encoding: str) -> None:
    for kind in ("text/plain", "text/html", 'multipart/mixed; boundary="-"', "message/rfc822", "nonsense"):
        read(plain(f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}", junk))
