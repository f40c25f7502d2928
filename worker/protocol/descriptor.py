"""What a platform says about itself, so that forms can be drawn with no worker online."""

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct

Kind = Literal["comment", "mention", "direct_message", "reaction", "follow", "post"]
FieldType = Literal["text", "secret", "url", "integer", "number", "boolean", "choice"]
Mode = Literal["poll", "stream"]

MAX_INTERVAL = 3600  #: seconds; the longest interval that an account may have

Key = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Label = Annotated[str, Meta(min_length=1, max_length=200)]
Hint = Annotated[str, Meta(max_length=500)]


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """One text in the two languages that every descriptor speaks."""

    en: Label
    zh: Label


class Choice(Struct, frozen=True, forbid_unknown_fields=True):
    """One allowed value of a `choice` field."""

    value: Annotated[str, Meta(max_length=64)]
    label: Text


class Field(Struct, frozen=True, forbid_unknown_fields=True):
    """One input of an account form.

    Attributes:
        name: key in `settings` or `credentials`.
        default: what an absent setting means; None where there is none.
        minimum, maximum: bounds of a number, inclusive.
    """

    name: Key
    label: Text
    type: FieldType = "text"
    required: bool = False
    default: str | int | float | bool | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: Annotated[tuple[Choice, ...], Meta(max_length=50)] = ()
    hint: Text | None = None
    max_length: Annotated[int, Meta(ge=1, le=10_000)] = 2000


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """What the platform allows, for pacing. `requests` per `seconds`, counted per `scope`."""

    requests: Annotated[int, Meta(ge=1)] | None = None
    seconds: Annotated[int, Meta(ge=1)] | None = None
    scope: Literal["token", "account", "app", "ip", "server"] = "account"


class Descriptor(Struct, frozen=True, forbid_unknown_fields=True):
    """One platform: what it can find and what it needs to know.

    Attributes:
        min_interval: seconds; no account of this platform is checked more often.
        exclusive: true if only one reader per credential may exist at a time.
        icon: name of an icon in the front end's icon font; unknown names get a neutral one.
    """

    key: Key
    name: Text
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1, max_length=6)]
    min_interval: Annotated[int, Meta(ge=1, le=MAX_INTERVAL)]
    icon: Annotated[str, Meta(max_length=64)] = ""
    credential_fields: Annotated[tuple[Field, ...], Meta(max_length=20)] = ()
    setting_fields: Annotated[tuple[Field, ...], Meta(max_length=20)] = ()
    limits: Limits = Limits()
    exclusive: bool = False
    mode: Mode = "poll"


Values = dict[str, str | int | float | bool | None]


class FieldError(ValueError):
    """A form value that does not fit. `field` is its name, `str(error)` the sentence."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def validate_values(fields: tuple[Field, ...], values: Values) -> Values:
    """Check `values` against `fields`; return them with defaults filled in and blanks dropped.

    Raises:
        FieldError: naming the first field that is unknown, missing or out of its bounds.
    """
    known = {field.name: field for field in fields}
    for name in values:
        if name not in known:
            raise FieldError(name, f"unknown field “{name}”")
    checked: Values = {}
    for name, field in known.items():
        value = values.get(name)
        value = field.default if value is None or value == "" else value
        if value is None:
            if field.required:
                raise FieldError(name, f"“{field.label.en}” is required")
            continue
        _check_value(field, value)
        checked[name] = value
    return checked


def _check_value(field: Field, value: str | float | bool) -> None:
    _check_type(field, value)
    if isinstance(value, str) and len(value) > field.max_length:
        raise FieldError(field.name, f"“{field.label.en}” is longer than {field.max_length} characters")
    if field.type == "choice" and value not in [choice.value for choice in field.choices]:
        allowed = ", ".join(choice.value for choice in field.choices)
        raise FieldError(field.name, f"“{field.label.en}” must be one of: {allowed}")
    if field.type == "url" and not str(value).startswith(("http://", "https://")):
        raise FieldError(field.name, f"“{field.label.en}” must start with http:// or https://")
    if field.type == "url" and "@" in re.split(r"[/?#\\]", str(value).partition("//")[2], maxsplit=1)[0]:
        # settings are kept, shown and exported in clear text
        raise FieldError(field.name, f"“{field.label.en}” holds a user name or password, which have their own fields")
    _check_bounds(field, value)


def _check_type(field: Field, value: object) -> None:
    expected: dict[str, tuple[type, ...]] = {"integer": (int,), "number": (int, float), "boolean": (bool,)}
    types = expected.get(field.type, (str,))
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        wanted = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}.get(field.type, "text")
        raise FieldError(field.name, f"“{field.label.en}” must be {wanted}")


def _check_bounds(field: Field, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if not (field.minimum is None or value >= field.minimum):
        raise FieldError(field.name, f"“{field.label.en}” must be at least {field.minimum:g}")
    if not (field.maximum is None or value <= field.maximum):
        raise FieldError(field.name, f"“{field.label.en}” must be at most {field.maximum:g}")
