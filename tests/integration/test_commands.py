"""`rotate-key` and `diagnose` as processes, with and without a running master."""

import asyncio
import base64
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.commands import Done, command
from tests.support.master_process import MasterProcess, running_master
from tests.support.start_fault import contents
from tests.support.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

CONFIG = 78


async def run(data_dir: Path, *words: str, phrase: str | None = None, **environment: str) -> Done:
    return await asyncio.to_thread(lambda: command(data_dir, *words, phrase=phrase, **environment))


async def locked_feed(master: MasterProcess) -> str:
    await master.workers_online(1)
    account = await master.create_account(
        platform="feed",
        display_name="Blog",
        settings={"url": "http://127.0.0.1:9/", "allow_private_network": True},
        credentials={"username": "canary-user", "password": "canary-password"},
    )
    return str(account["id"])


def key_ids(data: Path) -> set[bytes]:
    database = sqlite3.connect(data / "vedette.db")
    ids = {blob[1:5] for (blob,) in database.execute("SELECT blob FROM credentials")}
    database.close()
    return ids


async def test_rotate_key_beside_a_running_master_and_without_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert "nothing has a key yet" in (await run(data, "rotate-key")).said
    async with running_master(data, "--local-workers", "1") as master:
        await locked_feed(master)
        old = (data / "vault.key").read_bytes()
        done = await run(data, "rotate-key")
        assert (done.code, done.out) == (0, "") and "The running master seals" in done.said
        assert (data / "vault.key").read_bytes() != old
        await eventually(lambda: key_ids(data) == {b"\0\0\0\2"})
        refused = await run(data, "rotate-key", "--to", "keychain")
        assert refused.code == CONFIG and "no keychain can be reached here" in refused.said
        assert await master.end() == 0
    done = await run(data, "rotate-key")
    assert done.code == 0 and "All credentials are sealed anew" in done.said and key_ids(data) == {b"\0\0\0\3"}
    done = await run(data, "rotate-key", "--to", "passphrase", phrase="correct horse battery")
    assert done.code == 0 and "kept in: passphrase" in done.said and not (data / "vault.key").exists()
    assert "the passphrase is wrong" in (await run(data, "rotate-key", phrase="something else")).said
    key = base64.b64encode(bytes(range(32))).decode()
    (tmp_path / "key").write_text(key)
    moved = ("rotate-key", "--to", "environment", "--new-encryption-key-file", str(tmp_path / "key"))
    assert (await run(data, *moved, phrase="correct horse battery")).code == 0
    assert "which is not set" in (await run(data, "rotate-key")).said
    done = await run(data, "rotate-key", "--to", "file", VEDETTE_ENCRYPTION_KEY=key)
    assert done.code == 0 and (data / "vault.key").exists()
    async with running_master(data, "--local-workers", "0") as master:
        assert (await master.get("/keys"))["source"] == "file"


def journaled(data: Path) -> int:
    """Lines of the journal on the disk."""
    with closing(sqlite3.connect(data / "vedette.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM journal").fetchone()[0])


async def test_a_diagnosis_tells_much_and_no_secret(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "diagnosis.zip"
    async with running_master(data, "--local-workers", "1") as master:
        await locked_feed(master)
        with (data / "logs" / "master.jsonl").open("a") as log:
            slips = {"a": "canary-password", "b": base64.b64encode(b"canary-password").decode(), "c": master.token}
            log.write(
                json.dumps(slips | {"d": "Authorization: Bearer abcdef.123456", "e": "https://u:pw-99@h/"}) + "\n"
            )
        await eventually(lambda: journaled(data), what="the journal is on the disk, a second later")
        done = await run(data, "diagnose", str(file))
        assert (done.code, done.out) == (0, "")
        token = master.token
    with zipfile.ZipFile(file) as bundle:
        texts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    everything = "\n".join(texts.values())
    slipped = ("canary-password", "Y2FuYXJ5LXBhc3N3b3Jk", token, "123456", "pw-99", "canary-user")
    assert not [secret for secret in slipped if secret in everything]
    assert (data / "vault.key").read_text().strip() not in everything
    database = json.loads(texts["database.json"])
    assert database["integrity"] == ["ok"] and database["rows"]["credentials"] == 1
    assert database["accounts"] == [{"platform": "feed", "status": "active", "deleted": 0, "count": 1}] or database
    assert json.loads(texts["about.json"])["options"]["encryption_key"] == "given: False"
    assert "gateway.listening" in texts["logs/master.jsonl"], "what is no secret is still there"
    assert texts["journal.jsonl"] and "vedette.db" in texts["files.json"]


def test_the_windows_program_carries_commands_out_as_well(tmp_path: Path) -> None:
    """A bundle has no other one; there is no display here, and none is needed."""
    (tmp_path / "data").mkdir()
    done = command(tmp_path / "data", "diagnose", str(tmp_path / "x.zip"), program="desktop")
    assert done.code == 0 and (tmp_path / "x.zip").exists(), done.said
    assert command(tmp_path / "data", "rotate-key", program="desktop").said.startswith("vedette-master: there is no")


async def test_a_diagnosis_of_a_damaged_installation(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert "nothing to look at" in (await run(data, "diagnose")).said
    data.mkdir()
    (data / "vedette.db").write_bytes(b"this is no database" * 100)
    before = contents(data)
    assert (await run(data, "diagnose", str(tmp_path / "file.zip"))).code == 0
    with zipfile.ZipFile(tmp_path / "file.zip") as bundle:
        assert "not a database" in json.loads(bundle.read("database.json"))["fault"]
    assert contents(data) == before
    assert (await run(data, "diagnose")).code == 0
    assert len(list((data / "backups").glob("diagnosis-*.zip"))) == 1
