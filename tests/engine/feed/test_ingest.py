import asyncio
import json
import sqlite3
import threading
from contextlib import asynccontextmanager

import pytest

from engine.bus import Bus
from engine.events import DeadLettersChanged, DetectionsStored
from engine.feed.ingest import Ingest
from engine.feed.sparing import MORE, MOST
from engine.records import Marks, Misfit, Move, from_ms
from tests.support.stored import NOW, account, batch, entrust, item, open_store, page, put, texts
from worker.process.tasks import spawn
from worker.protocol.descriptor import Descriptor, Text
from worker.protocol.messages import CursorAt, Rejected, Stored

POISON = "\ud800"  #: a lone surrogate, which SQLite cannot bind


class Feed:
    """A real store with two accounts, ingest on it, and what it said on the bus."""

    def __init__(self, store, directory):
        self.store = store
        self.path = directory / "vedette.db"
        self.now = 1000.0
        self.told: list[DetectionsStored] = []
        self.go = threading.Event()
        bus = Bus()
        self.buried: list[DeadLettersChanged] = []
        self.notes: list[tuple] = []
        bus.subscribe(DetectionsStored, self.told.append)
        bus.subscribe(DeadLettersChanged, self.buried.append)
        self.ingest = Ingest(store.ingest, bus, lambda: self.now, self.note)

    def note(self, what, *about, why="", request_id=None, details=None):
        self.notes.append((what, *about, why, details))

    def hold(self):
        """Keep the writer busy until `go`."""
        return spawn(self.store._writer.run(lambda _: self.go.wait(10)), name="hold")

    def letters(self):
        connection = sqlite3.connect(self.path)
        rows = connection.execute("SELECT worker_id, code, item FROM dead_letters ORDER BY id").fetchall()
        connection.close()
        return [(worker, code, json.loads(text)) for worker, code, text in rows]


@asynccontextmanager
async def open_feed(directory):
    async with open_store(directory) as store:
        for name, owner in (("acc_1", "w1"), ("acc_2", "w2")):
            if await store.accounts.get(name) is None:
                await store.accounts.add(account(name, worker_id=owner), None)
        entrust(store, "acc_1", "acc_2")
        feed = Feed(store, directory)
        try:
            yield feed
        finally:
            feed.go.set()
            await feed.ingest.close()


async def test_a_batch_is_stored_counted_told_and_acknowledged(tmp_path):
    async with open_feed(tmp_path) as feed:
        given = batch(item(7, text="a"), item(8, "acc_2", text="b", baseline=True), item(9, text="c"))
        assert await feed.ingest.take("w1", given) == Stored([7, 8, 9])
        assert feed.told == [DetectionsStored(1, 3, 3, {"acc_1": 2, "acc_2": 1}, 1)]
        assert [(found.text, found.read, found.worker_id) for found in await page(feed.store)] == [
            ("c", False, "w1"),
            ("b", True, "w1"),
            ("a", False, "w1"),
        ]
        counts = await feed.store.detections.counts()
        assert (counts.total, counts.unread, counts.per_minute) == (3, 2, 3)


async def test_the_same_thing_is_stored_once_ever(tmp_path):
    async with open_feed(tmp_path) as feed:
        once = batch(item(1, external_id="x"), item(2, external_id="x"), item(3, external_id="x", kind="mention"))
        assert (await feed.ingest.take("w1", once)).done == [1, 2, 3]
        assert (await feed.ingest.take("w1", once)).done == [1, 2, 3]
        other = batch(item(9, external_id="x"), item(10, "acc_2", external_id="x"), item(11, external_id="new"))
        assert (await feed.ingest.take("w2", other)).done == [9, 10, 11]
        assert len(feed.told) == 2
    async with open_feed(tmp_path) as feed:
        assert (await feed.ingest.take("w3", once)).done == [1, 2, 3]
        assert feed.told == []
        found = [(each.account_id, each.kind, each.external_id) for each in await page(feed.store)]
        assert found == [
            ("acc_1", "comment", "new"),
            ("acc_2", "comment", "x"),
            ("acc_1", "mention", "x"),
            ("acc_1", "comment", "x"),
        ]
        assert [each.unread for each in await feed.store.accounts.load_all()] == [3, 1]


