"""Carries out one command; what it says goes to stderr."""

import asyncio
import sqlite3

from sqlalchemy.exc import DBAPIError

from engine.commands.backup import backup
from engine.commands.diagnose import diagnose
from engine.commands.restore import restore
from engine.commands.rotate import rotate_key
from engine.commands.speaking import Ask
from engine.config import Options
from engine.config_commands import CommandLine
from engine.store.errors import Busy, DiskFull, StoreError, translated
from engine.vault.errors import VaultError
from worker.process.exit_codes import NO_ROOM, Exit, Stop, cannot_use
from worker.process.logs import configure


def perform(command: CommandLine, options: Options, ask: Ask) -> None:
    """Do it. Blocking.

    Args:
        ask: asks a person for a secret, with this prompt; None from it if nobody is there.

    Raises:
        Stop: with the exit code and the sentence for the user.
    """
    configure("master", None)  # what happens is said, and the running master's log stays its own
    try:
        _perform(command, options, ask)
    except (StoreError, VaultError) as error:
        passes = isinstance(error, (DiskFull, Busy)) or getattr(error.__cause__, "errno", None) in NO_ROOM
        raise Stop(Exit.TEMPORARY if passes else Exit.CONFIG, str(error)) from error
    except (sqlite3.Error, DBAPIError) as error:
        known = translated(error)
        code = Exit.TEMPORARY if isinstance(known, (DiskFull, Busy)) else Exit.CONFIG
        raise Stop(code, f"{known} ({options.db_path})") from error
    except OSError as error:
        raise cannot_use(str(error.filename or options.data_dir), error) from error


def _perform(command: CommandLine, options: Options, ask: Ask) -> None:
    match command.name:
        case "backup":
            backup(command, options, ask)
        case "restore":
            restore(command, options, ask)
        case "diagnose":
            diagnose(command, options)
        case "rotate-key":
            asyncio.run(rotate_key(command, options, ask))
