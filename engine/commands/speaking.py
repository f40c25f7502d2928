"""What commands ask and say."""

import os
from collections.abc import Callable

from engine.config import Options
from engine.config_commands import CommandLine
from engine.vault.passphrase import long_enough
from engine.vault.sources import Offered
from worker.process.banner import say
from worker.process.clock import lease_clock
from worker.process.exit_codes import Exit, Stop
from worker.process.secret import Secret

Ask = Callable[[str], Secret | None]
QUIET = 2.0  #: seconds that something may take before it says how far it is, and between two lines


def offered(options: Options, ask: Ask) -> Offered:
    """What the key for credentials may be made from."""
    return Offered(options.encryption_key, options.passphrase, lambda: ask("Passphrase of the credentials: "))


def backup_passphrase(command: CommandLine, options: Options, ask: Ask, *, new: bool) -> Secret:
    """The passphrase of a backup; a new one is asked for twice. Raises Stop if nobody gives one, or two that differ."""
    given = command.secrets.get("backup_passphrase") or options.passphrase
    if given is None:
        given = ask("Passphrase of the backup: ")
        if new and given is not None and ask("Once more: ") != given:
            raise Stop(Exit.CONFIG, "the two passphrases differ: nothing was done")
    if given is None:
        raise Stop(
            Exit.CONFIG,
            "a backup has a passphrase: give it with --passphrase-file or VEDETTE_PASSPHRASE, or in a terminal",
        )
    return long_enough(given) if new else given


class Progress:
    """Says how far something is, if it takes long."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._next = lease_clock() + QUIET

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` bytes."""
        if lease_clock() >= self._next:
            self._next = lease_clock() + QUIET
            say(f"  {self._what}: {done * 100 // max(total, 1)} % of {total / 1e6:.0f} MB")


def sync(path: os.PathLike[str] | str) -> None:
    """Have a file on the disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
