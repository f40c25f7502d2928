"""Workers on other machines: their keys, and the codes by which they join."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE workers ADD COLUMN public_key BLOB")
    # hash: SHA-256 of the token, which is kept nowhere
    op.execute(
        """CREATE TABLE join_codes (
        id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL, uses_left INTEGER NOT NULL,
        expires_at INTEGER NOT NULL, created_at INTEGER NOT NULL)"""
    )
