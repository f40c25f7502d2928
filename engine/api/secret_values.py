"""Credentials on their way from a form to where they are sealed or tried."""

from collections.abc import Mapping
from typing import NoReturn

from worker.protocol.descriptor import Values

NONE: Values = {}


class SecretValues:
    """The values of a form's secret fields; only `reveal()` gives them out.

    As with `Secret`, `repr` and `str` are `***`, and pickling and JSON raise.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str | float | bool | None] = NONE) -> None:
        self._values = dict(values)

    def reveal(self) -> Values:
        """The values themselves; call it as late as possible and keep the result nowhere."""
        return dict(self._values)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._values)

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not to be pickled")
