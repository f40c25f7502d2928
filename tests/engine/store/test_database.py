import hashlib
import sqlite3
from importlib import import_module
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from engine.records import JournalEntry, JournalFilter, Letter, from_ms
from engine.store.database import MIGRATIONS, REVISIONS
from engine.store.errors import CorruptDatabase, ForeignDatabase, NewerDatabase, ReadOnlyDatabase
from engine.store.schema import metadata
from engine.store.store import Store
from tests.support.stored import account, item, open_store, page, put


def raw(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


async def refused(path: Path, kind: type[Exception], words: str) -> None:
    """The store does not start, says why in one sentence, and leaves the file as it was."""
    before = digest(path)
    store = Store(path)
    with pytest.raises(kind, match=words) as caught:
        await store.start()
    await store.close()
    assert "\n" not in str(caught.value)
    assert digest(path) == before


async def test_migrates_from_nothing_wherever_it_is_started(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    async with open_store(tmp_path / "deep" / "er"):
        connection = raw(tmp_path / "deep" / "er" / "vedette.db")
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISIONS[-1],)]
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()


async def test_a_second_start_keeps_everything(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), b"sealed")
        await put(store, item(1))
    async with open_store(tmp_path) as store:
        await store.start()
        assert await store.accounts.get("acc_1") is not None
        assert len(await page(store)) == 1


def test_the_known_revisions_are_the_scripts():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS


async def test_core_tables_are_what_the_migrations_make(tmp_path):
    async with open_store(tmp_path):
        connection = raw(tmp_path / "vedette.db")
        for table in metadata.sorted_tables:
            columns = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
            assert [column[1] for column in columns] == [column.name for column in table.columns], table.name
        connection.close()


async def test_a_newer_database_is_left_alone(tmp_path):
    async with open_store(tmp_path):
        pass
    connection = raw(tmp_path / "vedette.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    await refused(tmp_path / "vedette.db", NewerDatabase, "made by a newer Vedette")


async def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "vedette.db").write_bytes(b"this is not a database, whatever its name says" * 100)
    await refused(tmp_path / "vedette.db", CorruptDatabase, r"damaged.*vedette\.db")


async def test_a_damaged_page_is_found_at_the_start(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account(), None)
        await put(store, *(item(seq, text="x" * 500) for seq in range(200)))
    path = tmp_path / "vedette.db"
    content = bytearray(path.read_bytes())
    for at in range(20 * 4096, len(content) - 8 * 4096, 4096):
        content[at : at + 64] = b"\xff" * 64
    path.write_bytes(content)
    await refused(path, CorruptDatabase, "damaged")


async def test_another_programs_database(tmp_path):
    connection = raw(tmp_path / "vedette.db")
    connection.execute("CREATE TABLE things (a)")
    connection.close()
    await refused(tmp_path / "vedette.db", ForeignDatabase, "not one of Vedette's")


async def test_a_directory_that_cannot_be_one(tmp_path):
    (tmp_path / "file").write_text("")
    await refused(tmp_path / "file" / "vedette.db", ReadOnlyDatabase, "directory .* cannot be used")


async def test_a_path_that_is_a_directory(tmp_path):
    (tmp_path / "vedette.db").mkdir()
    await refused(tmp_path / "vedette.db", ReadOnlyDatabase, "cannot be opened")


async def test_lines_and_letters_of_the_first_schema_are_kept(tmp_path):
    connection = raw(tmp_path / "vedette.db")
    for statement in _first_schema():
        connection.execute(statement)
    connection.execute("CREATE TABLE alembic_version (version_num TEXT NOT NULL)")
    connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    connection.execute("INSERT INTO journal VALUES (7, 1000, 'w1', 'offline', 'silent', 'r', '{\"a\":\"b\"}')")
    connection.execute(
        "INSERT INTO dead_letters VALUES (3, 1000, 'w1', 'invalid', '{\"seq\":1,\"text\":\"é\"}', x'01')"
    )
    connection.close()
    async with open_store(tmp_path) as store:
        [line] = await store.journal.page(JournalFilter("w1"), before=None, limit=9)
        assert line == JournalEntry(from_ms(1000), ("w1",), "offline", "silent", "r", {"a": "b"}, 7)
        assert await store.journal.newest_id() == 7
        [letter] = await store.dead_letters.page(None, 9)
        assert (letter.id, letter.letter.item) == (3, {"seq": 1, "text": "é"})
        await store.dead_letters.remove(3)
        await store.dead_letters.bury([Letter("w1", "invalid", "because", {})])
        assert [one.id for one in await store.dead_letters.page(None, 9)] == [4]


def _first_schema() -> tuple[str, ...]:
    first = import_module("engine.store.migrations.versions.0001_first")
    return tuple(first.TABLES)
