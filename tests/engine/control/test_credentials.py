"""Who may have an account's credentials: only the owner of the current epoch, and what it gives back is compared."""

import asyncio
import sqlite3
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import socketio

from engine.store.store import Store
from engine.vault.keeper import KeyKeeper
from engine.vault.sources import Sources
from tests.support.gateway import tell
from tests.support.live_master import LiveMaster, is_well, live_master
from tests.support.stored import account
from tests.support.waiting import eventually
from worker.process.clock import lease_clock
from worker.process.tasks import spawn
from worker.protocol.messages import Credentials, Report

GIVEN = {"username": "u", "password": "canary-4711"}


async def owned(live: LiveMaster, first: socketio.AsyncClient) -> tuple[str, int]:
    """A new account with credentials, and the epoch under which the only worker has it."""
    settings = {"url": "https://example.com/feed"}
    body = {"platform": "feed", "display_name": "Blog", "credentials": GIVEN, "settings": settings}
    account = await live.ask("POST", "/accounts", body)
    assert await is_well(first)

    async def epoch() -> int:
        found = await live.ask("GET", f"/accounts/{account['id']}")
        return int(found["epoch"]) if found["worker_id"] == "first" else 0

    return str(account["id"]), int(await eventually(epoch))


async def test_only_the_owner_of_the_current_epoch_gets_them(tmp_path: Path) -> None:
    async with live_master(tmp_path / "data") as live:
        first = await live.worker("first")
        account, epoch = await owned(live, first)
        second = await live.worker("second")

        async def ask(guest: socketio.AsyncClient, epoch: int, account: str = account) -> dict[str, Any]:
            return dict(await tell(guest, Credentials(account, epoch)))

        answer = await ask(first, epoch)
        assert answer["ok"] and answer["credentials"] == GIVEN and answer["version"] == 1
        for refused, code in (
            (await ask(second, epoch), "not_owner"),
            (await ask(first, epoch - 1), "stale_epoch"),
            (await ask(first, epoch + 1), "stale_epoch"),
            (await ask(first, epoch, "acc_unknown"), "not_owner"),
        ):
            assert (refused["ok"], refused["code"]) == (False, code)
            assert "canary" not in str(refused)


async def test_what_is_to_be_let_go_of_gets_none_and_may_still_hand_back_its_token(tmp_path: Path) -> None:
    """It may be out of the bin again by now, under a later epoch than its owner has. Found by simulation."""
    async with live_master(tmp_path / "data") as live:
        first = await live.worker("first")
        account, epoch = await owned(live, first)
        await live.ask("DELETE", f"/accounts/{account}")
        await live.ask("POST", f"/accounts/{account}/restore")
        refused = await tell(first, Credentials(account, epoch))
        assert (refused["ok"], refused["code"]) == (False, "not_owner") and "canary" not in str(refused)
        assert (await tell(first, Credentials(account, epoch, {**GIVEN, "password": "canary-0815"}, 1)))["ok"]


async def test_a_rotated_token_comes_back_once_and_a_late_one_is_refused(tmp_path: Path) -> None:
    async with live_master(tmp_path / "data") as live:
        first = await live.worker("first")
        account, epoch = await owned(live, first)
        second = await live.worker("second")
        rotated = {**GIVEN, "password": "canary-0815"}

        async def give(guest: socketio.AsyncClient, epoch: int, version: int, **more: str) -> dict[str, Any]:
            return dict(await tell(guest, Credentials(account, epoch, rotated | more, version)))

        assert (await give(second, epoch, 1))["code"] == "not_owner"
        assert (await give(first, epoch - 1, 1))["code"] == "stale_epoch"
        answer = await give(first, epoch, 1)
        assert (answer["ok"], answer["version"]) == (True, 2)
        late = await give(first, epoch, 1, password="canary-late")
        assert (late["ok"], late["code"]) == (False, "stale_revision")
        now = await tell(first, Credentials(account, epoch))
        assert (now["credentials"], now["version"]) == (rotated, 2)
        found = await live.ask("GET", f"/accounts/{account}")
        await live.ask("PATCH", f"/accounts/{account}", {"revision": found["revision"], "credentials": GIVEN})
        assert (await give(first, epoch, 2))["code"] == "stale_revision", "its user gave others meanwhile"


async def test_after_a_rotation_of_the_keys_the_owner_still_gets_them(tmp_path: Path) -> None:
    async with live_master(tmp_path / "data") as live:
        first = await live.worker("first")
        account, epoch = await owned(live, first)
        before = await live.ask("GET", "/keys")
        after = await live.ask("POST", "/keys/rotate", {})
        assert (before["source"], after["source"]) == ("file", "file") and after["created_at"] > before["created_at"]
        assert "beside the database" in after["protects"]

        async def done() -> bool:
            snapshot = await live.ask("GET", "/keys")
            return snapshot["data_keys"] == 1 and not snapshot["resealing"]

        await eventually(done)
        assert (await tell(first, Credentials(account, epoch)))["credentials"] == GIVEN
        journal = (await live.ask("GET", "/journal"))["items"]
        (changed,) = [line for line in journal if line["what"] == "the keys were changed"]
        assert changed["details"]["by"] == "the token of this start"


