"""Joining a master from another machine, with real processes: the code once, the key from then on."""

import asyncio
import json
import stat
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.gateway.tls import open_identity
from tests.support.master_process import MasterProcess, running_master
from tests.support.remote_worker import RemoteWorker, remote_worker
from tests.support.waiting import eventually
from worker.process.exit_codes import Exit
from worker.protocol.join_code import JoinCode, decode, encode

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

DOOR = ("--accept-remote", "--remote-host", "127.0.0.1", "--remote-port", "0", "--local-workers", "0")


async def a_code(master: MasterProcess, **body: object) -> str:
    status, answer = await master.call("POST", "/join-codes", body)
    assert status == 201, answer
    return str(answer["data"]["code"])


async def joined(master: MasterProcess, worker: RemoteWorker, *arguments: str, **body: object) -> dict[str, Any]:
    """Start the worker with a fresh code and wait until the master shows it online."""
    await worker.start(await a_code(master, **body), *arguments)
    return await online(master, worker)


async def online(master: MasterProcess, worker: RemoteWorker) -> dict[str, Any]:
    """Wait until this very process is online."""

    async def there() -> dict[str, Any] | None:
        found = [one for one in await master.items("/workers") if one["pid"] == worker.pid]
        return found[0] if found and found[0]["state"] == "online" else None

    return dict(await eventually(there, within=20, what="a remote worker online"))


async def test_a_code_is_needed_once_and_the_worker_works(tmp_path: Path) -> None:
    async with running_master(tmp_path / "m", *DOOR) as master, remote_worker(tmp_path / "w") as worker:
        one = await joined(master, worker, "--capacity", "7", name="attic")
        assert (one["name"], one["capacity"], one["host"] != "") == ("attic", 7, True)
        settings = {"seed": 1, "rate_per_minute": 600}
        await master.create_account(platform="demo", display_name="Demo", interval=1, settings=settings)
        await eventually(lambda: master.items("/detections"), within=20)
        assert [code["uses_left"] for code in await master.items("/join-codes")] == []
        code, said = await worker.stop()
        assert code == Exit.ASKED and "✓ Connected to master" in said and one["id"] in said
        await worker.start()
        again = await online(master, worker)
        assert again["id"] == one["id"] and len(await master.items("/workers")) == 1
        assert (await worker.stop())[0] == Exit.ASKED


async def test_what_the_worker_keeps_is_private(tmp_path: Path) -> None:
    async with running_master(tmp_path / "m", *DOOR) as master, remote_worker(tmp_path / "w") as worker:
        one = await joined(master, worker)
        files = [file for file in (tmp_path / "w").rglob("*") if file.is_file()]
        assert {"joined.json", "key", "worker.db"} <= {file.name for file in files}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert (tmp_path / "w" / "workers" / one["id"] / "key").stat().st_size == 32
        said = json.loads((tmp_path / "m" / "master.json").read_text())
        assert said["fingerprint"] == open_identity(tmp_path / "m").fingerprint


async def test_a_default_start_listens_on_loopback_only(tmp_path: Path) -> None:
    async with running_master(tmp_path / "m", "--local-workers", "1") as master:
        await master.workers_online(1)
        tree = [psutil.Process(master.pid), *psutil.Process(master.pid).children(recursive=True)]
        heard = [c.laddr for process in tree for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert [address.ip for address in heard] == ["127.0.0.1"], "one socket, and only this computer reaches it"
        status, answer = await master.call("POST", "/join-codes", {})
        assert status == 409 and answer["error"]["code"] == "not_accepting" and "--accept-remote" in str(answer)
        assert json.loads((tmp_path / "m" / "master.json").read_text())["fingerprint"] is None


async def refusal(worker: RemoteWorker, code: str) -> str:
    await worker.start(code)
    exit_code, said = await worker.ended()
    assert exit_code == Exit.CONFIG, said
    return said.strip().splitlines()[-1].removeprefix("vedette-worker: ")


async def test_each_code_that_lets_nobody_in_has_its_own_sentence_and_78(tmp_path: Path) -> None:
    async with running_master(tmp_path / "m", *DOOR) as master, AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(remote_worker(tmp_path / name)) for name in "ab"]
        used = await a_code(master)
        await first.start(used)
        await online(master, first)
        wrong = encode(JoinCode(**{**_fields(used), "token": b"x" * 24}))
        cancelled = await a_code(master)
        [listed] = await master.items("/join-codes")
        assert (await master.call("DELETE", f"/join-codes/{listed['id']}"))[0] == 200
        said = [
            await refusal(second, used),
            await refusal(second, wrong),
            await refusal(second, cancelled),
            await refusal(second, used[:-9]),
            await refusal(second, "hello"),
        ]
        assert said == [
            "this code was used already: ask for a new one",
            "the master does not know this code (it may have been cancelled): ask for a new one",
            "the master does not know this code (it may have been cancelled): ask for a new one",
            "the code is damaged or cut short; copy it again",
            "this is not a join code: one starts with VDT1.",
        ]
        assert len(await master.items("/workers")) == 1


