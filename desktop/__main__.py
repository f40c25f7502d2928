"""`vedette`: the window."""

import os
import sys
from collections.abc import Sequence

from engine.config import private_directory, read
from worker.process.banner import say
from worker.process.exit_codes import Stop
from worker.process.logs import configure


def main(arguments: Sequence[str] | None = None) -> None:
    """Open the window and run until it is closed; exit with the code of contract.md."""
    os.umask(0o077)
    try:
        options = read("vedette", sys.argv[1:] if arguments is None else arguments, os.environ, window=True)
        private_directory(options.data_dir)
        configure("desktop", options.data_dir / "logs" / "master.jsonl", options.log_level)
        from desktop.app import run

        code = run(options)
    except Stop as stop:
        say(f"vedette: {stop.sentence}")
        code = stop.code
    sys.exit(code)


if __name__ == "__main__":
    main()
