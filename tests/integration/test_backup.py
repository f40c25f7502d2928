"""A backup of a running master, and an installation that comes to life from it somewhere else."""

import asyncio
import base64
import io
import os
import signal
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.commands import bundle
from engine.commands.bundle import Entry, Manifest
from engine.vault.archive import ArchiveWriter
from tests.support.commands import PHRASE, Done, command
from tests.support.fake_platform import FakePlatform
from tests.support.master_process import MasterProcess, running_master
from tests.support.remote_worker import remote_worker
from tests.support.start_fault import contents
from tests.support.waiting import eventually
from worker.process.secret import Secret

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

CONFIG, UNAVAILABLE, USAGE = 78, 69, 2
QUICK = ("--heartbeat-interval", "1", "--heartbeat-timeout", "12")  # after a restore an owner has a time-out to end in


async def run(data_dir: Path, *words: str, **more: str) -> Done:
    return await asyncio.to_thread(command, data_dir, *words, **more)


async def watched(master: MasterProcess, site: FakePlatform) -> str:
    """A feed behind a password that some worker watches; returns the account's id."""
    await master.workers_online(1)
    account = await master.create_account(
        platform="feed",
        display_name="Blog",
        interval=10,
        settings={"url": site.url + "/feed.xml", "allow_private_network": True},
        credentials={"username": "user", "password": "canary-feed"},
    )
    await eventually(lambda: master.items(f"/detections?account_id={account['id']}"), what="the first check")
    return str(account["id"])


async def found(master: MasterProcess, account: str) -> list[str]:
    return sorted(item["external_id"] for item in await master.items(f"/detections?account_id={account}"))


async def test_an_installation_moves_to_another_computer_and_watches_on(tmp_path: Path) -> None:
    backup = tmp_path / "copy.vedette"
    async with FakePlatform() as site:
        feed = site.feed("/feed.xml", auth="user:canary-feed")
        feed.add("before", "of before the backup")
        async with running_master(tmp_path / "old", "--local-workers", "1") as master:
            account = await watched(master, site)
            epoch = (await master.account(account))["epoch"]
            done = await run(tmp_path / "old", "backup", str(backup))
            assert (done.code, done.out) == (0, ""), done.said
            feed.add("after", "of after the backup, which it does not know")
            await eventually(lambda: _has(master, account, "after"), within=20)
        began = int(time.time())
        assert oct(backup.stat().st_mode)[-3:] == "600"
        assert not list((tmp_path / "old" / "backups").iterdir()), "no copy in clear is left"
        for secret in (b"canary-feed", b"of before the backup", base64.b64encode(b"canary-feed"), b"SQLite format"):
            assert secret not in backup.read_bytes()
        done = await run(tmp_path / "new", "restore", str(backup))
        assert done.code == 0 and "1 accounts as of" in done.said and PHRASE not in done.said
        files = sorted(path.name for path in (tmp_path / "new").iterdir())
        assert files == ["master.lock", "tls.crt", "tls.key", "vault.key", "vedette.db"]
        assert (tmp_path / "new" / "tls.key").read_bytes() == (tmp_path / "old" / "tls.key").read_bytes()
        key = (tmp_path / "new" / "vault.key").read_bytes()
        assert key != (tmp_path / "old" / "vault.key").read_bytes()
        async with running_master(tmp_path / "new", "--local-workers", "1", *QUICK) as master:
            await eventually(lambda: _has(master, account, "after"), within=20, what="what the backup lacked")
            feed.add("later", "of the new installation")
            await eventually(lambda: _has(master, account, "later"), within=20)
            assert await found(master, account) == ["after", "before", "later"], "each once"
            now = await master.account(account)
            assert now["epoch"] > began > epoch and now["status"] == "active"
            lines = await master.items("/journal")
            assert "the installation was restored" in [line["what"] for line in lines]


async def _has(master: MasterProcess, account: str, external_id: str) -> bool:
    return external_id in await found(master, account)


