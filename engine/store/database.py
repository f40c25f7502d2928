"""Opens the database file: looks whether it is sound and ours, and brings its schema up to date."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from engine.store.driver import driver
from engine.store.errors import (
    CorruptDatabase,
    ForeignDatabase,
    NewerDatabase,
    ReadOnlyDatabase,
    StoreError,
    translated,
)
from worker.process.clock import lease_clock

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
)  #: all that this version knows, oldest first; a test compares them with migrations/versions
BUSY_MS = 5000
CHECK_SECONDS = 0.15  #: a start must stay under a second, so a large file is looked at only in part
WRITER_CACHE_KIB = 32 * 1024
READER_CACHE_KIB = 8 * 1024
CHECKPOINT_PAGES = 4000
MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """One SQLite file: WAL, synchronous=FULL, foreign keys. Makes connections; owns none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = create_engine("sqlite://", creator=self._open, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def prepare(self) -> None:
        """Create or migrate the file. Blocking. Raises StoreError; the data stays untouched then."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._connect() as connection:
                self._look(connection)
                self._migrate(connection)
        except OSError as error:
            raise ReadOnlyDatabase(f"the directory {self.path.parent} cannot be used: {error.strerror}") from error

    def writer(self) -> Connection:
        """A connection that may write; used by one thread at a time."""
        connection = self._engine.connect()
        connection.exec_driver_sql(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
        connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        return connection

    def reader(self) -> Connection:
        """A connection that cannot write."""
        connection = self._engine.connect()
        connection.exec_driver_sql(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
        connection.exec_driver_sql("PRAGMA query_only = ON")
        return connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, check_same_thread=False, cached_statements=256)
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (f"busy_timeout = {BUSY_MS}", "foreign_keys = ON", "synchronous = FULL", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except StoreError:
            raise
        except Exception as error:  # only to give SQLite's errors their sentence and the file's name
            known = translated(error)
            raise (type(known)(f"{known} ({self.path})") if isinstance(known, StoreError) else error) from error

    def _look(self, connection: Connection) -> None:
        fault = _fault(connection)
        if fault:
            raise CorruptDatabase(f"the database {self.path} is damaged ({fault}): restore a backup")
        tables = {name for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master")}
        if tables and "alembic_version" not in tables:
            raise ForeignDatabase(f"the file {self.path} is a database, but not one of Vedette's")
        revision = _revision(connection) if tables else None
        if revision is not None and revision not in REVISIONS:
            raise NewerDatabase(f"the database {self.path} was made by a newer Vedette: install that version or newer")

    def _migrate(self, connection: Connection) -> None:
        if connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar() != "wal":
            raise ReadOnlyDatabase(f"the database {self.path} is not writable: check the rights on its directory")
        if _revision(connection) == REVISIONS[-1]:
            return
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            _upgrade(connection)
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


def _upgrade(connection: Connection) -> None:
    from alembic import command  # 0.2 s, and needed only once per version
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").scalar():
        return None
    revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revision


def _fault(connection: Connection) -> str:
    """SQLite's own quick check, for as long as a start may take; an empty string if nothing was found."""
    raw = driver(connection)
    deadline = lease_clock() + CHECK_SECONDS
    raw.set_progress_handler(lambda: lease_clock() > deadline, 10_000)
    try:
        answer = str(raw.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return ""
    finally:
        raw.set_progress_handler(None, 0)
    return "" if answer == "ok" else answer.replace("\n", " ")[:200]
