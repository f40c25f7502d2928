"""Who asks: what the journal's lines about changes name as their author."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

WINDOW = "the window"

_actor: ContextVar[str] = ContextVar("actor", default=WINDOW)


def current() -> str:
    """Whoever asks for what is being done right now; the window unless a door said otherwise."""
    return _actor.get()


@contextmanager
def acting(name: str) -> Iterator[None]:
    """Everything within was asked for by `name`."""
    before = _actor.set(name)
    try:
        yield
    finally:
        _actor.reset(before)