async def test_batches_that_wait_become_one_group_in_their_order(tmp_path):
    async with open_feed(tmp_path) as feed:
        held = feed.hold()
        await asyncio.sleep(0)
        batches = [batch(item(n, text=f"{n}"), item(n + 10, text=f"{n + 10}")) for n in range(4)]
        taking = [spawn(feed.ingest.take(f"w{n}", batches[n]), name=f"take {n}") for n in range(4)]
        await asyncio.sleep(0)
        feed.go.set()
        assert [answer.done for answer in await asyncio.gather(*taking)] == [[n, n + 10] for n in range(4)]
        await held
        assert sum(told.count for told in feed.told) == 8
        assert len(feed.told) < 4
        assert await texts(feed.store) == ["13", "3", "12", "2", "11", "1", "10", "0"]


async def test_the_acknowledgement_waits_for_the_commit(tmp_path):
    async with open_feed(tmp_path) as feed:
        held = feed.hold()
        taking = spawn(feed.ingest.take("w1", batch(item(1))), name="take")
        for _ in range(100):
            await asyncio.sleep(0)
        assert not taking.done()
        assert feed.told == []
        feed.go.set()
        assert (await taking).done == [1]
        await held


async def test_cursors_need_the_current_epoch_but_items_are_facts(tmp_path):
    async with open_feed(tmp_path) as feed:
        await feed.store.accounts.save_ownership([Move("acc_1", "w2", 1)])
        old = batch(item(1, epoch=0), cursors={"acc_1": CursorAt(0, "old"), "never": CursorAt(0, "x")})
        assert (await feed.ingest.take("w1", old)).done == [1]
        assert (await feed.store.accounts.get("acc_1")).cursor is None
        await feed.ingest.take("w2", batch(cursors={"acc_1": CursorAt(1, "new")}))
        await feed.ingest.take("w1", batch(cursors={"acc_1": CursorAt(0, "late")}))
        assert (await feed.store.accounts.get("acc_1")).cursor == "new"
        assert len(await page(feed.store)) == 1


async def test_nobody_is_believed_about_an_account_that_he_never_had(tmp_path, expected_logs):
    """Else one bad machine could put words into every account, and have what is really there taken for known."""
    expected_logs("ingest.dead_letters")
    async with open_feed(tmp_path) as feed:
        forged = batch(item(1, external_id="x", text="forged"), cursors={"acc_1": CursorAt(0, "forged")})
        assert await feed.ingest.take("stranger", forged) == Stored([], [Rejected(1, "not_owner")])
        assert (await feed.store.accounts.get("acc_1")).cursor is None
        assert (await feed.ingest.take("w1", batch(item(1, external_id="x", text="true")))).done == [1]
        assert await texts(feed.store) == ["true"]
        assert feed.letters() == [("stranger", "not_owner", {**feed.letters()[0][2], "text": "forged"})]
        assert await feed.ingest.retry("stranger", item(2, text="a user wants it")) is None
        await feed.ingest.take("w2", batch(cursors={"acc_1": CursorAt(0, "of a former owner")}))
        assert (await feed.store.accounts.get("acc_1")).cursor is None, "the epoch alone can be guessed"


async def test_who_ever_had_an_account_is_believed_after_a_restart_too(tmp_path):
    async with open_store(tmp_path) as store:
        await store.accounts.add(account("acc_9"), None)
        await store.accounts.save_ownership([Move("acc_9", "first", 1)])
        await store.accounts.save_ownership([Move("acc_9", "second", 2)])
        await store.accounts.save_ownership([Move("acc_9", "late", 2)])
    async with open_store(tmp_path) as store:
        had = [store.ingest.was_entrusted("acc_9", name) for name in ("first", "second", "late", "never")]
        assert had == [True, True, False, False]
        await store.accounts.delete("acc_9")
        assert await store.accounts.purge_deleted(from_ms(NOW + 1)) == 1
        assert not store.ingest.was_entrusted("acc_9", "first")


