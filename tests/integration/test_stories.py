"""Why an account and a worker are where they are: over REST, with request ids, across a kill of the master."""

import signal
import sqlite3
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.master_process import MasterProcess, running_master
from tests.support.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.timeout(90)]


async def lines(master: MasterProcess, path: str) -> list[dict[str, Any]]:
    """A story, oldest first."""
    return (await master.items(path))[::-1]


def said(story: list[dict[str, Any]]) -> list[str]:
    return [line["what"] for line in story]


async def test_everything_that_happened_is_told_and_why(tmp_path: Path) -> None:
    async with running_master(tmp_path / "data", "--local-workers", "2") as master:
        await master.workers_online(2)
        account = await master.create_account(platform="demo", display_name="Shop", interval=1, settings={})
        story, path = f"/accounts/{account['id']}/story", f"/accounts/{account['id']}"
        await eventually(lambda: _owned(master, path), what="an owner")

        async def change(request_id: str, **fields: object) -> None:
            revision = (await master.get(path))["revision"]
            status, answer = await master.call("PATCH", path, {"revision": revision, **fields}, request_id=request_id)
            assert status == 200, answer

        await change("click-1", tags=["a"], interval=2)
        await change("click-2", paused=True)
        await eventually(lambda: _has(master, story, "released"), what="released")
        await change("click-3", paused=False)
        owner = await eventually(lambda: _owned(master, path), what="an owner again")
        by = {line["what"]: line for line in await lines(master, story)}
        assert (by["edited"]["request_id"], by["edited"]["details"]) == ("click-1", {"fields": "interval, tags"})
        assert (by["paused"]["request_id"], by["resumed"]["request_id"]) == ("click-2", "click-3")
        [given] = [one for one in by.values() if one["what"].startswith(f"given to {owner} under epoch 2")]
        assert (given["request_id"], sorted(given["subjects"])) == ("click-3", sorted([account["id"], owner]))
        pid = next(w["pid"] for w in await master.items("/workers") if w["id"] == owner)
        psutil.Process(pid).kill()

        async def given_again() -> list[dict[str, Any]]:
            told = await lines(master, story)
            return told if told[-1]["what"].endswith("under epoch 3") else []

        before = await eventually(given_again, what="another owner after the loss")
        taken = next(line for line in before if line["what"] == f"taken from {owner}")
        assert (taken["why"], taken["request_id"]) == ("it was ended by SIGKILL", "")
        worker = said(await lines(master, f"/workers/{owner}/story"))
        for what in ("started", "online", "ended", "offline"):
            assert what in worker, worker
        assert any(what.startswith("is started again in ") for what in worker)
        await eventually(lambda: _newest_row(master) >= before[-1]["id"], within=5, what="the journal on disk")
        await master.end(signal.SIGKILL)
        await master.start()
        after = await lines(master, story)
        assert after[: len(before)] == before
        assert said(await lines(master, "/journal?subject=master")).count("the master started") == 2
        status, _ = await master.call("DELETE", path, request_id="click-4")
        assert status == 200
        status, _ = await master.call("POST", f"{path}/restore", request_id="click-5")
        assert status == 200
        end = [(line["what"], line["request_id"]) for line in await lines(master, story)]
        assert ("deleted", "click-4") in end and ("restored", "click-5") in end
        found = await master.items("/journal?q=click-4")
        assert {line["what"] for line in found} >= {"deleted"}


async def _owned(master: MasterProcess, path: str) -> str:
    return str((await master.get(path))["worker_id"] or "")


async def _has(master: MasterProcess, path: str, what: str) -> bool:
    return what in said(await lines(master, path))


def _newest_row(master: MasterProcess) -> int:
    connection = sqlite3.connect(f"file:{master.data_dir / 'vedette.db'}?mode=ro", uri=True)
    newest = connection.execute("SELECT max(id) FROM journal").fetchone()[0] or 0
    connection.close()
    return int(newest)
