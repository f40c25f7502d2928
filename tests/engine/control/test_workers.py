"""Workers at the start of a master: those that may still act although nobody knows them."""

import random
from typing import Any

from engine.bus import Bus
from engine.control.workers import WorkerControl
from engine.fleet import messages as m
from engine.fleet.lease import derive
from engine.fleet.state import FleetState, Settings
from engine.records import Worker
from engine.runtime import Runtime
from worker.process.clock import lease_clock


class NoWorkers:
    """Satisfies `WorkerStore`: there are none."""

    async def load_all(self) -> list[Worker]:
        return []

    async def save(self, worker: Worker) -> None:
        raise AssertionError

    async def remove(self, worker_id: str) -> None:
        raise AssertionError


async def test_an_owner_that_nobody_knows_keeps_its_accounts_for_a_time_out_and_a_local_one_does_not() -> None:
    state = FleetState(Settings(derive(10, 30)), random.Random(1), lease_clock())
    nothing: Any = None  # no store is asked: nothing is placed
    runtime = Runtime(state, nothing, Bus())
    runtime.on(m.CastOut, lambda _command: None)  # it has no connection
    control = WorkerControl(runtime, NoWorkers(), lambda *_what, **_why: None, local_maximum=0, capacity=10)
    await control.load(0, 0)
    control.enter_revoked({None, "before-restore", "local-3"})
    runtime.submit(m.AccountAdded("a1", "demo", 30.0, 7, owner="before-restore"))
    runtime.submit(m.AccountAdded("a2", "demo", 30.0, 7, owner="local-3"))
    control.leave_revoked()
    accounts = state.tables.accounts
    assert (accounts["a1"].owner, accounts["a2"].owner) == ("before-restore", None)
    began = lease_clock()
    for later in range(29):
        state.handle(m.Woke(), began + later)
    assert accounts["a1"].owner == "before-restore"
    for later in range(29, 34):
        state.handle(m.Woke(), began + later)
    assert accounts["a1"].owner is None and not state.tables.workers
    await runtime.close()
