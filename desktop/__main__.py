"""`vedette`: the window."""

import os
import sys
from collections.abc import Sequence

from desktop.frozen import give_back
from engine.config import open_logs, read
from worker.process.banner import say
from worker.process.exit_codes import Stop
from worker.process.hardening import harden


def main(arguments: Sequence[str] | None = None) -> None:
    """Open the window and run until it is closed; exit with the code of contract.md."""
    harden(undumpable=False)
    give_back(os.environ)
    try:
        options = read("vedette", sys.argv[1:] if arguments is None else arguments, os.environ, window=True)
        open_logs("desktop", options)
        from desktop.app import run

        code = run(options)
    except Stop as stop:
        say(f"vedette: {stop.sentence}")
        code = stop.code
    sys.exit(code)


if __name__ == "__main__":
    main()
