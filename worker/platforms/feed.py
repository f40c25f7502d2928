"""The platform `feed`: posts or comments from an RSS, Atom or JSON feed.

The cursor alone decides what is new, because after a failover another worker, with an empty memory, goes on from it:
it holds the validators for a conditional request and a short hash of every id seen.
"""

import asyncio
import base64
import hashlib
from dataclasses import dataclass
from typing import ClassVar, cast

import msgspec

from worker.platforms.base import Changed, Check, Found, Missed, Session
from worker.platforms.feed_documents import LONGEST_LINE, Document, Entry, parse
from worker.platforms.http import BasicAuth, Response, Validators
from worker.process.secret import Secret
from worker.protocol.descriptor import Choice, Descriptor, Field, Kind, Text
from worker.protocol.messages import Identity

BASELINE = 20  #: newest entries that a first check finds
CONSIDERED = 1500  #: newest entries of a document that count at all
REMEMBERED = 3000  #: ids in the cursor, 14 characters each: well below the protocol's 60,000
HASH_BYTES = 8
LONGEST_VALIDATOR = 1000
ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


class _Cursor(msgspec.Struct, frozen=True):
    """`source` is a hash of the address that the validators belong to, `seen` of every id seen, newest first."""

    v: int = 1
    source: str = ""
    etag: str = ""
    last_modified: str = ""
    seen: list[str] = msgspec.field(default_factory=list)


def _read(cursor: str | None) -> _Cursor | None:
    """The cursor, or None where there is none or it cannot be read.

    An unreadable one is treated as a first check and not as an error: the account heals by itself, gets at most the 20
    newest entries, and the master knows those it has stored.
    """
    if cursor is None:
        return None
    try:
        parsed = msgspec.json.decode(cursor, type=_Cursor)
    except msgspec.DecodeError:
        return None
    return parsed if parsed.v == 1 else None


class Feed:
    """Polls one feed document."""

    descriptor: ClassVar[Descriptor] = Descriptor(
        key="feed",
        name=Text(en="Feed (RSS, Atom, JSON)", zh="订阅源(RSS、Atom、JSON)"),
        kinds=("post", "comment"),
        min_interval=10,
        icon="mdi6.rss",
        credential_fields=(
            Field(
                name="username",
                label=Text(en="User name", zh="用户名"),
                hint=Text(en="Only for a feed behind a password.", zh="仅用于需要密码的订阅源。"),
            ),
            Field(name="password", label=Text(en="Password", zh="密码"), type="secret"),
        ),
        setting_fields=(
            Field(
                name="url",
                label=Text(en="Address of the feed", zh="订阅源地址"),
                type="url",
                required=True,
                hint=Text(
                    en="The RSS, Atom or JSON Feed itself, not the page it belongs to.",
                    zh="填写 RSS、Atom 或 JSON Feed 本身的地址,而不是网页地址。",
                ),
            ),
            Field(
                name="kind",
                label=Text(en="What it lists", zh="内容类型"),
                type="choice",
                default="post",
                choices=(
                    Choice(value="post", label=Text(en="Posts", zh="文章")),
                    Choice(value="comment", label=Text(en="Comments", zh="评论")),
                ),
            ),
            Field(
                name="allow_private_network",
                label=Text(en="Allow private networks", zh="允许访问内网"),
                type="boolean",
                default=False,
                hint=Text(
                    en="Only for a server of your own: lets the address lead into this machine's network.",
                    zh="仅用于自建服务器:允许该地址指向本机所在的网络。",
                ),
            ),
        ),
    )

    async def identify(self, session: Session) -> Identity:
        """Fetch the feed once: `handle` is its link, `display_name` its title; its host where it has none.

        Raises:
            PlatformError: see base.Platform; Changed if the address holds no feed.
        """
        answer = await self._fetch(session, Validators())
        document = await asyncio.to_thread(parse, answer)
        handle = document.link if 0 < len(document.link) <= LONGEST_LINE else answer.who
        return Identity(handle=handle, display_name=document.title or answer.who)

    async def check(self, session: Session, cursor: str | None) -> Check:
        """Entries that the cursor does not know.

        Raises:
            PlatformError: see base.Platform; Changed if the address holds no feed.
        """
        known, source = _read(cursor), _hash(_setting(session, "url"))
        moved = known is not None and known.source != source
        usable = Validators() if known is None or moved else Validators(known.etag, known.last_modified)
        answer = await self._fetch(session, usable)
        if answer.not_modified:
            return Check((), None, quota=answer.quota)
        listed = _oldest_first(await asyncio.to_thread(parse, answer))
        ordered = listed[-CONSIDERED:]
        progress = _compare(ordered, known.seen if known else [])
        following = _write(_cursor(source, answer.validators, progress.seen))
        fresh = progress.fresh[-BASELINE:] if known is None or moved else progress.fresh
        kind = cast(Kind, _setting(session, "kind") or "post")
        items = tuple(_found(entry, kind) for entry in fresh)
        missed = None if cursor is None or moved else _missed(known, progress, len(listed))
        return Check(items, None if following == cursor else following, quota=answer.quota, missed=missed)

    async def _fetch(self, session: Session, validators: Validators) -> Response:
        given = session.credentials
        empty = Secret("")
        auth = BasicAuth(given.get("username", empty), given.get("password", empty)) if any(given.values()) else None
        url = _setting(session, "url")
        answer = await session.http.get(url, headers={"Accept": ACCEPT}, auth=auth, validators=validators)
        if answer.not_modified and validators == Validators():
            raise Changed(f"{answer.who} says that nothing changed without having been asked. Check the address.")
        return answer