async def test_unknown_accounts(tmp_path, expected_logs):
    expected_logs("ingest.dead_letters")
    async with open_feed(tmp_path) as feed:
        given = batch(item(1, "never"), item(3))
        assert await feed.ingest.take("w1", given) == Stored([3], [Rejected(1, "unknown_account")])
        await feed.ingest.take("w1", given)
        assert [(worker, code, each["seq"]) for worker, code, each in feed.letters()] == [("w1", "unknown_account", 1)]
        assert feed.notes[0] == ("could not be stored", "never", "w1", "there is no such account", {"items": "1"})
        assert len(feed.buried) == 2


async def test_what_comes_for_an_account_in_the_bin_is_there_when_it_is_restored(tmp_path):
    async with open_feed(tmp_path) as feed:
        await feed.store.accounts.delete("acc_2")
        late = item(2, "acc_2", text="late")
        assert await feed.ingest.take("w1", batch(item(1), late)) == Stored([1, 2])
        assert [(told.count, told.per_account) for told in feed.told] == [(1, {"acc_1": 1})]
        assert (await feed.ingest.take("w1", batch(item(3, "acc_2")))).done == [3]
        assert len(feed.told) == 1, "nobody is told of what nobody can see"
        assert await texts(feed.store) == [""]
        assert (await feed.store.detections.counts()).total == 1
        await feed.store.accounts.restore("acc_2")
        assert await texts(feed.store, account_id="acc_2") == ["", "late"]
        assert (await feed.store.detections.counts()).unread == 3


async def test_a_kind_that_the_platform_does_not_have(tmp_path, expected_logs):
    expected_logs("ingest.dead_letters")
    async with open_feed(tmp_path) as feed:
        await feed.ingest.take("w1", batch(item(1, kind="follow")))
        await feed.store.platforms.remember(Descriptor("demo", Text("Demo", "演示"), ("comment",), 1), local=True)
        answer = await feed.ingest.take("w1", batch(item(2, kind="follow"), item(3)))
        assert answer == Stored([3], [Rejected(2, "invalid")])
        assert [(code, each["kind"]) for _, code, each in feed.letters()] == [("invalid", "follow")]


@pytest.mark.parametrize("where", [0, 5, 9])
async def test_an_item_that_breaks_the_transaction_is_found_and_buried(tmp_path, expected_logs, where):
    expected_logs("ingest.dead_letters", "ingest.item_unstorable")
    async with open_feed(tmp_path) as feed:
        items = [item(n, text=POISON if n == where else str(n)) for n in range(10)]
        answer = await feed.ingest.take("w1", batch(*items, cursors={"acc_1": CursorAt(0, "done")}))
        rest = [n for n in range(10) if n != where]
        assert answer == Stored(rest, [Rejected(where, "unstorable")])
        assert await texts(feed.store) == [str(n) for n in rest[::-1]]
        assert (await feed.store.accounts.get("acc_1")).cursor == "done"
        assert [(code, each["seq"], each["text"]) for _, code, each in feed.letters()] == [
            ("unstorable", where, POISON)
        ]
        assert (await feed.ingest.take("w1", batch(item(10)))).done == [10]


async def test_a_lone_poisoned_item_gets_its_three_attempts(tmp_path, expected_logs):
    expected_logs("ingest.dead_letters", "ingest.item_unstorable")
    async with open_feed(tmp_path) as feed:
        tries = []
        original = feed.store.ingest.store

        async def counted(found, cursors):
            tries.append(len(found))
            return await original(found, cursors)

        feed.store.ingest.store = counted
        answer = await feed.ingest.take("w1", batch(item(1, external_id=f"x{POISON}")))
        assert answer == Stored([], [Rejected(1, "unstorable")])
        assert tries == [1, 1, 1]


