"""`diagnose [FILE]`: what helps to find a fault, in one zip without a secret; also while a master runs."""

import os
import platform
import sqlite3
import sys
import zipfile
from contextlib import closing
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from engine.commands.backup import named
from engine.commands.redaction import Redaction, known_secrets
from engine.config import Options
from engine.config_commands import CommandLine
from engine.store.errors import translated
from engine.vault.sources import Offered
from worker import __version__
from worker.process.banner import say
from worker.process.exit_codes import Exit, Stop

LOG_BYTES = 1024 * 1024  #: of each log file, its end
JOURNAL_LINES = 2000
GROUPS = {
    "accounts": (
        "accounts",
        "SELECT platform, status, deleted_at IS NOT NULL AS deleted, count(*) AS count FROM accounts GROUP BY 1, 2, 3",
    ),
    "workers": ("workers", "SELECT id, kind, capacity, draining, revoked, restarts FROM workers"),
    "keys": ("data_keys", "SELECT id, created_at FROM data_keys"),
}  #: table and query; no names, no handles, no addresses


def diagnose(command: CommandLine, options: Options) -> Path:
    """Write the bundle; returns the file. Blocking. Raises Stop, OSError. A damaged database is a finding, no error."""
    if not options.data_dir.is_dir():
        raise Stop(Exit.CONFIG, f"there is no data directory {options.data_dir}: nothing to look at")
    file = named(command.file, options.data_dir, f"diagnosis-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip")
    if file.exists() and not command.force:
        raise Stop(Exit.CONFIG, f"{file} exists already: choose another name, or replace it with --force")
    redact = Redaction(known_secrets(options, Offered(options.encryption_key, options.passphrase)))
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    try:
        with (
            os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream,
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as bundle,
        ):
            for name, content in _contents(options):
                bundle.writestr(name, redact(content))
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)
    say(f"✓ {file}. It holds no credentials, keys or tokens, and no text of detections;")
    say("  names of accounts may stand in the journal: look through it before you give it away.")
    return file


def _contents(options: Options) -> list[tuple[str, str]]:
    logs = sorted((options.data_dir / "logs").glob("*.jsonl*"))
    return [
        ("about.json", _json(_about(options))),
        ("files.json", _json(_files(options.data_dir))),
        *_database(options.db_path),
        *((f"logs/{log.name}", _end_of(log)) for log in logs),
    ]


def _about(options: Options) -> dict[str, Any]:
    skipped = {"encryption_key", "passphrase"}
    shown = {field.name: str(getattr(options, field.name)) for field in fields(options) if field.name not in skipped}
    return {
        "vedette": __version__,
        "python": sys.version,
        "system": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        "frozen": bool(getattr(sys, "frozen", False)),
        "at": datetime.now(UTC).isoformat(),
        "options": shown | {name: f"given: {getattr(options, name) is not None}" for name in sorted(skipped)},
    }


def _files(data_dir: Path) -> list[dict[str, Any]]:
    """Names, sizes and modes; never what is inside."""
    found = []
    for path in sorted(data_dir.rglob("*")):
        state = path.lstat()
        found.append({"name": str(path.relative_to(data_dir)), "bytes": state.st_size, "mode": oct(state.st_mode)})
    return found


def _database(path: Path) -> list[tuple[str, str]]:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            connection.row_factory = sqlite3.Row
            return [("database.json", _json(_tables(connection))), ("journal.jsonl", _journal(connection))]
    except sqlite3.Error as error:
        return [("database.json", _json({"fault": str(translated(error)), "sqlite": str(error)}))]


def _tables(connection: sqlite3.Connection) -> dict[str, Any]:
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
    plain = [name for name in names if not name.startswith(("search", "sqlite_"))]
    report: dict[str, Any] = {
        "schema": [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")],
        "integrity": [row[0] for row in connection.execute("PRAGMA integrity_check(20)")],
        "rows": {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in plain},
    }
    for name, (table, query) in GROUPS.items():
        report[name] = [dict(row) for row in connection.execute(query)] if table in names else []
    return report


def _journal(connection: sqlite3.Connection) -> str:
    rows = connection.execute("SELECT * FROM journal ORDER BY id DESC LIMIT ?", (JOURNAL_LINES,)).fetchall()
    return "\n".join(msgspec.json.encode(dict(row)).decode() for row in reversed(rows))


def _end_of(log: Path) -> str:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - LOG_BYTES))
        return stream.read(LOG_BYTES).decode(errors="replace")


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
