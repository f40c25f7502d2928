"""The envelope: every way of being wrong has its code, and no input breaks out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.process import wire_json
from worker.protocol.envelope import MAX_REQUEST_ID, ok, pack, read_answer, refused, unpack
from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import ALL, FROM_MASTER, FROM_WORKER, Answer, Beaten, Released

RELEASED = Released("a", 3)
GOOD = pack(RELEASED, "r1", 5)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


def code_of(event: str, data: object, allowed: Any = FROM_WORKER) -> Code:
    with pytest.raises(ProtocolError) as caught:
        unpack(event, data, allowed)
    return caught.value.code


def test_packing_holds_what_the_contract_says() -> None:
    assert GOOD == {
        "type": "worker:released",
        "version": "v1",
        "payload": {"account": "a", "epoch": 3},
        "timestamp": 5,
        "request_id": "r1",
    }


@pytest.mark.parametrize("data", [None, 1, "text", [], [GOOD], {}, {"type": "worker:released"}, GOOD | {"extra": 1}])
def test_what_is_no_envelope_is_malformed(data: object) -> None:
    assert code_of("worker:released", data) is Code.MALFORMED


@pytest.mark.parametrize("field", sorted(GOOD))
def test_a_missing_or_wrongly_typed_field_is_malformed(field: str) -> None:
    assert code_of("worker:released", {k: v for k, v in GOOD.items() if k != field}) is Code.MALFORMED
    assert code_of("worker:released", GOOD | {field: [1]}) is Code.MALFORMED


def test_another_version_is_named_first_whatever_else_is_wrong() -> None:
    assert code_of("worker:released", {"version": "v2", "shape": "unheard of"}) is Code.WRONG_VERSION


def test_the_event_must_be_the_type() -> None:
    assert code_of("worker:register", GOOD) is Code.MALFORMED


def test_a_message_of_the_other_direction_is_unknown() -> None:
    assert code_of("worker:released", GOOD, FROM_MASTER) is Code.UNKNOWN_TYPE
    assert code_of("worker:nonsense", GOOD | {"type": "worker:nonsense"}) is Code.UNKNOWN_TYPE


def test_a_payload_that_does_not_fit_is_invalid() -> None:
    assert code_of("worker:released", GOOD | {"payload": {"account": "a", "epoch": "three"}}) is Code.INVALID


def test_a_deep_nest_is_refused_and_not_a_crash() -> None:
    nest: Any = 1
    for _ in range(100_000):
        nest = [nest]
    assert code_of("client:sync", GOOD | {"type": "client:sync", "payload": {"after": nest}}, ALL) is Code.INVALID


def test_a_long_request_id_is_cut() -> None:
    assert len(unpack("worker:released", GOOD | {"request_id": "x" * 1000}, FROM_WORKER).request_id) == MAX_REQUEST_ID


@given(st.sampled_from([*ALL, "connect", "", "message"]), anything)
def test_unpack_raises_nothing_but_protocol_error(event: str, data: object) -> None:
    with pytest.raises(ProtocolError):
        unpack(event, data, ALL)


@given(st.dictionaries(st.sampled_from([*sorted(GOOD), "x"]), anything))
def test_unpack_of_almost_envelopes_raises_nothing_but_protocol_error(changes: dict[str, Any]) -> None:
    try:
        received = unpack("worker:released", GOOD | changes, FROM_WORKER)
    except ProtocolError as error:
        assert error.code in (Code.MALFORMED, Code.WRONG_VERSION, Code.INVALID)
        assert error.message
    else:
        assert isinstance(received.message, Released)


@given(anything)
def test_read_answer_raises_nothing_but_protocol_error(data: object) -> None:
    with pytest.raises(ProtocolError):
        read_answer(data, Beaten)


def test_answers_are_read_and_refusals_raised() -> None:
    assert read_answer(ok(Beaten(4)), Beaten) == Beaten(4)
    assert read_answer(ok(), Answer) == Answer()
    with pytest.raises(ProtocolError, match="not now") as caught:
        read_answer(refused(Code.BUSY, "not now"), Beaten)
    assert caught.value.code is Code.BUSY


def test_an_unheard_of_code_is_internal_and_a_half_answer_malformed() -> None:
    with pytest.raises(ProtocolError) as caught:
        read_answer({"ok": False, "code": "from_the_future"}, Beaten)
    assert caught.value.code is Code.INTERNAL
    halves: list[Any] = [{"ok": "yes"}, {"ok": True}, None, [], {"ok": True, "nonce": "one"}]
    for half in halves:
        with pytest.raises(ProtocolError) as caught:
            read_answer(half, Beaten)
        assert caught.value.code is Code.MALFORMED


def test_a_refusals_sentence_is_bounded() -> None:
    assert len(refused(Code.INVALID, "x" * 10_000)["message"]) == 500


@pytest.mark.parametrize("text", ["[" * 100_000, "NaN", "{", "", '"\\ud800"', "1" * 5, b"\xff"])
def test_the_json_module_raises_only_value_error(text: str | bytes) -> None:
    try:
        wire_json.loads(text)
    except ValueError:
        return
    assert text == "1" * 5


@pytest.mark.parametrize("value", [object(), {"x": {1, object()}}, "\ud800"])
def test_what_is_no_json_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError):
        wire_json.dumps(value)
