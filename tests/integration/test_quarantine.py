"""An account that ends the process of whoever checks it, with real processes."""

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.guests import offer_deadly
from tests.support.master_process import MasterProcess, running_master
from tests.support.remote_worker import remote_worker
from tests.support.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]


async def _account(master: MasterProcess, name: str, platform: str = "deadly", **settings: Any) -> str:
    account = await master.create_account(platform=platform, display_name=name, interval=1, settings=settings)
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


async def test_one_that_crashes_its_workers_only_while_they_listen_is_found_out_too(tmp_path: Path) -> None:
    folder = offer_deadly(tmp_path / "guests")
    async with running_master(tmp_path / "data", "--local-workers", "2", folder=folder) as master:
        await master.workers_online(2)
        # always under check, and never to blame
        others = [await _account(master, f"slow {n}", seconds=0.9) for n in range(2)]
        others.append(await _account(master, "listens", "deadly_listen"))
        bad = await _account(master, "bad", "deadly_listen", kills=True, seconds=0.5)
        await _in_quarantine(master, bad)
        await master.workers_online(2)
        assert [line["account"] for line in master.logged("account.quarantined")] == [bad]
        assert not any([(await master.account(key))["quarantined"] for key in others])


async def test_workers_of_other_machines_tell_of_their_crashes_when_they_are_back(tmp_path: Path) -> None:
    folder = offer_deadly(tmp_path / "guests")
    door = ("--accept-remote", "--remote-host", "127.0.0.1", "--remote-port", "0", "--local-workers", "0")
    soon = ("--heartbeat-interval", "2", "--heartbeat-timeout", "12")
    async with (
        running_master(tmp_path / "data", *door, *soon, folder=folder) as master,
        remote_worker(tmp_path / "one", folder=folder) as one,
        remote_worker(tmp_path / "two", folder=folder) as two,
    ):
        for worker in (one, two):
            _, answer = await master.call("POST", "/join-codes", {})
            await worker.start(str(answer["data"]["code"]))
        await master.workers_online(2)
        bad = await _account(master, "bad", kills=True)
        first = await eventually(lambda: next((w for w in (one, two) if not w.running), None), within=20)
        assert first is not None
        for _ in range(2):  # the first two crashes are told; the account is still that worker's, and ends it again
            await first.ended()
            await first.start()
            await eventually(lambda: not first.running, within=20)
        assert not (await master.account(bad))["quarantined"], "one machine may be at fault by itself"
        second = two if first is one else one
        await eventually(lambda: not second.running, within=30, what="the end of the one that has the account after it")
        await second.ended()
        await second.start()
        await _in_quarantine(master, bad)
        await first.ended()
        await first.start()
        await master.workers_online(2)
