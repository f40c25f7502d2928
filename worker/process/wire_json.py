"""The JSON module that Socket.IO is given on both ends: msgspec behind the standard library's two names.

Both raise only ValueError for what does not fit: engine.io and Socket.IO catch nothing else.
"""

from typing import Any

import msgspec


def dumps(value: object, **_options: object) -> str:
    """Encode; the options of the standard library (separators) are met by default.

    Raises:
        ValueError: if the value cannot be written as JSON.
    """
    try:
        return msgspec.json.encode(value).decode()
    except (msgspec.MsgspecError, TypeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None


def loads(text: str | bytes, **_options: object) -> Any:
    """Decode.

    Raises:
        ValueError: if the text is no JSON, or nested too deeply.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
