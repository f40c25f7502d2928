"""Carries out one command; what it says goes to stderr."""

from collections.abc import Callable

from engine.commands.rotate import rotate_key
from engine.config import Options, open_logs
from engine.config_commands import CommandLine
from engine.store.errors import Busy, DiskFull, StoreError
from engine.vault.errors import VaultError
from worker.process.exit_codes import NO_ROOM, Exit, Stop, cannot_use
from worker.process.secret import Secret

Ask = Callable[[str], Secret | None]


async def perform(command: CommandLine, options: Options, ask: Ask) -> None:
    """Do it.

    Args:
        ask: asks a person for a secret, with this prompt; None from it if nobody is there.

    Raises:
        Stop: with the exit code and the sentence for the user.
    """
    try:
        match command.name:
            case "rotate-key":
                open_logs("master", options)
                await rotate_key(command, options, ask)
            case _:
                raise NotImplementedError(command.name)
    except (StoreError, VaultError) as error:
        passes = isinstance(error, (DiskFull, Busy)) or getattr(error.__cause__, "errno", None) in NO_ROOM
        raise Stop(Exit.TEMPORARY if passes else Exit.CONFIG, str(error)) from error
    except OSError as error:
        raise cannot_use(str(error.filename or options.data_dir), error) from error
