"""Failover of real processes with a quick heartbeat; `python -m tests.chaos --failover` takes the default one."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from engine.fleet.lease import derive
from tests.chaos.failover import MEASURES, Measured, Scene, scene

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

QUICK = derive(2, 15)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.__name__)
async def test_failover(
    measure: Callable[[Scene], Awaitable[Measured]], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with scene(tmp_path, QUICK) as running:
        measured = await measure(running)
    record_property(measured.what, measured.seconds)
    assert measured.seconds < measured.limit * (2 if measured.quick else 1), str(measured)
