"""Workers carry tags; an account may be quarantined."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    "ALTER TABLE accounts ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE workers ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
