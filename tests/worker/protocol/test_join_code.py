"""A code that was copied whole is read; anything else is told apart before anybody is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.protocol.join_code import BadJoinCode, JoinCode, decode, encode

HOSTS = st.lists(st.from_regex(r"[A-Za-z0-9.:_-]{1,60}", fullmatch=True), min_size=1, max_size=8)
CODES = st.builds(
    JoinCode, st.binary(min_size=32, max_size=32), st.binary(min_size=24, max_size=24), st.integers(1, 65_535), HOSTS
)
ONE = JoinCode(b"k" * 32, b"t" * 24, 3443, ["10.0.0.5", "fd00::5", "desk.lan"])
DAMAGED = "the code is damaged or cut short; copy it again"


@given(CODES)
def test_what_is_encoded_is_decoded(code: JoinCode) -> None:
    assert decode(encode(code)) == code


def test_a_terminals_line_breaks_do_no_harm() -> None:
    text = encode(ONE)
    assert decode(f"  {text[:30]}\n  {text[30:70]}\r\n{text[70:]}\n") == ONE


@pytest.mark.parametrize("missing", range(1, len(encode(ONE)) - len("VDT1.")))
def test_a_code_that_was_cut_short_says_so(missing: int) -> None:
    with pytest.raises(BadJoinCode, match=DAMAGED):
        decode(encode(ONE)[:-missing])


@given(st.integers(5, len(encode(ONE)) - 1), st.sampled_from("Ab9-_!ü"))
def test_one_wrong_character_is_noticed(at: int, character: str) -> None:
    text = encode(ONE)
    changed = text[:at] + character + text[at + 1 :]
    try:
        assert decode(changed) == ONE  # the last character carries bits that mean nothing
    except BadJoinCode as error:
        assert str(error) == DAMAGED


@pytest.mark.parametrize("text", ["", "hello", "VDT2.abcd", "vdt1.abcd", "https://example.org"])
def test_what_is_no_code_is_told_from_a_damaged_one(text: str) -> None:
    with pytest.raises(BadJoinCode, match=r"not a join code: one starts with VDT1\."):
        decode(text)


def test_a_whole_code_of_another_layout_is_of_another_version() -> None:
    import base64
    import hashlib

    raw = b"\x93\x01\x02\x03"
    text = base64.urlsafe_b64encode(raw + hashlib.sha256(raw).digest()[:4]).decode().rstrip("=")
    with pytest.raises(BadJoinCode, match="another version of the master"):
        decode("VDT1." + text)


@pytest.mark.parametrize("host", ["desk.lan\n", "desk lan", "desk/../x", "user@desk", "", "x" * 254])
def test_a_host_is_a_host_and_nothing_else(host: str) -> None:
    with pytest.raises(BadJoinCode, match="another version of the master"):
        decode(encode(JoinCode(b"k" * 32, b"t" * 24, 3443, [host])))


def test_a_code_that_is_logged_by_accident_keeps_its_token() -> None:
    assert repr(b"t" * 24) not in repr(ONE) and "tttt" not in f"{ONE}"
