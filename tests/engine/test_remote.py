"""The door of a whole master: the window's switch holds after a restart, an option wins over it, its port stays."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from engine.api import actor
from engine.api.errors import Conflict
from engine.api.workers import WorkerChanges
from engine.config import read
from engine.gateway.tls import open_identity
from engine.master import Master
from engine.records import JournalFilter
from tests.conftest import LogWatch
from tests.support.waiting import eventually
from worker.process.exit_codes import Exit, Stop
from worker.protocol.join_code import decode

QUIET = ("--port", "0", "--local-workers", "0", "--worker-max-count", "0", "--remote-host", "127.0.0.1")


@asynccontextmanager
async def a_master(data_dir: Path, *arguments: str) -> AsyncIterator[Master]:
    master = Master(read("test", ["--data-dir", str(data_dir), *QUIET, *arguments], {}))
    async with AsyncExitStack() as stack:
        await master.start()
        stack.push_async_callback(master.close, "the test ends")
        yield master


def fingerprint(data_dir: Path) -> str | None:
    said: str | None = json.loads((data_dir / "master.json").read_text())["fingerprint"]
    return said


async def test_the_switch_holds_and_so_do_port_and_codes(tmp_path: Path) -> None:
    async with a_master(tmp_path, "--remote-port", "0") as master:
        assert not master.api.remote.status().accepting and fingerprint(tmp_path) is None
        opened = await master.api.remote.accept(True)
        assert opened.accepting and fingerprint(tmp_path) == opened.fingerprint
        code = await master.api.remote.create_code(name="attic")
    async with a_master(tmp_path, "--remote-port", "0") as master:
        again = master.api.remote.status()
        assert again == opened, "same address, same port, same key"
        assert fingerprint(tmp_path) == open_identity(tmp_path).fingerprint
        [open_code] = await master.api.remote.codes()
        assert open_code.id == code.id and decode(code.code).port == int(again.addresses[0].rpartition(":")[2])
        closed = await master.api.remote.accept(False)
        assert not closed.accepting and closed.addresses == () and fingerprint(tmp_path) is None
    async with a_master(tmp_path) as master:
        assert not master.api.remote.status().accepting


async def test_what_an_option_says_the_window_cannot_change(tmp_path: Path) -> None:
    async with a_master(tmp_path, "--accept-remote", "--remote-port", "0") as master:
        assert master.api.remote.status().fixed_by == "--accept-remote"
        with pytest.raises(Conflict, match="--accept-remote"):
            await master.api.remote.accept(False)
        assert master.api.remote.status().accepting
    async with a_master(tmp_path, "--no-accept-remote") as master:
        with pytest.raises(Conflict, match="--accept-remote"):
            await master.api.remote.accept(True)


async def test_a_port_in_use_stops_the_start_only_if_an_option_asks_for_it(
    tmp_path: Path, expected_logs: LogWatch
) -> None:
    expected_logs("remote.not_open")
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        with pytest.raises(Stop, match="--remote-port") as caught:
            async with a_master(tmp_path, "--accept-remote", "--remote-port", port):
                pass
        assert caught.value.code is Exit.UNAVAILABLE
        async with a_master(tmp_path, "--remote-port", port) as master:
            with pytest.raises(Conflict, match=port):
                await master.api.remote.accept(True)
            assert port in master.api.remote.status().problem
            await master._store.settings.put("remote.accept", "on")
        async with a_master(tmp_path, "--remote-port", port) as master:
            now = master.api.remote.status()
            assert not now.accepting and port in now.problem
    async with a_master(tmp_path, "--remote-port", port) as master:
        assert master.api.remote.status().accepting and not master.api.remote.status().problem


async def test_the_default_port_may_be_taken_the_first_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        monkeypatch.setattr("engine.control.remote.DEFAULT_PORT", holder.getsockname()[1])
        async with a_master(tmp_path) as master:
            first = await master.api.remote.accept(True)
            assert first.accepting, "any that is free will do, as long as nobody knows one"
    async with a_master(tmp_path) as master:
        assert master.api.remote.status().addresses == first.addresses


async def test_of_two_at_once_one_comes_in_by_a_code_and_of_many_each_has_a_name(tmp_path: Path) -> None:
    async with a_master(tmp_path, "--remote-port", "0") as master:
        remote = master.api.remote
        await remote.accept(True)
        once = decode((await remote.create_code()).code).token
        both = [remote.enrol(once, bytes([n]) * 32, "", "box", 1) for n in range(2)]
        came = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(type(one).__name__ for one in came) == ["Enrolled", "NotAdmitted"]
        many = decode((await remote.create_code(uses=10)).code).token
        came = await asyncio.gather(*(remote.enrol(many, bytes([9, n]) * 16, "", "box", 1) for n in range(10)))
        assert len({one.name for one in came}) == 10


async def test_what_a_stranger_calls_himself_is_one_line_of_plain_text(tmp_path: Path) -> None:
    async with a_master(tmp_path, "--remote-port", "0") as master:
        await master.api.remote.accept(True)
        token = decode((await master.api.remote.create_code()).code).token
        came = await master.api.remote.enrol(token, b"k" * 32, "a\u202etti\x1b[31m\r\nc", "h", 1)
        assert came.name == "atti[31mc"


async def test_the_journal_says_who_took_a_worker_out(tmp_path: Path) -> None:
    async with a_master(tmp_path, "--remote-port", "0") as master:
        await master.api.remote.accept(True)
        token = decode((await master.api.remote.create_code()).code).token
        far = (await master.api.remote.enrol(token, b"k" * 32, "far", "h", 1)).worker_id
        with actor.acting("Phone"):
            await master.api.workers.change(far, WorkerChanges(name="near"))
            await master.api.workers.remove(far)

        async def told() -> set[tuple[str, str | None]]:
            page = await master.api.journal.page(JournalFilter(subject=far), limit=10)
            return {(entry.what, entry.details.get("by")) for entry in page}

        wanted = {("renamed to near", "Phone"), ("removed by a user", "Phone")}
        await eventually(lambda: _covers(told, wanted))


async def _covers(told: Callable[[], Awaitable[set[tuple[str, str | None]]]], wanted: set[tuple[str, str]]) -> bool:
    return wanted <= await told()


async def test_the_journal_has_who_opened_the_door_and_gave_codes_out(tmp_path: Path) -> None:
    async with a_master(tmp_path, "--remote-port", "0") as master:
        await master.api.remote.accept(True)
        code = await master.api.remote.create_code()
        await master.api.remote.cancel(code.id)
        page = await master.api.journal.page(JournalFilter(), limit=10)
        told = [entry.what for entry in page]
        assert {"remote workers are accepted", "join code given out", "join code cancelled"} <= set(told)
        assert {entry.details["by"] for entry in page if "join code" in entry.what} == {"the window"}
        assert code.code not in str(page)
