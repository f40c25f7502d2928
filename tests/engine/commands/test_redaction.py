import base64

import pytest

from engine.commands.redaction import Redaction

SECRET = "s3cret/with+odd=chars"


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        "s3cret%2Fwith%2Bodd%3Dchars",
    ],
)
def test_a_known_secret_in_any_form(form):
    assert Redaction([SECRET])(f"before {form} after").startswith("before ***")
    assert form not in Redaction([SECRET])(f'{{"x":"{form}"}}')


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ('{"password":"hunter22"}', "hunter22"),
        ("token=abcd1234&x=1", "abcd1234"),
        ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("Authorization: Basic dXNlcjpw", "dXNlcjpw"),
        ("https://user:pa55@example.com/feed", "pa55"),
        ("VDT1.AbCd_ef-12", "AbCd_ef"),
        ("key 4f1d2c3b4a5968778695a4b3c2d1e0f04f1d2c3b4a5968778695a4b3c2d1e0f0 end", "4f1d2c3b"),
    ],
)
def test_what_looks_like_a_secret(text, gone):
    redacted = Redaction([])(text)
    assert gone not in redacted and "***" in redacted


@pytest.mark.parametrize(
    "text",
    [
        '{"timestamp":"2026-11-26T12:00:00.000000Z","level":"info","event":"worker.registered","request_id":"9f86d081884c7d65"}',
        "the passphrase is wrong",
        "https://example.com:8443/feed.xml",
        "acc_19abcdef0123456789abc on local-1",
        "/home/somebody/.local/share/vedette/logs/master.jsonl",
    ],
)
def test_what_is_none_stays(text):
    assert Redaction(["p"])(text) == text