@dataclass(frozen=True, slots=True)
class _Progress:
    """`fresh`: entries not seen before, oldest first; `seen`: hashes for the cursor, newest first."""

    fresh: list[Entry]
    seen: list[str]


def _compare(ordered: list[Entry], seen: list[str]) -> _Progress:
    """What is new. Ids that left the document stay remembered for a while: feeds take entries back and bring them."""
    known = set(seen)
    here = {_hash(entry.external_id): entry for entry in ordered}
    fresh = [entry for digest, entry in here.items() if digest not in known]
    kept = [*reversed(here), *(digest for digest in seen if digest not in here)]
    return _Progress(fresh, kept[:REMEMBERED])


def _missed(known: _Cursor | None, progress: _Progress, listed: int) -> Missed | None:
    """A feed shows only its newest entries: where none of them is known, others may have come and gone between.

    One that was empty before has no oldest entry to meet again, and an entry that is pinned to the top hides this.
    """
    if known is None:
        return "reset"
    if not known.seen or not listed or len(progress.fresh) < min(listed, CONSIDERED):
        return None
    return "page_cap" if listed > CONSIDERED else "overrun"


def _cursor(source: str, validators: Validators, seen: list[str]) -> _Cursor:
    return _Cursor(1, source, _short(validators.etag), _short(validators.last_modified), seen)


def _oldest_first(document: Document) -> list[Entry]:
    """By date; an entry without one stays beside its neighbour, since feeds list the newest first."""
    dated: list[tuple[int, Entry]] = []
    latest = 0
    for entry in reversed(document.entries):
        latest = latest if entry.published_at is None else entry.published_at
        dated.append((latest, entry))
    return [entry for _, entry in sorted(dated, key=lambda pair: pair[0])]


def _found(entry: Entry, kind: Kind) -> Found:
    return Found(
        kind=kind,
        external_id=entry.external_id,
        text=entry.text,
        subject=entry.subject,
        url=entry.url,
        author=entry.author,
        published_at=entry.published_at,
    )


def _hash(value: str) -> str:
    digest = hashlib.blake2b(value.encode("utf-8", "replace"), digest_size=HASH_BYTES).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _short(validator: str) -> str:
    """A validator that is worth keeping: a huge one would crowd the ids out of the cursor."""
    return validator if len(validator) <= LONGEST_VALIDATOR else ""


def _setting(session: Session, name: str) -> str:
    return str(session.settings.get(name) or "")


def _write(cursor: _Cursor) -> str:
    return msgspec.json.encode(cursor).decode()
