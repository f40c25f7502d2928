"""A whole worker against a real Socket.IO server on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from socketio.exceptions import ConnectionRefusedError as Refuse

from tests.support.fake_master import SILENT, FakeMaster
from tests.support.scripted_platform import ScriptedPlatform, found
from tests.support.tasks import task
from tests.support.waiting import eventually
from tests.support.worker_agent import running
from worker.agent import Agent
from worker.platforms import catalog
from worker.platforms.base import Check, RateLimited, Refused
from worker.process.exit_codes import Exit, Stop
from worker.protocol.digest import digest_of
from worker.protocol.envelope import ok, refused
from worker.protocol.errors import Code
from worker.protocol.messages import (
    Assign,
    CheckDone,
    Credentials,
    Detections,
    Heartbeat,
    Held,
    Probe,
    Register,
    Released,
    Report,
    Revoke,
    Shutdown,
    Stored,
    Task,
)


class Scene:
    """One master, one worker with the demo and the scripted platform."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.master = FakeMaster()
        self.platform = ScriptedPlatform()

    @asynccontextmanager
    async def worker(self, *tasks: Task) -> AsyncIterator[tuple[Agent, Any]]:
        self.master.tasks = list(tasks)
        platforms = {**catalog.builtin(), "scripted": self.platform}
        async with running(self.master.url, self.directory, platforms) as worker:
            yield worker

    def reported(self) -> list[tuple[str, str]]:
        return [(report.account, report.state) for report in self.master.of(Report)]


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[Scene]:
    scene = Scene(directory)
    async with scene.master:
        yield scene


def scripted(account: str = "a", epoch: int = 1, **fields: Any) -> Task:
    return task(account, epoch, **{"platform": "scripted", "interval": 1.0, **fields})


# --- connection ------------------------------------------------------------------------------------------------------


async def test_it_registers_first_and_beats_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker():
        await eventually(lambda: len(scene.master.of(Heartbeat)) >= 3)
    master = scene.master
    assert master.connects == [{"id": "w1", "token": "t0ken"}]
    register = master.got[0]
    assert isinstance(register, Register) and isinstance(master.got[1], Heartbeat)
    assert (register.worker_id, register.incarnation, register.name, register.capacity) == ("w1", "i1", "local-1", 100)
    assert {descriptor.key for descriptor in register.platforms} >= {"demo", "feed", "scripted"}
    beats = master.of(Heartbeat)
    assert [beat.nonce for beat in beats] == list(range(1, len(beats) + 1))
    assert beats[0].digest == digest_of([]) and beats[0].sequence == 1
    assert beats[-1].resources.memory > 1_000_000


async def test_it_watches_a_demo_account_and_delivers_with_baseline_first(tmp_path: Path) -> None:
    watched = task("shop", settings={"rate_per_minute": 3000}, interval=1.0)
    async with opened(tmp_path) as scene, scene.worker(watched):
        await eventually(lambda: len(scene.master.stored) > 20)
        await eventually(
            lambda: any(check.account == "shop" for beat in scene.master.of(Heartbeat) for check in beat.checks)
        )
    items = list(scene.master.stored.values())
    assert [item.baseline for item in items[:6]] == [True] * 6 and not items[6].baseline
    assert all(item.request_id and item.account == "shop" and item.epoch == 1 for item in items)
    assert len({item.request_id for item in items}) >= 2
    assert scene.master.cursors["shop"]
    assert scene.reported() == [("shop", "ok")]


