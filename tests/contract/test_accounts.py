"""Accounts through the public contract, against a real master with its real store."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.master_process import MasterProcess, running_master

pytestmark = pytest.mark.processes

DEMO: dict[str, Any] = {"platform": "demo", "display_name": "Demo", "interval": 3600, "tags": ["a", "b"]}


class Rest:
    """Calls a running master; gives the status, and `data` or `error`."""

    def __init__(self, master: MasterProcess) -> None:
        self._master = master

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        status, answer = await self._master.call(method, path, body)
        assert answer["success"] is (status < 400)
        return status, answer["data"] if answer["success"] else answer["error"]


async def test_the_life_of_an_account(tmp_path: Path) -> None:
    async with running_master(tmp_path / "data", "--local-workers", "1") as master:
        await master.workers_online(1)
        rest = Rest(master)
        await create_and_change(rest)
        await ask_odd_things(rest)


async def create_and_change(rest: Rest) -> None:
    status, account = await rest.ask("POST", "/accounts", DEMO)
    assert status == 201 and account["revision"] == 1
    here = f"/accounts/{account['id']}"

    status, changed = await rest.ask("PATCH", here, {"revision": 1, "display_name": "新名字", "paused": True})
    assert (status, changed["display_name"], changed["status"]) == (200, "新名字", "paused")
    assert (await rest.ask("PATCH", here, {"revision": 1, "display_name": "late"}))[0] == 409
    assert (await rest.ask("POST", f"{here}/check"))[0] == 409

    status, page = await rest.ask("GET", "/accounts?limit=1")
    assert [item["id"] for item in page["items"]] == [account["id"]]
    assert (await rest.ask("GET", f"/accounts?cursor={page['cursor']}"))[1]["items"] == []

    _, exported = await rest.ask("GET", "/accounts/export")
    broken = {**exported["items"][0], "interval": 0}
    status, imported = await rest.ask("POST", "/accounts/import", [broken, *exported["items"]])
    assert (status, len(imported["created"]), [row["row"] for row in imported["failed"]]) == (200, 1, [1])

    assert (await rest.ask("DELETE", here))[0] == 200
    assert (await rest.ask("GET", here))[0] == 404
    status, restored = await rest.ask("POST", f"{here}/restore")
    assert (status, restored["display_name"], restored["tags"]) == (200, "新名字", ["a", "b"])


async def ask_odd_things(rest: Rest) -> None:
    """What a store could stumble over finds nothing instead."""
    for path in ("/accounts/%00", "/accounts/' or 1=1", "/accounts/" + "x" * 3000, "/detections/999999999999999999"):
        assert (await rest.ask("GET", path))[0] == 404, path
    for query in ("account_id=%00", "q=%22", "q=*", "q=a%00b", "q=NEAR(", "tag=%25"):
        status, page = await rest.ask("GET", f"/detections?{query}")
        assert (status, page["items"]) == (200, []), query
    assert (await rest.ask("GET", "/detections?before=9223372036854775807"))[0] == 200
    assert (await rest.ask("PATCH", "/detections", {"ids": [2**62, 2**63 - 1], "read": True})) == (200, {"changed": 0})
    assert (await rest.ask("PATCH", "/detections", {"filter": {"q": "补货"}, "read": True})) == (200, {"changed": 0})
