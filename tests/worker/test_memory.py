"""worker.db: all or nothing per check, batches in order, limits, damage, and a process killed at any moment."""

import asyncio
import os
import random
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.tasks import task
from worker.memory import SEEN_KEPT, Memory, MemoryTrouble, Store
from worker.protocol.messages import MAX_BATCH_BYTES, MAX_ITEMS, Detections, Item, Rejected

TASK = task()


def item(number: int = 1, account: str = "a", text: str = "hello", **fields: Any) -> Item:
    return Item(
        seq=0, account=account, epoch=1, kind="comment", external_id=f"x-{number}", found_at=1, text=text, **fields
    )


def items(*numbers: int, account: str = "a") -> list[Item]:
    return [item(number, account) for number in numbers]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "w" / "worker.db")
    store.open()
    yield store
    store.close()


def sent(store: Store) -> list[str]:
    return [each.external_id for each in store.next_batch().items]


def take_all(store: Store) -> list[Item]:
    taken: list[Item] = []
    while batch := store.next_batch():
        taken += batch.items
        store.drop(batch, [each.seq for each in batch.items], [])
    return taken


# --- a check ---------------------------------------------------------------------------------------------------------


def test_a_check_is_written_items_first_then_the_cursor(store: Store) -> None:
    assert store.record(TASK, items(1, 2), [], "c1") == 2
    batch = store.next_batch()
    assert [each.external_id for each in batch.items] == ["x-1", "x-2"]
    assert batch.cursors["a"].cursor == "c1" and batch.cursors["a"].epoch == 1
    assert max(each.seq for each in batch.items) < min(batch.cursor_rows)


def test_what_was_seen_is_not_reported_again(store: Store) -> None:
    store.record(TASK, items(1, 2), [], "c1")
    assert store.record(TASK, items(2, 3), [], "c2") == 1
    assert sent(store) == ["x-1", "x-2", "x-3"]
    assert store.record(task("b"), items(1, account="b"), [], "c1") == 1  # another account sees for itself


def test_the_same_id_of_another_kind_is_another_item(store: Store) -> None:
    store.record(TASK, items(1), [], "c1")
    assert store.record(TASK, [msgspec.structs.replace(item(1), kind="mention")], [], "c1") == 1


def test_seen_only_items_are_remembered_but_never_sent(store: Store) -> None:
    store.record(TASK, items(2), items(1), "c1")
    assert store.record(TASK, items(1, 2), [], "c2") == 0
    assert sent(store) == ["x-2"]


def test_nothing_new_writes_nothing(store: Store) -> None:
    store.remember_tasks([TASK])
    store.record(TASK, items(1), [], "c1")
    rows = store.rows
    assert store.record(TASK, [], [], "c1") == 0
    assert store.record(TASK, items(1), [], None) == 0
    assert store.rows == rows


def test_a_failure_in_the_middle_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(UnicodeEncodeError):
        store.record(TASK, [*items(1), item(2, text="\ud800")], [], "c1")
    assert not store.next_batch() and store.rows == 0
    assert store.record(TASK, items(1), [], "c1") == 1


def test_everything_is_still_there_after_a_restart(store: Store, tmp_path: Path) -> None:
    store.remember_tasks([TASK])
    store.record(TASK, items(1), [], "c1")
    store.close()
    store.close()
    store.open()
    assert (store.rows, sent(store), store.cursor_of(TASK)) == (2, ["x-1"], "c1")
    assert store.record(TASK, items(1), [], "c1") == 0
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "w" / "worker.db").stat().st_mode) == 0o600


def test_only_so_many_seen_ids_are_kept_of_an_account(store: Store, tmp_path: Path) -> None:
    store.record(TASK, [], items(*range(SEEN_KEPT + 100)), "c1")
    store.record(TASK, [], items(-1), "c2")
    with sqlite3.connect(tmp_path / "w" / "worker.db") as db:
        assert db.execute("SELECT count(*) FROM crawl_cache").fetchone() == (SEEN_KEPT,)
    db.close()
    assert store.record(TASK, items(SEEN_KEPT + 99), [], "c3") == 0
    assert store.record(TASK, items(0), [], "c4") == 1


def test_seen_ids_of_accounts_that_went_elsewhere_go_at_the_next_start(store: Store) -> None:
    store.remember_tasks([TASK, task("b")])
    store.record(TASK, items(1), [], "c")
    store.record(task("b"), items(1, account="b"), [], "c")
    store.forget_tasks(["b"])
    store.close()
    store.open()
    assert store.record(TASK, items(1), [], "c2") == 0
    assert store.record(task("b"), items(1, account="b"), [], "c2") == 1


