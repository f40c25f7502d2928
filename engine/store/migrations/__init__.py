"""Alembic scripts: one file a schema revision, never changed once released."""
