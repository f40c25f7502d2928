"""When nobody watched an account."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    "ALTER TABLE accounts ADD COLUMN watched_at INTEGER",
    "UPDATE accounts SET watched_at = last_check_at WHERE status <> 'paused'",
    """CREATE TABLE gaps (
        account INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL, caught_up INTEGER NOT NULL,
        complete INTEGER NOT NULL, why TEXT NOT NULL, missed TEXT NOT NULL, acknowledged INTEGER NOT NULL,
        PRIMARY KEY (account, since)) WITHOUT ROWID""",
    "CREATE INDEX gaps_told ON gaps (account, since) WHERE acknowledged = 0",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
