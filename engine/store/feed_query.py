"""From a DetectionFilter to SQL that stays fast at millions of rows: by key, never by offset.

The SQL is text, straight to sqlite3: a page of 200 costs 0.4 ms less than by way of SQLAlchemy's expressions.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from engine.records import DetectionFilter, to_ms
from engine.store.directory import Directory
from engine.store.schema import KIND_CODES
from engine.store.search import MARK
from engine.store.terms import contains, match_of

FEW = 20_000  #: up to so many rows are cheaper to gather through an index and sort than to meet while scanning
TAIL = 300  #: newest rows that search looks at one by one while they are not in the index yet
SEARCHED = "text, subject, author_name, author_handle"
NEVER = "0"
_TEXTS = msgspec.json.Decoder(list[tuple[int, str, str, str, str]])

T = TypeVar("T")
Row = tuple[Any, ...]
Fetch = Callable[[sqlite3.Connection, str, Sequence[Any]], list[T]]
"""Runs a SELECT with its parameters; the answer has its order."""


def fetch_rows(connection: sqlite3.Connection, query: str, values: Sequence[Any]) -> list[Row]:
    """Rows as sqlite3 gives them: it hands the interpreter over for each one, so many rows are slow beside a writer."""
    return connection.execute(query, values).fetchall()


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which page: below `before`, or above `after` and then oldest first. Ids, exclusive."""

    after: int | None = None
    before: int | None = None
    limit: int = 200

    @property
    def oldest_first(self) -> bool:
        return self.after is not None

    def conditions(self, column: str) -> "list[_Condition]":
        """The bounds as conditions on an id column."""
        given = ((">", self.after), ("<", self.before))
        return [_Condition(column, f"{sign} ?", (value,)) for sign, value in given if value is not None]

    def order(self, column: str) -> str:
        """ORDER BY and LIMIT; the limit is the last parameter."""
        return f" ORDER BY {column} {'ASC' if self.oldest_first else 'DESC'} LIMIT ?"


@dataclass(frozen=True, slots=True)
class _Condition:
    """`column test`, and what an index on the column would leave.

    Attributes:
        rows: about so many rows fit; None if there is no index for it.
        ordered: whether the index has them in the order of their ids.
    """

    column: str
    test: str
    values: tuple[Any, ...] = ()
    rows: int | None = None
    ordered: bool = True