def test_a_row_that_another_version_wrote_is_put_aside_and_holds_nothing_up(store: Store, expected_logs: Any) -> None:
    expected_logs("memory.unreadable")
    store.record(TASK, items(1, 2, 3), [], "c1")
    store._open_db().execute("UPDATE outbox SET body = json_set(body, '$.colour', 'red') WHERE seq = 2")
    before = store.size
    assert sent(store) == ["x-1", "x-3"]
    assert store.rows == 3 and store.size < before
    assert sent(store) == ["x-1", "x-3"] and len(expected_logs.records) == 1
    kept = store._open_db().execute("SELECT seq, account, json_extract(body, '$.external_id') FROM unreadable")
    assert kept.fetchall() == [(2, "a", "x-2")]
    assert [one.external_id for one in take_all(store)] == ["x-1", "x-3"]


def test_on_a_full_disk_such_a_row_is_passed_over(store: Store, expected_logs: Any) -> None:
    expected_logs("memory.unreadable")
    store.record(TASK, items(1, 2), [], "c1")
    store._open_db().execute("UPDATE outbox SET body = '{}' WHERE seq = 1")
    store._open_db().execute("PRAGMA query_only = ON")
    assert sent(store) == ["x-2"] and "cannot be written" in store.trouble
    store._open_db().execute("PRAGMA query_only = OFF")
    assert sent(store) == ["x-2"] and not store.trouble


# --- cursors ---------------------------------------------------------------------------------------------------------


def test_the_masters_cursor_counts_until_a_check_found_a_newer_one(store: Store) -> None:
    given_task = task(cursor="m1")
    store.remember_tasks([given_task])
    assert store.cursor_of(given_task) == "m1"
    store.record(given_task, [], [], "c2")
    assert store.cursor_of(given_task) == "c2"
    store.remember_tasks([task(cursor="m1")])  # assigned again: ours is on its way to the master
    assert store.cursor_of(task(cursor="m1")) == "c2"
    batch = store.next_batch()
    store.drop(batch, [], [])
    assert store.cursor_of(task(cursor="m1")) == "c2"


def test_under_a_new_epoch_the_masters_cursor_counts(store: Store) -> None:
    store.remember_tasks([TASK])
    store.record(TASK, [], [], "c1")
    later = task(epoch=2, cursor="m9")
    store.remember_tasks([later])
    assert store.cursor_of(later) == "m9"
    store.record(TASK, [], [], "late")  # a check of the old epoch that was under way
    assert store.cursor_of(later) == "m9"


def test_under_a_new_epoch_what_was_seen_is_reported_again_for_the_master_may_lack_it(store: Store) -> None:
    store.remember_tasks([task(epoch=1), task("b", epoch=1)])
    store.record(task(epoch=1), items(1), [], "c1")
    store.record(task("b", epoch=1), items(1, account="b"), [], "c1")
    assert len(take_all(store)) == 2
    store.remember_tasks([task(epoch=1)])  # sent again: nothing has changed
    assert store.record(task(epoch=1), items(1), [], "c1") == 0
    store.remember_tasks([task(epoch=1_700_000_000)])  # the master came back from a backup without it
    assert store.record(task(epoch=1_700_000_000), items(1), [], "c1") == 1
    assert store.record(task("b", epoch=1), items(1, account="b"), [], "c1") == 0


def test_a_task_nobody_remembered_has_the_masters_cursor(store: Store) -> None:
    assert store.cursor_of(task(cursor="m1")) == "m1"
    assert store.cursor_of(TASK) is None


# --- batches ---------------------------------------------------------------------------------------------------------


def test_a_batch_has_at_most_a_hundred_items_and_the_cursor_only_with_the_last(store: Store) -> None:
    store.record(TASK, items(*range(MAX_ITEMS + 50)), [], "c1")
    first = store.next_batch()
    assert len(first.items) == MAX_ITEMS and not first.cursors
    assert store.next_batch() == first
    store.drop(first, [each.seq for each in first.items], [])
    second = store.next_batch()
    assert len(second.items) == 50 and second.cursors["a"].cursor == "c1"


