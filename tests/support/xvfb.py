"""A virtual X display of our own, ended by pid."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def display() -> Iterator[str]:
    """Start Xvfb on a free display; gives its name, e.g. “:3”."""
    read_end, write_end = os.pipe()
    # -noreset: else the server starts afresh when its last client leaves, and refuses who comes in that moment
    command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(command, pass_fds=[write_end], stderr=subprocess.DEVNULL) as process:
        os.close(write_end)
        try:
            with os.fdopen(read_end) as said:
                number = said.readline().strip()
            assert number, f"Xvfb did not start (exit {process.poll()})"
            yield f":{number}"
        finally:
            process.terminate()
