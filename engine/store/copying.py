"""A copy of the database of one moment, and what has to change in one that is brought back. Blocking."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import Connection, text

from engine.records import KeyBox, to_ms
from engine.store.database import REVISIONS, Database
from engine.store.errors import CorruptDatabase
from engine.store.keys import RESTORED, read_box, write_box
from engine.store.schema import credentials, settings

PAGES = 2048  #: copied at once, between two reports
NOBODY_KNOWS = "before-restore"  #: the owner of what came back from a backup: no worker has this id


def newest_schema() -> str:
    """The revision that this version writes."""
    return REVISIONS[-1]


def knows_schema(revision: str) -> bool:
    """Whether this version can read it."""
    return revision in REVISIONS


def copy_database(source: Path, target: Path, report: Callable[[int, int], None]) -> None:
    """Copy what is committed at this moment, while others write, and look through the copy.

    Args:
        report: told the bytes copied so far and in all.

    Raises:
        CorruptDatabase: if the copy is not sound.
        sqlite3.Error: if it cannot be read or written.
    """
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.execute("PRAGMA busy_timeout = 5000")
        old.isolation_level = None
        # in a transaction of our own the copy is of one moment, and somebody who writes does not make it begin again
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()
        size: int = old.execute("PRAGMA page_size").fetchone()[0]
        old.backup(new, pages=PAGES, progress=lambda _, left, total: report((total - left) * size, total * size))
        new.execute("PRAGMA journal_mode = DELETE")
        verdict = str(new.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if verdict != "ok":
        raise CorruptDatabase(f"the database {source} is damaged ({verdict[:200]}): a copy would be as well")


def keys_of_copy(path: Path) -> tuple[KeyBox, bool]:
    """What a copy says about its keys, brought up to this version's schema; and whether anything is sealed in it."""
    database = Database(path)
    database.prepare()
    with closing(database.writer()) as connection:
        sealed = connection.execute(credentials.select().limit(1)).first() is not None
        return read_box(connection), sealed


def put_keys(path: Path, box: KeyBox) -> None:
    """Write what belongs to the keys into a copy."""
    with closing(Database(path).writer()) as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        write_box(connection, box)
        connection.exec_driver_sql("COMMIT")


def bring_back(path: Path, box: KeyBox, made_at: datetime, now: datetime) -> int:
    """Make a copy the database of an installation; returns how many accounts it has.

    Every epoch becomes at least the seconds since 1970, so that nothing from before can act for long. Who watches an
    account right now is not in the backup: it may have moved since, to a worker on another computer that goes on until
    its lease ends. So every account's owner becomes one that nobody knows, and the master waits a full time-out before
    it gives the account to anyone (found by simulation). Codes that would let a worker in are void: one that was used
    since then must not count again.

    Raises:
        StoreError: if it is not sound, or of a newer version.
    """
    database = Database(path)
    database.prepare()
    with closing(database.writer()) as connection:
        verdict = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
        if verdict != "ok":
            raise CorruptDatabase(f"the database in the backup is damaged ({verdict[:200]}): use another backup")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        accounts = _raise_epochs(connection, int(now.timestamp()))
        write_box(connection, box)
        value = msgspec.json.encode({"at": to_ms(now), "made_at": to_ms(made_at)}).decode()
        connection.execute(settings.delete().where(settings.c.key == RESTORED))
        connection.execute(settings.insert().values(key=RESTORED, value=value))
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
    return accounts


def _raise_epochs(connection: Connection, seconds: int) -> int:
    connection.execute(
        text("UPDATE accounts SET epoch = max(epoch, :seconds), worker_id = :nobody"),
        {"seconds": seconds, "nobody": NOBODY_KNOWS},
    )
    if connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'join_codes'")).scalar():
        connection.execute(text("DELETE FROM join_codes"))
    count: int = connection.execute(text("SELECT count(*) FROM accounts WHERE deleted_at IS NULL")).scalar_one()
    return count
