"""Who may have an account's credentials: only the owner of the current epoch, and what it gives back is compared."""

import sqlite3
from pathlib import Path
from typing import Any

import socketio

from tests.support.gateway import tell
from tests.support.live_master import LiveMaster, is_well, live_master
from tests.support.waiting import eventually
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
