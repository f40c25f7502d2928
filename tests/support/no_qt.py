"""A pytest plugin that puts Qt out of reach, as on a machine where only the engine was installed."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

QT = ("PySide6", "shiboken6", "qasync", "qtawesome", "pytestqt")


class NoQt(MetaPathFinder):
    """Finds Qt first, to say that it is not there."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in QT:
            raise ModuleNotFoundError(f"{name} is out of reach here", name=name)
        return None


sys.meta_path.insert(0, NoQt())
