"""From what a platform found to what goes over the wire: cut to the protocol's limits, always encodable."""

import hashlib
from collections.abc import Iterable

import msgspec
import structlog

from worker.platforms.base import Found
from worker.protocol.messages import Author, Item, Task

MAX_EXTERNAL_ID = 500
MAX_TEXT = 20_000
MAX_URL = 2000
MAX_SHORT = 300
MAX_MILLIS = 2**53

log = structlog.get_logger("checks")


def items_of(found: Iterable[Found], task: Task, *, found_at: int, request_id: str, baseline: bool) -> list[Item]:
    """Items in the order found, without an outbox row yet (`seq` 0); one that can never be stored is logged, left out.

    Args:
        found_at: milliseconds since 1970 UTC.
        baseline: true for the first check of an account: stored as already read.
    """
    items: list[Item] = []
    for each in found:
        item = _item(each, task, found_at, request_id, baseline)
        try:  # a struct's constructor checks nothing, and the master would refuse the whole batch
            items.append(msgspec.json.decode(msgspec.json.encode(item), type=Item))
        except msgspec.ValidationError as error:
            log.warning("check.unusable_item", account=task.account, platform=task.platform, reason=str(error))
    return items


def _item(found: Found, task: Task, found_at: int, request_id: str, baseline: bool) -> Item:
    published = found.published_at
    return Item(
        seq=0,
        account=task.account,
        epoch=task.epoch,
        kind=found.kind,
        external_id=_external_id(found),
        found_at=found_at,
        published_at=published if published is not None and 0 <= published < MAX_MILLIS else None,
        thread_id=_clean(found.thread_id, MAX_SHORT),
        author=_author(found.author),
        text=_clean(found.text, MAX_TEXT),
        url=_url(found.url),
        subject=_clean(found.subject, MAX_SHORT),
        baseline=baseline,
        request_id=request_id,
    )


def _author(author: Author) -> Author:
    name, handle = _clean(author.name, MAX_SHORT), _clean(author.handle, MAX_SHORT)
    return Author(id=_clean(author.id, MAX_SHORT), name=name, handle=handle, avatar=_url(author.avatar))


def _clean(text: str, limit: int) -> str:
    """At most `limit` characters, and no half of a surrogate pair: that cannot be written as UTF-8."""
    return text[:limit].encode("utf-8", "replace").decode()


def _url(url: str) -> str:
    return _clean(url, MAX_URL) if len(url) <= MAX_URL else ""  # a link that is cut leads somewhere else


def _external_id(found: Found) -> str:
    """The platform's id, or where that is missing or too long a hash: the same on every worker."""
    if 0 < len(found.external_id) <= MAX_EXTERNAL_ID:
        return _clean(found.external_id, MAX_EXTERNAL_ID)
    content = (found.thread_id, found.author.id, found.subject, found.text, str(found.published_at))
    source = found.external_id or "\0".join(content)
    return "hash:" + hashlib.blake2b(source.encode("utf-8", "replace"), digest_size=16).hexdigest()
