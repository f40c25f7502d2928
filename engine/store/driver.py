"""The way past SQLAlchemy, for the statements whose 30 to 300 µs in it were measured to matter."""

import sqlite3

from sqlalchemy import Connection


def driver(connection: Connection) -> sqlite3.Connection:
    """The sqlite3 connection underneath; it is in autocommit mode, BEGIN is ours to say."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw
