"""The one list of platforms: those built in, and those that other packages offer by an entry point."""

from importlib.metadata import EntryPoint, entry_points

import msgspec
import structlog

from worker.platforms.base import Platform
from worker.platforms.demo import Demo
from worker.platforms.feed import Feed
from worker.platforms.imap import Imap
from worker.protocol.descriptor import Descriptor

ENTRY_POINTS = "vedette.platforms"
log = structlog.get_logger("platforms")


def builtin() -> dict[str, Platform]:
    """The platforms that ship with Vedette, by key."""
    offered: tuple[Platform, ...] = (Demo(), Feed(), Imap())
    return {platform.descriptor.key: platform for platform in offered}


def available() -> dict[str, Platform]:
    """`builtin()` and what installed packages add by the entry-point group `vedette.platforms`, by key.

    An entry point names a class that is called without arguments and satisfies `base.Platform`. One that fails to load,
    has no valid descriptor, or takes a key that is taken, is logged (`platform.skipped`) and left out.
    """
    platforms = builtin()
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        platform = _load(point, taken=frozenset(platforms))
        if platform is not None:
            platforms[platform.descriptor.key] = platform
    return platforms


def _load(point: EntryPoint, taken: frozenset[str]) -> Platform | None:
    try:
        platform: Platform = point.load()()
        # the constructor of a struct checks no bounds; the master would refuse the whole registration for one of them
        descriptor = msgspec.convert(msgspec.to_builtins(platform.descriptor), Descriptor)
    except Exception as error:  # a stranger's code may raise anything, and must not stop the worker
        log.warning("platform.skipped", entry_point=point.name, reason=f"{type(error).__name__}: {error}")
        return None
    if descriptor.key in taken:
        log.warning("platform.skipped", entry_point=point.name, reason=f"the key {descriptor.key} is taken")
        return None
    return platform