class FeedQuery:
    """One filter on one connection: estimates on it, then chooses one index to lead."""

    def __init__(self, connection: sqlite3.Connection, directory: Directory, where: DetectionFilter) -> None:
        self._connection = connection
        self._directory = directory
        self._where = where

    @cached_property
    def _counted(self) -> tuple[int, int]:
        """How many detections there are, and how many of them are unread."""
        total, unread = self._connection.execute("SELECT total, unread FROM counters WHERE account = 0").fetchone()
        return total, unread

    def rows(self, columns: str, bounds: Bounds, fetch: Fetch[T]) -> list[T]:
        """The page of rows, in its order. `columns` are of the table detections."""
        conditions = self._conditions()
        if self._where.q is not None and self._where.q.strip():
            return self._found(columns, bounds, conditions, fetch)
        leader = self._leader(conditions)
        if leader is None or leader.ordered:
            return self._select(f"SELECT {columns} FROM detections", "id", bounds, conditions, leader, fetch)
        # an index that is not in the order of ids finds the ids of the page; only those rows are then read
        inner, values = _sql("SELECT id FROM detections", [*conditions, *bounds.conditions("id")], leader)
        order = bounds.order("id")
        outer = f"SELECT {columns} FROM detections WHERE id IN ({inner}{order}){order.replace('?', '-1')}"
        return fetch(self._connection, outer, [*values, bounds.limit])

    def _conditions(self) -> list[_Condition]:
        where = self._where
        conditions = self._accounts()
        if where.kind is not None:
            conditions.append(_Condition("kind", "= ?", (KIND_CODES[where.kind],), self._counted[0] // 4))
        if where.thread_id is not None:
            literal = " AND thread_id <> ''" if where.thread_id else ""  # lets SQLite use the partial index
            conditions.append(_Condition("thread_id", f"= ?{literal}", (where.thread_id,), 100 if literal else None))
        if where.unread is not None:
            total, unread = self._counted
            rows = unread if where.unread else total - unread
            conditions.append(_Condition("read", f"= {int(not where.unread)}", (), rows))
        for column, flag in (("handled", where.handled), ("starred", where.starred)):
            if flag is not None:
                conditions.append(_Condition(column, f"= {int(flag)}", (), self._counted[0] // 10 if flag else None))
        return conditions + self._times()

    def _accounts(self) -> list[_Condition]:
        where, conditions = self._where, []
        if where.account_id is not None:
            known = self._directory.by_id(where.account_id)
            if known is None or known.deleted:
                return [_Condition(NEVER, "= 1")]
            conditions.append(_Condition("account", "= ?", (known.key,), self._stored([known.key])))
        if where.platform is not None or where.tag is not None:
            keys = self._directory.matching(where.platform, where.tag)
            conditions.append(_among(keys, self._stored(keys)))
        if not conditions and self._directory.deleted:
            conditions.append(_among(sorted(self._directory.deleted), None, "NOT "))
        return conditions

    def _times(self) -> list[_Condition]:
        given = ((">=", self._where.since), ("<", self._where.until))
        bounds = [(sign, to_ms(moment)) for sign, moment in given if moment is not None]
        if not bounds:
            return []
        test = " AND detected_at ".join(f"{sign} ?" for sign, _ in bounds)
        values = tuple(value for _, value in bounds)
        some = f"SELECT count(*) FROM (SELECT 1 FROM detections WHERE detected_at {test} LIMIT {FEW + 1})"
        rows = self._connection.execute(some, values).fetchone()[0]
        return [_Condition("detected_at", test, values, rows, ordered=False)]

    def _stored(self, keys: Sequence[int]) -> int:
        query = "SELECT coalesce(sum(total), 0) FROM counters WHERE account IN (SELECT value FROM json_each(?))"
        return int(self._connection.execute(query, (_json(keys),)).fetchone()[0])

    def _leader(self, conditions: list[_Condition]) -> _Condition | None:
        """The condition whose index leaves the fewest rows; none if scanning by id is as good."""
        usable = [each for each in conditions if each.rows is not None and (each.ordered or each.rows <= FEW)]
        return min(usable, key=lambda each: each.rows or 0, default=None)

    def _found(self, columns: str, bounds: Bounds, conditions: list[_Condition], fetch: Fetch[T]) -> list[T]:
        """Search: what the index knows, and the newest rows that it does not know yet."""
        indexed = int(self._connection.execute('SELECT value FROM settings WHERE "key" = ?', (MARK,)).fetchone()[0])
        tail = self._tail(columns, bounds, [*conditions, _Condition("id", "> ?", (indexed,))], fetch)
        old = self._indexed(columns, bounds, [*conditions, _Condition("search.rowid", "<= ?", (indexed,))], fetch)
        return (old + tail if bounds.oldest_first else tail + old)[: bounds.limit]

    def _indexed(self, columns: str, bounds: Bounds, conditions: list[_Condition], fetch: Fetch[T]) -> list[T]:
        match = match_of(self._where.q or "")
        if not match:
            return []
        # CROSS JOIN: the index must lead, not be asked row by row
        source = f"SELECT {columns} FROM search CROSS JOIN detections ON detections.id = search.rowid"
        led = [_Condition("search", "MATCH ?", (match,)), *conditions]
        return self._select(source, "search.rowid", bounds, led, None, fetch)

    def _tail(self, columns: str, bounds: Bounds, conditions: list[_Condition], fetch: Fetch[T]) -> list[T]:
        source, bounded = f"SELECT id, {SEARCHED} FROM detections", [*conditions, *bounds.conditions("id")]
        newest = self._select(source, "id", Bounds(limit=TAIL), bounded, None, _texts)
        ids = [number for number, *texts in newest if contains(self._where.q or "", *texts)]
        if not ids:
            return []
        chosen = f"SELECT {columns} FROM detections WHERE id IN (SELECT value FROM json_each(?))"
        return fetch(self._connection, chosen + bounds.order("id"), [_json(ids), bounds.limit])

    def _select(  # noqa: PLR0917
        self,
        source: str,
        column: str,
        bounds: Bounds,
        conditions: list[_Condition],
        leader: _Condition | None,
        fetch: Fetch[T],
    ) -> list[T]:
        query, values = _sql(source, [*conditions, *bounds.conditions(column)], leader)
        return fetch(self._connection, query + bounds.order(column), [*values, bounds.limit])


def _texts(connection: sqlite3.Connection, query: str, values: Sequence[Any]) -> list[tuple[int, str, str, str, str]]:
    """Ids and searched texts, in one step of SQLite, without the interpreter's lock."""
    packed = f"SELECT json_group_array(json_array(id, {SEARCHED})) FROM ({query})"
    return _TEXTS.decode(connection.execute(packed, values).fetchone()[0])


def _sql(source: str, conditions: Sequence[_Condition], leader: _Condition | None) -> tuple[str, list[Any]]:
    """The statement up to its order. A plus before a column keeps SQLite from choosing that column's index."""
    tests = [f"{'' if each is leader or each.rows is None else '+'}{each.column} {each.test}" for each in conditions]
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    return source + where, [value for each in conditions for value in each.values]


def _among(keys: Sequence[int], rows: int | None, negated: str = "") -> _Condition:
    test = f"{negated}IN (SELECT value FROM json_each(?))"
    return _Condition("+account" if rows is None else "account", test, (_json(keys),), rows, ordered=False)


def _json(keys: Sequence[int]) -> str:
    return msgspec.json.encode(list(keys)).decode()
