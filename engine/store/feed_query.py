"""From a DetectionFilter to SQL that stays fast at millions of rows: by key, never by offset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    select,
    text,
    true,
)

from engine.records import DetectionFilter, to_ms
from engine.store.directory import Directory
from engine.store.schema import KIND_CODES, counters, detections
from engine.store.search import SEARCHED, mark, search
from engine.store.terms import contains, match_of

FEW = 20_000  #: up to so many rows are cheaper to gather through an index and sort than to meet while scanning
TAIL = 300  #: newest rows that search looks at one by one while they are not in the index yet

Where = ColumnElement[bool]
AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which page: below `before`, or above `after` and then oldest first. Ids, exclusive."""

    after: int | None = None
    before: int | None = None
    limit: int = 200

    @property
    def oldest_first(self) -> bool:
        return self.after is not None

    def on(self, column: ColumnElement[Any]) -> Where:
        """The bounds as a condition on an id column."""
        above = column > self.after if self.after is not None else true()
        return and_(above, column < self.before) if self.before is not None else above

    def order(self, query: Select[Any], column: ColumnElement[Any]) -> Select[Any]:
        """The query, cut to this page."""
        ordered = query.where(self.on(column)).order_by(column.asc() if self.oldest_first else column.desc())
        return ordered.limit(self.limit)


class FeedQuery:
    """One filter on one connection: estimates on it, then chooses how to find the rows."""

    def __init__(self, connection: Connection, directory: Directory, where: DetectionFilter) -> None:
        self._connection = connection
        self._directory = directory
        self._where = where

    def rows(self, columns: Sequence[ColumnElement[Any]], bounds: Bounds) -> list[AnyRow]:
        """The page of rows, in its order. `columns` start with the id."""
        if self._where.q is not None and self._where.q.strip():
            return self._found(columns, bounds)
        gathered = self._gathered()
        if gathered is None:
            query = bounds.order(select(*columns).where(*self._simple(), *self._scanned()), detections.c.id)
        else:
            ids = bounds.order(select(detections.c.id).where(*self._simple(), *gathered), detections.c.id)
            query = bounds.order(select(*columns).where(detections.c.id.in_(ids)), detections.c.id)
        return list(self._connection.execute(query))

    def _simple(self) -> list[Where]:
        """Conditions whose index, if there is one, has the ids in order."""
        where = self._where
        conditions: list[Where] = []
        if where.account_id is not None:
            known = self._directory.by_id(where.account_id)
            conditions.append(false() if known is None or known.deleted else detections.c.account == known.key)
        if where.kind is not None:
            conditions.append(detections.c.kind == KIND_CODES[where.kind])
        if where.thread_id is not None:
            conditions.append(detections.c.thread_id == where.thread_id)
            conditions += [_partial("thread_id <> ''")] if where.thread_id else []
        if where.unread is not None:
            conditions.append(_partial(f"read = {int(not where.unread)}"))
        if where.handled is not None:
            conditions.append(_partial(f"handled = {int(where.handled)}"))
        if where.starred is not None:
            conditions.append(_partial(f"starred = {int(where.starred)}"))
        return conditions

    def _keys(self) -> list[int] | None:
        """The accounts that platform and tag mean; None if they mean any."""
        if self._where.platform is None and self._where.tag is None:
            return None
        return self._directory.matching(self._where.platform, self._where.tag)

    def _scanned(self) -> list[Where]:
        """All other conditions, without an index: each row met is asked."""
        keys, deleted = self._keys(), self._directory.deleted
        conditions = [_among("+detections.account", keys)] if keys is not None else []
        if keys is None and deleted and self._where.account_id is None:
            conditions.append(~_among("+detections.account", sorted(deleted)))
        return conditions + self._times(literal_column("+detections.detected_at"))

    def _gathered(self) -> list[Where] | None:
        """The other conditions, led by an index that leaves few rows; None if there is no such index."""
        keys = self._keys()
        if keys is not None and self._total(keys) <= FEW:
            return [_among("detections.account", keys), *self._times(literal_column("+detections.detected_at"))]
        times = self._times(detections.c.detected_at)
        if times and self._is_few(times):
            return [*times, *FeedQuery(self._connection, self._directory, self._timeless())._scanned()]
        return None

    def _timeless(self) -> DetectionFilter:
        where = self._where
        return DetectionFilter(account_id=where.account_id, platform=where.platform, tag=where.tag)

    def _times(self, column: ColumnElement[Any]) -> list[Where]:
        conditions: list[Where] = []
        if self._where.since is not None:
            conditions.append(column >= to_ms(self._where.since))
        if self._where.until is not None:
            conditions.append(column < to_ms(self._where.until))
        return conditions

    def _total(self, keys: list[int]) -> int:
        query = select(func.coalesce(func.sum(counters.c.total), 0)).where(_among("counters.account", keys))
        return int(self._connection.execute(query).scalar_one())

    def _is_few(self, times: list[Where]) -> bool:
        some = select(literal_column("1")).select_from(detections).where(*times).limit(FEW + 1).subquery()
        return int(self._connection.execute(select(func.count()).select_from(some)).scalar_one()) <= FEW

    def _found(self, columns: Sequence[ColumnElement[Any]], bounds: Bounds) -> list[AnyRow]:
        """Search: what the index knows, and the newest rows that it does not know yet."""
        indexed = mark(self._connection)
        tail = self._tail(columns, bounds, indexed)
        old = self._indexed(columns, bounds, indexed)
        return (old + tail if bounds.oldest_first else tail + old)[: bounds.limit]

    def _indexed(self, columns: Sequence[ColumnElement[Any]], bounds: Bounds, indexed: int) -> list[AnyRow]:
        match = match_of(self._where.q or "")
        if not match:
            return []
        # the plus keeps SQLite from asking the index row by row: it must lead
        query = select(*columns).where(
            text("search MATCH :match").bindparams(match=match),
            search.c.rowid <= indexed,
            *self._asked(),
        )
        led = search.join(detections, detections.c.id == literal_column("+search.rowid"))
        return list(self._connection.execute(bounds.order(query.select_from(led), search.c.rowid)))

    def _tail(self, columns: Sequence[ColumnElement[Any]], bounds: Bounds, indexed: int) -> list[AnyRow]:
        rows = select(*columns, *(column.label(f"_{column.name}") for column in SEARCHED))
        query = rows.where(detections.c.id > indexed, *self._asked()).where(bounds.on(detections.c.id))
        newest = self._connection.execute(query.order_by(detections.c.id.desc()).limit(TAIL))
        found = [row for row in newest if contains(self._where.q or "", *row[-len(SEARCHED) :])]
        return found[::-1] if bounds.oldest_first else found

    def _asked(self) -> list[Where]:
        """All conditions, as questions to a row that search has found."""
        return [*self._simple(), *self._scanned()]


def _partial(condition: str) -> Where:
    """A condition as a literal: SQLite uses a partial index only if it can read the value."""
    return literal_column(f"detections.{condition}")


def _among(column: str, keys: Sequence[int]) -> Where:
    """`column` is one of these, however many they are."""
    listed: BindParameter[str] = bindparam(None, msgspec.json.encode(list(keys)).decode())
    return literal_column(column).in_(select(text("value")).select_from(func.json_each(listed)))
