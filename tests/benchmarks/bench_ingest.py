"""How many detections a second become durable, and how fast the feed answers meanwhile.

The peer of ingest is SQLite itself: the same rows, in groups as large as ours were on average, inserted by plain
sqlite3 with many rows a statement into the same schema, synchronous=FULL. The feed's peer is the same query in plain
sqlite3, undisturbed.
"""

import asyncio
import gc
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import msgspec

from engine.bus import Bus
from engine.events import DetectionsStored
from engine.feed.indexer import Indexer
from engine.feed.ingest import Ingest
from engine.records import Account, DetectionFilter, from_ms
from engine.store.store import Store
from tests.benchmarks.table import Reach, Row, percentile
from tests.support.stored import entrust
from worker.process.clock import wall_ms
from worker.process.logs import configure
from worker.process.tasks import cancel, spawn
from worker.protocol import envelope
from worker.protocol.messages import FROM_WORKER, Author, Detections, Item

WORKERS = 64
BATCHES = {1: 20_000, 10: 60_000, 100: 160_000}  #: detections to store, by batch size
LIMITS: dict[int, float | None] = {1: None, 10: 4.0, 100: 3.5}  #: our time for one detection over that of SQLite alone
ROUNDS = 3
REACH = {10: 30_000.0, 100: 80_000.0}  #: durable detections a second
SEARCHABLE = 1_000_000
COPIES = 4  #: of these rows, which are not in the search index: so there are five million
STORED = SEARCHABLE * (1 + COPIES)
BACKGROUND_RATE = 1_000  #: detections a second while the feed is asked
ARRIVING = 30  #: seconds that the prepared arrivals last
ASKS = 300
CHARACTERS = (
    "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天"
)
#: 3,000 words as uneven as a language's: the n-th comes as often as 1 / (n + 10)
WORDS = ["".join(random.Random(n).choices("etaoinshrdlucmfw", k=3 + n % 7)) for n in range(3000)]
SHARES = list(accumulate(1 / (n + 10) for n in range(3000)))


def rows() -> list[Row]:
    """Ingest at three batch sizes; pages of five million rows and search over a million, while writing."""
    sys.setswitchinterval(0.0005)  # as the master does
    with tempfile.TemporaryDirectory() as directory:
        configure("benchmark", Path(directory) / "master.jsonl")
        found = [_ingest(Path(directory), size) for size in BATCHES]
        return found + asyncio.run(_reading(Path(directory) / "feed.db"))


# ---- ingest


@dataclass
class Run:
    """What one run did."""

    seconds: float
    cpu: float
    groups: int


def _ingest(directory: Path, size: int) -> Row:
    """The best of some rounds, ours and the peer's in turn: each round starts with an empty file."""
    share = BATCHES[size] // WORKERS // size
    messages = [[_wire(worker, turn, size) for turn in range(share)] for worker in range(WORKERS)]
    values = [_values(seq) for seq in range(share * size * WORKERS)]
    gc.collect()
    gc.freeze()  # what is prepared is the benchmark's, and no master holds a million objects of it
    runs, peers = [], []
    for number in range(ROUNDS):
        runs.append(asyncio.run(_load(directory / f"{size}-{number}.db", messages)))
        group = max(1, round(len(values) / runs[-1].groups))
        peers.append(_raw(directory / f"{size}-{number}.peer", values, group))
    gc.unfreeze()
    best, peer = min(runs, key=lambda run: run.seconds), min(peers)
    ours = best.seconds / len(values)
    return Row(
        f"durable detections, batch {size}, {WORKERS} workers",
        f"sqlite3 insert, groups of {group}: {1 / peer:,.0f}/s",
        f"{1 / ours:,.0f}/s, {best.cpu / len(values) * 1e6:.1f} µs CPU each",
        ours / peer,
        LIMITS[size],
        (Reach("", 1 / ours, REACH[size], "/s", at_least=True),) if size in REACH else (),
    )


