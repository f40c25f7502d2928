"""The instruments of chaos: a plan is a function of its seed, and every check can fail."""

import asyncio
import itertools
import sqlite3
from pathlib import Path

import pytest

from tests.chaos.figures import gaps
from tests.chaos.plan import CRASHES, KINDS, LOCALS, plan
from tests.chaos.proxy import Proxy
from tests.chaos.resources import Used, grown
from tests.chaos.site import Ask, Log
from tests.chaos.store import Stored
from tests.support.waiting import eventually
from worker.process.tasks import cancel, spawn


def test_a_seed_makes_the_same_plan_again() -> None:
    assert plan(7, 600) == plan(7, 600) != plan(8, 600)


@pytest.mark.parametrize("seed", range(30))
def test_three_minutes_see_every_kind_and_all_faults_end_in_time(seed: int) -> None:
    faults = plan(seed, 180)
    assert {fault.kind for fault in faults} == {kind.name for kind in KINDS}
    assert all(0 <= fault.at <= fault.ends <= 180 for fault in faults)
    for worker in LOCALS:
        assert sum(fault.target == worker and fault.kind in ("kill local", "stop local") for fault in faults) <= CRASHES


@pytest.mark.parametrize("seed", range(10))
def test_no_two_faults_hit_the_same_process_at_the_same_time(seed: int) -> None:
    faults = [fault for fault in plan(seed, 600) if not fault.kind.startswith(("platform", "account"))]
    for target in {fault.target for fault in faults}:
        theirs = [fault for fault in faults if fault.target == target]
        assert all(one.ends < other.at for one, other in itertools.pairwise(theirs))


def ask(at: float, worker: str, epoch: int, decided: float | None = None) -> Ask:
    return Ask(at, "a", worker, epoch, "1", at if decided is None else decided)


def test_o1_an_owner_of_the_past_is_seen() -> None:
    log = Log()
    for one in (ask(1.0, "w1", 1), ask(2.0, "w2", 2), ask(3.0, "w1", 3), ask(3.1, "w1", 2)):
        log.add(one)
    [breach] = log.breaches
    assert "w1, and w2" in str(breach) or "w1 acted with epoch 2" in str(breach)
    log.add(ask(4.0, "w2", 2))
    assert len(log.breaches) == 2 and not log.breaches[1].residual


def test_o2_two_owners_under_one_epoch_are_seen() -> None:
    log = Log()
    log.add(ask(1.0, "w1", 1))
    log.add(ask(1.1, "w2", 1))
    assert len(log.breaches) == 1


def test_only_a_request_that_was_under_way_when_its_process_was_stopped_is_residual() -> None:
    log = Log()
    log.add(ask(1.0, "w1", 1))
    log.add(ask(40.0, "w2", 2))
    log.froze("w1", 5.0, 50.0)
    log.add(ask(50.01, "w1", 1, decided=4.9))
    log.add(ask(50.02, "w1", 1, decided=50.0))
    log.add(ask(52.0, "w1", 1, decided=4.9))
    assert [breach.residual for breach in log.breaches] == [True, False, False]


def test_the_longest_gap_of_each_account_counts_its_end() -> None:
    asks = [ask(1.0, "w1", 1), ask(3.0, "w1", 1), ask(4.0, "w1", 1)]
    [longest, *_] = gaps(asks, {"a": 1}, 10.0)["a"]
    assert (longest.begins, longest.seconds) == (4.0, 6.0)


def test_what_is_missing_and_what_is_doubled_in_the_store_is_seen(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "vedette.db") as db:
        db.executescript(
            "CREATE TABLE accounts (key, id); CREATE TABLE detections (account, text); CREATE TABLE dead_letters (id);"
            "INSERT INTO accounts VALUES (1, 'a'); INSERT INTO detections VALUES (1, 'x'), (1, 'y'), (1, 'y');"
        )
    db.close()
    stored = Stored(tmp_path / "vedette.db")
    assert stored.compare({"a": ["x"]}) == ["1 items are stored twice: [('a', 'y')]"]
    assert stored.compare({"a": ["x", "y", "z"]})[0] == "1 items are missing: [('a', 'z')]"


def test_what_grew_is_seen() -> None:
    before = {"master": Used(30, 100), "w1": Used(20, 50), "w2": Used(20, 50)}
    assert not grown(before, {"master": Used(33, 110), "w1": Used(24, 55), "w2": Used(19, 40)})
    assert len(grown(before, {"master": Used(34, 111), "w1": Used(40, 56), "w2": Used(20, 50)})) == 4


async def test_a_frozen_wire_keeps_what_it_was_given_and_a_cut_one_ends(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    async with server, Proxy(lambda: port) as wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(b"one\n")
        assert await reader.readline() == b"ONE\n"
        wire.freeze(up=False)
        writer.write(b"two\n")
        late = spawn(reader.readline(), name="late")
        done, _ = await asyncio.wait([late], timeout=0.2)
        assert not done
        wire.mend()
        assert await late == b"TWO\n"
        await wire.cut()
        assert await reader.read() == b""
        writer.close()
        refused, again = await asyncio.open_connection("127.0.0.1", wire.port)
        assert await refused.read() == b""
        again.close()
        await eventually(lambda: not wire._wires)
    await cancel(late)
