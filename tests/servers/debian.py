"""Servers that Debian packages: `make servers` installs them where it may, the tests only start them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")  #: asked by Debian's packages before they start a service; 101 forbids it


@dataclass(frozen=True, slots=True)
class Packages:
    """A server that apt can install; satisfies `cache.Installable`.

    Attributes:
        programs: absolute paths, all there once it is installed.
    """

    name: str
    packages: tuple[str, ...]
    programs: tuple[Path, ...]

    @property
    def where(self) -> str:
        """For people."""
        return " ".join(map(str, self.programs))

    def is_installed(self) -> bool:
        """True if its programs are there."""
        return all(program.exists() for program in self.programs)

    def install(self) -> None:
        """Install it as root; without that, or without apt, print what would.

        Raises:
            subprocess.CalledProcessError: if apt-get fails.
        """
        if self.is_installed():
            return
        command = ["apt-get", "install", "-y", "--no-install-recommends", *self.packages]
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            print(f"{self.name}: install it with:\n\n  sudo {' '.join(command)}\n")  # noqa: T201 - for a command
            return
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
        with _no_services():
            subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


@contextmanager
def _no_services(policy: Path = POLICY) -> Iterator[None]:
    """Let no package start what it brings: a service of the system would listen on every interface."""
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()
