"""Who owned an account, now or ever: nobody else is believed about it."""

from alembic import op

revision = "0009"
down_revision = "0008"

STATEMENTS = (
    "CREATE TABLE owners (account INTEGER NOT NULL, worker_id TEXT NOT NULL, PRIMARY KEY (account, worker_id)) "
    "WITHOUT ROWID",
    "INSERT OR IGNORE INTO owners SELECT key, worker_id FROM accounts WHERE worker_id IS NOT NULL",
    "INSERT OR IGNORE INTO owners SELECT DISTINCT account, worker_id FROM detections",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