async def test_other_workers_in_the_group_do_not_notice_a_poisoned_item(tmp_path, expected_logs):
    expected_logs("ingest.dead_letters", "ingest.item_unstorable")
    async with open_feed(tmp_path) as feed:
        held = feed.hold()
        first = spawn(feed.ingest.take("w0", batch(item(0))), name="first")
        await asyncio.sleep(0)
        good = spawn(feed.ingest.take("w1", batch(item(1), item(2))), name="good")
        bad = spawn(feed.ingest.take("w2", batch(item(1, "acc_2", text=POISON), item(2, "acc_2"))), name="bad")
        await asyncio.sleep(0)
        feed.go.set()
        await asyncio.gather(held, first)
        assert await good == Stored([1, 2])
        assert await bad == Stored([2], [Rejected(1, "unstorable")])


async def test_an_old_queue_sends_batches_away(tmp_path):
    async with open_feed(tmp_path) as feed:
        held = feed.hold()
        first = spawn(feed.ingest.take("w1", batch(item(1))), name="first")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        feed.now += 0.9
        second = spawn(feed.ingest.take("w2", batch(item(2))), name="second")
        await asyncio.sleep(0)
        feed.now += 0.2
        answer = await feed.ingest.take("w3", batch(item(3)))
        assert answer == Stored(retry_after=1.0)
        feed.go.set()
        assert (await first, await second) == (Stored([1]), Stored([2]))
        await held
        assert await feed.ingest.take("w3", batch(item(3))) == Stored([3])


async def test_a_full_disk_loses_nothing_and_is_said_once(tmp_path, expected_logs):
    expected_logs("ingest.disk_full")

    def limit(pages):
        def work(connection):
            wanted = pages or connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {wanted}")

        return work

    async with open_feed(tmp_path) as feed:
        await feed.store._writer.run(limit(None))
        big = batch(*(item(n, text="x" * 5000) for n in range(50)), cursors={"acc_1": CursorAt(0, "c")})
        for _ in range(2):
            assert await feed.ingest.take("w1", big) == Stored(retry_after=5.0)
        assert await page(feed.store) == []
        assert (await feed.store.accounts.get("acc_1")).cursor is None
        await feed.store._writer.run(limit(1_000_000))
        assert (await feed.ingest.take("w1", big)).done == list(range(50))
        assert len(await page(feed.store)) == 50
        assert feed.letters() == []


async def test_a_worker_that_hangs_up_leaves_its_batch_to_be_stored(tmp_path):
    async with open_feed(tmp_path) as feed:
        held = feed.hold()
        taking = spawn(feed.ingest.take("w1", batch(item(1))), name="take")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        taking.cancel()
        other = spawn(feed.ingest.take("w2", batch(item(2))), name="other")
        await asyncio.sleep(0)
        feed.go.set()
        assert await other == Stored([2])
        assert taking.cancelled()
        assert len(await page(feed.store)) == 2
        await held


async def test_closing_answers_what_was_taken_and_nothing_more(tmp_path):
    async with open_feed(tmp_path) as feed:
        taking = spawn(feed.ingest.take("w1", batch(item(1))), name="take")
        await asyncio.sleep(0)
        await feed.ingest.close()
        assert await taking == Stored([1])
        assert (await feed.ingest.take("w1", batch(item(2)))).retry_after is not None


async def test_read_detections_are_still_remembered(tmp_path):
    async with open_feed(tmp_path) as feed:
        await put(feed.store, item(1))
        await feed.store.detections.mark_ids([1], Marks(read=True))
        await feed.ingest.take("w1", batch(item(1)))
        assert (await feed.store.accounts.get("acc_1")).unread == 0


async def test_large_groups_cross_statement_sizes(tmp_path):
    async with open_feed(tmp_path) as feed:
        items = [item(n, text=str(n)) for n in range(1307)]
        group = await feed.store.ingest.store([("w1", each) for each in items], [])
        assert (group.first_id, group.last_id, group.count) == (1, 1307, 1307)
        again = [("w1", each) for each in [*items[::2], *(item(n, text=str(n)) for n in range(2000, 2700))]]
        group = await feed.store.ingest.store(again, [])
        assert (group.first_id, group.last_id, group.count) == (1308, 2007, 700)
        found = await texts(feed.store)
        assert found[:3] == ["2699", "2698", "2697"]


