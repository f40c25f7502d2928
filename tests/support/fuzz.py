"""Hypothesis for what peers may send: JSON of every kind, and right messages made wrong.

VEDETTE_FUZZ=20 tries twenty times as many examples, and other ones each time.
"""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.support.live_master import a_registration
from worker.protocol import messages as m
from worker.protocol.envelope import pack

T = TypeVar("T")
TIMES = int(os.environ.get("VEDETTE_FUZZ", "1"))
DEEP = "\x00deep\x00"  #: in a message: stands for lists in lists, more than JSON libraries can take
NESTING = 20_000


def examples(count: int) -> settings:
    """So many examples, the same ones in each run unless VEDETTE_FUZZ asks for more."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(
        max_examples=count * TIMES, derandomize=TIMES == 1, database=None, deadline=None, suppress_health_check=checks
    )


@contextmanager
def on_one_loop(context: AbstractAsyncContextManager[T]) -> Iterator[tuple[T, Callable[[Any], Any]]]:
    """The context's value, and what runs a coroutine on its loop: Hypothesis is not asynchronous."""
    with asyncio.Runner() as runner:
        value = runner.run(context.__aenter__())
        try:
            yield value, runner.run
        finally:
            runner.run(context.__aexit__(None, None, None))


TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "\x00", "\ud800", "a\ud83d", "\u202e", "x" * 70, "汉" * 301, "y" * 70_000, DEEP, "__proto__"]),
)
NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**31, 2**53, 2**63 - 1, 2**63, 2**64, 10**40, -1, -(2**63), -(2**64)]),
    st.sampled_from([float("nan"), float("inf"), -float("inf"), 1e308, 5e-324, -0.5, 1.5]),
)
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)


def to_json(value: object) -> str:
    """JSON as a careless peer writes it: NaN, lone surrogates and endless nesting included."""
    return json.dumps(value).replace(json.dumps(DEEP), "[" * NESTING + "]" * NESTING)


ITEM = m.Item(1, "acc_1", 1, "comment", "x-1", 0, 0, "t", m.Author("1", "n", "h", "a"), "text", "http://x/", "s")
TASK = m.Task("acc_1", 1, "demo", {"seed": 1}, 30.0, 1.0, m.Budget(5), "{}", "r-1")
WORKER_MESSAGES: list[m.Message] = [
    a_registration("w-1"),
    m.Heartbeat(1, 1, "d", m.Resources(1.0, 1, 0.0), 3, "", [m.CheckDone("acc_1", 0, 0.1, "ok")]),
    m.Detections([ITEM], {"acc_1": m.CursorAt(1, "{}")}),
    m.Report("acc_1", 1, "rate_limited", 0, m.Quota(1, 2, 3), "wait"),
    m.Credentials("acc_1", 1, {"password": "p"}, 1),
    m.Released("acc_1", 1),
]
CLIENT_MESSAGES: list[m.Message] = [m.Sync(0, 10), m.Mark([1, 2], True, False, None)]
WRONG_WAY: list[m.Message] = [
    m.Assign(1, True, [TASK]),
    m.Revoke(1, ["acc_1"]),
    m.Probe("demo", {"password": "p"}, {}),
    m.Shutdown("why", 3.0),
    m.Event("status", 1, {}),
]


def envelopes(messages: list[m.Message]) -> st.SearchStrategy[dict[str, Any]]:
    """Whole, right envelopes of these messages."""
    return st.sampled_from([msgspec.to_builtins(pack(message, "r-1", 1)) for message in messages])


@st.composite
def spoiled(draw: st.DrawFn, whole: st.SearchStrategy[Any]) -> Any:
    """A value with one to three things in it dropped, added, or replaced by junk."""
    value = json.loads(json.dumps(draw(whole)))
    for _ in range(draw(st.integers(1, 3))):
        value = _spoil(draw, value)
    return value


def _spoil(draw: st.DrawFn, value: Any) -> Any:
    """Go down somewhere and change what is there."""
    if isinstance(value, dict | list) and value and draw(st.integers(0, 5)):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = draw(st.sampled_from(keys))
        how = draw(st.sampled_from(["down", "down", "down", "drop", "add", "double"]))
        if how == "down":
            value[key] = _spoil(draw, value[key])
        elif how == "drop":
            del value[key]
        elif isinstance(value, dict):
            value[draw(TEXTS)] = draw(JUNK)
        else:
            value.extend([value[key]] * draw(st.sampled_from([1, 150])))
        return value
    return draw(JUNK)