async def test_after_the_master_went_away_it_comes_back_and_loses_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker(scripted()):

        def told() -> list[CheckDone]:
            return [done for beat in scene.master.of(Heartbeat) for done in beat.checks]

        await eventually(lambda: scene.platform.asked)
        await scene.master.stop()
        scene.platform.script = lambda session, cursor: Check(found(1, 2), "c1")
        await eventually(lambda: len(scene.platform.asked) >= 3)
        scene.master.credentials = {"token": "t"}
        await scene.master.start()
        await eventually(lambda: len(scene.master.stored) == 2)
        await eventually(lambda: sum(done.found for done in told()) == 2, what="the count of what was found")
        registers = scene.master.of(Register)
        assert [done.ended_at for done in told()] == sorted(done.ended_at for done in told()), "oldest first"
    assert len(registers) >= 2
    assert registers[0].running == [] and registers[1].running == [Held("a", 1)]


async def test_a_cut_connection_inside_the_lease_aborts_no_check(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.platform.hold = True
        async with scene.worker(scripted()):
            await eventually(lambda: scene.platform.asked)
            await scene.master.drop_connections()
            await eventually(lambda: len(scene.master.of(Register)) == 2)
            assert scene.platform.aborted == 0 and len(scene.platform.asked) == 1


async def test_a_silent_master_ends_the_lease_and_with_it_every_check(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.master.lease = 2.0
        scene.platform.hold = True
        async with scene.worker(scripted()):
            await eventually(lambda: scene.platform.asked)
            scene.master.script["worker:heartbeat"] = lambda message: SILENT
            await eventually(lambda: scene.platform.aborted == 1)
            await eventually(lambda: len(scene.master.of(Register)) == 2)  # only a new registration brings it back
            assert len(scene.platform.asked) == 1
            del scene.master.script["worker:heartbeat"]
            await eventually(lambda: len(scene.platform.asked) == 2)


async def test_a_check_that_ends_after_its_lease_does_not_keep_the_worker_idle(tmp_path: Path) -> None:
    agents: list[Agent] = []

    def thawed(session: Any, cursor: str | None) -> Check:
        if len(scene.platform.asked) == 1:  # as after a freeze: the answer is read before any timer rings
            agents[0].session.lease.until = 0.0
        return Check((), None)

    async with opened(tmp_path) as scene:
        scene.platform.script = thawed
        async with scene.worker(scripted()) as (agent, _):
            agents.append(agent)
            await eventually(lambda: len(scene.master.of(Register)) == 2)
            await eventually(lambda: len(scene.platform.asked) >= 2)


@pytest.mark.parametrize(
    "code", ["unauthorized", "unknown_worker", "bad_signature", "revoked", "displaced", "wrong_version"]
)
async def test_a_master_that_refuses_it_for_good_ends_it(tmp_path: Path, code: str) -> None:
    async with opened(tmp_path) as scene:
        scene.master.refuse = Refuse("no", {"code": code, "message": "because"})
        async with scene.worker() as (_, ended):
            stop = await ended
    assert isinstance(stop, Stop) and stop.code is Exit.CONFIG and "because" in stop.sentence


async def test_a_code_as_the_refusals_message_is_understood_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.master.refuse = Refuse("unauthorized")
        async with scene.worker() as (_, ended):
            stop = await ended
    assert isinstance(stop, Stop) and "does not know this worker" in stop.sentence


async def test_a_master_that_is_merely_busy_is_asked_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.master.refuse = Refuse("busy", {"code": "busy", "message": "later"})
        async with scene.worker():
            await eventually(lambda: scene.master.connects)
            scene.master.refuse = None
            await eventually(lambda: scene.master.of(Heartbeat))


async def test_displaced_while_connected_it_ends(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker() as (_, ended):
        await eventually(lambda: scene.master.of(Heartbeat))
        scene.master.script["worker:heartbeat"] = lambda message: refused(Code.DISPLACED, "newer one")
        stop = await ended
    assert isinstance(stop, Stop) and stop.code is Exit.CONFIG and "newer one" in stop.sentence


async def test_a_master_that_forgot_the_registration_gets_another(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker():
        await eventually(lambda: scene.master.of(Heartbeat))
        scene.master.script["worker:heartbeat"] = lambda message: refused(Code.NOT_REGISTERED, "who?")
        await eventually(lambda: len(scene.master.of(Register)) >= 2)
        del scene.master.script["worker:heartbeat"]


# --- messages from the master ----------------------------------------------------------------------------------------


async def test_revoking_aborts_the_check_and_answers_released(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.platform.hold = True
        async with scene.worker(scripted("a", 4)):
            await eventually(lambda: scene.platform.asked)
            assert await scene.master.send(Revoke(2, ["a"])) == {"ok": True}
            await eventually(lambda: scene.master.of(Released) == [Released("a", 4)])
            assert scene.platform.aborted == 1
            await eventually(lambda: scene.master.of(Heartbeat)[-1].digest == digest_of([]))


async def test_what_an_account_found_is_delivered_before_it_is_released(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.platform.script = lambda session, cursor: Check(found(1), "c1")
        scene.master.script["worker:detections"] = lambda batch: ok(Stored(retry_after=0.1))
        async with scene.worker(scripted()):
            await eventually(lambda: scene.master.of(Detections))
            await scene.master.send(Revoke(2, ["a"]))
            del scene.master.script["worker:detections"]
            await eventually(lambda: scene.master.of(Released))
    kinds = [type(message) for message in scene.master.got if isinstance(message, Detections | Released)]
    assert kinds[-1] is Released and scene.master.cursors == {"a": "c1"}


async def test_assignments_arrive_in_order_and_show_in_the_digest(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker():
        await eventually(lambda: scene.master.of(Heartbeat))
        for sequence in range(2, 30):
            await scene.master.send(Assign(sequence, False, [scripted(f"a{sequence}", due_in=60.0)]))
        expected = digest_of((f"a{sequence}", 1) for sequence in range(2, 30))
        await eventually(lambda: scene.master.of(Heartbeat)[-1].digest == expected)
        assert scene.master.of(Heartbeat)[-1].sequence == 29


async def test_a_check_request_runs_now_under_its_own_id(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.platform.script = lambda session, cursor: Check(found(1), "c1")
        async with scene.worker(scripted(interval=3600.0, due_in=3000.0)):
            await eventually(lambda: scene.master.of(Heartbeat))
            await scene.master.send(
                Assign(2, False, [scripted(interval=3600.0, due_in=3000.0, check_request="click-7")])
            )
            await eventually(lambda: scene.master.stored)
    assert [item.request_id for item in scene.master.stored.values()] == ["click-7"]


async def test_a_probe_answers_with_the_identity(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker():
        await eventually(lambda: scene.master.of(Heartbeat))
        answer = await scene.master.send(Probe("scripted", {"token": "me"}, {}))
    assert answer == {"ok": True, "identity": {"handle": "@me", "display_name": "Scripted"}}


async def test_a_probe_answers_with_the_platforms_reason(tmp_path: Path, expected_logs: Any) -> None:
    def refuse(*_: object) -> Check:
        raise Refused("The token is not accepted.")

    def fault(*_: object) -> Check:
        raise ValueError("hunter2")

    expected_logs("probe.failed")
    async with opened(tmp_path) as scene, scene.worker():
        await eventually(lambda: scene.master.of(Heartbeat))
        send = scene.master.send
        unknown = await send(Probe("nowhere", {}, {}))
        setting = await send(Probe("scripted", {}, {"shelf": 10}))
        credential = await send(Probe("scripted", {"tokn": "x"}, {}))
        scene.platform.script = refuse
        refusal = await send(Probe("scripted", {"token": "x"}, {}))
        scene.platform.script = fault
        failure = await send(Probe("scripted", {"token": "x"}, {}))
    assert (unknown["ok"], unknown["code"]) == (False, "unknown_platform")
    assert setting["code"] == "invalid" and "at most 9" in setting["message"]
    assert credential["code"] == "invalid" and "tokn" in credential["message"]
    assert (refusal["code"], refusal["message"]) == ("refused", "The token is not accepted.")
    assert failure["code"] == "error" and "hunter2" not in failure["message"]


async def test_a_probe_of_a_private_address_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker():
        await eventually(lambda: scene.master.of(Heartbeat))
        answer = await scene.master.send(Probe("feed", {}, {"url": scene.master.url}))
    assert answer["code"] == "private_address"


async def test_a_malformed_message_gets_an_error_ack_and_the_link_stays(tmp_path: Path, expected_logs: Any) -> None:
    expected_logs("link.bad_message")
    async with opened(tmp_path) as scene, scene.worker():
        await eventually(lambda: scene.master.of(Heartbeat))
        raw = scene.master.send_raw
        codes = [
            (await raw("master:assign", "nonsense"))["code"],
            (await raw("master:assign", {"type": "master:assign", "version": "v2"}))["code"],
            (await raw("master:surprise", {}))["code"],
        ]
        assert codes == ["malformed", "wrong_version", "malformed"]
        assert await scene.master.send(Assign(2, False, [])) == {"ok": True}
        assert len(scene.master.of(Register)) == 1


# --- delivery --------------------------------------------------------------------------------------------------------


async def test_after_a_lost_ack_exactly_the_same_rows_go_again(tmp_path: Path) -> None:
    def commit_but_never_answer(batch: Detections) -> Any:
        scene.master.store(batch)
        return SILENT

    async with opened(tmp_path) as scene:
        scene.master.script["worker:detections"] = commit_but_never_answer
        scene.platform.script = lambda session, cursor: (
            Check(found(1, 2), "c1") if cursor is None else Check(found(3), "c2")
        )
        async with scene.worker(scripted()):
            await eventually(lambda: scene.master.of(Detections))
            await eventually(lambda: len(scene.platform.asked) >= 2)  # meanwhile more is found
            del scene.master.script["worker:detections"]
            await scene.master.drop_connections()
            await eventually(lambda: ("a", "comment", "x-3") in scene.master.stored)
    first, second = scene.master.of(Detections)[:2]
    assert second == first
    assert [item.external_id for item in scene.master.stored.values()] == ["x-1", "x-2", "x-3"]


async def test_one_batch_is_in_flight_and_retry_after_is_obeyed(tmp_path: Path) -> None:
    answers = [ok(Stored(retry_after=0.05)), refused(Code.BUSY, "later")]
    async with opened(tmp_path) as scene:
        scene.master.script["worker:detections"] = lambda batch: answers.pop(0) if answers and batch.items else None
        scene.platform.script = lambda session, cursor: Check(found(*range(250)), "c1") if cursor else Check((), "c0")
        async with scene.worker(scripted()):
            await eventually(lambda: len(scene.master.stored) == 250)
    batches = [batch for batch in scene.master.of(Detections) if batch.items]
    assert [len(batch.items) for batch in batches] == [100, 100, 100, 100, 50]
    assert batches[0] == batches[1] == batches[2]
    assert [item.external_id for item in scene.master.stored.values()] == [f"x-{number}" for number in range(250)]


async def test_what_the_last_process_left_behind_is_delivered(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.master.script["worker:detections"] = lambda batch: SILENT
        scene.platform.script = lambda session, cursor: Check(found(1), "c1")
        async with scene.worker(scripted()):
            await eventually(lambda: scene.master.of(Detections))
    async with opened(tmp_path) as later, later.worker():
        await eventually(lambda: later.master.stored)
        assert later.master.cursors == {"a": "c1"}


async def test_a_full_outbox_stops_the_checks_and_is_told(tmp_path: Path, expected_logs: Any) -> None:
    expected_logs("agent.degraded")
    async with opened(tmp_path) as scene:
        scene.master.script["worker:detections"] = lambda batch: SILENT
        scene.platform.script = lambda session, cursor: Check(
            found(*range(len(scene.platform.asked) * 2)), f"c{cursor}"
        )
        async with scene.worker(scripted()) as (agent, _):
            agent._memory._store._max_rows = 3
            await eventually(lambda: any("full" in beat.degraded for beat in scene.master.of(Heartbeat)))
            checks = len(scene.platform.asked)
            seen = len(scene.master.of(Heartbeat))
            await eventually(lambda: len(scene.master.of(Heartbeat)) > seen + 30)  # 1.5 s: a check would have been due
            assert len(scene.platform.asked) == checks
            del scene.master.script["worker:detections"]
            await scene.master.drop_connections()
            await eventually(lambda: len(scene.platform.asked) > checks)


# --- checks ----------------------------------------------------------------------------------------------------------


async def test_credentials_are_pulled_for_the_epoch_once_and_again_after_a_change(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.master.credentials = {"token": "old"}
        async with scene.worker(scripted("a", 5)):
            await eventually(lambda: len(scene.platform.asked) >= 2)
            assert scene.master.of(Credentials) == [Credentials("a", 5)]
            scene.master.credentials = {"token": "new"}
            await scene.master.send(Assign(2, False, [scripted("a", 5)]))
            await eventually(lambda: scene.platform.asked[-1][2] == {"token": "new"})
    assert scene.platform.asked[0] == ("a", None, {"token": "old"})
    assert scene.master.of(Credentials) == [Credentials("a", 5)] * 2


async def test_without_credentials_there_is_no_check_and_no_blame(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.master.script["worker:credentials"] = lambda message: refused(Code.STALE_EPOCH, "not yours any more")
        async with scene.worker(scripted()):
            await eventually(lambda: len(scene.master.of(Credentials)) >= 2)
    assert not scene.platform.asked and not scene.reported()


async def test_the_cursor_of_the_master_is_where_a_new_owner_starts(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.platform.script = lambda session, cursor: Check(found(1), "c8")
        async with scene.worker(scripted(cursor="c7")):
            await eventually(lambda: len(scene.platform.asked) >= 2)
    assert [cursor for _, cursor, _ in scene.platform.asked[:2]] == ["c7", "c8"]
    assert [item.baseline for item in scene.master.stored.values()] == [False]


async def test_a_failing_account_is_reported_once_and_again_when_it_is_well(tmp_path: Path) -> None:
    def limited(*_: object) -> Check:
        raise RateLimited("Too many requests.", retry_after=1.5)

    async with opened(tmp_path) as scene:
        async with scene.worker(scripted()):
            await eventually(lambda: scene.reported() == [("a", "ok")])
            scene.platform.script = limited
            await eventually(lambda: ("a", "rate_limited") in scene.reported())
            scene.platform.script = None
            await eventually(lambda: scene.reported()[-1] == ("a", "ok"))
    report = next(report for report in scene.master.of(Report) if report.state == "rate_limited")
    assert report.message == "Too many requests." and report.retry_at is not None


async def test_a_platforms_own_fault_is_an_error_with_a_safe_message(tmp_path: Path, expected_logs: Any) -> None:
    def fault(*_: object) -> Check:
        raise ZeroDivisionError("hunter2")

    expected_logs("check.failed")
    async with opened(tmp_path) as scene:
        scene.platform.script = fault
        async with scene.worker(scripted("a"), task("shop")):
            await eventually(lambda: len(scene.reported()) >= 2)
    assert sorted(scene.reported()[:2]) == [("a", "error"), ("shop", "ok")]
    assert all("hunter2" not in report.message for report in scene.master.of(Report))
    assert any("ZeroDivisionError" in line for line in expected_logs.records)


@pytest.mark.parametrize(
    ("watched", "says"),
    [(scripted(platform="nowhere"), "no platform"), (scripted(settings={"shelf": 99}), "at most 9")],
)
async def test_a_task_that_cannot_work_is_an_error_with_the_reason(tmp_path: Path, watched: Task, says: str) -> None:
    async with opened(tmp_path) as scene, scene.worker(watched):
        await eventually(lambda: scene.reported() == [("a", "error")])
        assert says in scene.master.of(Report)[0].message


async def test_a_first_check_keeps_the_twenty_newest_as_read_and_ignores_the_rest(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.platform.script = lambda session, cursor: Check(found(*range(60 if cursor is None else 61)), "c1")
        async with scene.worker(scripted()):
            await eventually(lambda: ("a", "comment", "x-60") in scene.master.stored)
    items = list(scene.master.stored.values())
    assert [item.external_id for item in items] == [f"x-{number}" for number in range(40, 61)]
    assert [item.baseline for item in items] == [True] * 20 + [False]


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_asked_to_stop_it_delivers_and_releases_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.platform.script = lambda session, cursor: Check(found(1), "c1")
        scene.master.script["worker:detections"] = lambda batch: ok(Stored(retry_after=0.05))
        async with scene.worker(scripted("a"), scripted("b", 3, due_in=60.0)) as (_, ended):
            await eventually(lambda: scene.master.of(Detections))
            assert await scene.master.send(Shutdown("closing", 5.0)) == {"ok": True}
            del scene.master.script["worker:detections"]
            assert await ended is Exit.ASKED
    assert ("a", "comment", "x-1") in scene.master.stored
    assert {(message.account, message.epoch) for message in scene.master.of(Released)} == {("a", 1), ("b", 3)}


async def test_a_revoked_worker_ends_with_the_code_that_forbids_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker() as (_, ended):
        await eventually(lambda: scene.master.of(Heartbeat))
        await scene.master.send(Shutdown("revoked", 1.0))
        stop = await ended
        assert isinstance(stop, Stop) and stop.code is Exit.CONFIG
        assert stop.sentence == "the master has revoked this worker"


async def test_a_revoked_worker_lets_go_at_once_and_sends_nothing_else(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.platform.script = lambda session, cursor: Check(found(1), "c1")
        scene.master.script["worker:detections"] = lambda batch: ok(Stored(retry_after=30))
        async with scene.worker(scripted("a", 4)) as (_, ended):
            await eventually(lambda: scene.master.of(Detections))
            sent, beats = len(scene.master.of(Detections)), len(scene.master.of(Heartbeat))
            await scene.master.send(Shutdown("revoked", 1.0))
            assert isinstance(await ended, Stop)
    assert [(message.account, message.epoch) for message in scene.master.of(Released)] == [("a", 4)]
    assert (len(scene.master.of(Detections)), len(scene.master.of(Heartbeat))) == (sent, beats)


async def test_a_deadline_is_kept_whatever_hangs(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.master.script["worker:detections"] = lambda batch: SILENT
        scene.platform.script = lambda session, cursor: Check(found(1), "c1")
        async with scene.worker(scripted()) as (agent, ended):
            await eventually(lambda: scene.master.of(Detections))
            agent.ask_stop(3600)
            agent.ask_stop(0.05)
            assert await ended is Exit.ASKED


async def test_it_ends_while_there_is_no_master(tmp_path: Path) -> None:
    platforms = catalog.builtin()
    async with running("http://127.0.0.1:9", tmp_path, platforms) as (agent, ended):
        await eventually((tmp_path / "worker.db").exists)
        agent.ask_stop(2)
        assert await ended is Exit.ASKED


async def test_started_by_hand_it_says_how_far_it_is(tmp_path: Path) -> None:
    said: list[str] = []
    async with FakeMaster() as master, running(master.url, tmp_path, {}, said=said):
        await eventually(lambda: any("Worker Ready" in line for line in said))
        await master.drop_connections()
        await eventually(lambda: len(master.of(Register)) == 2)
    assert "Worker Starting" in said[0] and "w1" in said[0]
    assert said[1:5] == [
        "✓ Connected to master",
        "✓ Registered with master (0 accounts assigned)",
        "✓ Heartbeat sender started",
        "✓ Task runner started",
    ]
    assert sum("Worker Ready" in line for line in said) == 1
