"""What is otherwise in the bundle; above all what its start leaves in the environment, and no program may inherit.

The bundle's libraries come first for whoever inherits it: a browser that opens a link would load our Qt, and end.
"""

import sys
from collections.abc import MutableMapping

LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")
QT_PATHS = ("QT_PLUGIN_PATH", "QML2_IMPORT_PATH")  # PySide6 finds its plugins without them


def commanding() -> str:
    """The program that carries out backup, restore and the like: the bundle has one for everything."""
    return "Vedette" if getattr(sys, "frozen", False) else "vedette-master"


def give_back(environment: MutableMapping[str, str]) -> None:
    """Restore, in place, what the user had set before the bundle started; nothing unless this is the bundle.

    This process is not touched by it: its loader has read the paths already.
    """
    if not getattr(sys, "frozen", False):
        return
    for name in LIBRARY_PATHS:
        before = environment.pop(f"{name}_ORIG", None)
        environment.pop(name, None)
        if before:
            environment[name] = before
    for name in QT_PATHS:
        environment.pop(name, None)
