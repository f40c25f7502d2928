"""Form values against a descriptor's fields."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.protocol.descriptor import Choice, Field, FieldError, Text, validate_values

LABEL = Text(en="Label", zh="标签")
CHOICES = (Choice("none", LABEL), Choice("starttls", LABEL))
FIELDS = (
    Field("server", LABEL, type="url", required=True),
    Field("port", LABEL, type="integer", default=993, minimum=1, maximum=65535),
    Field("rate", LABEL, type="number", minimum=0.5),
    Field("tls", LABEL, type="choice", choices=CHOICES, default="none"),
    Field("private", LABEL, type="boolean", default=False),
    Field("note", LABEL, max_length=5),
    Field("token", LABEL, type="secret"),
)
SERVER = {"server": "https://e.example"}


def test_defaults_are_filled_in_and_blanks_dropped() -> None:
    checked = validate_values(FIELDS, {**SERVER, "note": "", "token": None, "port": None})
    assert checked == {**SERVER, "port": 993, "tls": "none", "private": False}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 1),
        ("port", 65535),
        ("rate", 1),
        ("rate", 0.5),
        ("tls", "starttls"),
        ("private", True),
        ("note", "12345"),
        ("token", "s"),
        ("server", "http://127.0.0.1:1"),
    ],
)
def test_good_values_are_kept(name: str, value: Any) -> None:
    assert validate_values(FIELDS, {**SERVER, name: value})[name] == value


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("server", "", "required"),
        ("server", "ftp://e.example", "http"),
        ("port", 0, "at least 1"),
        ("port", 65536, "at most 65535"),
        ("port", "993", "whole number"),
        ("port", 1.5, "whole number"),
        ("port", True, "whole number"),
        ("rate", float("nan"), "at least"),
        ("rate", "1", "a number"),
        ("tls", "tls13", "one of: none, starttls"),
        ("private", "yes", "true or false"),
        ("private", 1, "true or false"),
        ("note", "123456", "longer than 5"),
        ("note", 5, "text"),
        ("surprise", 1, "unknown field"),
    ],
)
def test_bad_values_are_refused_naming_field_and_reason(name: str, value: Any, says: str) -> None:
    with pytest.raises(FieldError, match=says) as caught:
        validate_values(FIELDS, {**SERVER, name: value})
    assert caught.value.field == name


@given(
    st.dictionaries(
        st.sampled_from([field.name for field in FIELDS] + ["x"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    )
)
def test_nothing_but_a_field_error_ever_comes_out(values: dict[str, Any]) -> None:
    try:
        checked = validate_values(FIELDS, values)
    except FieldError:
        return
    assert validate_values(FIELDS, checked) == checked


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://example.com/a@b?c@d#e@f", True),
        ("https://user:canary@example.com/", False),
        ("https://user@example.com", False),
        ("https://user:canary@example.com\\@other.example/", False),
    ],
)
def test_an_address_is_no_place_for_a_password(url: str, fits: bool) -> None:
    field = Field("server", LABEL, type="url")
    if fits:
        assert validate_values((field,), {"server": url}) == {"server": url}
        return
    with pytest.raises(FieldError, match="have their own fields") as caught:
        validate_values((field,), {"server": url})
    assert "canary" not in str(caught.value)
