"""Whoever runs the installation: does by REST what a person would do, and tries again while the master is away."""

import asyncio
from contextlib import suppress
from typing import Any

import aiohttp

from tests.chaos.house import House
from tests.chaos.site import Site
from worker.process.clock import lease_clock

PATIENCE = 180.0  #: seconds to go on trying: several faults at once may keep an account waiting
AWAY = (aiohttp.ClientError, TimeoutError, OSError, AssertionError)


class Operator:
    """Creates and deletes accounts, drains workers, restarts what was given up.

    Attributes:
        accounts: id → shelf on the site, of those that exist.
        removed: id → when it was removed, on the lease clock.
        workers, owners: workers by name, accounts by id with their worker's name, as REST told last.
        helped: what had to be done by hand.
    """

    def __init__(self, house: House, site: Site) -> None:
        self.house = house
        self.site = site
        self.accounts: dict[str, str] = {}
        self.removed: dict[str, float] = {}
        self.workers: dict[str, dict[str, Any]] = {}
        self.owners: dict[str, dict[str, Any]] = {}
        self.helped: list[str] = []
        self._made = 0

    async def look(self) -> bool:
        """Read accounts and workers; false if the master does not answer."""
        try:
            workers = await self.house.workers()
            accounts = await self.house.master.items("/accounts?limit=1000")
        except AWAY:
            return False
        self.workers, names = workers, self.house.names
        self.owners = {a["id"]: a | {"worker_id": names.get(a["worker_id"], a["worker_id"])} for a in accounts}
        return True

    async def insist(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """A call that is made until it is answered with success.

        Raises:
            AssertionError: if it was not within PATIENCE.
        """
        deadline, last = lease_clock() + PATIENCE, "no answer"
        while lease_clock() < deadline:
            with suppress(*AWAY):
                status, answer = await self.house.master.call(method, path, body)
                if status < 300 or (method == "DELETE" and status == 404):
                    return dict(answer.get("data") or {})
                last = f"{status} {answer}"
            await asyncio.sleep(0.2)
        raise AssertionError(f"{method} {path}: {last}")

    async def add_account(self) -> str:
        """A new account with one item, which is in the store when this returns: its first check is over."""
        shelf = f"shelf-{self._made}"
        self._made += 1
        self.site.post(shelf)
        settings = {"url": f"{self.site.url}/{shelf}", "allow_private_network": True}
        account_id = await self._create(shelf, settings)
        deadline = lease_clock() + PATIENCE
        while not (await self.insist("GET", f"/detections?account_id={account_id}")).get("items"):
            assert lease_clock() < deadline, f"{shelf} was not checked for {PATIENCE:g} s"
            await asyncio.sleep(0.1)
        self.accounts[account_id] = shelf
        return account_id

    async def _create(self, shelf: str, settings: dict[str, Any]) -> str:
        """An unanswered POST may have done its work: look before it is sent again."""
        deadline = lease_clock() + PATIENCE
        body = {"platform": "chaos", "display_name": shelf, "interval": 1, "settings": settings}
        while lease_clock() < deadline:
            with suppress(*AWAY):
                known = {
                    each["display_name"]: each["id"] for each in await self.house.master.items("/accounts?limit=1000")
                }
                if shelf in known:
                    return str(known[shelf])
                return str((await self.house.master.create_account(**body))["id"])
            await asyncio.sleep(0.2)
        raise AssertionError(f"{shelf} could not be created")

    async def remove_account(self, account_id: str) -> None:
        """Delete an account."""
        del self.accounts[account_id]
        await self.insist("DELETE", f"/accounts/{account_id}")
        self.removed[account_id] = lease_clock()

    async def drain(self, worker: str, draining: bool) -> None:
        """Drain a worker, or let it work again."""
        await self.insist("PATCH", f"/workers/{self.workers[worker]['id']}", {"draining": draining})

    async def help(self) -> None:
        """Restart local workers that were given up, and have accounts checked that looked as if they crash workers:
        both are what enough kills at the right moments make of innocent ones."""
        for worker in list(self.workers.values()):
            if worker["state"] == "failed" and worker["kind"] == "local":
                self.helped.append(f"{worker['id']} restarted: {worker['reason']}")
                await self.insist("POST", f"/workers/{worker['id']}/restart")
                await self.look()
        for account_id, account in list(self.owners.items()):
            if account.get("quarantined") and account_id in self.accounts:
                self.helped.append(f"{self.accounts[account_id]} let out of quarantine: {account['reason']}")
                await self.insist("POST", f"/accounts/{account_id}/check")
                await self.look()
