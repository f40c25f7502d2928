"""What waits for a client stays small, whatever happens."""

import asyncio
from typing import Any

from engine.gateway.hints import MANY, PACE, Hints
from tests.support.waiting import eventually


class Ear:
    """Notes what it is told and when the loop's clock said so."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.at: list[float] = []

    def __call__(self, topic: str, data: dict[str, Any]) -> None:
        self.heard.append((topic, data))
        self.at.append(asyncio.get_running_loop().time())


async def told(*notes: tuple[str, str, dict[str, Any]], count: int) -> Ear:
    ear = Ear()
    hints = Hints(ear)
    for note in notes:
        hints.note(*note)
    hints.start()
    await eventually(lambda: len(ear.heard) >= count)
    await hints.close()
    return ear


async def test_counts_add_up_and_the_rest_is_replaced() -> None:
    ear = await told(
        ("detection", "", {"count": 2, "last_id": 2}),
        ("account", "a", {"id": "a"}),
        ("detection", "", {"count": 3, "last_id": 5}),
        ("account", "a", {"id": "a"}),
        count=2,
    )
    assert ear.heard == [("detection", {"count": 5, "last_id": 5}), ("account", {"id": "a"})]


async def test_at_most_ten_a_second() -> None:
    ear = await told(*(("worker", str(n), {"id": str(n)}) for n in range(4)), count=4)
    gaps = [later - earlier for earlier, later in zip(ear.at, ear.at[1:], strict=False)]
    assert min(gaps) >= PACE * 0.95


async def test_too_many_names_become_nobody_in_particular() -> None:
    notes = [("account", str(n), {"id": str(n)}) for n in range(10 * MANY)]
    ear = await told(*notes, ("status", "", {}), count=2)
    assert ear.heard == [("account", {"id": None}), ("status", {})]


async def test_nothing_is_told_after_the_end() -> None:
    ear = Ear()
    hints = Hints(ear)
    hints.start()
    hints.note("status", "", {})
    await hints.close()
    assert ear.heard == []
