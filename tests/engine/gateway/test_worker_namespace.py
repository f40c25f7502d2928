"""What a worker can say, what it is answered, and which of its connections counts."""

import asyncio
from typing import Any

import pytest
import socketio

from engine.gateway import peer
from tests.support.gateway import House, a_register, house, tell
from tests.support.waiting import eventually
from worker.process.clock import wall_ms
from worker.process.tasks import spawn
from worker.protocol.envelope import pack, read_answer
from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import (
    Credentials,
    CredentialsGiven,
    Detections,
    Heartbeat,
    Item,
    Message,
    Probe,
    Probed,
    Registered,
    Released,
    Report,
    Revoke,
    Stored,
)


def a_batch(*numbers: int) -> Detections:
    items = [Item(seq=n, account="a", epoch=1, kind="post", external_id=str(n), found_at=0, text="x") for n in numbers]
    return Detections(items)


def later(guest: socketio.AsyncClient, message: Message) -> "asyncio.Task[Any]":
    return spawn(tell(guest, message), name="later")


def lost(house: House) -> list[tuple[Any, ...]]:
    return [fact for fact in house.desk.heard if fact[0] == "link_lost"]


@pytest.mark.parametrize(
    "auth", [{"id": "w-1", "token": "wrong"}, {"id": "w-9", "token": "{worker}"}, {"id": "w-1", "token": "{client}"}]
)
async def test_a_wrong_token_is_refused_with_a_code(auth: dict[str, str]) -> None:
    async with house() as opened:
        worker, client = opened.tokens.issue("w-1"), opened.tokens.client
        refusals: list[Any] = []
        guest = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        guest.on("connect_error", refusals.append, namespace="/worker")
        auth["token"] = auth["token"].format(worker=worker, client=client)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await guest.connect(opened.gateway.url, auth=auth, namespaces=["/worker"], transports=["websocket"])
        assert refusals[0]["data"] == {"code": "unauthorized"}
        await eventually(lambda: guest.eio.read_loop_task is None or guest.eio.read_loop_task.done())
        assert opened.desk.heard == []


async def test_register_is_answered_with_the_assignment() -> None:
    async with house() as opened:
        guest = await opened.worker(register=False)
        registered = read_answer(await tell(guest, a_register()), Registered)
        assert (registered.heartbeat_interval, registered.lease, registered.sequence) == (10, 25, 3)
        assert opened.desk.heard == [("register", "w-1", "i-1")]


@pytest.mark.parametrize(
    "message", [Heartbeat(1, 1, "x"), a_batch(1), Report("a", 1, "ok"), Credentials("a", 1), Released("a", 1)]
)
async def test_register_comes_first(message: Message) -> None:
    async with house() as opened:
        guest = await opened.worker(register=False)
        answer = await tell(guest, message)
        assert (answer["ok"], answer["code"]) == (False, "not_registered")
        assert opened.desk.heard == [] and opened.store.taken == []


async def test_nobody_registers_as_somebody_else() -> None:
    async with house() as opened:
        guest = await opened.worker(register=False)
        assert (await tell(guest, a_register("w-2")))["code"] == "unauthorized"
        assert opened.desk.heard == []


async def test_every_message_reaches_the_desk_under_its_request_id() -> None:
    async with house() as opened:
        guest = await opened.worker()
        assert await tell(guest, Heartbeat(9, 1, "x"), "r-beat") == {"ok": True, "nonce": 9}
        assert await tell(guest, Report("a", 1, "unreachable"), "r-report") == {"ok": True}
        given = read_answer(await tell(guest, Credentials("a", 1), "r-cred"), CredentialsGiven)
        assert (given.credentials, given.version) == ({"password": "p"}, 2)
        assert await tell(guest, Released("a", 1), "r-free") == {"ok": True}
        assert read_answer(await tell(guest, a_batch(4, 5)), Stored).done == [4, 5]
        assert [fact[0] for fact in opened.desk.heard] == ["register", "heartbeat", "report", "credentials", "released"]
        assert opened.desk.request_ids[1:] == ["r-beat", "r-report", "r-cred", "r-free"]


async def test_messages_are_done_in_the_order_in_which_they_came() -> None:
    async with house() as opened:
        guest = await opened.worker()
        opened.desk.gates["report"] = asyncio.Event()
        waiting = [later(guest, Report("a", 1, "ok")), *(later(guest, Heartbeat(n, 1, "x")) for n in range(50))]
        await eventually(lambda: ("report", "w-1", "a", "ok") in opened.desk.heard)
        opened.desk.gates["report"].set()
        await asyncio.gather(*waiting)
        assert [fact[3] for fact in opened.desk.heard if fact[0] == "heartbeat"] == list(range(50))


