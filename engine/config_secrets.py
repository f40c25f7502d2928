"""Secrets that a start is given: never in the command line, out of the environment at once, or from a file."""

import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

import configargparse

from worker.process.exit_codes import Exit, Stop, cannot_use
from worker.process.hardening import forget_variable
from worker.process.secret import Secret

LONGEST = 4096  #: bytes of a file that holds one

#: option name → what it is; each is VEDETTE_NAME, VEDETTE_NAME_FILE or --name-file
OF_A_START = {
    "encryption_key": "file with the key for credentials, 32 bytes in base64",
    "passphrase": "file with the passphrase for credentials",
}
OF_COMMANDS = {
    "backup_passphrase": "file with the passphrase of the backup (default: --passphrase-file)",
    "new_encryption_key": "rotate-key: file with the key to change to",
    "new_passphrase": "rotate-key: file with the passphrase to change to",
}


def add_flags(parser: configargparse.ArgParser, secrets: Mapping[str, str]) -> None:
    """A flag for the file of each of these secrets."""
    for name, what in secrets.items():
        flag, variable = f"--{name.replace('_', '-')}-file", f"VEDETTE_{name.upper()}_FILE"
        parser.add(flag, env_var=variable, metavar="FILE", help=what)


def take(
    values: Namespace, names: Mapping[str, str], environment: Mapping[str, str], dotenv: Mapping[str, str]
) -> dict[str, Secret]:
    """Those of these secrets that are given. What stood in this process's own environment is gone from it afterwards.

    Raises:
        Stop: code 78 if one is given twice, or its file cannot be read.
    """
    taken = {}
    for name in names:
        variable, file = f"VEDETTE_{name.upper()}", getattr(values, f"{name}_file")
        text = environment.get(variable) or dotenv.get(variable)
        if environment is os.environ:
            forget_variable(variable)
        if text and file:
            raise Stop(Exit.CONFIG, f"{variable} and {variable}_FILE are both given: leave one of them out")
        if file:
            text = _content(Path(file).expanduser())
        if text:
            taken[name] = Secret(text)
    return taken


def _content(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(LONGEST + 1)
        text = content.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise cannot_use(f"the file {file}", error) from None
    except UnicodeDecodeError:
        text = ""
    if not text or len(content) > LONGEST:
        raise Stop(Exit.CONFIG, f"the file {file} holds no secret; allowed: one line of text")
    return text
