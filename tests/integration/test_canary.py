"""Secrets go through everything, all of it fails in every way, and then they are looked for everywhere."""

import asyncio
import base64
import os
import re
import signal
import sqlite3
import sys
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from engine.vault.vault import unwrap
from tests.support.blabbing import blab, blabbing_imap
from tests.support.canary import Hunt, canary, files, forms, processes
from tests.support.commands import command
from tests.support.fake_platform import FakePlatform
from tests.support.master_process import ENVIRONMENT, MasterProcess, alive
from tests.support.remote_worker import remote_worker
from tests.support.waiting import eventually
from worker.protocol.join_code import decode

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(240),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]

KEY = os.urandom(32)
NAMES = (
    *("user of the feed", "password of the feed", "password of the redirected feed", "password of the mailbox"),
    *("password that was changed", "password it was changed to", "password of a deleted account"),
    *("password that was only tried", "password that was imported", "password of a row that was refused"),
    *("passphrase of the backup", "guessed token", "credential of an unknown field"),
)
ALLOWED = ("master.json",)  #: whose purpose it is to hold the client token, 0600
OPTIONS = (
    *("--local-workers", "2", "--heartbeat-interval", "1", "--log-level", "debug"),
    *("--accept-remote", "--remote-host", "127.0.0.1", "--remote-port", "0"),
)


class Watched(MasterProcess):
    """A master whose key is in its environment, and whose last words are kept."""

    def __init__(self, data_dir: Path, session: aiohttp.ClientSession, words: Path) -> None:
        super().__init__(data_dir, session, *OPTIONS)
        self._words = words

    async def _spawn(self, arguments: list[str]) -> asyncio.subprocess.Process:
        with self._words.open("ab") as words:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "engine", *arguments),
                stdout=asyncio.subprocess.PIPE,
                stderr=words,
                env={
                    **ENVIRONMENT,
                    "VEDETTE_ENCRYPTION_KEY": base64.b64encode(KEY).decode(),
                    "IN_VIEW": "yes",
                },
            )


@asynccontextmanager
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    async with aiohttp.ClientSession(trust_env=False) as session:
        master = Watched(tmp_path / "data", session, tmp_path / "stderr.txt")
        await master.start()
        try:
            yield master
        finally:
            children = psutil.Process(master.pid).children(recursive=True) if alive(master.pid) else []
            await master.end(signal.SIGKILL)
            await eventually(lambda: not any(alive(child.pid) for child in children), within=5, what="orphans")


async def test_nothing_of_them_is_left_anywhere(tmp_path: Path) -> None:
    wanted: dict[str, Any] = {name: canary(f"Cn{number}") for number, name in enumerate(NAMES)} | {"key": KEY}
    before = temporary_files()
    async with (
        FakePlatform() as site,
        blabbing_imap() as (port, told),
        watched(tmp_path) as master,
        remote_worker(tmp_path / "far") as far,
    ):
        await master.workers_online(2)
        wanted |= {"client token": master.token, "API token": await make_token(master)}
        wanted |= {"join code": (code := await make_code(master)), "token in the join code": decode(code).token}
        await far.start(code, "--log-level", "debug")
        await master.workers_online(3)
        hunt = Hunt(wanted)
        seen = await everything_fails(master, site, port, wanted)
        assert hunt.found(b"".join(told)), "the mailbox's server was really told its password"
        for name in ("user of the feed", "password of the feed", "password of the redirected feed"):
            await eventually(
                lambda name=name: reached(site, wanted[name]), within=20, what=f"{name} reached its server"
            )
        await crash_a_worker(master, signal.SIGSEGV)
        await crash_a_worker(master, signal.SIGKILL)
        shown = [*processes(master.pid), *processes(far.pid)]
        assert len(shown) == 8 and any(b"IN_VIEW=yes" in content for _, content in shown)
        assert hunt.through(shown) == []
        phrase, key = wanted["passphrase of the backup"], base64.b64encode(KEY).decode()
        for words in (("backup",), ("diagnose",), ("rotate-key",)):
            done = await asyncio.to_thread(command, master.data_dir, *words, phrase=phrase, VEDETTE_ENCRYPTION_KEY=key)
            assert done.code == 0 and not hunt.found((done.said + done.out).encode())
        assert hunt.through(files(master.data_dir, but=ALLOWED)) == [], "while it runs"
        assert (master.data_dir / "vedette.db-wal").stat().st_size > 0
        assert not hunt.found((await far.stop())[1].encode())
        assert await master.end() == 0
    assert hunt.through(answered(seen)) == [], "in an answer of REST"
    places = [*files(tmp_path, but=ALLOWED), *unpacked(tmp_path / "data")]
    assert any(name.endswith("worker.db") for name, _ in places) and any("backups/" in name for name, _ in places)
    assert hunt.through(places) == []
    assert not dumps(tmp_path)
    assert hunt.through((path.name, path.read_bytes()) for path in temporary_files() - before) == []
    assert Hunt(data_keys(tmp_path / "data")).through(places) == []
    assert_the_hunt_can_find(hunt, wanted, tmp_path)