async def test_a_heartbeat_that_arrives_with_what_came_before_it_does_not_overtake_it() -> None:
    """It is answered without a task of its own, but never out of turn."""
    async with house() as opened:
        guest = await opened.worker()
        frames = [
            later(guest, Released("a", 1)),
            later(guest, Heartbeat(1, 1, "x")),
            later(guest, Heartbeat(2, 1, "x")),
        ]
        assert all(answer["ok"] for answer in await asyncio.gather(*frames))
        assert (await tell(guest, Heartbeat(3, 1, "x")))["nonce"] == 3
        facts = [(fact[0], fact[-1]) for fact in opened.desk.heard[1:]]
        assert facts == [("released", "a"), ("heartbeat", 1), ("heartbeat", 2), ("heartbeat", 3)]


async def test_a_heartbeat_that_makes_no_sense_counts_and_is_answered() -> None:
    async with house() as opened:
        guest = await opened.worker()
        assert (await tell(guest, Heartbeat(1, 1, "x")))["ok"]
        opened.desk.refusal = ProtocolError(Code.BUSY, "not now")
        assert (await tell(guest, Heartbeat(2, 1, "x"))) == {"ok": False, "code": "busy", "message": "not now"}


async def test_heartbeats_do_not_wait_for_a_commit() -> None:
    async with house() as opened:
        guest = await opened.worker()
        opened.store.gate = asyncio.Event()
        batch = later(guest, a_batch(1))
        await eventually(lambda: opened.store.taken)
        assert (await tell(guest, Heartbeat(2, 1, "x")))["nonce"] == 2
        assert not batch.done()
        opened.store.gate.set()
        assert (await batch)["done"] == [1]


