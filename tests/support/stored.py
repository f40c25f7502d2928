"""A real store in a temporary directory, and things to put into it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.records import Account, Detection, DetectionFilter, from_ms
from engine.store.store import Store
from worker.protocol.messages import Detections, Item

NOW = 1_795_000_000_000  #: milliseconds; the wall clock of these tests


@asynccontextmanager
async def open_store(directory: Path, now: int = NOW) -> AsyncIterator[Store]:
    """The store in this directory, closed at the end."""
    store = Store(directory / "vedette.db", lambda: now)
    await store.start()
    try:
        yield store
    finally:
        await store.close()


def account(account_id: str = "acc_1", **fields: Any) -> Account:
    """An account of the demo platform."""
    given = {"platform": "demo", "display_name": account_id, "interval": 30, "created_at": from_ms(NOW)}
    return Account(id=account_id, **(given | fields))


def entrust(store: Store, *account_ids: str, workers: Sequence[str] = ("w0", "w1", "w2", "w3")) -> None:
    """As if each of these workers had owned each of these accounts at some time."""
    for account_id in account_ids:
        for worker in workers:
            store.accounts._directory.entrust(account_id, worker)


def item(seq: int, account_id: str = "acc_1", **fields: Any) -> Item:
    """One item; its external id follows from its number."""
    given = {"epoch": 0, "kind": "comment", "external_id": f"ext-{seq}", "found_at": NOW - 1000 + seq}
    return Item(seq=seq, account=account_id, **(given | fields))


def batch(*items: Item, **fields: Any) -> Detections:
    """A batch of items."""
    return Detections(items=list(items), **fields)


async def put(store: Store, *items: Item, worker_id: str = "w1") -> None:
    """Store items without the feed's help."""
    await store.ingest.store([(worker_id, each) for each in items], [])


async def page(store: Store, limit: int = 200, **where: Any) -> list[Detection]:
    """The newest page of what fits."""
    return await store.detections.page(DetectionFilter(**where), after=None, before=None, limit=limit)


async def texts(store: Store, **where: Any) -> list[str]:
    """The texts of the newest page of what fits."""
    return [detection.text for detection in await page(store, **where)]


def ids(detections: Sequence[Detection]) -> list[int]:
    """Their ids, in their order."""
    return [detection.id for detection in detections]
