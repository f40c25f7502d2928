"""The first schema."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    # AUTOINCREMENT: the key of a purged account, or the id of an expired detection, never means another one
    """CREATE TABLE accounts (
        "key" INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, platform TEXT NOT NULL,
        display_name TEXT NOT NULL, handle TEXT NOT NULL, settings TEXT NOT NULL, tags TEXT NOT NULL,
        interval INTEGER NOT NULL, pinned_to TEXT, status TEXT NOT NULL, last_error TEXT, last_check_at INTEGER,
        worker_id TEXT, epoch INTEGER NOT NULL, cursor TEXT, revision INTEGER NOT NULL, created_at INTEGER NOT NULL,
        deleted_at INTEGER)""",
    """CREATE TABLE credentials (
        account INTEGER PRIMARY KEY REFERENCES accounts("key"), blob BLOB NOT NULL, version INTEGER NOT NULL)""",
    """CREATE TABLE detections (
        id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES accounts("key"),
        kind INTEGER NOT NULL, read INTEGER NOT NULL, handled INTEGER NOT NULL, starred INTEGER NOT NULL,
        detected_at INTEGER NOT NULL, published_at INTEGER, worker_id TEXT NOT NULL, external_id TEXT NOT NULL,
        thread_id TEXT NOT NULL, author_id TEXT NOT NULL, author_name TEXT NOT NULL, author_handle TEXT NOT NULL,
        author_avatar TEXT NOT NULL, text TEXT NOT NULL, url TEXT NOT NULL, subject TEXT NOT NULL)""",
    "CREATE INDEX detections_account ON detections (account)",
    "CREATE INDEX detections_kind ON detections (kind)",
    "CREATE INDEX detections_time ON detections (detected_at)",
    "CREATE INDEX detections_thread ON detections (thread_id, account) WHERE thread_id <> ''",
    "CREATE INDEX detections_read ON detections (read)",
    "CREATE INDEX detections_handled ON detections (handled) WHERE handled = 1",
    "CREATE INDEX detections_starred ON detections (starred) WHERE starred = 1",
    # what was ever stored, so that it never is again: outlives the detection, goes with the account
    """CREATE TABLE seen (
        account INTEGER NOT NULL, kind INTEGER NOT NULL, hash BLOB NOT NULL,
        PRIMARY KEY (account, kind, hash)) WITHOUT ROWID""",
    "CREATE TABLE counters (account INTEGER PRIMARY KEY, total INTEGER NOT NULL, unread INTEGER NOT NULL)",
    "INSERT INTO counters VALUES (0, 0, 0)",
    """CREATE TABLE dead_letters (
        id INTEGER PRIMARY KEY, at INTEGER NOT NULL, worker_id TEXT NOT NULL, code TEXT NOT NULL, item TEXT NOT NULL,
        fingerprint BLOB NOT NULL UNIQUE)""",
    """CREATE TABLE workers (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, capacity INTEGER NOT NULL,
        created_at INTEGER NOT NULL, draining INTEGER NOT NULL, revoked INTEGER NOT NULL, restarts INTEGER NOT NULL)""",
    'CREATE TABLE platforms ("key" TEXT PRIMARY KEY, descriptor TEXT NOT NULL, local INTEGER NOT NULL)',
    """CREATE TABLE journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, subject TEXT NOT NULL, what TEXT NOT NULL,
        why TEXT NOT NULL, request_id TEXT NOT NULL, details TEXT NOT NULL)""",
    "CREATE INDEX journal_subject ON journal (subject)",
    'CREATE TABLE settings ("key" TEXT PRIMARY KEY, value TEXT NOT NULL)',
    "INSERT INTO settings VALUES ('search.mark', '0')",
    # terms are made by terms.py; positions serve phrases of three and more Chinese characters
    "CREATE VIRTUAL TABLE search USING fts5 (terms, content='', columnsize=0, tokenize='ascii')",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
