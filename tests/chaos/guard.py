"""Looks at everything twice a second while faults happen: ownership over REST, processes without a parent."""

import asyncio
import os
import time

import psutil

from tests.chaos.house import House
from tests.chaos.operator import Operator
from worker.process.clock import lease_clock

EVERY = 0.5  #: seconds
GRACE = 3.0  #: seconds that a process may outlive its parent
STARTING = 20.0  #: seconds; one that had just been started finds out once Python has loaded, before it does anything


class Guard:
    """Collects violations.

    Attributes:
        owners: (account, epoch) → worker, as REST told.
    """

    def __init__(self, house: House, operator: Operator) -> None:
        self.violations: list[str] = []
        self.samples = 0
        self.owners: dict[tuple[str, int], str] = {}
        self._house = house
        self._operator = operator
        self._epochs: dict[str, int] = {}
        self._alone: dict[int, float] = {}

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            self._processes()
            if await self._operator.look():
                self._ownership()
                self.samples += 1
                await self._operator.help()
            await asyncio.sleep(EVERY)

    def _ownership(self) -> None:
        for account_id, account in self._operator.owners.items():
            worker, epoch = account["worker_id"], int(account["epoch"])
            if epoch < self._epochs.get(account_id, 0):
                self.violations.append(f"O3: {account_id}: epoch {epoch} after {self._epochs[account_id]}")
            self._epochs[account_id] = epoch
            if worker is not None:
                self.owns(account_id, epoch, worker)

    def owns(self, account_id: str, epoch: int, worker: str) -> None:
        """Somebody says that this worker owned an account under this epoch."""
        known = self.owners.setdefault((account_id, epoch), worker)
        if known != worker:
            self.violations.append(f"O2: {account_id}, epoch {epoch}: {worker}, and {known} as well")

    def _processes(self) -> None:
        parents = {os.getpid(), self._house.master.pid if self._house.master.running else 0}
        now, alone = lease_clock(), dict[int, float]()
        for process in self._house.processes():
            try:
                if process.ppid() not in parents:
                    alone[process.pid] = self._alone.get(process.pid, now)
                    self._judge(process, now - alone[process.pid])
            except psutil.NoSuchProcess:
                continue
        self._alone = alone

    def _judge(self, process: psutil.Process, alone: float) -> None:
        started = time.time() - process.create_time() - alone < STARTING
        if alone > (STARTING if started else GRACE):
            self.violations.append(f"process {process.pid} has outlived its parent for {alone:.1f} s")
