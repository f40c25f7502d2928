"""Why the database cannot be used, as one clear sentence each. Nothing here ever changes the data."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from engine.records import StorageFault


class StoreError(StorageFault):
    """Base."""


class NewerDatabase(StoreError):
    """The file was made by a newer Vedette."""


class ForeignDatabase(StoreError):
    """A SQLite file, but of another program."""


class CorruptDatabase(StoreError):
    """The file is damaged or no SQLite file at all."""


class ReadOnlyDatabase(StoreError):
    """The file or its directory cannot be opened for writing."""


class DiskFull(StoreError):
    """Nothing more can be written right now; what was committed is safe."""

    code = "disk_full"


class Busy(StoreError):
    """Another program holds the database, longer than we wait."""

    code = "database_busy"


class StoreClosed(StoreError):
    """Asked after close()."""


_BY_PRIMARY_CODE: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_CORRUPT: (CorruptDatabase, "the database is damaged: restore a backup"),
    sqlite3.SQLITE_NOTADB: (CorruptDatabase, "the database is damaged or not a database: restore a backup"),
    sqlite3.SQLITE_READONLY: (ReadOnlyDatabase, "the database is not writable: check the rights on its directory"),
    sqlite3.SQLITE_CANTOPEN: (ReadOnlyDatabase, "the database cannot be opened: check its directory and its rights"),
    sqlite3.SQLITE_PERM: (ReadOnlyDatabase, "the database is not writable: check the rights on its directory"),
    sqlite3.SQLITE_FULL: (DiskFull, "the disk is full: make room; nothing is lost meanwhile"),
    sqlite3.SQLITE_BUSY: (Busy, "another program holds the database: close it"),
    sqlite3.SQLITE_LOCKED: (Busy, "another program holds the database: close it"),
}
# a file size limit (ulimit -f) or a failing disk comes as an input/output error of these operations
_NO_ROOM = {
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
}


def translated(error: BaseException) -> BaseException:
    """A StoreError if SQLite says something about the file or the disk; any other error comes back as it is."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(origin, "sqlite_errorcode", None)
    if code is None:
        return error
    if code in _NO_ROOM:
        return DiskFull("the disk is full or failing: make room; nothing is lost meanwhile")
    kind, sentence = _BY_PRIMARY_CODE.get(code & 0xFF, (None, ""))
    return error if kind is None else kind(sentence)
