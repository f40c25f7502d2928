"""A string that cannot be printed, pickled or encoded by accident."""

import hmac
from typing import NoReturn


class Secret:
    """Holds one secret; only `reveal()` gives it out.

    `repr` and `str` are `***`, pickling and copying to JSON raise, comparison takes constant time.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself; call it as late as possible and keep the result nowhere."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> NoReturn:
        raise TypeError("a Secret is no key")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not to be pickled")
