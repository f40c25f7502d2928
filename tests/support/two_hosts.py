"""Two hosts on one cable: network namespaces, joined by a veth pair that can be pulled out."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

HERE, THERE = "10.88.7.1", "10.88.7.2"


class Cable:
    """The pair: `here` and `there` are prefixes for commands that are to run on one of the hosts."""

    def __init__(self, name: str) -> None:
        self.names = (f"{name}a", f"{name}b")
        self.here = ("ip", "netns", "exec", self.names[0])
        self.there = ("ip", "netns", "exec", self.names[1])

    def build(self) -> None:
        """Two hosts that see each other and nobody else."""
        a, b = self.names
        for name in self.names:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("link", "add", f"{a}0", "netns", a, "type", "veth", "peer", "name", f"{b}0", "netns", b)
        for name, address in ((a, HERE), (b, THERE)):
            _ip("-n", name, "address", "add", f"{address}/24", "dev", f"{name}0")
            _ip("-n", name, "link", "set", f"{name}0", "up")

    def pull(self) -> None:
        """The cable is out."""
        _ip("-n", self.names[1], "link", "set", f"{self.names[1]}0", "down")

    def plug(self) -> None:
        """The cable is in again."""
        _ip("-n", self.names[1], "link", "set", f"{self.names[1]}0", "up")

    def remove(self) -> None:
        """Take both hosts away, whatever there is of them."""
        for name in self.names:
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", name)


@contextmanager
def cable() -> Iterator[Cable]:
    """A fresh pair; skips where that cannot be had, but fails in CI: there it must be shown."""
    reason = _why_not()
    if reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"two hosts are needed in CI: {reason}")
        pytest.skip(f"no two hosts here: {reason}")
    pair = Cable(f"vd{secrets.token_hex(3)}")
    try:
        pair.build()
        yield pair
    finally:
        pair.remove()


def _why_not() -> str:
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    name = f"vd{secrets.token_hex(3)}t"
    try:
        _ip("netns", "add", name)
        _ip("netns", "delete", name)
    except subprocess.CalledProcessError as error:
        return f"network namespaces are not allowed ({error.stderr.decode().strip()})"
    return ""


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)
