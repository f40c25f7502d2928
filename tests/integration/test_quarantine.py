"""An account that ends the process of whoever checks it, with real processes."""

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.guests import offer_deadly
from tests.support.master_process import MasterProcess, running_master
from tests.support.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]


async def _account(master: MasterProcess, name: str, **settings: Any) -> str:
    account = await master.create_account(platform="deadly", display_name=name, interval=1, settings=settings)
    return str(account["id"])


async def _in_quarantine(master: MasterProcess, key: str) -> dict[str, Any]:
    async def found() -> dict[str, Any] | None:
        account = await master.account(key)
        return account if account["quarantined"] and account["status"] == "failing" else None

    account = await eventually(found, within=60, what="the quarantine")
    assert account is not None
    return account


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_it_is_found_out_and_everything_else_goes_on(tmp_path: Path, workers: str) -> None:
    folder = offer_deadly(tmp_path / "guests")
    async with running_master(tmp_path / "data", "--local-workers", workers, folder=folder) as master:
        await master.workers_online(int(workers))
        # bystanders whose checks last nearly as long as their interval are under check at almost every moment
        others = [await _account(master, "slow", seconds=0.8)]
        bad = await _account(master, "bad", kills=True)
        others += [await _account(master, f"slow {n}", seconds=0.8) for n in range(2)]
        account = await _in_quarantine(master, bad)
        assert (account["status"], account["worker_id"]) == ("failing", None)
        assert account["reason"] == account["last_error"] and "worker processes within 10 minutes" in account["reason"]
        online = await master.workers_online(int(workers))
        began = {key: (await master.account(key))["last_check_at"] for key in others}

        async def all_checked_again() -> bool:
            now = [await master.account(key) for key in others]
            return all(
                one["status"] == "active" and not one["quarantined"] and one["last_check_at"] not in (None, began[key])
                for key, one in zip(others, now, strict=True)
            )

        await eventually(all_checked_again, within=40, what="checks of the others")
        assert {worker["pid"] for worker in await master.workers_online(int(workers))} == {w["pid"] for w in online}
        assert not master.logged("worker.failed")
        assert [line["account"] for line in master.logged("account.quarantined")] == [bad]


async def test_it_outlives_a_restart_and_ends_with_an_edit_or_a_check(tmp_path: Path) -> None:
    folder = offer_deadly(tmp_path / "guests")
    async with running_master(tmp_path / "data", "--local-workers", "2", folder=folder) as master:
        await master.workers_online(2)
        bad = await _account(master, "bad", kills=True)
        account = await _in_quarantine(master, bad)
        await master.end(signal.SIGKILL)
        await master.start()
        workers = {worker["pid"] for worker in await master.workers_online(2)}
        again = await master.account(bad)
        assert (again["quarantined"], again["status"], again["reason"]) == (True, "failing", account["reason"])
        code, _ = await master.call("POST", f"/accounts/{bad}/check")
        assert code == 202, "its user wants to see for themselves"
        await _in_quarantine(master, bad)
        assert not workers & {worker["pid"] for worker in await master.workers_online(2)}
        revision = (await master.account(bad))["revision"]
        mended = {"revision": revision, "settings": {"kills": False, "seconds": 0}}
        code, answer = await master.call("PATCH", f"/accounts/{bad}", mended)
        assert code == 200, answer

        async def well() -> bool:
            account = await master.account(bad)
            return account["status"] == "active" and account["worker_id"] is not None and not account["quarantined"]

        await eventually(well, within=15)
