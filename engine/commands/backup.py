"""`backup [FILE]`: everything that makes an installation, in one encrypted file; also while a master runs."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from engine.commands import bundle
from engine.commands.bundle import DATABASE, OTHERS, Entry, Manifest
from engine.commands.speaking import Ask, Progress, backup_passphrase, offered, sync
from engine.config import Options, private_directory
from engine.config_commands import CommandLine
from engine.store.copying import copy_database, keys_of_copy, newest_schema, put_keys
from engine.vault.archive import ArchiveReader, ArchiveWriter
from engine.vault.errors import VaultError
from engine.vault.opening import open_vault
from engine.vault.sources import Sources
from worker import __version__
from worker.process.banner import say
from worker.process.exit_codes import Exit, Stop
from worker.process.secret import Secret

KeysOf = Callable[[Path], tuple[dict[int, bytes], int]]
Look = Callable[[], KeysOf]
Reporter = Callable[[str], Callable[[int, int], None]]

SUFFIX = ".vedette"
STALE = 86_400  #: seconds
TRIES = 10  #: the keys may change between the look at the database and the look at their place


def backup(command: CommandLine, options: Options, ask: Ask) -> Path:
    """Make a backup and read it back; returns the file. Blocking. Raises Stop, VaultError, StoreError, OSError."""
    if not options.db_path.exists():
        raise Stop(Exit.CONFIG, f"there is no installation in {options.data_dir}: nothing to back up")
    now = datetime.now(UTC)
    file = named(command.file, options.data_dir, f"vedette-{now:%Y%m%d-%H%M%S}{SUFFIX}")
    if file.exists() and not command.force:
        raise Stop(Exit.CONFIG, f"{file} exists already: choose another name, or replace it with --force")
    passphrase = backup_passphrase(command, options, ask, new=True)
    write_backup(options, file, passphrase, lambda: _looking(options, ask), Progress)
    say(f"✓ {file} ({file.stat().st_size / 1e6:.1f} MB). It opens only with its passphrase: keep that apart from it.")
    return file


def write_backup(options: Options, file: Path, passphrase: Secret, look: Look, report: Reporter) -> None:
    """Write `file` and read it back; what is cut off leaves nothing behind. Blocking.

    Args:
        look: called before each copy of the database. What it returns is given the copy, and returns the data keys that
            open what is sealed there, and the current one's id.
        report: for each step (copying, writing, reading back) what is told the bytes done and in all; what it raises
            ends it all.

    Raises:
        VaultError, StoreError, OSError, sqlite3.Error.
    """
    copy, part = options.data_dir / "backups" / f".copy-{secrets.token_hex(4)}.db", file.with_name(file.name + ".part")
    private_directory(copy.parent)
    now = datetime.now(UTC)
    _tidy(copy.parent, now)
    try:
        keys, current = _copied(options.db_path, copy, look, report)
        paths = [copy, *(path for name in OTHERS if (path := options.data_dir / name).exists())]
        entries = [Entry(DATABASE if path == copy else path.name, path.stat().st_size) for path in paths]
        manifest = Manifest(now, __version__, newest_schema(), keys, current, entries)
        _write(part, passphrase, manifest, paths, report)
        os.replace(part, file)
    finally:
        for leftover in (copy, copy.with_name(copy.name + "-journal"), part):
            leftover.unlink(missing_ok=True)


def named(wanted: Path | None, data_dir: Path, automatic: str) -> Path:
    """The file to write: as asked, inside of the directory that was named, or in `backups/`."""
    if wanted is None:
        private_directory(data_dir / "backups")
        return data_dir / "backups" / automatic
    if not wanted.is_dir() and not wanted.parent.is_dir():
        raise Stop(Exit.CONFIG, f"there is no directory {wanted.parent}")
    return wanted / automatic if wanted.is_dir() else wanted


def _tidy(directory: Path, now: datetime) -> None:
    """Remove copies that a killed backup left; one of the last day may belong to another that is at work."""
    for left in directory.glob(".copy-*"):
        if now.timestamp() - left.stat().st_mtime > STALE:
            left.unlink(missing_ok=True)


def _copied(source: Path, copy: Path, look: Look, report: Reporter) -> tuple[dict[int, bytes], int]:
    """Copy the database; returns the data keys that open what is sealed in it, and the current one."""
    for _ in range(TRIES - 1):
        with suppress(VaultError):
            return _try(source, copy, look, report)
    return _try(source, copy, look, report)


def _try(source: Path, copy: Path, look: Look, report: Reporter) -> tuple[dict[int, bytes], int]:
    keys_of = look()
    _copy(source, copy, report)
    return keys_of(copy)


def _copy(source: Path, copy: Path, report: Reporter) -> None:
    copy.unlink(missing_ok=True)
    copy_database(source, copy, report("copying"))


def _looking(options: Options, ask: Ask) -> KeysOf:
    sources = Sources(options.data_dir, offered(options, ask), mend=False)
    sources.glance()
    return lambda copy: _keys(sources, copy)


def _keys(sources: Sources, copy: Path) -> tuple[dict[int, bytes], int]:
    box, sealed = keys_of_copy(copy)
    if not box.source and not sealed:
        return {}, 0
    vault, opened, _ = open_vault(box, sources, datetime.now(UTC), sealed_exist=sealed)
    if opened is not box:
        put_keys(copy, opened)
    return vault.keys(), vault.current


def _write(part: Path, passphrase: Secret, manifest: Manifest, paths: list[Path], report: Reporter) -> None:
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            bundle.write(ArchiveWriter(stream, passphrase), manifest, paths, report("writing"))
        sync(part)
    except OSError as error:
        error.filename = error.filename or os.fspath(part.parent)  # a full disk does not say which one it is
        raise
    with part.open("rb") as stream:  # a disk that lies is found out now, not on the day that the backup is needed
        bundle.verify(ArchiveReader(stream, passphrase), report("reading back"))
