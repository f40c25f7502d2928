"""The real `Api` over stores that live in memory: what a front end's tests need, with no database and no fleet.

`make_api()` gives a `MemoryApi`; its `add_*` methods put something in and publish the event that the engine would.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from engine.api.accounts import Accounts
from engine.api.backups import Backups
from engine.api.dead_letters import DeadLetters
from engine.api.detections import Detections
from engine.api.gaps import Gaps
from engine.api.journal import Journal
from engine.api.keys import Keys
from engine.api.platforms import Platforms
from engine.api.remote import Remote
from engine.api.retention import Retention
from engine.api.room import Api
from engine.api.status import SchedulingStatus, Status
from engine.api.tokens import ApiTokens
from engine.api.workers import Workers, WorkerSnapshot
from engine.bus import Bus
from engine.events import DeadLettersChanged, DetectionsStored, PlatformsChanged
from engine.records import Account, DeadLetter, Detection, Letter
from engine.vault.errors import VaultError
from tests.support.memory_backup import CannotWrite, MemoryBackup
from tests.support.memory_keys import MemoryKeeper, no_note
from tests.support.memory_remote import MemoryRemote
from tests.support.memory_stores import (
    BEGAN,
    DEMO,
    FEED,
    VERSION,
    MemoryAccountStore,
    MemoryDescriptors,
    MemoryFeed,
    MemoryFleet,
    MemoryLetters,
    MemoryTokens,
    MemoryWorkers,
    OpenSealer,
    a_worker,
)
from worker.process.clock import wall_ms
from worker.protocol.descriptor import Descriptor
from worker.protocol.messages import Author


@dataclass
class MemoryApi:
    """The room, and what is behind its walls."""

    api: Api
    bus: Bus
    store: MemoryAccountStore
    feed: MemoryFeed
    fleet: MemoryFleet
    workers: MemoryWorkers
    descriptors: MemoryDescriptors
    letters: MemoryLetters
    remote: MemoryRemote
    keeper: MemoryKeeper
    backup: MemoryBackup
    _next_account: int = field(default=1)

    def add_account(self, display_name: str = "Blog", platform: str = "feed", **fields: Any) -> Account:
        """Store an account, place it on the first worker, publish AccountChanged. Ids are acc_0001, acc_0002 …"""
        account = Account(
            id=f"acc_{self._next_account:04}",
            platform=platform,
            display_name=display_name,
            interval=30,
            created_at=BEGAN + timedelta(seconds=self._next_account),
            settings={"url": "https://blog.example/feed.xml"} if platform == "feed" else {},
        )
        self._next_account += 1
        account = replace(account, **fields)
        self.store.put(account)
        self.fleet.place(account)
        return account

    def add_worker(self, worker_id: str = "", **fields: Any) -> WorkerSnapshot:
        """Add or replace a worker (local-1, local-2 … if unnamed) and publish WorkerChanged."""
        worker = a_worker(worker_id or f"local-{len(self.workers.rows) + 1}", **fields)
        self.workers.put(worker)
        return worker

    def add_detection(self, account_id: str, text: str = "Hello", **fields: Any) -> Detection:
        """Store one detection and publish DetectionsStored."""
        return self.add_detections(account_id, [text], **fields)[0]

    def add_detections(self, account_id: str, texts: Sequence[str], **fields: Any) -> list[Detection]:
        """Store many at once, one per text, a second apart; publish one DetectionsStored."""
        account = self.store.rows[account_id]
        first = len(self.feed.rows) + 1
        added = [self._detection(account, number, text, fields) for number, text in enumerate(texts, first)]
        for detection in added:
            self.feed.append(detection)
        baseline = sum(detection.read for detection in added)
        self.bus.publish(DetectionsStored(first, added[-1].id, len(added), {account_id: len(added)}, baseline))
        return added

    def add_letter(self, account_id: str = "acc_9", code: str = "unknown_account", **item: Any) -> DeadLetter:
        """Keep an item that could not be stored and publish DeadLettersChanged."""
        given = {"seq": 1, "account": account_id, "epoch": 1, "kind": "comment", "external_id": "x", "found_at": 1}
        why = {"unknown_account": "there is no such account"}.get(code, "its platform has no items of this kind")
        letter = self.letters.add(Letter("local-1", code, why, given | item))
        self.bus.publish(DeadLettersChanged())
        return letter

    def add_platform(self, descriptor: Descriptor) -> None:
        """Offer one more platform and publish PlatformsChanged."""
        self.descriptors.by_key[descriptor.key] = descriptor
        self.bus.publish(PlatformsChanged())

    def _detection(self, account: Account, number: int, text: str, fields: dict[str, Any]) -> Detection:
        moment = BEGAN + timedelta(seconds=number)
        live = self.fleet.lives.get(account.id)
        detection = Detection(
            id=number,
            account_id=account.id,
            platform=account.platform,
            worker_id=(live and live.worker_id) or "local-1",
            kind="comment",
            external_id=f"urn:{number}",
            detected_at=moment,
            published_at=moment - timedelta(minutes=1),
            author=Author(id="7", name="小明", handle="@ming"),
            text=text,
            url=f"https://blog.example/{number}",
            subject=f"Subject {number}",
        )
        return msgspec.structs.replace(detection, **fields)


def make_api(
    bus: Bus | None = None, *, accounts: int = 0, detections: int = 0, workers: int = 1, now: datetime = BEGAN
) -> MemoryApi:
    """An `Api` with so many workers, accounts, and detections (all of the first account) in it.

    Args:
        now: what new accounts get as `created_at`.
    """
    bus = bus or Bus()
    feed, control = MemoryFeed(), MemoryWorkers(bus)
    store, fleet, descriptors = MemoryAccountStore(feed), MemoryFleet(control, bus), MemoryDescriptors(DEMO, FEED)
    letters, remote = MemoryLetters(), MemoryRemote(control)
    keeper, backup = MemoryKeeper(), MemoryBackup()
    now_ms = round(now.timestamp() * 1000)
    room = _room(bus, feed, control, store, fleet, descriptors, letters, remote, keeper, backup, now_ms)
    memory = MemoryApi(room, bus, store, feed, fleet, control, descriptors, letters, remote, keeper, backup)
    for _ in range(workers):
        memory.add_worker()
    for number in range(max(accounts, min(detections, 1))):
        memory.add_account(f"Account {number + 1}")
    if detections:
        memory.add_detections("acc_0001", [f"text {number + 1}" for number in range(detections)])
    return memory


def _room(
    bus: Bus,
    feed: MemoryFeed,
    control: MemoryWorkers,
    store: MemoryAccountStore,
    fleet: MemoryFleet,
    descriptors: MemoryDescriptors,
    letters: MemoryLetters,
    remote: MemoryRemote,
    keeper: MemoryKeeper,
    backup: MemoryBackup,
    now_ms: int,
) -> Api:
    platforms, detections, journal = Platforms(descriptors), Detections(feed, feed, bus), Journal(fleet.journal)
    workers, dead_letters = Workers(control, journal), DeadLetters(letters, letters, bus)

    def scheduling() -> SchedulingStatus:
        total = sum(row.deleted_at is None for row in store.rows.values())
        placed = sum(live.worker_id is not None for live in fleet.lives.values())
        return SchedulingStatus(total, placed, total - placed)

    return Api(
        accounts=Accounts(store, fleet, OpenSealer(), platforms, wall_ms=lambda: now_ms, journal=journal),
        dead_letters=dead_letters,
        detections=detections,
        gaps=Gaps(fleet.gaps, store, fleet),
        journal=journal,
        platforms=platforms,
        status=Status(
            VERSION, lambda: 12.5, workers, scheduling=scheduling, detections=detections, dead_letters=dead_letters
        ),
        tokens=ApiTokens(MemoryTokens(), bus, wall_ms),
        workers=workers,
        keys=Keys(keeper, no_note, VaultError),
        remote=Remote(remote),
        backups=Backups(backup, no_note, CannotWrite),
        retention=Retention(),
        bus=bus,
    )
