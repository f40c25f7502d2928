"""A `vedette-master` that cannot start: what it says, how it ends, and what it left as it was."""

import asyncio
import ctypes
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.master_process import ENVIRONMENT

WITHIN = 30  #: seconds
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
PR_CAPBSET_DROP = 24


@dataclass(frozen=True)
class Ended:
    """How it ended: exit code, lines of stderr, bytes of stdout."""

    code: int
    said: list[str]
    out: bytes


async def start_and_fail(*arguments: str, before: Callable[[], None] | None = None, **environment: str) -> Ended:
    """Start a master that must end by itself. `before` runs in the new process, before the master does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "engine", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**ENVIRONMENT, **environment},
        preexec_fn=before,
    )
    try:
        out, said = await asyncio.wait_for(process.communicate(), WITHIN)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ended(process.returncode, said.decode().splitlines(), out)


def without_privileges() -> None:
    """Rights on files count, for root too, from the next exec on."""
    if os.getuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def files_up_to(size: int) -> Callable[[], None]:
    """A disk on which no file can grow beyond `size` bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def contents(directory: Path, *, but: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Every file at or below a path, byte for byte; `but` names that may change (locks, logs)."""
    files = [file for file in (directory, *directory.rglob("*")) if file.is_file()]
    return {str(file.relative_to(directory)): file.read_bytes() for file in files if file.name not in but}