@settings(max_examples=30)
@given(st.lists(st.integers(min_value=0, max_value=20_000), min_size=1, max_size=40), st.sampled_from(["x", "中", '"']))
def test_a_batch_is_as_large_as_allowed_and_nothing_is_lost(sizes: list[int], letter: str) -> None:
    with tempfile.TemporaryDirectory() as directory, closing(Store(Path(directory) / "worker.db")) as store:
        store.open()
        for number, size in enumerate(sizes):
            store.record(TASK, [item(number, text=letter * size)], [], f"c{number}")
        taken: list[str] = []
        while batch := store.next_batch():
            assert len(msgspec.json.encode(Detections(batch.items, batch.cursors))) <= MAX_BATCH_BYTES
            taken += [each.external_id for each in batch.items]
            store.drop(batch, [each.seq for each in batch.items], [])
        assert taken == [f"x-{number}" for number in range(len(sizes))]
        assert (store.rows, store.size) == (0, 0)


def test_a_row_that_is_larger_than_a_batch_goes_alone(store: Store) -> None:
    wide = "\x01" * 50_000  # six bytes each in JSON
    store.record(TASK, items(1), [], "c1")
    store.record(TASK, [], [], wide)
    store.record(TASK, items(2), [], "c3")
    cursors = []
    while batch := store.next_batch():
        cursors.append((len(batch.items), batch.cursors.get("a")))
        store.drop(batch, [each.seq for each in batch.items], [])
    assert [(count, at and len(at.cursor)) for count, at in cursors] == [(1, 2), (0, 50_000), (1, 2)]


def test_an_answer_to_an_older_batch_takes_nothing_away(store: Store) -> None:
    store.record(TASK, items(1, 2), [], "c1")
    older = store.next_batch()
    gone = [each.seq for each in older.items]
    assert store.drop(older, gone, []) == 3
    store.record(TASK, items(3), [], "c2")
    newer = store.next_batch()
    assert store.drop(newer, gone, [Rejected(gone[0], "invalid")]) == 0
    assert sent(store) == ["x-3"] and store.rows == 2


def test_of_two_checks_in_one_batch_the_later_cursor_is_sent_and_both_rows_go(store: Store) -> None:
    store.record(TASK, items(1), [], "c1")
    store.record(TASK, items(2), [], "c2")
    batch = store.next_batch()
    assert batch.cursors["a"].cursor == "c2" and len(batch.cursor_rows) == 2
    assert store.drop(batch, [each.seq for each in batch.items], []) == 4
    assert not store.next_batch()


def test_what_was_not_answered_stays_with_its_cursor(store: Store) -> None:
    store.record(TASK, items(1, 2, 3), [], "c1")
    batch = store.next_batch()
    assert store.drop(batch, [batch.items[0].seq, 999], []) == 1
    rest = store.next_batch()
    assert [each.external_id for each in rest.items] == ["x-2", "x-3"] and rest.cursors["a"].cursor == "c1"


def test_rejected_items_are_logged_and_go(store: Store, expected_logs: Any) -> None:
    expected_logs("memory.rejected")
    store.record(TASK, items(1, 2), [], "c1")
    batch = store.next_batch()
    store.drop(batch, [batch.items[0].seq], [Rejected(batch.items[1].seq, "invalid"), Rejected(999, "not ours")])
    assert not store.next_batch()
    assert len([line for line in expected_logs.records if "memory.rejected" in line]) == 1


def test_a_row_number_is_never_used_twice(store: Store) -> None:
    store.record(TASK, items(1), [], "c1")
    last = max(store.next_batch().cursor_rows)
    take_all(store)
    store.close()
    store.open()
    store.record(TASK, items(2), [], "c2")
    assert store.next_batch().items[0].seq > last


# --- limits and damage -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [{"max_rows": 10}, {"max_bytes": 1500}])
def test_a_full_outbox_takes_nothing_more_and_loses_nothing(tmp_path: Path, limit: dict[str, int]) -> None:
    store = Store(tmp_path / "worker.db", **limit)
    store.open()
    stored = 0
    with pytest.raises(MemoryTrouble, match="full"):
        for number in range(100):
            stored += store.record(TASK, items(number), [], None)
    assert store.trouble
    store.recover()
    assert store.trouble  # nothing was taken out yet
    assert len(take_all(store)) == stored
    assert not store.trouble
    assert store.record(TASK, items(99), [], None) == 1
    store.close()


def test_a_full_outbox_stays_full_until_there_is_real_room(tmp_path: Path) -> None:
    store = Store(tmp_path / "worker.db", max_rows=100)
    store.open()
    store.record(TASK, items(*range(100)), [], None)
    batch = store.next_batch()
    store.drop(batch, [batch.items[0].seq], [])
    assert store.trouble
    store.drop(batch, [each.seq for each in batch.items[1:20]], [])
    assert not store.trouble
    store.close()