async def _load(path: Path, messages: list[list[dict[str, Any]]]) -> Run:
    """All workers send their batches, one in flight each, as a gateway would hand them over."""
    store, bus = await _opened(path), Bus()
    told: list[int] = []
    for _ in range(3):
        bus.subscribe(DetectionsStored, lambda event: told.append(event.count))
    ingest = Ingest(store.ingest, bus)
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(_worker(ingest, f"w{worker}", batches) for worker, batches in enumerate(messages)))
    run = Run(time.perf_counter() - began, time.process_time() - cpu, len(told) // 3)
    await ingest.close()
    await store.close()
    assert sum(told) // 3 == sum(len(data["payload"]["items"]) for batches in messages for data in batches)
    return run


async def _worker(ingest: Ingest, worker_id: str, batches: list[dict[str, Any]]) -> None:
    for data in batches:
        received = envelope.unpack(Detections.TYPE, data, FROM_WORKER)
        assert isinstance(received.message, Detections)
        answer = await ingest.take(worker_id, received.message)
        assert len(envelope.ok(answer)["done"]) == len(batches[0]["payload"]["items"])


def _wire(worker: int, turn: int, size: int) -> dict[str, Any]:
    items = [_item(worker, turn * size + n) for n in range(size)]
    message = envelope.pack(Detections(items=items), f"{worker}-{turn}", wall_ms())
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(message))
    return decoded


def _item(worker: int, seq: int) -> Item:
    return Item(
        seq=seq,
        account=f"acc_{worker}",
        epoch=0,
        kind="comment",
        external_id=f"tag:example.org,2026:{worker}/{seq}",
        found_at=wall_ms(),
        published_at=wall_ms(),
        author=Author(id=str(seq % 997), name=f"User {seq % 997}", handle=f"@user{seq % 997}"),
        text=_text(seq),
        url=f"https://example.org/posts/{worker}/{seq}",
    )


def _text(seq: int) -> str:
    chance = random.Random(seq)
    return "".join(chance.choices(CHARACTERS, k=20)) + " " + " ".join(chance.choices(WORDS, cum_weights=SHARES, k=6))


async def _opened(path: Path) -> Store:
    store = Store(path)
    await store.start()
    for number in range(WORKERS):
        account = Account(f"acc_{number}", "demo", f"Account {number}", 30, from_ms(wall_ms()))
        await store.accounts.add(account, None)
        entrust(store, account.id, workers=[f"w{worker}" for worker in range(WORKERS)])
    return store


