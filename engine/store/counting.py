"""Totals and unread, kept up to date in the transaction that changes them, so that nobody ever counts rows."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection

# an account's own counters; and, in row 0, the sum over the accounts that are not in the bin
OWN = """INSERT INTO counters (account, total, unread)
    SELECT CAST("key" AS INTEGER), json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?) WHERE true
    ON CONFLICT (account) DO UPDATE SET total = total + excluded.total, unread = unread + excluded.unread"""
SUM = """UPDATE counters SET total = counters.total + change.total, unread = counters.unread + change.unread
    FROM (SELECT sum(json_extract(value, '$[0]')) AS total, sum(json_extract(value, '$[1]')) AS unread
        FROM json_each(?) CROSS JOIN accounts ON accounts."key" = CAST(json_each."key" AS INTEGER)
        WHERE accounts.deleted_at IS NULL) AS change
    WHERE counters.account = 0 AND change.total IS NOT NULL"""


def count(connection: Connection, changes: Mapping[int, tuple[int, int]]) -> None:
    """Add (total, unread) to the counters of each account, by its key."""
    encoded = msgspec.json.encode(changes).decode()
    connection.exec_driver_sql(OWN, (encoded,))
    connection.exec_driver_sql(SUM, (encoded,))
