"""`vedette`: the window. With a command it does what `vedette-master` does with it, which a bundle does not have."""

import os
import sys
from collections.abc import Sequence

from desktop.frozen import give_back
from engine.config import open_logs, read
from engine.config_commands import COMMANDS
from worker.process.banner import say
from worker.process.exit_codes import Stop
from worker.process.hardening import harden


def main(arguments: Sequence[str] | None = None) -> None:
    """Open the window and run until it is closed; exit with the code of contract.md."""
    line = sys.argv[1:] if arguments is None else arguments
    if line and line[0] in COMMANDS:
        from engine.__main__ import main as master

        master(line)
        return
    harden(undumpable=False)
    give_back(os.environ)
    try:
        options = read("vedette", line, os.environ, window=True)
        open_logs("desktop", options)
        from desktop.app import run

        code = run(options)
    except Stop as stop:
        say(f"vedette: {stop.sentence}")
        code = stop.code
    sys.exit(code)


if __name__ == "__main__":
    main()