def _raw(path: Path, values: list[tuple[Any, ...]], group: int) -> float:
    """Seconds that SQLite itself needs for one such row."""
    columns = "account, kind, read, handled, starred, detected_at, published_at, worker_id, external_id, thread_id, "
    columns += "author_id, author_name, author_handle, author_avatar, text, url, subject"
    _schema(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    one = f"({', '.join('?' * 17)})"
    began = time.perf_counter()
    for start in range(0, len(values), group):
        chunk = values[start : start + group]
        connection.execute("BEGIN IMMEDIATE")
        for at in range(0, len(chunk), 1000):
            part = chunk[at : at + 1000]
            flat = [value for row in part for value in row]
            connection.execute(f"INSERT INTO detections ({columns}) VALUES {', '.join([one] * len(part))}", flat)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return seconds / len(values)


def _schema(path: Path) -> None:
    from engine.store.database import Database

    Database(path).prepare()
    connection = sqlite3.connect(path)
    for number in range(WORKERS):
        connection.execute(
            "INSERT INTO accounts (id, platform, display_name, handle, settings, tags, interval, status, worker_id, "
            "epoch, revision, created_at, quarantined) "
            "VALUES (?, 'demo', '', '', '{}', '[]', 30, 'active', NULL, 0, 1, 0, 0)",
            (f"acc_{number}",),
        )
    connection.commit()
    connection.close()


def _values(seq: int) -> tuple[Any, ...]:
    item = _item(seq % WORKERS, seq)
    author = item.author
    return (
        1 + seq % WORKERS, 0, 0, 0, 0, item.found_at, item.published_at, "w1", item.external_id, "", author.id,
        author.name, author.handle, "", item.text, item.url, "",
    )  # fmt: skip


# ---- reading


async def _reading(path: Path) -> list[Row]:
    store = await _opened(path)
    await _fill(store, path)
    arriving = [_wire(turn % WORKERS, STORED // 10 + turn, 10) for turn in range(BACKGROUND_RATE // 10 * ARRIVING)]
    bus = Bus()
    ingest, indexer = Ingest(store.ingest, bus), Indexer(store.search, bus)
    await indexer.start()
    gc.collect()
    gc.freeze()  # the prepared messages, and what the fill left behind
    writing = spawn(_write(ingest, arriving), name="writing")
    found = await _ask(store, path)
    assert not writing.done(), "the arrivals did not last as long as the questions"
    await cancel(writing)
    gc.unfreeze()
    await indexer.close()
    await ingest.close()
    await store.close()
    return found


async def _fill(store: Store, path: Path) -> None:
    items = (_item(seq % WORKERS, seq) for seq in range(SEARCHABLE))
    while chunk := list(islice(items, 5000)):
        await store.ingest.store([("w1", each) for each in chunk], [])
    while await store.search.index_some(1000):
        pass
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    names = ", ".join(name for _, name, *_ in connection.execute("PRAGMA table_info(detections)") if name != "id")
    for _ in range(COPIES):
        copied = f"SELECT {names} FROM detections WHERE id <= {SEARCHABLE}"
        connection.execute(f"INSERT INTO detections ({names}) {copied}")
    connection.execute(f"UPDATE counters SET total = total * {1 + COPIES}, unread = unread * {1 + COPIES}")
    connection.execute(f"UPDATE settings SET value = '{STORED}' WHERE \"key\" = 'search.mark'")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def _write(ingest: Ingest, messages: list[dict[str, Any]]) -> None:
    """A thousand detections a second, ten at a time, as a gateway hands them over."""
    for data in messages:
        received = envelope.unpack(Detections.TYPE, data, FROM_WORKER)
        assert isinstance(received.message, Detections)
        await ingest.take("w1", received.message)
        await asyncio.sleep(10 / BACKGROUND_RATE)


async def _ask(store: Store, path: Path) -> list[Row]:
    chance = random.Random(1)

    def page(before: int | None = None) -> Awaitable[Any]:
        return store.detections.page(DetectionFilter(), after=None, before=before, limit=200)

    def search(query: str) -> Awaitable[Any]:
        return store.detections.page(DetectionFilter(q=query), after=None, before=None, limit=200)

    undisturbed = _plain(path, "SELECT * FROM detections ORDER BY id DESC LIMIT 200")
    scan = f"SELECT * FROM detections WHERE id <= {SEARCHABLE} AND text LIKE '%国国国%' ORDER BY id DESC LIMIT 200"
    like = _plain(path, scan, 3)
    name, searchable = (f"of {count:,} rows while {BACKGROUND_RATE:,}/s arrive" for count in (STORED, SEARCHABLE))
    return [
        await _timed(f"latest 200 {name}", undisturbed, page, (1.0, 15.0)),
        await _timed(f"any 200 {name}", undisturbed, lambda: page(before=chance.randrange(1000, STORED))),
        await _timed(f"search, two Chinese characters, {searchable}", like, lambda: search(_two(chance)), (5.0,)),
        await _timed(
            f"search, a word, {searchable}", like, lambda: search(*chance.choices(WORDS, cum_weights=SHARES)), (5.0,)
        ),
        await _timed(f"counts {name}", undisturbed, store.detections.counts),
    ]


def _two(chance: random.Random) -> str:
    return "".join(chance.choices(CHARACTERS, k=2))


def _plain(path: Path, query: str, asks: int = ASKS) -> float:
    connection = sqlite3.connect(path)
    times = sorted(_once(connection, query) for _ in range(asks))
    connection.close()
    return statistics.median(times)


def _once(connection: sqlite3.Connection, query: str) -> float:
    began = time.perf_counter()
    connection.execute(query).fetchall()
    return time.perf_counter() - began


async def _timed(area: str, peer: float, ask: Callable[[], Awaitable[Any]], bounds: tuple[float, ...] = ()) -> Row:
    """Ask again and again; `bounds` are for p50 and p99, in milliseconds."""
    times: list[float] = []
    for _ in range(ASKS):
        began = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - began) * 1e3)
        await asyncio.sleep(0.003)
    found = {"p50": statistics.median(times), "p99": percentile(times, 0.99)}
    reach = [Reach(what, value, bound, "ms") for (what, value), bound in zip(found.items(), bounds, strict=False)]
    measured = f"p50 {found['p50']:.2f} ms, p99 {found['p99']:.1f} ms"
    return Row(area, f"plain sqlite3: {peer * 1e3:.2f} ms", measured, found["p50"] / peer / 1e3, None, tuple(reach))
