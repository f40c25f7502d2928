"""A line of the journal is about one or more subjects and is found by each of them."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "ALTER TABLE journal RENAME TO old_journal",
    """CREATE TABLE journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, subjects TEXT NOT NULL, what TEXT NOT NULL,
        why TEXT NOT NULL, request_id TEXT NOT NULL, details TEXT NOT NULL)""",
    "CREATE INDEX journal_at ON journal (at)",
    """CREATE TABLE journal_subjects (
        subject TEXT NOT NULL, line INTEGER NOT NULL, PRIMARY KEY (subject, line)) WITHOUT ROWID""",
    """INSERT INTO journal SELECT id, at, json_array(subject), what, why, request_id, details FROM old_journal""",
    "INSERT INTO journal_subjects SELECT subject, id FROM old_journal",
    "DROP TABLE old_journal",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
