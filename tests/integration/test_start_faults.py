"""A master that cannot start: one sentence, the contract's exit code, and the data as it was."""

import asyncio
import base64
import json
import shutil
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.support.log_files import faults_in_logs
from tests.support.master_process import running_master
from tests.support.start_fault import contents, files_up_to, start_and_fail, without_privileges
from tests.support.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

USAGE, UNAVAILABLE, TEMPORARY, CONFIG = 2, 69, 75, 78
OURS = ("master.lock", "master.jsonl", "vedette.db-wal", "vedette.db-shm")  #: written by every start, and no data


async def refused(
    data: Path,
    code: int,
    sentence: str,
    *arguments: str,
    before: Callable[[], None] | None = None,
    port: tuple[str, ...] = ("--port", "0"),
    **environment: str,
) -> None:
    """It ends with this code and exactly this sentence, and nothing in the data directory changed."""
    kept = contents(data, but=OURS)
    ended = await start_and_fail("--data-dir", str(data), *port, *arguments, before=before, **environment)
    assert ended.said == [f"vedette-master: {sentence}"]
    assert (ended.code, ended.out) == (code, b"")
    assert contents(data, but=OURS) == kept
    assert not [child for child in psutil.Process().children() if "worker" in " ".join(child.cmdline())]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that was in use: an account with sealed credentials and their key."""
    data = tmp_path_factory.mktemp("installed") / "data"
    asyncio.run(_use(data))
    return data


async def _use(data: Path) -> None:
    async with running_master(data, "--local-workers", "1") as master:
        await master.workers_online(1)
        await master.create_account(
            platform="feed",
            display_name="Blog",
            settings={"url": "http://127.0.0.1:9/"},
            credentials={"username": "u", "password": "p"},
        )
        assert await master.end() == 0


@pytest.fixture
def data(installation: Path, tmp_path: Path) -> Path:
    """A copy of it, for this test alone."""
    shutil.copytree(installation, tmp_path / "data")
    return tmp_path / "data"


# --- somebody else is there ------------------------------------------------------------------------------------------


async def test_a_second_master_on_the_data_directory(data: Path) -> None:
    async with running_master(data, "--local-workers", "0") as master:
        ended = await start_and_fail("--data-dir", str(data), "--port", "0")
        assert (ended.code, ended.out) == (UNAVAILABLE, b"")
        assert ended.said == [
            f"vedette-master: another master (process {master.pid}) already runs on {data}: use that one, close it, "
            "or choose another directory with --data-dir"
        ]
        assert json.loads((data / "master.json").read_text())["pid"] == master.pid
        assert await master.get("/status")


async def test_a_port_in_use(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = f"port {port} on 127.0.0.1 is in use: end the program that holds it, or choose another with --port"
        await refused(data, UNAVAILABLE, sentence, port=("--port", str(port)))


# --- the data directory ----------------------------------------------------------------------------------------------


async def test_a_data_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("something else")
    sentence = f"the data directory {tmp_path}/data cannot be used: a file is in its place"
    await refused(tmp_path / "data", CONFIG, sentence)


async def test_a_data_directory_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("something else")
    sentence = f"the data directory {tmp_path}/file/data cannot be used: a file is in its place"
    await refused(tmp_path / "file" / "data", CONFIG, sentence)
    assert (tmp_path / "file").read_text() == "something else"


async def test_a_data_directory_that_is_nowhere() -> None:
    ended = await start_and_fail("--data-dir", "/proc/vedette")
    assert (ended.code, ended.out) == (CONFIG, b"")
    [said] = ended.said
    assert said.startswith("vedette-master: the data directory /proc/vedette cannot be used: ")


@pytest.mark.parametrize("name", ["", "logs", "logs/master.jsonl", "master.lock", "vault.key", "vedette.db", ".env"])
async def test_what_may_not_be_read_or_written(data: Path, name: str) -> None:
    (data / ".env").write_text("VEDETTE_LOG_LEVEL=info\n")
    (data / name).chmod(0o500 if (data / name).is_dir() else 0)
    if name == "":  # as after a restore by somebody else: the files that every start writes are not there
        (data / "master.lock").unlink()
        shutil.rmtree(data / "logs")
        (data / name).chmod(0o500)
    sentence = {
        "": f"the log file {data}/logs/master.jsonl cannot be used: Permission denied",
        "logs": f"the log file {data}/logs/master.jsonl cannot be used: Permission denied",
        "logs/master.jsonl": f"the log file {data}/logs/master.jsonl cannot be used: Permission denied",
        "master.lock": f"the data directory {data} cannot be used: Permission denied",
        "vault.key": f"the key file {data}/vault.key cannot be read: Permission denied",
        "vedette.db": f"the database cannot be opened: check its directory and its rights ({data}/vedette.db)",
        ".env": f"{data}/.env cannot be used: Permission denied",
    }[name]
    if name == "logs":
        (data / "logs" / "master.jsonl").unlink()
    await refused(data, CONFIG, sentence, before=without_privileges)
    (data / name).chmod(0o700)


@pytest.mark.parametrize("size", [0, 100, 5000])
async def test_a_full_disk_at_the_first_start(tmp_path: Path, size: int) -> None:
    ended = await start_and_fail("--data-dir", str(tmp_path / "data"), "--port", "0", before=files_up_to(size))
    assert (ended.code, ended.out, len(ended.said)) == (TEMPORARY, b"", 1)
    assert "the disk is full" in ended.said[0] and "make room" in ended.said[0]
    assert str(tmp_path / "data") in ended.said[0]
    async with running_master(tmp_path / "data", "--local-workers", "0") as master:  # there is room again
        assert await master.get("/status")


async def test_a_full_disk_under_data_that_exists(data: Path) -> None:
    (data / "logs" / "master.jsonl").unlink()  # a longer log would be over the limit already
    sentence = f"the disk is full or failing: make room; nothing is lost meanwhile ({data}/vedette.db)"
    await refused(data, TEMPORARY, sentence, before=files_up_to(100))


# --- the database and the key ----------------------------------------------------------------------------------------


async def test_a_database_that_is_none(data: Path) -> None:
    (data / "vedette.db").write_bytes(b"this is not a database, whatever its name says" * 100)
    sentence = f"the database is damaged or not a database: restore a backup ({data}/vedette.db)"
    await refused(data, CONFIG, sentence)


async def test_a_damaged_database(data: Path) -> None:
    content = bytearray((data / "vedette.db").read_bytes())
    for at in range(2 * 4096, len(content), 4096):
        content[at : at + 64] = b"\xff" * 64
    (data / "vedette.db").write_bytes(content)
    ended = await start_and_fail("--data-dir", str(data), "--port", "0")
    assert (ended.code, ended.out, len(ended.said)) == (CONFIG, b"", 1)
    assert ended.said[0].startswith("vedette-master: the database ") and "damaged" in ended.said[0]
    assert ended.said[0].count("restore a backup") == 1 and str(data / "vedette.db") in ended.said[0]
    assert (data / "vedette.db").read_bytes() == bytes(content)


async def test_a_database_of_a_newer_version(data: Path) -> None:
    connection = sqlite3.connect(data / "vedette.db", isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    sentence = f"the database {data}/vedette.db was made by a newer Vedette: install that version or newer"
    await refused(data, CONFIG, sentence)


async def test_a_database_of_another_program(data: Path) -> None:
    (data / "vedette.db").unlink()
    connection = sqlite3.connect(data / "vedette.db", isolation_level=None)
    connection.execute("CREATE TABLE things (a)")
    connection.close()
    await refused(data, CONFIG, f"the file {data}/vedette.db is a database, but not one of Vedette's")


async def test_a_database_that_another_program_holds(data: Path) -> None:
    connection = sqlite3.connect(data / "vedette.db", isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    ended = await start_and_fail("--data-dir", str(data), "--port", "0")
    connection.close()
    assert (ended.code, ended.out) == (TEMPORARY, b"")
    assert ended.said == [f"vedette-master: another program holds the database: close it ({data}/vedette.db)"]


async def test_a_key_that_is_gone_though_something_was_sealed_with_it(data: Path) -> None:
    (data / "vault.key").unlink()
    sentence = (
        f"the database holds sealed credentials, but the key they were sealed with is gone: bring back {data}/vault.key"
    )
    await refused(data, CONFIG, sentence)


@pytest.mark.parametrize("content", [b"", b"not base64 !", b"c2hvcnQ=\n", b"\xff\xfe"])
async def test_a_damaged_key(data: Path, content: bytes) -> None:
    (data / "vault.key").write_bytes(content)
    sentence = f"the key file {data}/vault.key does not hold a key: bring back the right one from a backup"
    await refused(data, CONFIG, sentence)


async def test_a_key_that_is_another_one(data: Path) -> None:
    (data / "vault.key").write_bytes(base64.b64encode(bytes(32)))
    sentence = (
        f"the key file {data}/vault.key is not the one that the credentials here were sealed with: "
        "bring back the right one from a backup"
    )
    await refused(data, CONFIG, sentence)


async def test_credentials_that_do_not_open_are_told_by_their_account(data: Path) -> None:
    connection = sqlite3.connect(data / "vedette.db", isolation_level=None)
    [(blob,)] = connection.execute("SELECT blob FROM credentials").fetchall()
    connection.execute("UPDATE credentials SET blob = ?", (blob[:-1] + bytes([blob[-1] ^ 1]),))
    connection.close()
    async with running_master(data, "--local-workers", "1", "--heartbeat-interval", "1") as master:
        [account] = await master.items("/accounts")

        async def told() -> bool:
            now = await master.account(account["id"])
            return now["status"] == "reauthenticate" and now["last_error"] == CHANGED and now["next_check_at"] is None

        await eventually(told, within=20, what="the account says so")
        await eventually(lambda: master.logged("credentials.not_opened"))
        assert not faults_in_logs(data)


CHANGED = "These credentials were changed or belong to another account: enter them again."


async def test_an_installation_with_a_key_from_the_environment(tmp_path: Path) -> None:
    key, data = base64.b64encode(bytes(range(32))).decode(), tmp_path / "data"
    (tmp_path / "key").write_text(key + "\n")
    async with running_master(data, "--local-workers", "0", "--encryption-key-file", str(tmp_path / "key")) as master:
        assert (await master.get("/keys"))["source"] == "environment"
        assert await master.end() == 0
    assert not (data / "vault.key").exists()
    unset = "the key for the credentials here comes from VEDETTE_ENCRYPTION_KEY, which is not set: "
    await refused(data, CONFIG, unset + "set it or VEDETTE_ENCRYPTION_KEY_FILE and start again")
    other = base64.b64encode(bytes(32)).decode()
    sentence = "VEDETTE_ENCRYPTION_KEY is not the key that the credentials here were sealed with: set the right one"
    await refused(data, CONFIG, sentence, VEDETTE_ENCRYPTION_KEY=other)
    sentence = "VEDETTE_ENCRYPTION_KEY is no key; allowed: 32 bytes in base64"
    await refused(data, CONFIG, sentence, VEDETTE_ENCRYPTION_KEY="secret-but-wrong")


async def test_an_installation_with_a_passphrase(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (tmp_path / "phrase").write_text("correct horse battery\n")
    async with running_master(data, "--local-workers", "0", "--passphrase-file", str(tmp_path / "phrase")) as master:
        assert (await master.get("/keys"))["source"] == "passphrase"
        assert await master.end() == 0
    await refused(data, CONFIG, "the passphrase is wrong", VEDETTE_PASSPHRASE="something else")
    sentence = (
        "the credentials here are sealed with a passphrase: give it with --passphrase-file, with VEDETTE_PASSPHRASE, "
        "or start in a terminal and be asked"
    )
    await refused(data, CONFIG, sentence)


# --- options ---------------------------------------------------------------------------------------------------------

PORTS = "allowed: a whole number from 0 to 65535"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--port", "many"], CONFIG, f"--port (VEDETTE_PORT) is “many”; {PORTS}"),
        (["--port", "1\n2"], CONFIG, f"--port (VEDETTE_PORT) is “1 2”; {PORTS}"),
        (["--port", "9" * 5000], CONFIG, f"--port (VEDETTE_PORT) is “{'9' * 100}…”; {PORTS}"),
        (["--colour", "red"], USAGE, "unrecognized arguments: --colour red (see --help)"),
        (["--port"], USAGE, "argument --port: expected one argument (see --help)"),
        (["stop"], USAGE, "unrecognized arguments: stop (see --help)"),
        (
            ["--db-path", "~nobody-of-this-name/x.db"],
            CONFIG,
            "--db-path (VEDETTE_DB_PATH) is “~nobody-of-this-name/x.db”; allowed: a path",
        ),
    ],
)
async def test_a_wrong_flag(tmp_path: Path, arguments: list[str], code: int, sentence: str) -> None:
    await refused(tmp_path, code, sentence, *arguments, port=())


async def test_a_data_directory_without_a_name(tmp_path: Path) -> None:
    ended = await start_and_fail("--data-dir")
    assert (ended.code, ended.out) == (USAGE, b"")
    assert ended.said == ["vedette-master: argument --data-dir: expected one argument (see --help)"]


async def test_a_wrong_environment_variable(tmp_path: Path) -> None:
    sentence = "--worker-capacity (VEDETTE_WORKER_CAPACITY) is “lots”; allowed: a whole number from 1 to 100000"
    await refused(tmp_path, CONFIG, sentence, VEDETTE_WORKER_CAPACITY="lots")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[vedette\n", "{file} is not TOML: Expected ']' at the end of a table declaration (at line 1, column 9)"),
        ("port = 4000\n", "“port” in {file} stands outside of the section [vedette]"),
        ("[vedette]\ncolour = 1\n", "“colour” in {file} is no option that can stand there (see --help)"),
        ("[vedette]\ndata-dir = 'x'\n", "“data-dir” in {file} is no option that can stand there (see --help)"),
        ("[vedette]\nhost = ['::1']\n", "“host” in {file} does not fit; allowed: a text or a number"),
        ("[vedette]\nhost = true\n", "“host” in {file} does not fit; allowed: a text or a number"),
        ("[vedette]\ndemo = 'maybe'\n", "“demo” in {file} does not fit; allowed: true or false"),
        ("[vedette]\nport = 70000\n", f"--port (VEDETTE_PORT) is “70000”; {PORTS}"),
        ('[vedette]\ndb-path = "a\\u0000b"\n', "--db-path (VEDETTE_DB_PATH) is “a b”; allowed: a path"),
        (b"\xff\xfe", "{file} is not UTF-8 text"),
    ],
)
async def test_a_wrong_configuration_file(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    file = tmp_path / "vedette.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    await refused(tmp_path, CONFIG, sentence.format(file=file), port=())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"VEDETTE_LOG_LEVEL=info\nVEDETTE_PORT 4000\n", "line 2 of {file} cannot be understood; allowed: NAME=value"),
        (b"=x\n", "line 1 of {file} cannot be understood; allowed: NAME=value"),
        (b"VEDETTE_PORT=many\n", f"--port (VEDETTE_PORT) is “many”; {PORTS}"),
        (b"A=\xff\n", "{file} is not UTF-8 text"),
    ],
)
async def test_a_wrong_environment_file(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / ".env").write_bytes(content)
    await refused(tmp_path, CONFIG, sentence.format(file=tmp_path / ".env"), port=())