async def test_two_accounts_whose_ciphertexts_were_swapped_open_for_neither(tmp_path: Path, expected_logs: Any) -> None:
    expected_logs("credentials.not_opened")
    async with live_master(tmp_path / "data") as live:
        first = await live.worker("first")
        one, epoch_one = await owned(live, first)
        other, epoch_other = await owned(live, first)
        database = sqlite3.connect(tmp_path / "data" / "vedette.db", isolation_level=None)
        rows = database.execute("SELECT account, blob FROM credentials ORDER BY account").fetchall()
        for (key, _), (_, blob) in zip(rows, reversed(rows), strict=True):
            database.execute("UPDATE credentials SET blob = ? WHERE account = ?", (blob, key))
        database.close()
        for account, epoch in ((one, epoch_one), (other, epoch_other)):
            answer = await tell(first, Credentials(account, epoch))
            assert (answer["ok"], answer["code"]) == (False, "refused")
            assert "belong to another account" in answer["message"] and "canary" not in str(answer)


async def test_an_account_state_of_an_old_epoch_is_refused_as_well(tmp_path: Path) -> None:
    async with live_master(tmp_path / "data") as live:
        first = await live.worker("first")
        account, epoch = await owned(live, first)
        answer = await tell(first, Report(account, epoch - 1, "ok"))
        assert (answer["ok"], answer["code"]) == (False, "stale_epoch")


async def test_ten_thousand_accounts_are_sealed_anew_while_workers_fetch_over_their_sockets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Required: under 5 s, while workers run. Each fetch meanwhile must be answered, with the right credentials."""
    count = 10_000
    await _fill(tmp_path / "data", count)
    async with live_master(tmp_path / "data") as live:
        guests = [await live.worker(name) for name in ("first", "second")]
        for guest in guests:
            assert await is_well(guest)
        assert len((await live.ask("GET", "/workers"))["items"]) == 2

        async def owned() -> dict[str, list[tuple[str, int]]]:
            by_worker: dict[str, list[tuple[str, int]]] = {}
            for account in (await live.ask("GET", "/accounts?limit=300"))["items"]:
                by_worker.setdefault(str(account["worker_id"]), []).append((account["id"], account["epoch"]))
            return by_worker if {"first", "second"} <= by_worker.keys() else {}

        owners = await eventually(owned, within=30)
        fetched, ended = 0, asyncio.Event()

        async def fetch(guest: socketio.AsyncClient, accounts: list[tuple[str, int]]) -> None:
            nonlocal fetched
            while not ended.is_set():
                for account, epoch in accounts:
                    answer = await tell(guest, Credentials(account, epoch))
                    assert answer["ok"] and answer["credentials"] == {"password": f"of {account}"}, answer
                    fetched += 1
                    await asyncio.sleep(0.02)  # a worker's pace: the doors cut those who flood them

        work = [
            spawn(fetch(guest, owners[name]), name=name)
            for name, guest in zip(("first", "second"), guests, strict=True)
        ]
        began = lease_clock()
        await live.ask("POST", "/keys/rotate", {})
        answered = lease_clock() - began

        async def done() -> bool:
            snapshot = await live.ask("GET", "/keys")
            return snapshot["data_keys"] == 1 and not snapshot["resealing"]

        await eventually(done, within=30)
        took = lease_clock() - began
        ended.set()
        await asyncio.gather(*work)
        with capsys.disabled():
            figures = f"answered in {answered * 1000:.0f} ms, {count} sealed anew in {took:.2f} s, {fetched} fetches"
            sys.stdout.write(f"\nrotation beside workers: {figures}\n")
        assert fetched and took < 5


async def _fill(data_dir: Path, count: int) -> None:
    """So many accounts with credentials, as if they had been made one by one."""
    store = Store(data_dir / "vedette.db")
    await store.start()
    keeper = KeyKeeper(store.keys, Sources(data_dir))
    await keeper.start()
    for start in range(0, count, 500):
        names = [f"acc_{number:05}" for number in range(start, start + 500)]
        plain = [msgspec.json.encode({"password": f"of {name}"}) for name in names]
        sealed = [keeper.vault.seal(name, "credentials", text) for name, text in zip(names, plain, strict=True)]
        await asyncio.gather(
            *(store.accounts.add(account(name), blob) for name, blob in zip(names, sealed, strict=True))
        )
    await keeper.close()
    await store.close()
