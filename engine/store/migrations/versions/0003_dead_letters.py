"""Dead letters say why in a sentence, have a size, and an id that never means another one."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    "ALTER TABLE dead_letters RENAME TO old_letters",
    """CREATE TABLE dead_letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, worker_id TEXT NOT NULL, code TEXT NOT NULL,
        why TEXT NOT NULL, item TEXT NOT NULL, bytes INTEGER NOT NULL, fingerprint BLOB NOT NULL UNIQUE)""",
    """INSERT INTO dead_letters SELECT id, at, worker_id, code, '', item, length(CAST(item AS BLOB)), fingerprint
        FROM old_letters ORDER BY id""",
    "DROP TABLE old_letters",
    # how many and how large they are is summed up from this
    "CREATE INDEX dead_letters_bytes ON dead_letters (bytes)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