async def test_a_cursor_that_breaks_the_transaction_keeps_nobody_from_being_stored(tmp_path, expected_logs):
    expected_logs("ingest.cursor_unstorable")
    async with open_feed(tmp_path) as feed:
        held = feed.hold()
        first = spawn(feed.ingest.take("w0", batch(item(0))), name="first")
        await asyncio.sleep(0)
        bad = batch(item(1), cursors={"acc_1": CursorAt(0, POISON)})
        good = batch(item(1, "acc_2"), cursors={"acc_2": CursorAt(0, "c2")})
        taking = [spawn(feed.ingest.take(f"w{n}", given), name=f"take {n}") for n, given in enumerate((bad, good), 1)]
        await asyncio.sleep(0)
        feed.go.set()
        assert await asyncio.gather(*taking) == [Stored([1]), Stored([1])]
        await asyncio.gather(held, first)
        assert [(await feed.store.accounts.get(name)).cursor for name in ("acc_1", "acc_2")] == [None, "c2"]
        assert len(await page(feed.store)) == 3 and feed.letters() == []


async def test_a_cursor_of_a_purged_account_is_passed_over(tmp_path):
    async with open_feed(tmp_path) as feed:
        await feed.store.accounts.delete("acc_2")
        assert await feed.store.accounts.purge_deleted(from_ms(NOW + 1)) == 1
        given = batch(item(1), cursors={"acc_1": CursorAt(0, "c1"), "acc_2": CursorAt(0, "c2")})
        assert await feed.ingest.take("w1", given) == Stored([1])
        assert (await feed.store.accounts.get("acc_1")).cursor == "c1"


async def test_items_that_do_not_fit_are_buried_and_the_others_stored(tmp_path, expected_logs):
    expected_logs("ingest.dead_letters")
    async with open_feed(tmp_path) as feed:
        misfit = Misfit(2, "it does not fit: Expected `str`", {"seq": 2, "account": "acc_1", "text": 7})
        answer = await feed.ingest.take("w1", batch(item(1)), [misfit])
        assert answer == Stored([1], [Rejected(2, "invalid")])
        assert feed.letters() == [("w1", "invalid", {"seq": 2, "account": "acc_1", "text": 7})]


async def test_whoever_sends_nonsense_without_end_fills_neither_log_nor_journal(tmp_path, expected_logs):
    expected_logs("ingest.dead_letters")
    async with open_feed(tmp_path) as feed:
        for turn in range(30):
            bad = [Misfit(n, "no", {"seq": n, "account": f"{turn}-{n}" + "x" * 5000}) for n in range(100)]
            await feed.ingest.take("w1", batch(), bad)
        assert len(feed.notes) == MOST + 1 and feed.notes[-1] == ("could not be stored", "w1", MORE, None)
        assert max(len(about) for _, about, *_ in feed.notes) == 100
        await feed.ingest.take("w2", batch(), [Misfit(1, "no", {"seq": 1, "account": "a"})])
        assert feed.notes[-1][:3] == ("could not be stored", "a", "w2"), "others have their own share"
        feed.now += 60
        await feed.ingest.take("w1", batch(), [Misfit(1, "no", {"seq": 1, "account": "b"})])
        assert feed.notes[-1][:3] == ("could not be stored", "b", "w1")


async def test_a_letter_is_stored_once_its_reason_is_gone(tmp_path, expected_logs):
    expected_logs("ingest.dead_letters")
    async with open_feed(tmp_path) as feed:
        lost = item(1, "acc_9", text="found again")
        await feed.ingest.take("w1", batch(lost))
        assert await feed.ingest.retry("w1", lost) == ("unknown_account", "there is no such account")
        await feed.store.accounts.add(account("acc_9"), None)
        assert await feed.ingest.retry("w1", lost) is None
        assert await feed.ingest.retry("w1", lost) is None, "it is there already"
        assert await texts(feed.store, account_id="acc_9") == ["found again"]
        assert [told.per_account for told in feed.told] == [{"acc_9": 1}]
        code, why = await feed.ingest.retry("w1", item(2, text=POISON))
        assert code == "unstorable" and why.startswith("the database does not take it: ")
