"""Bus events become coalesced signals, and nothing is lost before the window listens."""

from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge import INTERVAL_MS, MAX_NAMED, Bridge, Stored
from engine.bus import Bus
from engine.events import (
    AccountChanged,
    AccountRemoved,
    DetectionsMarked,
    DetectionsStored,
    MasterClosing,
    PlatformsChanged,
    Stalled,
    WorkerChanged,
    WorkerRemoved,
)


class Heard:
    """Every signal of a bridge with its argument."""

    def __init__(self, bridge: Bridge) -> None:
        self.all: list[tuple[str, Any]] = []
        for name in (
            "detections_stored",
            "detections_marked",
            "accounts_changed",
            "accounts_removed",
            "workers_changed",
            "workers_removed",
            "stalled",
            "closing",
        ):
            getattr(bridge, name).connect(lambda value, name=name: self.all.append((name, value)))
        bridge.platforms_changed.connect(lambda: self.all.append(("platforms_changed", None)))


@pytest.fixture
def bus() -> Bus:
    return Bus()


def test_stalls_are_summed_up(qtbot: QtBot, bus: Bus) -> None:
    bridge = Bridge()
    heard = Heard(bridge)
    bridge.attach(bus)
    bus.publish(Stalled(40.5))
    bus.publish(Stalled(6.0))
    bridge.open()
    qtbot.waitUntil(lambda: heard.all == [("stalled", 46.5)])


def test_a_burst_is_one_signal(qtbot: QtBot, bus: Bus) -> None:
    bridge = Bridge()
    heard = Heard(bridge)
    bridge.attach(bus)
    bridge.open()
    for number in range(1, 51):
        bus.publish(DetectionsStored(number, number, 1, {"acc_1": 1}))
        bus.publish(WorkerChanged("w1"))
    assert heard.all == []  # not one by one
    qtbot.waitUntil(lambda: bool(heard.all))
    assert heard.all == [("workers_changed", frozenset({"w1"})), ("detections_stored", Stored(50, 50, {"acc_1": 50}))]
    assert not bridge.pending
    assert INTERVAL_MS == 100  # ten times a second


def test_what_happens_before_the_window_listens_is_told_afterwards(qtbot: QtBot, bus: Bus) -> None:
    bridge = Bridge()
    bridge.attach(bus)
    bus.publish(AccountChanged("acc_1"))
    bus.publish(PlatformsChanged())
    bus.publish(MasterClosing("asked to"))
    assert bridge.pending
    heard = Heard(bridge)
    bridge.open()
    assert heard.all == [("closing", "asked to")]
    qtbot.waitUntil(lambda: len(heard.all) == 3)
    assert heard.all[1:] == [("platforms_changed", None), ("accounts_changed", frozenset({"acc_1"}))]


def test_the_last_word_on_an_account_or_worker_counts(qtbot: QtBot, bus: Bus) -> None:
    bridge = Bridge()
    heard = Heard(bridge)
    bridge.attach(bus)
    bridge.open()
    bus.publish(AccountChanged("a"))
    bus.publish(AccountRemoved("a"))
    bus.publish(AccountRemoved("b"))
    bus.publish(AccountChanged("b"))
    bus.publish(WorkerChanged("w"))
    bus.publish(WorkerRemoved("w"))
    qtbot.waitUntil(lambda: bool(heard.all))
    assert heard.all == [
        ("workers_removed", frozenset({"w"})),
        ("accounts_removed", frozenset({"a"})),
        ("accounts_changed", frozenset({"b"})),
    ]


@pytest.mark.parametrize("ids", [None, tuple(range(MAX_NAMED + 1))])
def test_too_many_marked_ones_are_not_named(qtbot: QtBot, bus: Bus, ids: tuple[int, ...] | None) -> None:
    bridge = Bridge()
    heard = Heard(bridge)
    bridge.attach(bus)
    bridge.open()
    bus.publish(DetectionsMarked((1, 2)))
    bus.publish(DetectionsMarked(ids))
    qtbot.waitUntil(lambda: bool(heard.all))
    assert heard.all == [("detections_marked", None)]


def test_a_closed_bridge_hears_nothing(qtbot: QtBot, bus: Bus) -> None:
    bridge = Bridge()
    bridge.attach(bus)
    bridge.open()
    bridge.close()
    bus.publish(AccountChanged("a"))
    assert not bridge.pending
