"""Writes backups that hold nothing, step by step as a test lets it."""

import threading
from collections.abc import Callable
from pathlib import Path

from worker.process.secret import Secret

Reporter = Callable[[str], Callable[[int, int], None]]


class CannotWrite(Exception):
    """What this writer raises when it cannot."""


class MemoryBackup:
    """Satisfies `Writer`. `trouble` makes it fail; while `gate` is closed it reports and waits in the middle."""

    def __init__(self) -> None:
        self.trouble = ""
        self.given: list[tuple[Path, str]] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, file: Path, passphrase: Secret, report: Reporter) -> None:
        copying = report("copying")
        copying(120_000_000, 430_000_000)
        while not self.gate.wait(0.01):
            copying(120_000_000, 430_000_000)
        if self.trouble:
            raise CannotWrite(self.trouble)
        report("writing")(430_000_000, 430_000_000)
        self.given.append((file, passphrase.reveal()))
        file.write_bytes(b"x" * 1000)