def temporary_files() -> set[Path]:
    return {path for path in Path(tempfile.gettempdir()).iterdir() if path.is_file()}


def dumps(tmp_path: Path) -> list[Path]:
    """Core dumps, where a worker could have left them."""
    return [path for path in (*tmp_path.rglob("core*"), *Path.cwd().glob("core*")) if path.is_file()]


def data_keys(data: Path) -> dict[str, str | bytes]:
    """What the database holds wrapped only."""
    database = sqlite3.connect(data / "vedette.db")
    rows = database.execute("SELECT id, wrapped FROM data_keys").fetchall()
    database.close()
    keys = {f"data key {key_id}": unwrap(KEY, key_id, wrapped) or b"" for key_id, wrapped in rows}
    assert keys and all(len(key) == 32 for key in keys.values())
    return dict(keys)


def assert_the_hunt_can_find(hunt: Hunt, wanted: dict[str, Any], tmp_path: Path) -> None:
    """One secret at a time, in each form, planted where it was looked for."""
    log = tmp_path / "data" / "logs" / "master.jsonl"
    clean = log.read_bytes()
    for form, needle in forms(wanted["password of the feed"]).items():
        log.write_bytes(clean + b'{"event":"slip","x":"' + needle + b'"}\n')
        assert any("password of the feed" in line for line in hunt.through(files(tmp_path))), form
    log.write_bytes(clean)
    header = base64.b64encode(f"x:{wanted['password of the feed']}".encode())
    assert hunt.found(b"Authorization: Basic " + header), "inside of something longer"
    database = sqlite3.connect(tmp_path / "data" / "vedette.db", isolation_level=None)
    database.execute("INSERT INTO settings VALUES ('slip', ?)", (wanted["API token"],))
    assert any("vedette.db-wal: API token" in line for line in hunt.through(files(tmp_path)))
    database.close()


async def make_token(master: MasterProcess) -> str:
    status, answer = await master.call("POST", "/tokens", {"name": "canary", "scope": "read"})
    assert status == 201, answer
    [secret] = re.findall(r"'secret': '([^']{20,})'|'token': '([^']{20,})'", str(answer))
    return next(filter(None, secret))


async def make_code(master: MasterProcess) -> str:
    status, answer = await master.call("POST", "/join-codes", {"uses": 2, "ttl": 900})
    assert status == 201, answer
    return str(answer["data"]["code"])


async def everything_fails(master: MasterProcess, site: FakePlatform, port: int, wanted: dict[str, Any]) -> list[Any]:
    """Each credential goes its way and meets a server that repeats it; returns what REST answered."""
    blab(site, "/500", 500)
    blab(site, "/garbage", 200)
    blab(site, "/302", 302)
    blab(site, "/401", 401)
    answers = []

    async def call(method: str, path: str, body: Any) -> Any:
        status, answer = await master.call(method, path, body)
        answers.append(answer)
        return answer["data"] if status < 300 else None

    def feed(path: str, password: str, user: str = "u") -> dict[str, Any]:
        settings = {"url": site.url + path, "allow_private_network": True}
        credentials = {"username": user, "password": wanted[password]}
        return {
            "platform": "feed",
            "display_name": path,
            "interval": 10,
            "settings": settings,
            "credentials": credentials,
        }

    await call("POST", "/accounts", feed("/500", "password of the feed", wanted["user of the feed"]))
    await call("POST", "/accounts", feed("/302", "password of the redirected feed"))
    changed = await call("POST", "/accounts", feed("/garbage", "password that was changed"))
    deleted = await call("POST", "/accounts", feed("/401", "password of a deleted account"))
    await call(
        "POST",
        "/accounts/test",
        {
            k: v
            for k, v in feed("/401", "password that was only tried").items()
            if k in ("platform", "settings", "credentials")
        },
    )
    rows = [feed("/garbage", "password that was imported"), feed("/garbage", "password of a row that was refused")]
    rows[1]["interval"] = "soon " + wanted["password of a row that was refused"]
    await call("POST", "/accounts/import", rows)
    unknown = feed("/500", "password of the feed")
    unknown["credentials"]["pin"] = wanted["credential of an unknown field"]
    await call("POST", "/accounts", unknown)
    mailbox = {"host": "127.0.0.1", "port": port, "tls": "none", "allow_private_network": True}
    login = {"username": "u", "password": wanted["password of the mailbox"]}
    mail = {"platform": "imap", "display_name": "Mail", "interval": 10, "settings": mailbox, "credentials": login}
    imap = await call("POST", "/accounts", mail)
    revision = (await master.account(changed["id"]))["revision"]
    new = {"username": "u", "password": wanted["password it was changed to"]}
    await call("PATCH", f"/accounts/{changed['id']}", {"revision": revision, "credentials": new})
    await call("DELETE", f"/accounts/{deleted['id']}", None)
    await guess(master, wanted["guessed token"])

    async def refused() -> bool:
        return bool((await master.account(imap["id"]))["last_error"])

    await eventually(refused, within=20, what="the mailbox refused")
    await eventually(lambda: reached(site, wanted["password it was changed to"]), within=20)
    answers += [await master.get(path) for path in ("/accounts", "/accounts/export", "/journal", "/workers", "/keys")]
    answers.append(await master.get("/join-codes"))
    answers += [await master.get("/tokens"), await master.get(f"/accounts/{imap['id']}/story")]
    return answers


