"""Two machines, truly: a worker on one, its master on the other, and the cable between them comes out.

With the default figures (heartbeat 10 s, time-out 30 s, lease 25 s): ten seconds are nothing, forty are the end.
The test speaks to the master through a process on its host: namespaces share the file system, not the network.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.remote_worker import ENVIRONMENT, RemoteWorker, remote_worker
from tests.support.two_hosts import HERE, Cable, cable
from tests.support.waiting import eventually
from worker.process.clock import lease_clock
from worker.process.exit_codes import Exit
from worker.protocol.join_code import decode

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
ASK = """
import json, sys, urllib.error, urllib.request
for line in sys.stdin:
    url, token, method, path, body = json.loads(line)
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    request = urllib.request.Request(url + "/api/v1" + path, data=data, headers=headers, method=method)
    try:
        answer = urllib.request.urlopen(request, timeout=10).read().decode()
    except urllib.error.HTTPError as error:
        answer = error.read().decode()
    print(json.dumps(json.loads(answer)), flush=True)
"""


class FarMaster:
    """A master on the first host."""

    def __init__(self, data_dir: Path, master: asyncio.subprocess.Process, asker: asyncio.subprocess.Process) -> None:
        self.data_dir = data_dir
        self._said = json.loads((data_dir / "master.json").read_text())
        self._master = master
        self._asker = asker

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """The `data` of a REST call."""
        assert self._asker.stdin is not None and self._asker.stdout is not None
        line = json.dumps([self._said["url"], self._said["token"], method, path, body])
        self._asker.stdin.write(line.encode() + b"\n")
        answer = json.loads(await asyncio.wait_for(self._asker.stdout.readline(), 15))
        assert answer["success"], answer
        return answer["data"]

    async def worker(self, name: str) -> dict[str, Any]:
        """One worker by its name; empty if there is none."""
        found = [one for one in (await self.ask("GET", "/workers"))["items"] if one["name"] == name]
        return dict(found[0]) if found else {}

    async def account(self, account_id: str) -> dict[str, Any]:
        return dict(await self.ask("GET", f"/accounts/{account_id}"))


@asynccontextmanager
async def far_master(data_dir: Path, pair: Cable) -> AsyncIterator[FarMaster]:
    """A master and one local worker, which takes over what the remote one has to let go of."""
    arguments = ["--data-dir", str(data_dir), "--port", "0", "--accept-remote", "--local-workers", "1"]
    pipe = asyncio.subprocess.PIPE
    command = [*pair.here, sys.executable, "-m", "engine", *arguments]
    master = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=ENVIRONMENT, cwd=ROOT)
    asker = await asyncio.create_subprocess_exec(*pair.here, sys.executable, "-c", ASK, stdin=pipe, stdout=pipe)
    assert master.stdout is not None and asker.stdin is not None
    try:
        line = await asyncio.wait_for(master.stdout.readline(), 30)
        assert line.startswith(b"ready "), line
        yield FarMaster(data_dir, master, asker)
    finally:
        asker.stdin.close()
        await asker.wait()
        master.terminate()
        await asyncio.wait_for(master.communicate(), 20)


async def test_a_worker_on_another_machine_from_its_code_to_its_end(tmp_path: Path) -> None:
    with cable() as pair:
        async with far_master(tmp_path / "m", pair) as master, remote_worker(tmp_path / "w", pair.there) as worker:
            code = (await master.ask("POST", "/join-codes", {"name": "attic"}))["code"]
            assert decode(code).hosts[0] == HERE, "the address on the cable"
            await worker.start(code)
            joined = await _until(master, "attic", "online")
            account = await _an_account(master, joined["id"])
            epoch = (await master.account(account))["epoch"]

            await _ten_seconds_are_nothing(pair, master, account, (joined["id"], epoch))
            stopped = await _forty_seconds_are_the_end(pair, master, worker, account)
            assert (await master.account(account))["epoch"] > epoch
            assert stopped, "the worker stopped by itself before its account went to another"

            await _until(master, "attic", "online", within=60)
            await _revoked_it_is_out(master, worker, joined["id"])


async def _an_account(master: FarMaster, worker_id: str) -> str:
    """A demo account that the remote worker has."""
    local = await _until(master, "local-1", "online")
    await master.ask("PATCH", f"/workers/{local['id']}", {"draining": True})
    settings = {"seed": 7, "rate_per_minute": 600}
    body = {"platform": "demo", "display_name": "Demo", "interval": 1, "settings": settings}
    account = (await master.ask("POST", "/accounts", body))["id"]
    await _settled(lambda: _owner_is(master, account, worker_id))
    await master.ask("PATCH", f"/workers/{local['id']}", {"draining": False})
    await _grows(master)
    return str(account)


async def _ten_seconds_are_nothing(pair: Cable, master: FarMaster, account: str, before: tuple[str, int]) -> None:
    async def kept() -> None:
        now = await master.account(account)
        assert (now["worker_id"], now["epoch"]) == before, "same owner, same epoch"

    pair.pull()
    pulled = lease_clock()
    while lease_clock() - pulled < 10:
        await kept()
    pair.plug()
    await _grows(master)
    await kept()


async def _forty_seconds_are_the_end(pair: Cable, master: FarMaster, worker: RemoteWorker, account: str) -> bool:
    """Returns whether the worker's last check began before the account had another owner."""
    remote = (await master.account(account))["worker_id"]
    pair.pull()
    pulled, moved = lease_clock(), 0.0
    while lease_clock() - pulled < 40:
        if not moved and (await master.account(account))["worker_id"] == "local-1":
            moved = lease_clock() - pulled
            quiet_since = _last_check_age(worker)
    assert 19 < moved < 34, f"moved after {moved:.1f} s: the time-out counts from the last heartbeat that came"
    pair.plug()
    assert remote != "local-1"
    return quiet_since > 1.5


def _last_check_age(worker: RemoteWorker) -> float:
    """Seconds since the worker wrote what it found, as its own database says: the demo finds something each second."""
    [database] = worker.data_dir.glob("workers/*/worker.db*-wal")
    return time.time() - database.stat().st_mtime


async def _revoked_it_is_out(master: FarMaster, worker: RemoteWorker, worker_id: str) -> None:
    began = lease_clock()
    await master.ask("DELETE", f"/workers/{worker_id}")
    code, said = await worker.ended(within=5)
    assert lease_clock() - began < 3
    assert code == Exit.CONFIG and "the master has revoked this worker" in said
    await worker.start()
    code, said = await worker.ended(within=20)
    assert code == Exit.CONFIG and "the master has revoked this worker" in said
    await _settled(lambda: _is_gone(master))


async def _until(master: FarMaster, name: str, state: str, within: float = 30) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        one = await master.worker(name)
        return one if one.get("state") == state else None

    return dict(await eventually(there, within=within, what=f"{name} {state}"))


async def _settled(condition: Callable[[], Awaitable[object]]) -> None:
    await eventually(condition, within=30)


async def _owner_is(master: FarMaster, account: str, worker_id: str) -> bool:
    return bool((await master.account(account))["worker_id"] == worker_id)


async def _grows(master: FarMaster) -> None:
    """Wait until something comes in."""

    async def total() -> int:
        return int((await master.ask("GET", "/status"))["detections"]["total"])

    async def more() -> bool:
        return await total() > before

    before = await total()
    await _settled(more)


async def _is_gone(master: FarMaster) -> bool:
    return not await master.worker("attic")
