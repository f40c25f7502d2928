"""The two files in the data directory that may hold options: what cannot be understood stops the start.

A line that were passed over in silence would leave its writer with another setting than the one written down.
"""

import tomllib
from pathlib import Path

import configargparse

from worker.process.exit_codes import Exit, Stop, cannot_use

SECTION = "vedette"


def read_dotenv(file: Path) -> dict[str, str]:
    """Names and values of a `.env`; nothing if there is no such file.

    Raises:
        Stop: code 78, naming the line.
    """
    pairs: dict[str, str] = {}
    for number, line in enumerate(_text(file).splitlines(), 1):
        statement = line.strip().removeprefix("export ")
        if not statement or statement.startswith("#"):
            continue
        name, equals, value = statement.partition("=")
        if not equals or not name.strip().isidentifier():  # never shown: it may hold a secret
            raise Stop(Exit.CONFIG, f"line {number} of {file} cannot be understood; allowed: NAME=value")
        pairs[name.strip()] = value.strip().strip("\"'")
    return pairs


def read_toml(file: Path, parser: configargparse.ArgParser) -> None:
    """Look whether the parser will understand a `vedette.toml`; it says less well what is wrong.

    Raises:
        Stop: code 78, naming the line or the option.
    """
    try:
        content = tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        raise Stop(Exit.CONFIG, f"{file} is not TOML: {error}") from None
    for name, value in content.items():
        if name != SECTION or not isinstance(value, dict):
            raise Stop(Exit.CONFIG, f"“{name}” in {file} stands outside of the section [{SECTION}]")
    flags = {flag.removeprefix("--"): action.nargs == 0 for action in parser._actions for flag in action.option_strings}
    for name, value in content.get(SECTION, {}).items():
        if name not in flags or name in ("data-dir", "help"):
            raise Stop(Exit.CONFIG, f"“{name}” in {file} is no option that can stand there (see --help)")
        allowed = (bool,) if flags[name] else (str, int, float)
        if not isinstance(value, allowed) or isinstance(value, bool) is not flags[name]:
            wanted = "true or false" if flags[name] else "a text or a number"
            raise Stop(Exit.CONFIG, f"“{name}” in {file} does not fit; allowed: {wanted}")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):  # the data directory's own fault is told where it is made
        return ""
    except UnicodeDecodeError:
        raise Stop(Exit.CONFIG, f"{file} is not UTF-8 text") from None
    except OSError as error:
        raise cannot_use(str(file), error) from None
