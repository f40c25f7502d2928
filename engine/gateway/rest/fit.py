"""Does the request fit its type? If not, which field is it?"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from engine.api.errors import ApiError, Invalid
from engine.api.secret_values import SecretValues
from worker.process.secret import Secret
from worker.protocol.descriptor import Values

T = TypeVar("T")
LONGEST = 4096  #: characters of a secret by itself

_AT = re.compile(r" - at `(?:key` in `)?\$\.?(?P<path>[^`]*)`$")
_NAMED = re.compile(r"(?:unknown|required) field `(?P<name>[^`]*)`")


class NotJson(ApiError):
    """The body cannot be read at all."""

    status, code = 400, "not_json"


def fit_body(raw: bytes, kind: type[T]) -> T:
    """Decode and check a JSON body.

    Raises:
        NotJson: if it is not JSON.
        Invalid: naming the first field that does not fit, an unknown one included.
    """
    try:
        return msgspec.json.decode(raw, type=kind, dec_hook=_secret)
    except msgspec.ValidationError as error:
        read_json(raw)  # a broken end counts more than a wrong beginning
        raise invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotJson("the body is not JSON") from None


def read_json(raw: bytes) -> Any:
    """Decode whatever is there. Raises NotJson."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise NotJson("the body is not JSON") from None


def fit_query(pairs: Iterable[tuple[str, str]], kind: type[T]) -> T:
    """Check query parameters; each may be given once. Raises Invalid naming the parameter."""
    query: dict[str, str] = {}
    for name, value in pairs:
        if name in query:
            raise Invalid(name[:64], f"“{name[:64]}” is given more than once")
        query[name] = value
    return fit_values(query, kind)


def fit_values(values: Mapping[str, Any], kind: type[T], *, strict: bool = False) -> T:
    """Check values; unless `strict`, text may stand for numbers, booleans and times. Raises Invalid."""
    try:
        return msgspec.convert(values, kind, strict=strict, dec_hook=_secret)
    except msgspec.ValidationError as error:
        raise invalid(error) from None


def shape(kind: type) -> dict[str, Any]:
    """What JSON schema says of the types that keep a secret."""
    if kind is Secret:
        return {"type": "string", "maxLength": LONGEST, "writeOnly": True}
    if kind is SecretValues:
        return {**msgspec.json.schema(Values), "writeOnly": True}
    raise NotImplementedError


def _secret(kind: type, value: object) -> object:
    """Make secrets what cannot be shown by accident, from the first moment on."""
    try:
        if kind is Secret:
            return Secret(msgspec.convert(value, Annotated[str, Meta(max_length=LONGEST)]))
        if kind is SecretValues:
            return SecretValues(msgspec.convert(value, Values))
    except msgspec.ValidationError as error:  # msgspec says where only of other errors
        raise ValueError(str(error).partition(" - at `")[0]) from None
    raise NotImplementedError


def invalid(error: msgspec.ValidationError) -> Invalid:
    """The same, naming the field: `tags`, `settings`, `filter.colour`; `body` if it is the whole."""
    text = str(error)
    at, named = _AT.search(text), _NAMED.search(text)
    path = at["path"].split("[")[0] if at else ""
    field = ".".join(part for part in (path, named["name"] if named else "") if part) or "body"
    reason = text[: at.start()] if at else text
    return Invalid(field[:64], f"“{field[:64]}”: {reason[:1].lower()}{reason[1:200]}")
