"""What could not be stored: look at it, try again, delete it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec

from engine.api.errors import Conflict, Invalid, NotFound
from engine.bus import Bus
from engine.events import DeadLettersChanged
from engine.records import DeadLetter, from_ms
from worker.protocol.errors import Code
from worker.protocol.messages import Item

MAX_PAGE = 1000
PREVIEW = 500  #: characters of a text in a list


@dataclass(frozen=True, slots=True)
class DeadLetterSnapshot:
    """An item that could not be stored.

    All of its text comes from outside, is shown as plain text, and may be of any shape: what is not text is empty here.

    Attributes:
        code: unknown_account, invalid or unstorable. why: the same as a sentence.
        text: its beginning.
        item: the whole item as the worker sent it; None in a list.
    """

    id: int
    at: datetime
    worker_id: str
    account_id: str
    code: str
    why: str
    kind: str
    external_id: str
    author: str
    subject: str
    text: str
    url: str
    found_at: datetime | None
    item: Mapping[str, Any] | None = None


class DeadLetterStore(Protocol):
    """Where they are kept; newest first."""

    async def page(self, before: int | None, limit: int) -> list[DeadLetter]: ...
    async def get(self, letter_id: int) -> DeadLetter | None: ...
    async def remove(self, letter_id: int) -> bool: ...
    async def counts(self) -> tuple[int, int]: ...


class Retrier(Protocol):
    """Stores an item after all: None once it is stored, else code and sentence. May raise StorageFault."""

    async def retry(self, worker_id: str, item: Item) -> tuple[str, str] | None: ...


class DeadLetters:
    """What a front end may do with them."""

    def __init__(self, store: DeadLetterStore, retrier: Retrier, bus: Bus) -> None:
        self._store = store
        self._retrier = retrier
        self._bus = bus

    async def page(self, *, before: int | None = None, limit: int = 200) -> list[DeadLetterSnapshot]:
        """Newest first, below the id `before` if given. Raises Invalid."""
        if not 1 <= limit <= MAX_PAGE:
            raise Invalid("limit", f"“limit” must be from 1 to {MAX_PAGE}")
        return [_snapshot(letter, whole=False) for letter in await self._store.page(before, limit)]

    async def get(self, letter_id: int) -> DeadLetterSnapshot:
        """One, whole. Raises NotFound."""
        return _snapshot(await self._letter(letter_id), whole=True)

    async def counts(self) -> tuple[int, int]:
        """How many there are, and how many ever had to go for newer ones."""
        return await self._store.counts()

    async def retry(self, letter_id: int) -> None:
        """Store it after all and take it out.

        Raises:
            NotFound: if it is gone.
            Conflict: if it still cannot be stored; says why, and it stays.
        """
        letter = (await self._letter(letter_id)).letter
        try:
            item = msgspec.convert(letter.item, Item)
        except msgspec.ValidationError as error:
            raise Conflict(f"it does not fit: {error}", code=Code.INVALID) from None
        refused = await self._retrier.retry(letter.worker_id, item)
        if refused is not None:
            code, why = refused
            raise Conflict(why, code=code)
        await self._remove(letter_id)

    async def delete(self, letter_id: int) -> None:
        """Take it out for good. Raises NotFound."""
        if not await self._remove(letter_id):
            raise _no_letter(letter_id)

    async def _remove(self, letter_id: int) -> bool:
        removed = await self._store.remove(letter_id)
        if removed:
            self._bus.publish(DeadLettersChanged())
        return removed

    async def _letter(self, letter_id: int) -> DeadLetter:
        letter = await self._store.get(letter_id)
        if letter is None:
            raise _no_letter(letter_id)
        return letter


def _no_letter(letter_id: int) -> NotFound:
    return NotFound(f"there is no dead letter {letter_id}")


def _snapshot(dead: DeadLetter, *, whole: bool) -> DeadLetterSnapshot:
    letter, item = dead.letter, _clean(dead.letter.item)
    author = item.get("author")
    found_at = item.get("found_at")
    return DeadLetterSnapshot(
        id=dead.id,
        at=dead.at,
        worker_id=letter.worker_id,
        account_id=_text(item, "account"),
        code=letter.code,
        why=_clean(letter.why),
        kind=_text(item, "kind"),
        external_id=_text(item, "external_id"),
        author=_author(author) if isinstance(author, dict) else "",
        subject=_text(item, "subject"),
        text=_text(item, "text")[: None if whole else PREVIEW],
        url=_text(item, "url"),
        found_at=from_ms(found_at) if isinstance(found_at, int) and 0 <= found_at < LATEST else None,
        item=item if whole else None,
    )


LATEST = 253_402_300_800_000  #: milliseconds; the year 10000, which no datetime reaches


def _author(author: Mapping[str, Any]) -> str:
    return _text(author, "name") or _text(author, "handle") or _text(author, "id")


def _text(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name)
    return value if isinstance(value, str) else ""


def _clean(value: Any) -> Any:
    """The same without lone surrogates, which can be neither sent nor shown."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_clean(key): _clean(each) for key, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list) else value
