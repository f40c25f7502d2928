"""Secrets disappear from sentences in every form."""

import base64
from urllib.parse import quote

from worker.platforms.redaction import Redactor
from worker.process.secret import Secret

VALUE = "pä ss/wörd+42"


def test_every_form_is_replaced() -> None:
    raw = VALUE.encode()
    pair = base64.b64encode(f"user:{VALUE}".encode()).decode()
    forms = [VALUE, quote(VALUE), quote(VALUE, safe=""), raw.hex(), base64.b64encode(raw).decode(), pair]
    redact = Redactor([Secret("user"), Secret(VALUE)])
    for form in forms:
        assert redact(f"before {form} after") == "before *** after"


def test_a_secret_inside_another_leaves_no_rest() -> None:
    assert Redactor([Secret("abcd"), Secret("abcdefgh")])("x abcdefgh y") == "x *** y"


def test_without_secrets_text_is_untouched() -> None:
    assert Redactor()("as it is") == "as it is"
    assert Redactor([Secret(""), Secret("u")])("unusual") == "unusual"
