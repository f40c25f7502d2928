"""`vedette-master` as a command: what it says, and how it ends."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.master_process import ENVIRONMENT

PHRASE = "canary-of-the-backup"


@dataclass(frozen=True)
class Done:
    """How a command ended: exit code, stderr, stdout."""

    code: int
    said: str
    out: str


def command(
    data_dir: Path, *words: str, phrase: str | None = PHRASE, program: str = "engine", **environment: str
) -> Done:
    """Run `vedette-master … ` (or another of our programs) on a data directory; the passphrase goes through the
    environment."""
    given = {} if phrase is None else {"VEDETTE_PASSPHRASE": phrase}
    done = subprocess.run(
        [sys.executable, "-m", program, *words, "--data-dir", str(data_dir)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={**ENVIRONMENT, **given, **environment},
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stderr, done.stdout)
