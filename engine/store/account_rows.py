"""Between rows of `accounts` and the frozen record."""

from collections.abc import Mapping
from dataclasses import fields as fields_of
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, select

from engine.records import Account, Missing, from_ms, to_ms
from engine.store.schema import accounts, counters

AnyRow = Row[*tuple[Any, ...]]
LIVE = accounts.c.deleted_at.is_(None)
MOMENTS = ("created_at", "last_check_at", "watched_at", "deleted_at")
FIELDS = tuple(field.name for field in fields_of(Account))


def query() -> Select[Any]:
    """All that makes a record, unread included."""
    unread = func.coalesce(counters.c.unread, 0).label("unread")
    return select(accounts, unread).outerjoin(counters, counters.c.account == accounts.c.key)


def record(row: AnyRow) -> Account:
    """The record of a row of `query()`."""
    values = {name: row._mapping[name] for name in FIELDS}
    values |= {name: from_ms(values[name]) for name in MOMENTS if values[name] is not None}
    values["quarantined"] = bool(values["quarantined"])
    return Account(**(values | {"settings": msgspec.json.decode(values["settings"]), "tags": tags(values["tags"])}))


def encoded(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a record as columns."""
    values = dict(fields)
    values |= {name: msgspec.json.encode(values[name]).decode() for name in ("settings", "tags") if name in values}
    return values | {name: to_ms(values[name]) for name in MOMENTS if values.get(name) is not None}


def columns(account: Account) -> dict[str, Any]:
    """A whole record as columns; unread has a table of its own."""
    return encoded({name: getattr(account, name) for name in FIELDS if name != "unread"})


def tags(text: str) -> tuple[str, ...]:
    """The tags in a column."""
    return msgspec.json.decode(text, type=tuple[str, ...])


def one(connection: Connection, account_id: str) -> Account:
    """The account that is not deleted. Raises Missing."""
    row = connection.execute(query().where(LIVE, accounts.c.id == account_id)).one_or_none()
    if row is None:
        raise Missing(account_id)
    return record(row)
