"""What query parameters must fit. Times are ISO 8601 with a time zone."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from engine.records import DetectionFilter, JournalFilter
from worker.protocol.descriptor import Kind

Limit = Annotated[int, Meta(ge=1, le=1000)]
After = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Moment = Annotated[datetime, Meta(tz=True)]


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a list: `cursor` is the one that came with the part before."""

    limit: Limit = 200
    cursor: str | None = None


class StoryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a story: `cursor` is the one that came with the part before."""

    limit: Limit = 200
    cursor: After | None = None


class JournalQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which lines of the journal, and which part of them. `until` is exclusive.

    `subject` is the id of an account or a worker, or “master”; `q` is text that occurs in a line.
    """

    subject: str | None = None
    since: Moment | None = None
    until: Moment | None = None
    q: str | None = None
    limit: Limit = 200
    cursor: After | None = None

    def where(self) -> JournalFilter:
        """The same for the room."""
        return JournalFilter(self.subject, self.since, self.until, self.q)


class FilterFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which detections are meant; an absent field means any. `until` is exclusive.

    `q` is words, or any 2+ Chinese characters, all of which must occur.
    """

    account_id: str | None = None
    platform: str | None = None
    kind: Kind | None = None
    tag: str | None = None
    thread_id: str | None = None
    unread: bool | None = None
    handled: bool | None = None
    starred: bool | None = None
    q: str | None = None
    since: Moment | None = None
    until: Moment | None = None

    def where(self) -> DetectionFilter:
        """The same for the room."""
        return DetectionFilter(**{name: getattr(self, name) for name in FilterFields.__struct_fields__})


class DetectionsQuery(FilterFields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A filter and a part: newest first below `before`, or oldest first above `after` (ids)."""

    after: After | None = None
    before: After | None = None
    limit: Limit = 200


class ExportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """In which format."""

    format: Literal["json", "csv"] = "json"