async def test_a_revoked_worker_is_out_and_stays_out(tmp_path: Path) -> None:
    """What it lets go of moves at once, but a worker that has no time to is cut all the same: then others wait."""
    quick = ("--heartbeat-interval", "1", "--heartbeat-timeout", "12")
    async with running_master(tmp_path / "m", *DOOR, *quick) as master, remote_worker(tmp_path / "w") as worker:
        one = await joined(master, worker)
        account = await master.create_account(platform="demo", display_name="D", interval=1, settings={"seed": 1})

        async def owned() -> bool:
            return bool((await master.account(account["id"]))["worker_id"] == one["id"])

        await eventually(owned)
        assert (await master.call("DELETE", f"/workers/{one['id']}"))[0] == 200
        code, said = await worker.ended()
        assert code == Exit.CONFIG and "the master has revoked this worker" in said

        async def forgotten() -> bool:
            return not await master.items("/workers")

        await eventually(forgotten, within=30)
        assert not (await master.account(account["id"]))["worker_id"]
        await worker.start()
        code, said = await worker.ended()
        assert code == Exit.CONFIG and "the master has revoked this worker" in said
        await worker.start(await a_code(master))
        back = await online(master, worker)
        assert back["id"] != one["id"], "a fresh code lets the machine in again, as another worker"


async def test_the_second_process_with_the_same_key_displaces_the_first(tmp_path: Path) -> None:
    async with (
        running_master(tmp_path / "m", *DOOR) as master,
        remote_worker(tmp_path / "w") as first,
        remote_worker(tmp_path / "copy") as second,
    ):
        await joined(master, first)
        await asyncio.to_thread(_copy, tmp_path / "w", tmp_path / "copy")
        await second.start()
        code, said = await first.ended()
        assert code == Exit.CONFIG and "another process has taken over as this worker" in said
        await online(master, second)


async def test_a_master_that_is_away_is_waited_for(tmp_path: Path) -> None:
    async with running_master(tmp_path / "m", *DOOR) as master, remote_worker(tmp_path / "w") as worker:
        one = await joined(master, worker)
        await master.end()
        await master.start()
        assert (await online(master, worker))["id"] == one["id"]
        assert worker.running


async def test_a_master_with_another_key_is_not_believed_and_one_that_forgot_does_not_believe(tmp_path: Path) -> None:
    async with running_master(tmp_path / "m", *DOOR) as master, remote_worker(tmp_path / "w") as worker:
        await joined(master, worker)
        await worker.stop()
        await master.end()
        await asyncio.to_thread(_forget, tmp_path / "m", "vedette.db", "vedette.db-wal", "vedette.db-shm")
        port = json.loads((tmp_path / "w" / "joined.json").read_text())["port"]
        master.arguments = [*DOOR[:-4], "--remote-port", str(port), "--local-workers", "0"]
        await master.start()
        await worker.start()
        code, said = await worker.ended()
        assert code == Exit.CONFIG and "the master does not know this worker: join again with a new code" in said
        await master.end()
        await asyncio.to_thread(_forget, tmp_path / "m", "tls.key", "tls.crt")
        await master.start()
        await worker.start()
        code, said = await worker.ended()
        assert code == Exit.CONFIG
        assert f"this is not the master that issued the code: 127.0.0.1:{port} has another key" in said


def _forget(directory: Path, *names: str) -> None:
    for name in names:
        (directory / name).unlink(missing_ok=True)


def _fields(code: str) -> dict[str, Any]:
    decoded = decode(code)
    return {name: getattr(decoded, name) for name in JoinCode.__struct_fields__}


def _copy(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        if file.is_file() and file.name != "lock":
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
