"""Ids in paths."""

from engine.api.errors import NotFound
from engine.gateway.rest.route import Call


def number(call: Call, what: str) -> int:
    """The id in the path as a number; `what` it is of, for the sentence. Raises NotFound if it can be none."""
    text = call.parts["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):  # what fits into a row's id
        raise NotFound(f"there is no {what} “{text[:64]}”")
    return int(text)