async def test_a_second_batch_long_after_the_first_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sooner it would be cut: tests/engine/gateway/test_attacks.py."""
    monkeypatch.setattr(peer, "BATCH_WAITS", 0.0)
    async with house() as opened:
        guest = await opened.worker()
        opened.store.gate = asyncio.Event()
        first = later(guest, a_batch(1))
        await eventually(lambda: opened.store.taken)
        assert (await tell(guest, a_batch(2)))["code"] == "busy"
        opened.store.gate.set()
        assert (await first)["ok"]
        assert (await tell(guest, a_batch(3)))["done"] == [3]


async def test_what_the_desk_refuses_comes_back_as_its_code() -> None:
    async with house() as opened:
        guest = await opened.worker()
        opened.desk.refusal = ProtocolError(Code.STALE_EPOCH, "the current epoch is 7")
        assert await tell(guest, Credentials("a", 1)) == {
            "ok": False,
            "code": "stale_epoch",
            "message": "the current epoch is 7",
        }
        opened.store.refusal = ProtocolError(Code.NOT_OWNER, "no")
        assert (await tell(guest, a_batch(1)))["code"] == "not_owner"


async def test_a_fault_of_ours_is_logged_and_answered(expected_logs: Any) -> None:
    expected_logs("gateway.message_failed")
    async with house() as opened:
        guest = await opened.worker()
        opened.desk.refusal = RuntimeError("secret inside")
        answer = await tell(guest, Heartbeat(1, 1, "x"), "r-77")
        assert answer["code"] == "internal" and "r-77" in answer["message"] and "secret" not in answer["message"]
        opened.desk.refusal = None
        assert (await tell(guest, Heartbeat(2, 1, "x")))["ok"]


@pytest.mark.parametrize(
    ("event", "change", "code"),
    [
        ("worker:heartbeat", {"version": "v2"}, "wrong_version"),
        ("worker:heartbeat", {"type": "worker:report"}, "malformed"),
        ("worker:heartbeat", {"colour": 1}, "malformed"),
        ("worker:heartbeat", {"payload": {"nonce": "x"}}, "invalid"),
        ("worker:dance", {"type": "worker:dance"}, "unknown_type"),
        ("master:assign", {"type": "master:assign"}, "unknown_type"),
        ("client:sync", {"type": "client:sync"}, "unknown_type"),
    ],
)
async def test_a_message_that_does_not_fit_gets_its_code(event: str, change: dict[str, Any], code: str) -> None:
    async with house() as opened:
        guest = await opened.worker()
        envelope = {**pack(Heartbeat(1, 1, "x"), "r", wall_ms()), **change}
        assert (await guest.call(event, envelope, namespace="/worker"))["code"] == code


async def test_a_batch_over_its_limit_is_too_large() -> None:
    async with house() as opened:
        guest = await opened.worker()
        assert (await tell(guest, a_batch(*range(101))))["code"] == "too_large"


async def test_messages_to_a_worker_keep_their_order() -> None:
    async with house() as opened:
        guest = await opened.worker()
        workers = opened.gateway.workers
        assert workers.connected("w-1") and not workers.connected("w-2")
        assert all(workers.send("w-1", Revoke(n, ["a"]), f"r-{n}") for n in range(100))
        await eventually(lambda: len(guest.events) == 100)
        assert [data["payload"]["sequence"] for _, data in guest.events] == list(range(100))
        assert guest.events[7][1]["request_id"] == "r-7"
        assert workers.send("w-2", Revoke(1, []), "r") is False


async def test_a_call_is_answered() -> None:
    async with house() as opened:
        guest = await opened.worker()

        async def probe(data: dict[str, Any]) -> dict[str, Any]:
            return {"ok": True, "identity": {"handle": data["payload"]["platform"], "display_name": "D"}}

        guest.on("master:probe", probe, namespace="/worker")
        answer = await opened.gateway.workers.call("w-1", Probe("feed", {}, {}), "r", 5)
        assert read_answer(answer, Probed).identity.handle == "feed"


async def test_a_call_to_nobody_or_to_one_that_is_silent_or_leaves_is_busy() -> None:
    async with house() as opened:
        workers, message = opened.gateway.workers, Probe("feed", {}, {})
        with pytest.raises(ProtocolError, match="not connected"):
            await workers.call("w-1", message, "r", 5)
        guest = await opened.worker()
        silence, asked = asyncio.Event(), asyncio.Event()

        async def probe(_data: object) -> None:
            asked.set()
            await silence.wait()

        guest.on("master:probe", probe, namespace="/worker")
        with pytest.raises(ProtocolError, match="did not answer within") as silent:
            await workers.call("w-1", message, "r", 0.05)
        assert silent.value.code is Code.BUSY
        asked.clear()
        call = asyncio.gather(workers.call("w-1", message, "r", 60), return_exceptions=True)
        await asked.wait()
        workers.cut("w-1")
        (ended,) = await call
        assert isinstance(ended, ProtocolError) and ended.code is Code.BUSY
        silence.set()


async def test_an_answer_that_is_no_object_makes_no_sense() -> None:
    async with house() as opened:
        guest = await opened.worker()
        guest.on("master:probe", lambda _data: "hm", namespace="/worker")
        with pytest.raises(ProtocolError) as caught:
            await opened.gateway.workers.call("w-1", Probe("feed", {}, {}), "r", 5)
        assert caught.value.code is Code.MALFORMED


async def test_a_lost_link_is_reported_once_with_its_incarnation() -> None:
    async with house() as opened:
        guest = await opened.worker(incarnation="i-7")
        await guest.disconnect()
        await eventually(lambda: lost(opened) == [("link_lost", "w-1", "i-7")])
        assert not opened.gateway.workers.connected("w-1")
        assert opened.gateway.workers.send("w-1", Revoke(1, []), "r") is False


async def test_a_connection_that_never_registered_was_no_link() -> None:
    async with house() as opened:
        guest = await opened.worker(register=False)
        await guest.disconnect()
        other = await opened.worker("w-2")
        await other.disconnect()
        await eventually(lambda: lost(opened) == [("link_lost", "w-2", "i-1")])


async def test_cutting_a_worker_ends_its_transport() -> None:
    async with house() as opened:
        guest = await opened.worker()
        opened.gateway.workers.cut("w-1")
        opened.gateway.workers.cut("w-2")
        await eventually(lambda: not guest.connected)
        await eventually(lambda: lost(opened) == [("link_lost", "w-1", "i-1")])


async def test_a_newer_process_displaces_the_older_one() -> None:
    async with house() as opened:
        older = await opened.worker(incarnation="i-1")
        opened.desk.gates["report"] = asyncio.Event()
        waiting = later(older, Report("a", 1, "ok"))
        await eventually(lambda: len(opened.desk.heard) == 2)
        newer = await opened.worker(incarnation="i-2")
        assert (await waiting)["code"] == "displaced"
        await eventually(lambda: not older.connected)
        assert [(event, data["payload"]["reason"]) for event, data in older.events] == [
            ("master:shutdown", "displaced")
        ]
        opened.desk.gates["report"].set()
        assert (await tell(newer, Heartbeat(1, 1, "x")))["ok"]
        assert opened.gateway.workers.send("w-1", Revoke(1, []), "r")
        await eventually(lambda: newer.events)
        assert lost(opened) == []


async def test_a_process_that_comes_back_is_not_told_to_end() -> None:
    async with house() as opened:
        older = await opened.worker()
        newer = await opened.worker()
        await eventually(lambda: not older.connected)
        assert older.events == [] and newer.connected
        assert lost(opened) == []


async def test_an_older_registration_does_not_win_by_being_slow() -> None:
    async with house() as opened:
        gate = opened.desk.gates["register"] = asyncio.Event()
        older = await opened.worker(register=False)
        first = later(older, a_register(incarnation="i-1"))
        await eventually(lambda: opened.desk.heard)
        newer = await opened.worker(register=False)
        second = later(newer, a_register(incarnation="i-2"))
        gate.set()
        assert (await second)["ok"]
        assert [fact[2] for fact in opened.desk.heard] == ["i-1", "i-2"]
        await first
        await eventually(lambda: not older.connected)
        assert newer.connected and lost(opened) == []


async def test_a_link_lost_while_it_registers_is_reported_afterwards() -> None:
    async with house() as opened:
        gate = opened.desk.gates["register"] = asyncio.Event()
        guest = await opened.worker(register=False)
        call = later(guest, a_register())
        await eventually(lambda: opened.desk.heard)
        await guest.disconnect()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert lost(opened) == []
        gate.set()
        await eventually(lambda: lost(opened) == [("link_lost", "w-1", "i-1")])


async def test_a_refused_registration_leaves_nobody_current() -> None:
    async with house() as opened:
        await opened.worker(incarnation="i-1")
        opened.desk.refusal = ProtocolError(Code.REVOKED, "removed")
        newer = await opened.worker(register=False)
        assert (await tell(newer, a_register(incarnation="i-2")))["code"] == "revoked"
        assert lost(opened) == [("link_lost", "w-1", "i-1")]
        assert not opened.gateway.workers.connected("w-1")
        assert (await tell(newer, Heartbeat(1, 1, "x")))["code"] == "not_registered"


async def test_too_many_messages_at_once_are_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.gateway.connection.MAX_QUEUED", 3)
    async with house() as opened:
        guest = await opened.worker()
        gate = opened.desk.gates["report"] = asyncio.Event()
        waiting = [later(guest, Report("a", 1, "ok"))]
        await eventually(lambda: len(opened.desk.heard) == 2)
        waiting += [later(guest, Heartbeat(n, 1, "x")) for n in range(5)]
        await eventually(lambda: sum(call.done() for call in waiting) == 2)
        gate.set()
        answers = await asyncio.gather(*waiting)
        assert [answer.get("code") for answer in answers] == [None] * 4 + ["busy"] * 2


def a_raw_batch(*items: dict[str, Any], **payload: Any) -> dict[str, Any]:
    """worker:detections as it goes over the wire, whatever is in it."""
    given = {"seq": 0, "account": "a", "epoch": 1, "kind": "post", "external_id": "x", "found_at": 1}
    packed = pack(Detections(items=[]), "r-1", 1)
    return {**packed, "payload": {"items": [given | item for item in items], **payload}}


async def test_items_that_do_not_fit_do_not_hold_the_others_of_their_batch_back() -> None:
    async with house() as opened:
        guest = await opened.worker()
        bad = ({"seq": 2, "text": 7}, {"seq": 3, "kind": "poem"}, {"seq": 4, "surprise": 1})
        cursors = {"a": {"epoch": 1, "cursor": "c"}}
        for _ in range(4):  # and it is no strike: nobody is cut for it
            raw = a_raw_batch({"seq": 1}, *bad, {"seq": 5}, cursors=cursors)
            answer = await guest.call("worker:detections", raw, namespace="/worker")
            assert answer["ok"] and answer["done"] == [1, 5]
        assert [item.seq for item in opened.store.taken[0].items] == [1, 5]
        assert opened.store.taken[0].cursors["a"].cursor == "c"
        assert [(one.seq, one.item["seq"]) for one in opened.store.misfits[:3]] == [(2, 2), (3, 3), (4, 4)]
        assert "$.text" in opened.store.misfits[0].why and "surprise" in opened.store.misfits[2].why


@pytest.mark.parametrize(
    "raw",
    [
        a_raw_batch({"seq": "one"}),
        a_raw_batch({"seq": -1}),
        a_raw_batch({"seq": 1, "text": 7}, cursors={"a": "c"}),
        a_raw_batch({"seq": 1, "text": 7}, more=1),
        a_raw_batch(*({"seq": n, "text": 7} for n in range(101))),
        {**a_raw_batch(), "payload": {"items": [7]}},
        {**a_raw_batch(), "payload": {"items": "all"}},
    ],
)
async def test_a_batch_that_cannot_be_taken_apart_is_refused(raw: dict[str, Any]) -> None:
    async with house() as opened:
        guest = await opened.worker()
        answer = await guest.call("worker:detections", raw, namespace="/worker")
        assert answer["ok"] is False and answer["code"] in ("invalid", "too_large")
        assert opened.store.taken == []
