"""What goes wrong in a command, as the one sentence that a person is told."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from engine.config import Options
from engine.store.errors import Busy, DiskFull, StoreError, translated
from engine.vault.errors import VaultError
from worker.process.exit_codes import NO_ROOM, Exit, Stop, cannot_use


@contextmanager
def stops(options: Options) -> Iterator[None]:
    """Whatever the database, the keys or the disk raise comes out as a Stop with its sentence and exit code."""
    try:
        yield
    except (StoreError, VaultError) as error:
        passes = isinstance(error, (DiskFull, Busy)) or getattr(error.__cause__, "errno", None) in NO_ROOM
        raise Stop(Exit.TEMPORARY if passes else Exit.CONFIG, str(error)) from error
    except (sqlite3.Error, DBAPIError) as error:
        known = translated(error)
        code = Exit.TEMPORARY if isinstance(known, (DiskFull, Busy)) else Exit.CONFIG
        raise Stop(code, f"{known} ({options.db_path})") from error
    except OSError as error:
        raise cannot_use(str(error.filename or options.data_dir), error) from error
