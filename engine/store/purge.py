"""Removes for good, a little in each transaction: an account with all that is its, and detections that are old."""

from typing import Literal

from sqlalchemy import Connection, Select, delete, select

from engine.store.counting import count
from engine.store.schema import accounts, counters, credentials, detections, gaps, owners, seen
from engine.store.search import unindex

CHUNK = 1000  #: rows in one transaction


def purge_some(connection: Connection, key: int) -> Literal["more", "gone", "alive"]:
    """Remove up to CHUNK rows of a deleted account; the account itself goes last.

    Returns:
        "more" while something is left, "alive" if it was taken out of the bin meanwhile.
    """
    if connection.execute(select(accounts.c.deleted_at).where(accounts.c.key == key)).scalar() is None:
        return "alive"
    if _some_detections(connection, key) or _some_seen(connection, key):
        return "more"
    for table in (credentials, counters, gaps, owners):
        connection.execute(delete(table).where(table.c.account == key))
    connection.execute(delete(accounts).where(accounts.c.key == key))
    return "gone"


def expire_some(connection: Connection, before: int) -> int:
    """Remove up to CHUNK detections without a star, found before then (milliseconds); returns how many.

    `seen` stays, so that none of them is stored again as new.
    """
    old = (detections.c.detected_at < before, detections.c.starred == 0)
    return _remove(connection, _chunk().where(*old).order_by(detections.c.detected_at))


def _some_detections(connection: Connection, key: int) -> int:
    return _remove(connection, _chunk().where(detections.c.account == key).order_by(detections.c.id))


def _chunk() -> Select[tuple[int, int, int]]:
    return select(detections.c.id, detections.c.account, detections.c.read).limit(CHUNK)


def _remove(connection: Connection, chunk: Select[tuple[int, int, int]]) -> int:
    """Take these out of the index, the table and the counters."""
    rows = connection.execute(chunk).all()
    if rows:
        ids = [row.id for row in rows]
        unindex(connection, ids)
        connection.execute(delete(detections).where(detections.c.id.in_(ids)))
        changes: dict[int, tuple[int, int]] = {}
        for row in rows:
            total, unread = changes.get(row.account, (0, 0))
            changes[row.account] = (total - 1, unread - (not row.read))
        count(connection, changes)
    return len(rows)


def _some_seen(connection: Connection, key: int) -> int:
    chunk = select(seen.c.kind, seen.c.hash).where(seen.c.account == key).limit(CHUNK)
    rows = connection.execute(chunk).all()
    if rows:
        kinds = {kind for kind, _ in rows}
        for kind in kinds:
            hashes = [value for of, value in rows if of == kind]
            mine = (seen.c.account == key, seen.c.kind == kind, seen.c.hash.between(min(hashes), max(hashes)))
            connection.execute(delete(seen).where(*mine))
    return len(rows)
