"""Carries out one command; what it says goes to stderr."""

import asyncio

from engine.commands.backup import backup
from engine.commands.diagnose import diagnose
from engine.commands.failing import stops
from engine.commands.restore import restore
from engine.commands.rotate import rotate_key
from engine.commands.speaking import Ask
from engine.config import Options
from engine.config_commands import CommandLine
from worker.process.logs import configure


def perform(command: CommandLine, options: Options, ask: Ask) -> None:
    """Do it. Blocking.

    Args:
        ask: asks a person for a secret, with this prompt; None from it if nobody is there.

    Raises:
        Stop: with the exit code and the sentence for the user.
    """
    configure("master", None)  # what happens is said, and the running master's log stays its own
    with stops(options):
        _perform(command, options, ask)


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
