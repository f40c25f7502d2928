"""Real servers from PyPI, each in its own cached virtual environment, never in ours. Debian's are in debian.py.

The cache is VEDETTE_TEST_CACHE, by default ~/.cache/vedette-tests.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest


def root() -> Path:
    """The cache directory."""
    return Path(os.environ.get("VEDETTE_TEST_CACHE") or Path.home() / ".cache" / "vedette-tests")


class Installable(Protocol):
    """A server, however it is installed; `where` is for people."""

    @property
    def name(self) -> str: ...

    @property
    def where(self) -> str: ...

    def is_installed(self) -> bool: ...

    def install(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Server:
    """A server that pip can install.

    Attributes:
        requirements: exactly what goes into its environment; a change makes a new one.
    """

    name: str
    requirements: tuple[str, ...]

    @property
    def directory(self) -> Path:
        return root() / self.name

    @property
    def where(self) -> str:
        """For people."""
        return str(self.directory)

    def program(self, name: str) -> Path:
        """The path of one of its programs."""
        return self.directory / "bin" / name

    def is_installed(self) -> bool:
        """True if `install` once ran to its end with these requirements."""
        marker = self.directory / "installed.txt"
        return marker.is_file() and marker.read_text() == self._mark()

    def install(self) -> None:
        """Make the environment unless it is there; a second caller waits for the first.

        Raises:
            subprocess.CalledProcessError: if pip fails; a half-made environment is made anew the next time.
        """
        root().mkdir(parents=True, exist_ok=True)
        with _locked(root() / f"{self.name}.lock"):
            if self.is_installed():
                return
            shutil.rmtree(self.directory, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(self.directory)], check=True)
            pip = [str(self.program("pip")), "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, *self.requirements], check=True)
            (self.directory / "installed.txt").write_text(self._mark())

    def _mark(self) -> str:
        return "\n".join((*self.requirements, ""))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def require(server: Installable) -> None:
    """Skip the calling test if `server` is not installed, saying so; with CI=true fail it instead."""
    if server.is_installed():
        return
    reason = f"{server.name} is not installed: run “make servers”"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)