def test_a_disk_that_takes_nothing_is_trouble_until_it_does(store: Store) -> None:
    store.record(TASK, items(1), [], "c1")
    db = store._open_db()
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")  # the database or disk is full, says SQLite
    with pytest.raises(MemoryTrouble, match="full"):
        store.record(TASK, [item(number, text="x" * 5000) for number in range(2, 50)], [], "c2")
    assert store.trouble and sent(store) == ["x-1"]
    db.execute("PRAGMA max_page_count = 1000000")
    store.recover()
    assert not store.trouble
    assert store.record(TASK, items(2), [], "c2") == 1


def test_a_damaged_file_is_moved_aside(tmp_path: Path, expected_logs: Any) -> None:
    expected_logs("memory.corrupt")
    file = tmp_path / "worker.db"
    file.write_bytes(b"this is not a database" * 1000)
    store = Store(file)
    store.open()
    assert store.record(TASK, items(1), [], "c1") == 1
    store.close()
    (aside,) = tmp_path.glob("worker.db.corrupt-*")
    assert aside.read_bytes().startswith(b"this is not")
    assert any("memory.corrupt" in line for line in expected_logs.records)


def test_damage_inside_the_file_is_found_at_the_start(store: Store, tmp_path: Path, expected_logs: Any) -> None:
    expected_logs("memory.corrupt")
    store.record(TASK, [item(number, text="x" * 3000) for number in range(20)], [], "c1")
    store.close()
    file = tmp_path / "w" / "worker.db"
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 8] = os.urandom(4096 * 5)
    file.write_bytes(content)
    store.open()
    assert store.rows == 0 and list(file.parent.glob("*.corrupt-*"))


# --- threads and processes -------------------------------------------------------------------------------------------


async def test_every_call_runs_off_the_loop_in_order(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "worker.db")
    await memory.start()
    await memory.start()
    await memory.remember_tasks([TASK])
    checks = [memory.record(TASK, items(number), [], f"c{number}") for number in range(20)]
    assert await asyncio.gather(*checks) == [1] * 20
    assert await memory.cursor_of(TASK) == "c19"
    batch = await memory.next_batch()
    assert [each.external_id for each in batch.items] == [f"x-{number}" for number in range(20)]
    assert await memory.drop(batch, [each.seq for each in batch.items], []) == memory.rows + 40
    await memory.forget_tasks(["a"])
    assert await memory.cursor_of(TASK) is None
    await memory.recover()
    assert not memory.trouble
    await memory.close()
    await memory.close()
    with pytest.raises(RuntimeError):
        await memory.next_batch()


WRITER = """
import sys
from pathlib import Path
from tests.support.tasks import task
from worker.memory import Store
from worker.protocol.messages import Item

store = Store(Path(sys.argv[1]))
store.open()
store.remember_tasks([task()])
number = int(sys.argv[2])
while True:
    found = [Item(0, "a", 1, "comment", f"x-{number}-{n}", 1, text="x" * 2000) for n in range(5)]
    store.record(task(), found, [], str(number))
    print(number, flush=True)
    number += 1
"""


@pytest.mark.processes
def test_killed_at_any_moment_seen_reported_and_cursor_agree(tmp_path: Path) -> None:
    file, rng, acknowledged = tmp_path / "worker.db", random.Random(7), 0
    for _ in range(4):
        arguments = [sys.executable, "-c", WRITER, str(file), str(acknowledged + 1)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as writer:
            assert writer.stdout is not None
            for _ in range(rng.randint(2, 60)):
                acknowledged = int(writer.stdout.readline())
            writer.kill()  # the next transaction is under way
            rest = writer.stdout.read().split()
            acknowledged = int(rest[-1]) if rest else acknowledged
        acknowledged = check_consistent(file, acknowledged)


def check_consistent(file: Path, acknowledged: int) -> int:
    """Every recorded check is there completely, in the outbox and as seen, and the cursor is the last one's."""
    store = Store(file)
    store.open()
    cursor = int(store.cursor_of(task()) or 0)
    assert cursor in (acknowledged, acknowledged + 1)
    with sqlite3.connect(file) as db:
        seen = db.execute("SELECT count(*) FROM crawl_cache").fetchone()[0]
        bodies = [row[0] for row in db.execute("SELECT body FROM outbox WHERE kind = 'item' ORDER BY seq")]
        cursors = [int(row[0]) for row in db.execute("SELECT body FROM outbox WHERE kind = 'cursor' ORDER BY seq")]
    db.close()
    store.close()
    reported = [msgspec.json.decode(body, type=Item).external_id for body in bodies]
    assert reported == [f"x-{number}-{n}" for number in range(1, cursor + 1) for n in range(5)]
    assert seen == len(reported) and cursors == list(range(1, cursor + 1))
    return cursor