async def test_a_worker_on_another_machine_stays_joined_through_a_restore(tmp_path: Path) -> None:
    door = ("--accept-remote", "--remote-host", "127.0.0.1", "--remote-port", "0", "--local-workers", "0")
    fast = ("--heartbeat-interval", "1", "--heartbeat-timeout", "20")
    async with FakePlatform() as site, remote_worker(tmp_path / "far") as far:
        feed = site.feed("/feed.xml", auth="user:canary-feed")
        feed.add("before", "of before the backup")
        async with running_master(tmp_path / "old", *door, *fast) as master:
            status, made = await master.call("POST", "/join-codes", {})
            assert status == 201, made
            await far.start(made["data"]["code"])
            account = await watched(master, site)
            old_epoch = (await master.account(account))["epoch"]
            status, unused = await master.call("POST", "/join-codes", {})
            assert (await run(tmp_path / "old", "backup", str(tmp_path / "file"))).code == 0
            feed.add("after", "of after the backup")
            await eventually(lambda: _has(master, account, "after"), within=20)
            os.kill(master.pid, signal.SIGKILL)
        assert (await run(tmp_path / "new", "restore", str(tmp_path / "file"))).code == 0
        async with running_master(tmp_path / "new", *door, *fast) as master:
            [worker] = await master.workers_online(1)
            assert worker["kind"] == "remote" and worker["pid"] == far.pid, "it came back by itself, without a code"
            await eventually(lambda: _has(master, account, "after"), within=40, what="what the backup lacked")
            assert (await master.account(account))["epoch"] > old_epoch + 1_000_000
            assert await master.items("/join-codes") == [], "an unused code from before lets nobody in"
            async with remote_worker(tmp_path / "late") as late:
                await late.start(unused["data"]["code"])
                code, said = await late.ended()
                assert code == CONFIG and "does not know this code" in said


