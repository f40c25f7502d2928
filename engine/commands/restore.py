"""`restore FILE`: an installation from a backup, here or on another computer. Nothing is touched before all is read."""

import os
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from engine.commands import bundle
from engine.commands.bundle import DATABASE, OTHERS, Manifest, Opened
from engine.commands.speaking import Ask, Progress, backup_passphrase, offered
from engine.config import Options, private_directory
from engine.config_commands import CommandLine
from engine.instance import InstanceLock, restoring
from engine.records import KeyBox
from engine.store.copying import bring_back, knows_schema
from engine.vault.archive import ArchiveReader, BadArchive
from engine.vault.opening import known, wrapped
from engine.vault.sources import Place, Sources
from engine.vault.vault import Vault
from worker.process.banner import say
from worker.process.exit_codes import Exit, Stop, cannot_use
from worker.process.private_file import sync_directory
from worker.process.secret import Secret

#: what may be there before an installation is
NO_DATA = {"vedette.toml", ".env", "logs", "backups", "master.lock", "window.ini", ".restoring"}


def restore(command: CommandLine, options: Options, ask: Ask) -> None:
    """Bring an installation back. Blocking. Raises Stop, VaultError, StoreError, OSError."""
    file, data_dir = command.file, options.data_dir
    assert file is not None
    with ExitStack() as stack:
        if (data_dir / "master.lock").exists():
            stack.enter_context(InstanceLock(data_dir))
        in_the_way = _in_the_way(options, file)
        if in_the_way and not command.force:
            raise Stop(
                Exit.CONFIG,
                f"{data_dir} is in use ({in_the_way[0].name}): choose another with --data-dir, or have what is there "
                "put aside with --force",
            )
        passphrase = backup_passphrase(command, options, ask, new=False)
        try:
            stream = stack.enter_context(file.open("rb"))
        except OSError as error:
            raise cannot_use(f"the backup {file}", error) from None
        opened = _verified(file, stream.fileno(), passphrase, stack)
        private_directory(data_dir)
        if not (data_dir / "master.lock").exists():
            stack.enter_context(InstanceLock(data_dir))
        _put_in_place(command, options, ask, opened, in_the_way)


def _verified(file: Path, descriptor: int, passphrase: Secret, stack: ExitStack) -> Opened:
    stream = stack.enter_context(os.fdopen(os.dup(descriptor), "rb"))
    try:
        opened = bundle.verify(ArchiveReader(stream, passphrase), Progress("reading"))
        manifest = opened.manifest
        if not knows_schema(manifest.schema):
            raise BadArchive("was made by a newer Vedette: install that version or newer")
        names = [entry.name for entry in manifest.files]
        if not set(names) <= {DATABASE, *OTHERS}:  # nothing else is moved in, whoever made this file: no settings, say
            raise BadArchive("was made by a newer Vedette: install that version or newer")
        if DATABASE not in names or len(set(names)) < len(names) or manifest.current not in {0, *manifest.keys}:
            raise BadArchive("holds no installation: use another backup")
    except BadArchive as error:
        raise Stop(Exit.CONFIG, f"{file} {error}") from None
    return opened


def _in_the_way(options: Options, file: Path) -> list[Path]:
    """What makes the data directory one that is in use already."""
    there = sorted(options.data_dir.iterdir()) if options.data_dir.is_dir() else []
    found = [path for path in there if path.name not in NO_DATA and path != file]
    database = options.db_path
    return found + ([database] if database.exists() and database not in found else [])


def _put_in_place(command: CommandLine, options: Options, ask: Ask, opened: Opened, in_the_way: list[Path]) -> None:
    staging = restoring(options.data_dir)
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    now, place = datetime.now(UTC), None
    try:
        opened.extract(staging, Progress("writing"))
        place, box = _keys(Sources(staging, offered(options, ask)), command.to, opened.manifest, now)
        accounts = bring_back(staging / DATABASE, box, opened.manifest.made_at, now)
    except BaseException:
        if place is not None:
            place.forget()
        shutil.rmtree(staging, ignore_errors=True)
        raise
    aside = _put_aside(options.data_dir, in_the_way, now)
    _move_in(staging, options)
    _tell(opened.manifest, options, box, accounts, aside)


def _keys(sources: Sources, to: str | None, manifest: Manifest, now: datetime) -> tuple[Place | None, KeyBox]:
    """The data keys under a new key, kept where this computer keeps it best or where it was asked for.

    A passphrase that was given opens the backup: it becomes the key's only if that was asked for.
    """
    if not manifest.current:
        return None, KeyBox()
    source = known(to) if to else sources.choose()
    if source == "passphrase" and to is None:
        source = "file"
    place = sources.first(source)
    return place, wrapped(KeyBox(), Vault(manifest.keys, manifest.current), place, now)


def _put_aside(data_dir: Path, in_the_way: list[Path], now: datetime) -> Path | None:
    if not in_the_way:
        return None
    aside = data_dir / "backups" / f"before-restore-{now:%Y%m%d-%H%M%S}"
    private_directory(aside.parent)
    aside.mkdir(mode=0o700)
    for path in filter(Path.exists, in_the_way):  # the companions of a database go with it
        shutil.move(path, aside / path.name)
        for companion in (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")):
            if companion.exists():
                shutil.move(companion, aside / companion.name)
    return aside


def _move_in(staging: Path, options: Options) -> None:
    """The database last: without it there is no installation; while `staging` is there no master starts."""
    for path in sorted(staging.iterdir()):
        if path.name not in (DATABASE, DATABASE + "-wal", DATABASE + "-shm"):
            os.replace(path, options.data_dir / path.name)
    options.db_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.move(staging / DATABASE, options.db_path)
    sync_directory(options.db_path.parent)
    sync_directory(options.data_dir)
    shutil.rmtree(staging)


def _tell(manifest: Manifest, options: Options, box: KeyBox, accounts: int, aside: Path | None) -> None:
    say(f"✓ {options.data_dir}: {accounts} accounts as of {manifest.made_at:%Y-%m-%d %H:%M} UTC.")
    if box.source:
        say(f"  The key for credentials is kept in: {box.source}.")
    if aside is not None:
        say(f"  What was there is in {aside}.")
    say("  What was found since then is fetched again where the platforms still have it; accounts show the gap.")
    say("  Workers and tokens that were revoked since then count again: look through them.")
    say("  Let no other master run from the same backup or its origin: each would watch the same accounts.")
