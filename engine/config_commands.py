"""What `vedette-master` may be asked to do instead of running."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import configargparse

from engine.config_secrets import OF_COMMANDS, add_flags
from worker.process.secret import Secret

CommandName = Literal["backup", "restore", "diagnose", "rotate-key"]
COMMANDS: tuple[CommandName, ...] = get_args(CommandName)
PLACES = ("keychain", "file", "passphrase", "environment")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One command.

    Attributes:
        file: None lets the command choose a name in `backups/`.
        to: where the key shall be kept, None leaves it to the command.
        force: put aside what is in the way.
        secrets: by option name, see config_secrets.
    """

    name: CommandName
    file: Path | None = None
    to: str | None = None
    force: bool = False
    secrets: Mapping[str, Secret] = field(default_factory=dict)


def add_command_flags(parser: configargparse.ArgParser) -> None:
    """The flags that only commands take."""
    parser.epilog = "commands: backup [FILE] · restore FILE · diagnose [FILE] · rotate-key"
    parser.add("--to", choices=PLACES, help="rotate-key, restore: where the key for credentials is kept from now on")
    parser.add("--force", action="store_true", help="restore, backup: put aside what is in the way")
    add_flags(parser, OF_COMMANDS)


def command_of(words: Sequence[str], values: Namespace, secrets: Mapping[str, Secret]) -> CommandLine | str:
    """The command that these words ask for, or what is wrong with them."""
    name = words[0]
    if name not in COMMANDS or any(word.startswith("-") for word in words):
        return "unrecognized arguments: " + " ".join(words)
    if len(words) > 2 or (name == "rotate-key" and len(words) > 1):
        return f"{name} takes {'no' if name == 'rotate-key' else 'one'} FILE"
    if name == "restore" and len(words) == 1:
        return "restore: name the FILE of the backup"
    file = Path(words[1]).expanduser().absolute() if len(words) == 2 else None
    return CommandLine(name, file, values.to, bool(values.force), secrets)
