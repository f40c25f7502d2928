"""The thirteen messages and their answers: what goes out comes back, and nothing else gets in."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.process import wire_json
from worker.protocol.descriptor import Descriptor, Text
from worker.protocol.envelope import ok, pack, read_answer, refused, unpack
from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import (
    ALL,
    MAX_ITEMS,
    Answer,
    Assign,
    Author,
    Beaten,
    Budget,
    CheckDone,
    Credentials,
    CredentialsGiven,
    CursorAt,
    Detections,
    Event,
    Heartbeat,
    Held,
    Identity,
    Item,
    Mark,
    Message,
    Probe,
    Probed,
    Quota,
    Register,
    Registered,
    Rejected,
    Released,
    Report,
    Resources,
    Revoke,
    Shutdown,
    Stored,
    Sync,
    Task,
)

DEMO = Descriptor(key="demo", name=Text(en="Demo", zh="演示"), kinds=("comment",), min_interval=1)
ITEM = Item(7, "a", 3, "comment", "x-1", 1, 2, "t", Author("i", "n", "h", "https://e.example/a"), "文本 “\u2028”")
TASK = Task("a", 3, "demo", {"seed": 1}, 30.0, 1.5, Budget(4), '{"v":1}', "r1")

MESSAGES: list[Message] = [
    Register("w", "i", "name", "host", 1, "0.1.0", [DEMO], 100, [Held("a", 3)], Resources(1.5, 2, 0.1)),
    Heartbeat(1, 2, "d", Resources(), 3, "full", [CheckDone("a", 5, 0.25, "ok", 3, "overrun", True)]),
    Detections([ITEM], {"a": CursorAt(3, "c")}),
    Report("a", 3, "rate_limited", 9, Quota(1, 2, 3), "slow"),
    Credentials("a", 3, {"token": "t"}, 4),
    Released("a", 3),
    Assign(2, True, [TASK]),
    Revoke(3, ["a"]),
    Probe("feed", {"password": "p"}, {"url": "https://e.example"}),
    Shutdown("closing", 8.0),
    Sync(5, 10),
    Mark([1, 2], read=True),
    Event("detection", 9, {"id": 1}),
]
ANSWERS: list[Answer] = [
    Registered(10.0, 25.0, 4, [TASK]),
    Beaten(1),
    Stored([1], [Rejected(2, "invalid")], 1.5),
    CredentialsGiven({"token": "t"}, 4),
    Probed(Identity("@h", "name", "1")),
]


def by_wire(data: object) -> Any:
    """Through the JSON that Socket.IO uses on both ends."""
    return wire_json.loads(wire_json.dumps(data))


def test_there_are_thirteen_and_each_is_tried_here() -> None:
    assert len(ALL) == 13
    assert {message.TYPE for message in MESSAGES} == set(ALL)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.TYPE)
def test_each_message_survives_the_wire(message: Message) -> None:
    received = unpack(message.TYPE, by_wire(pack(message, "r1", 5)), ALL)
    assert (received.message, received.request_id, received.timestamp) == (message, "r1", 5)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.TYPE)
def test_an_unknown_field_is_refused(message: Message) -> None:
    envelope = by_wire(pack(message, "r1", 5))
    envelope["payload"]["surprise"] = 1
    with pytest.raises(ProtocolError, match="surprise") as caught:
        unpack(message.TYPE, envelope, ALL)
    assert caught.value.code is Code.INVALID


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_each_answer_survives_the_wire_and_may_say_more(answer: Answer) -> None:
    assert read_answer(by_wire(ok(answer) | {"newer": 1}), type(answer)) == answer


@pytest.mark.parametrize("code", list(Code))
def test_every_refusal_arrives_with_its_code(code: Code) -> None:
    with pytest.raises(ProtocolError, match="why") as caught:
        read_answer(by_wire(refused(code, "why")), Answer)
    assert caught.value.code is code


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "poke"),
        ("external_id", ""),
        ("external_id", "x" * 501),
        ("text", "x" * 20_001),
        ("url", "x" * 2001),
        ("seq", -1),
        ("seq", 2**53),
        ("found_at", 1.5),
        ("account", "white space"),
        ("account", ""),
    ],
)
def test_an_item_out_of_bounds_is_refused_by_name(field: str, value: object) -> None:
    envelope = by_wire(pack(Detections([ITEM]), "r", 1))
    envelope["payload"]["items"][0][field] = value
    with pytest.raises(ProtocolError, match=field) as caught:
        unpack(Detections.TYPE, envelope, ALL)
    assert caught.value.code is Code.INVALID


def test_too_many_items_are_too_large() -> None:
    with pytest.raises(ProtocolError) as caught:
        unpack(Detections.TYPE, by_wire(pack(Detections([ITEM] * (MAX_ITEMS + 1)), "r", 1)), ALL)
    assert caught.value.code is Code.TOO_LARGE


@pytest.mark.parametrize("interval", [0, -1, 3601, math.inf])
def test_an_interval_out_of_bounds_is_refused(interval: float) -> None:
    envelope = pack(Assign(1, False, [TASK]), "r", 1)
    envelope["payload"]["tasks"][0]["interval"] = interval
    with pytest.raises(ProtocolError) as caught:
        unpack(Assign.TYPE, envelope, ALL)
    assert caught.value.code is Code.INVALID


@given(st.sampled_from(MESSAGES), st.data())
def test_a_payload_with_anything_in_any_field_never_breaks_out(message: Message, data: st.DataObject) -> None:
    envelope = pack(message, "r", 1)
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    )
    field = data.draw(st.sampled_from(sorted(msgspec.to_builtins(message))))
    envelope["payload"][field] = data.draw(anything)
    try:
        received = unpack(message.TYPE, envelope, ALL)
    except ProtocolError as error:
        assert error.code in (Code.INVALID, Code.TOO_LARGE)
    else:
        assert type(received.message) is type(message)