async def guess(master: MasterProcess, token: str) -> None:
    """Somebody tries a token, in the header and where none belongs."""
    header = {"Authorization": "Bearer " + base64.urlsafe_b64encode(token.encode()).decode()}
    async with aiohttp.ClientSession(trust_env=False) as stranger:
        for _ in range(2):
            async with stranger.get(master.url + "/api/v1/accounts", params={"token": token}, headers=header) as answer:
                assert answer.status in (401, 422, 429)


def reached(site: FakePlatform, secret: str) -> bool:
    """Whether a request carried it."""
    heads = (seen.headers.get("Authorization", "").removeprefix("Basic ") for seen in site.requests)
    return any(secret.encode() in base64.b64decode(head + "=") for head in heads if head)


async def crash_a_worker(master: MasterProcess, number: signal.Signals) -> None:
    """One of its workers dies, holding credentials, and comes back."""
    here = [worker for worker in await master.workers_online(3) if worker["kind"] == "local"]
    victim = max(here, key=lambda worker: worker["accounts"])
    os.kill(victim["pid"], number)
    await eventually(lambda: not alive(victim["pid"]))
    await master.workers_online(3)


def answered(seen: list[Any]) -> Iterator[tuple[str, bytes]]:
    for number, answer in enumerate(seen):
        yield f"answer {number}", str(answer).encode()


def unpacked(data: Path) -> Iterator[tuple[str, bytes]]:
    """What is inside of the diagnoses."""
    for path in (data / "backups").glob("*.zip"):
        with zipfile.ZipFile(path) as bundle:
            for name in bundle.namelist():
                yield f"{path.name}/{name}", bundle.read(name)


async def test_an_exception_that_carries_secrets_shows_none(tmp_path: Path) -> None:
    """A worker's own code, ending with an exception while it holds them: traceback, log, and what tasks say."""
    secret = canary("Cn")
    code = (
        "import asyncio, os, sys; from pathlib import Path\n"
        "from worker.keyring import Keyring; from worker.process import logs, tasks\n"
        "from worker.process.hardening import harden; from worker.process.secret import Secret\n"
        "from worker.protocol.messages import CredentialsGiven, Task\n"
        "async def ask(_): return CredentialsGiven({'password': os.environb[b'CANARY'].decode()}, 1)\n"
        "task = Task(account='a', epoch=1, platform='feed', settings={}, interval=10, due_in=0)\n"
        "async def main():\n"
        "    held = await Keyring(ask).get(task)\n"
        "    async def fail(): raise ValueError(held, repr(held), f'{held}', str(held['password']))\n"
        "    await asyncio.wait([tasks.spawn(fail(), name='fails')])\n"
        "    raise RuntimeError('so it ends', held)\n"
        "harden(); logs.configure('worker', Path(sys.argv[1]), 'debug', stderr=True); asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, str(tmp_path / "log.jsonl")),
        stderr=asyncio.subprocess.PIPE,
        env={**ENVIRONMENT, "CANARY": secret, "PYTHONPATH": str(Path.cwd())},
    )
    _, said = await process.communicate()
    assert process.returncode == 1 and b"so it ends" in said and b"***" in said
    assert b"task.failed" in (tmp_path / "log.jsonl").read_bytes()
    assert Hunt({"secret": secret}).through([("stderr", said), *files(tmp_path)]) == []
