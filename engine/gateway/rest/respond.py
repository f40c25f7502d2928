"""The two envelopes around every answer."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct

T = TypeVar("T")


class Failed(Struct, frozen=True):
    """Why it was not done. `code` is stable, `message` for a person; `details.field` names a field."""

    code: str
    message: str
    details: dict[str, Any] = {}


class Failure(Struct, frozen=True, kw_only=True):
    """The answer to what was not done."""

    success: bool = False
    error: Failed


class Success(Struct, Generic[T], frozen=True, kw_only=True):
    """The answer to what was done."""

    success: bool = True
    data: T


class Page(Struct, Generic[T], frozen=True):
    """A part of a list. `cursor` asks for the next part, null after the last one."""

    items: list[T]
    cursor: str | int | None = None


def success(data: object, status: int = 200) -> web.Response:
    """`{"success": true, "data": …}`."""
    return _json(Success(data=data), status)


def failure(status: int, code: str, message: str, details: Mapping[str, object] | None = None) -> web.Response:
    """`{"success": false, "error": {…}}` with the fitting status."""
    return _json(Failure(error=Failed(code, message, dict(details or {}))), status)


def _json(value: object, status: int) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")
