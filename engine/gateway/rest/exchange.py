"""Accounts as files. In CSV each setting is a column `settings.<name>`, each credential `credentials.<name>`.

Credentials are read but never written, and neither is `pinned_to`: it names a worker of this installation.
"""

import asyncio
import csv
import io
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from engine.api.accounts import MAX_PAGE, Accounts, AccountSnapshot
from engine.api.errors import ApiError, Invalid
from engine.api.room import Api
from engine.api.secret_values import SecretValues
from engine.gateway.rest.answers import Imported, RowFailed
from engine.gateway.rest.bodies import NewAccountBody
from engine.gateway.rest.fit import fit_values, read_json
from worker.protocol.descriptor import Field, Values

MAX_ROWS = 5000  #: of one import
BREATH = 50  #: rows between two looks of the loop at everything else
PLAIN = ("platform", "display_name", "interval", "tags")
TAG_MARK = ";"

#: what a spreadsheet would run as a formula; a quote before it makes it text, and quotes before that are kept apart
#: (a Chinese or Japanese one takes the wide signs too)
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")
_QUOTED = re.compile(r"'+[=+\-@＝＋－＠\t\r\n]")
_TYPES: dict[str, type] = {"integer": int, "number": float, "boolean": bool}


class Exported(Struct, frozen=True):
    """One account as it goes into another installation."""

    platform: str
    display_name: str
    interval: int
    tags: tuple[str, ...]
    settings: Values


class NotCsv(ApiError):
    """The file cannot be read at all."""

    status, code = 400, "not_csv"


Row = Mapping[str, Any]


async def take_in(api: Api, rows: list[Row]) -> Imported:
    """Create what fits, report what does not."""
    if len(rows) > MAX_ROWS:
        raise Invalid("body", f"at most {MAX_ROWS} rows at once")
    created: list[str] = []
    failed: list[RowFailed] = []
    for number, row in enumerate(rows, 1):
        try:
            body = _typed(api, row)
            created.append((await api.accounts.create(body.wanted())).id)
        except ApiError as error:
            failed.append(RowFailed(number, error.code, error.message, _text(error.details.get("field"))))
        if number % BREATH == 0:
            await asyncio.sleep(0)
    return Imported(created, failed)


async def give_out(accounts: Accounts) -> list[Exported]:
    """All accounts, oldest first."""
    rows: list[Exported] = []
    page = await accounts.page(None, MAX_PAGE)
    while page:
        rows += map(_exported, page)
        page = await accounts.page(page[-1].id, MAX_PAGE)
    return rows


def rows_of_json(raw: bytes) -> list[Row]:
    """Rows of a JSON file: a list, or what the export gave. Raises NotJson, Invalid."""
    content = read_json(raw)
    for key in ("data", "items"):
        content = content.get(key, content) if isinstance(content, dict) else content
    if not isinstance(content, list):
        raise Invalid("body", "send a list of accounts")
    return [row if isinstance(row, dict) else {} for row in content]


def rows_of_csv(raw: bytes) -> list[Row]:
    """Rows of a CSV file with a heading. Raises NotCsv."""
    try:
        lines = csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), restkey="", strict=True)
        return [_nested(line) for line in lines]
    except (UnicodeDecodeError, csv.Error) as error:
        raise NotCsv(f"the body is not CSV in UTF-8: {error}") from None


def write_csv(rows: list[Exported]) -> bytes:
    """A heading and one line a row; cells that a spreadsheet would run as a formula start with a quote."""
    settings = sorted({name for row in rows for name in row.settings})
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*PLAIN, *(_quote(f"settings.{name}") for name in settings)])
    for row in rows:
        plain = (row.platform, row.display_name, str(row.interval), TAG_MARK.join(row.tags))
        writer.writerow([_quote(cell) for cell in (*plain, *(_cell(row.settings.get(name)) for name in settings))])
    return text.getvalue().encode()


def _exported(account: AccountSnapshot) -> Exported:
    return Exported(account.platform, account.display_name, account.interval, account.tags, account.settings)


def _quote(cell: str) -> str:
    return "'" + cell if _FORMULA.match(cell) else cell


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _nested(line: dict[str, Any]) -> Row:
    """Cells by name, settings and credentials below their own; empty cells are absent."""
    row: dict[str, Any] = {"settings": {}, "credentials": {}}
    for name, cell in line.items():
        if not cell:
            continue
        value = cell[1:] if isinstance(cell, str) and _QUOTED.match(cell) else cell
        group, dot, key = name.partition(".")
        if dot and group in ("settings", "credentials"):
            row[group][key] = value
        else:
            row[name or "more cells than headings"] = value
    if "tags" in row:
        row["tags"] = [tag for tag in row["tags"].split(TAG_MARK) if tag.strip()]
    return row


def _typed(api: Api, row: Row) -> NewAccountBody:
    """Check a row; text of a CSV cell becomes what the platform's form says it is. Raises Invalid."""
    body = fit_values(row, NewAccountBody)
    descriptor = api.platforms.get(body.platform)
    settings = _converted(descriptor.setting_fields, body.settings)
    credentials = SecretValues(_converted(descriptor.credential_fields, body.credentials.reveal()))
    return msgspec.structs.replace(body, settings=settings, credentials=credentials)


def _converted(fields: tuple[Field, ...], values: Values) -> Values:
    types = {field.name: _TYPES[field.type] for field in fields if field.type in _TYPES}
    return {name: _as(value, types.get(name)) for name, value in values.items()}


def _as(value: Any, kind: type | None) -> Any:
    """The value as its field's type where that is possible; the platform's own check says what is wrong otherwise."""
    if kind is None or not isinstance(value, str):
        return value
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return value


def _text(value: object) -> str | None:
    return None if value is None else str(value)