async def test_what_stands_in_the_way_is_put_aside_only_if_asked(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running_master(data, "--local-workers", "0") as master:
        done = await run(data, "backup")
        assert done.code == 0, done.said
        [backup] = (data / "backups").iterdir()
        running = await run(data, "restore", str(backup), "--force")
        assert running.code == UNAVAILABLE and f"process {master.pid}" in running.said
        assert await master.end() == 0
    before = contents(data, but=("master.lock",))
    done = await run(data, "restore", str(backup))
    assert done.code == CONFIG and "is in use (tls.crt)" in done.said and "--force" in done.said
    assert contents(data, but=("master.lock",)) == before
    done = await run(data, "restore", str(backup), "--force")
    assert done.code == 0, done.said
    [aside] = (data / "backups").glob("before-restore-*")
    kept = contents(aside)
    assert kept["vedette.db"] == before["vedette.db"] and kept["vault.key"] == before["vault.key"]
    async with running_master(data, "--local-workers", "0") as master:
        assert await master.get("/status")


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a small installation with one sealed account."""
    data = tmp_path_factory.mktemp("origin") / "data"

    async def use() -> None:
        async with running_master(data, "--local-workers", "1") as master:
            await master.workers_online(1)
            settings = {"url": "http://127.0.0.1:9/"}
            await master.create_account(
                platform="feed", display_name="Blog", settings=settings, credentials={"username": "u", "password": "p"}
            )
            assert await master.end() == 0

    asyncio.run(use())
    assert command(data, "backup", str(data.parent / "good.vedette")).code == 0
    return data.parent / "good.vedette"


def refused(target: Path, file: Path, phrase: str | None = PHRASE, **environment: str) -> str:
    """The restore ends with 78, says one sentence, and the target is as it was."""
    before = contents(target)
    done = command(target, "restore", str(file), phrase=phrase, **environment)
    assert (done.code, done.out, done.said.count("\n")) == (CONFIG, "", 1), done.said
    assert contents(target) == before and target.exists() == bool(before)
    return done.said.removeprefix("vedette-master: ").strip()


def test_a_damaged_file_a_short_one_and_a_wrong_passphrase_touch_nothing(tmp_path: Path, backup: Path) -> None:
    good, target = backup.read_bytes(), tmp_path / "target"
    bad = tmp_path / "bad.vedette"
    damaged = f"{bad} is damaged or cut short: use another backup"
    for content in (good[:-1] + bytes([good[-1] ^ 1]), good[:-1], good[:40], good + b"x"):
        bad.write_bytes(content)
        assert refused(target, bad) == damaged
    bad.write_bytes(b"no backup at all")
    assert refused(target, bad) == f"{bad} is no backup of Vedette"
    assert refused(target, backup, "not the passphrase") == f"{backup} cannot be opened: the passphrase is wrong"
    assert "give it with --passphrase-file" in refused(target, backup, None)
    assert "cannot be used: No such file" in refused(target, tmp_path / "nowhere")
    assert command(target, "restore").code == USAGE
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    assert "is in use (notes.txt)" in refused(tmp_path / "full", backup)


def test_a_backup_of_a_newer_version_touches_nothing(tmp_path: Path) -> None:
    stream, database = io.BytesIO(), tmp_path / "x.db"
    database.write_bytes(b"whatever a later version keeps")
    manifest = Manifest(datetime.now(UTC), "9.0", "9999", {1: bytes(32)}, 1, [Entry("vedette.db", 30)])
    bundle.write(ArchiveWriter(stream, Secret(PHRASE)), manifest, [database], lambda done, total: None)
    (tmp_path / "newer").write_bytes(stream.getvalue())
    said = refused(tmp_path / "target", tmp_path / "newer")
    assert said == f"{tmp_path}/newer was made by a newer Vedette: install that version or newer"


@pytest.mark.parametrize("name", ["vedette.toml", "vault.key", "vedette.db\n", "master.json", "../x", ".env", "/tmp/x"])
def test_a_backup_brings_back_nothing_but_what_belongs_into_one(tmp_path: Path, name: str) -> None:
    """Whoever hands somebody a backup does not decide how that master listens, or what key it has."""
    stream, planted = io.BytesIO(), tmp_path / "planted"
    planted.write_bytes(b"[vedette]\n")
    manifest = Manifest(datetime.now(UTC), "0.1", "0001", {1: bytes(32)}, 1, [Entry("vedette.db", 10), Entry(name, 10)])
    bundle.write(ArchiveWriter(stream, Secret(PHRASE)), manifest, [planted, planted], lambda done, total: None)
    (tmp_path / "file").write_bytes(stream.getvalue())
    assert "was made by a newer Vedette" in refused(tmp_path / "target", tmp_path / "file")


def test_a_backup_whose_database_is_not_sound_leaves_nothing_behind(tmp_path: Path) -> None:
    stream, database = io.BytesIO(), tmp_path / "x.db"
    database.write_bytes(b"SQLite format 3\0" + bytes(4080))
    manifest = Manifest(datetime.now(UTC), "0.1", "0001", {1: bytes(32)}, 1, [Entry("vedette.db", 4096)])
    bundle.write(ArchiveWriter(stream, Secret(PHRASE)), manifest, [database], lambda done, total: None)
    (tmp_path / "file").write_bytes(stream.getvalue())
    done = command(tmp_path / "target", "restore", str(tmp_path / "file"))
    assert done.code == CONFIG, done.said
    assert contents(tmp_path / "target", but=("master.lock",)) == {}


def test_the_key_goes_where_it_was_asked_for(tmp_path: Path, backup: Path) -> None:
    done = command(tmp_path / "a", "restore", str(backup), "--to", "passphrase")
    assert done.code == 0 and "kept in: passphrase" in done.said and not (tmp_path / "a" / "vault.key").exists()
    key = base64.b64encode(bytes(range(32))).decode()
    done = command(tmp_path / "b", "restore", str(backup), VEDETTE_ENCRYPTION_KEY=key)
    assert done.code == 0 and "kept in: environment" in done.said and not (tmp_path / "b" / "vault.key").exists()
    again = command(tmp_path / "a", "backup", str(tmp_path / "again"), VEDETTE_BACKUP_PASSPHRASE="another one")
    assert again.code == 0, again.said
    assert command(tmp_path / "c", "restore", str(tmp_path / "again")).code == CONFIG
    assert command(tmp_path / "c", "restore", str(tmp_path / "again"), phrase="another one").code == 0
    assert command(tmp_path / "a", "backup", str(tmp_path / "b2"), phrase="not it at all").code == CONFIG


def test_every_epoch_is_raised_and_nobody_known_owns_anything(tmp_path: Path) -> None:
    origin, far = tmp_path / "origin", int(time.time()) * 2
    assert "nothing to back up" in command(origin, "backup").said
    asyncio.run(_begin(origin))
    database = sqlite3.connect(origin / "vedette.db", isolation_level=None)
    database.execute(
        "INSERT INTO workers (id, name, kind, capacity, created_at, draining, revoked, restarts)"
        " VALUES ('far-1', 'Far', 'remote', 10, 0, 0, 0, 0)"
    )
    for number, (owner, epoch) in enumerate([("local-1", 3), ("far-1", 4), (None, 0), ("far-1", far)]):
        database.execute(
            "INSERT INTO accounts (id, platform, display_name, handle, settings, tags, interval, status, worker_id,"
            " epoch, revision, created_at) VALUES (?, 'demo', 'x', '', '{}', '[]', 30, 'paused', ?, ?, 1, 0)",
            (f"acc_{number}", owner, epoch),
        )
    database.close()
    before = int(time.time())
    assert command(origin, "backup", str(tmp_path / "file")).code == 0
    assert command(tmp_path / "new", "restore", str(tmp_path / "file")).code == 0
    database = sqlite3.connect(tmp_path / "new" / "vedette.db")
    rows = database.execute("SELECT worker_id, epoch FROM accounts ORDER BY id").fetchall()
    database.close()
    assert {owner for owner, _ in rows} == {"before-restore"}, "whoever acts now may be somebody else"
    assert all(before <= epoch <= time.time() for _, epoch in rows[:3]) and rows[3][1] == far


async def _begin(data: Path) -> None:
    async with running_master(data, "--local-workers", "0") as master:
        assert await master.end() == 0


async def test_a_restore_that_was_cut_off_is_not_taken_for_an_installation(tmp_path: Path, backup: Path) -> None:
    data = tmp_path / "data"
    (data / ".restoring").mkdir(parents=True)
    done = await run(data, phrase=None)
    assert done.code == CONFIG and "was cut off: run it again" in done.said
    assert not (data / "vedette.db").exists()
    assert (await run(data, "restore", str(backup))).code == 0
    async with running_master(data, "--local-workers", "0") as master:
        assert len(await master.items("/accounts")) == 1


async def test_a_backup_of_every_moment_opens(tmp_path: Path) -> None:
    """Accounts come and keys change while backups are made: what is in each of them opens with what is in it."""
    data = tmp_path / "data"
    async with running_master(data, "--local-workers", "1") as master:
        await master.workers_online(1)
        ended = asyncio.Event()

        async def busy() -> None:
            settings, number = {"url": "http://127.0.0.1:9/"}, 0
            while not ended.is_set():
                number += 1
                await master.create_account(
                    platform="feed",
                    display_name=f"{number}",
                    settings=settings,
                    credentials={"username": "u", "password": f"p{number}"},
                )
                if number % 5 == 0:
                    assert (await master.call("POST", "/keys/rotate", {}))[0] == 200

        work = asyncio.get_running_loop().create_task(busy())
        files = [tmp_path / f"{n}.vedette" for n in range(3)]
        for file in files:
            done = await run(data, "backup", str(file))
            assert done.code == 0, done.said
        ended.set()
        await work
    for number, file in enumerate(files):
        done = await run(tmp_path / f"new-{number}", "restore", str(file))
        assert done.code == 0, done.said
        assert _opens_all(tmp_path / f"new-{number}") > 0


def _opens_all(data: Path) -> int:
    from engine.commands.redaction import _credentials
    from engine.config import read
    from engine.vault.sources import Offered

    options = read("x", ["--data-dir", str(data)], {})
    database = sqlite3.connect(options.db_path)
    [(count,)] = database.execute("SELECT count(*) FROM credentials").fetchall()
    database.close()
    passwords = _credentials(options, Offered()) - {"u"}
    assert len(passwords) == count
    return int(count)


def test_a_backup_is_never_half_there(tmp_path: Path, backup: Path) -> None:
    data = tmp_path / "data"
    assert command(data, "restore", str(backup)).code == 0
    file = tmp_path / "mine.vedette"
    file.write_bytes(b"of last week")
    done = command(data, "backup", str(file))
    assert done.code == CONFIG and "exists already" in done.said and file.read_bytes() == b"of last week"
    assert command(data, "backup", str(file), "--force").code == 0 and file.read_bytes() != b"of last week"
    assert command(data, "backup", str(tmp_path / "no" / "such")).code == CONFIG
    assert "at least 8 characters" in command(data, "backup", str(tmp_path / "y"), phrase="short").said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "mine.vedette"]
    os.sync()
