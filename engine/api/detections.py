"""The feed: read it by key, search it, mark it."""

from collections.abc import Sequence
from typing import Protocol

from engine.api.errors import Invalid, NotFound
from engine.bus import Bus
from engine.events import DetectionsMarked
from engine.records import Counts, Detection, DetectionFilter, Marks

MAX_PAGE = 1000
MAX_QUERY = 200


class FeedReader(Protocol):
    """Reads the feed on connections of its own, by key and never by offset; safe to call while others write."""

    async def page(
        self, where: DetectionFilter, *, after: int | None, before: int | None, limit: int
    ) -> list[Detection]: ...
    async def get(self, detection_id: int) -> Detection | None: ...
    async def counts(self) -> Counts: ...
    async def thread(self, detection: Detection, limit: int) -> list[Detection]: ...


class FeedMarker(Protocol):
    """Sets flags; returns the ids that really changed, or None if they are too many to name."""

    async def mark_ids(self, ids: Sequence[int], marks: Marks) -> tuple[int, ...]: ...
    async def mark_where(self, where: DetectionFilter, marks: Marks) -> int: ...


class Detections:
    """What a front end may do with detections."""

    def __init__(self, reader: FeedReader, marker: FeedMarker, bus: Bus) -> None:
        self._reader = reader
        self._marker = marker
        self._bus = bus

    async def page(
        self, where: DetectionFilter, *, after: int | None = None, before: int | None = None, limit: int = 200
    ) -> list[Detection]:
        """One page: newest first, below `before` if given; with `after`, oldest first above it.

        Raises:
            Invalid: if a bound or the query does not fit.
        """
        if after is not None and before is not None:
            raise Invalid("before", "give “after” or “before”, not both")
        if not 1 <= limit <= MAX_PAGE:
            raise Invalid("limit", f"“limit” must be from 1 to {MAX_PAGE}")
        _searchable(where)
        return await self._reader.page(where, after=after, before=before, limit=limit)

    async def get(self, detection_id: int) -> Detection:
        """One detection. Raises NotFound."""
        detection = await self._reader.get(detection_id)
        if detection is None:
            raise NotFound(f"there is no detection {detection_id}")
        return detection

    async def thread(self, detection_id: int, limit: int = 50) -> list[Detection]:
        """The newest `limit` detections of the same thread of the same account, oldest first. Raises NotFound."""
        return await self._reader.thread(await self.get(detection_id), limit)

    async def counts(self) -> Counts:
        """Totals over all accounts that are not deleted."""
        return await self._reader.counts()

    async def mark(self, ids: Sequence[int], marks: Marks) -> int:
        """Set flags on these; unknown ids are passed over. Returns how many changed."""
        _something(marks)
        changed = await self._marker.mark_ids(ids, marks)
        if changed:
            self._bus.publish(DetectionsMarked(changed))
        return len(changed)

    async def mark_where(self, where: DetectionFilter, marks: Marks) -> int:
        """Set flags on all that the filter matches. Returns how many changed."""
        _something(marks)
        _searchable(where)
        changed = await self._marker.mark_where(where, marks)
        if changed:
            self._bus.publish(DetectionsMarked(None))
        return changed


def _something(marks: Marks) -> None:
    if marks.read is marks.handled is marks.starred is None:
        raise Invalid("read", "say what to set: “read”, “handled” or “starred”")


def _searchable(where: DetectionFilter) -> None:
    if where.q is not None and len(where.q) > MAX_QUERY:
        raise Invalid("q", f"the search text is longer than {MAX_QUERY} characters")
