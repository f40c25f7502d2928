"""Front ends over Socket.IO: what was missed, marks, and hints."""

import asyncio
from typing import Any

import pytest
import socketio

from tests.support.gateway import house, tell
from tests.support.waiting import eventually
from worker.process.tasks import spawn
from worker.protocol.messages import Mark, Sync


def hints(guest: socketio.AsyncClient) -> list[tuple[str, int, dict[str, Any]]]:
    payloads = [data["payload"] for event, data in guest.events if event == "master:event"]
    return [(payload["topic"], payload["cursor"], payload["data"]) for payload in payloads]


@pytest.mark.parametrize("kind", ["wrong", "worker"])
async def test_only_the_client_token_joins(kind: str) -> None:
    async with house() as opened:
        token = opened.tokens.issue("w-1") if kind == "worker" else "wrong"
        refusals: list[Any] = []
        guest = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        guest.on("connect_error", refusals.append, namespace="/client")
        with pytest.raises(socketio.exceptions.ConnectionError):
            await guest.connect(
                opened.gateway.url, auth={"token": token}, namespaces=["/client"], transports=["websocket"]
            )
        assert refusals[0]["data"] == {"code": "unauthorized"}


async def test_sync_gives_what_was_missed_oldest_first() -> None:
    async with house(detections=5) as opened:
        guest = await opened.client()
        answer = await tell(guest, Sync(after=2, limit=2))
        assert [item["id"] for item in answer["items"]] == [3, 4]
        assert (answer["ok"], answer["unread"], answer["cursor"], answer["more"]) == (True, 5, 4, True)
        assert answer["items"][0]["author"]["name"] == "小明"
        rest = await tell(guest, Sync(after=answer["cursor"], limit=2))
        assert ([item["id"] for item in rest["items"]], rest["cursor"], rest["more"]) == ([5], 5, False)
        end = await tell(guest, Sync(after=5))
        assert (end["items"], end["cursor"], end["more"]) == ([], 5, False)


async def test_sync_reaches_the_end_of_large_detections_frame_by_frame() -> None:
    async with house(accounts=1) as opened:
        opened.memory.add_detections("acc_0001", ["字" * 20_000] * 100)
        guest = await opened.client()
        after, seen, rounds, more = 0, [], 0, True
        while more:
            answer = await tell(guest, Sync(after=after, limit=1000))
            after, more, rounds = answer["cursor"], answer["more"], rounds + 1
            seen += [item["id"] for item in answer["items"]]
        assert seen == list(range(1, 101)) and rounds > 5


async def test_mark_sets_flags() -> None:
    async with house(detections=3) as opened:
        guest = await opened.client()
        assert await tell(guest, Mark([1, 2, 9], read=True)) == {"ok": True, "changed": 2}
        assert (await tell(guest, Sync()))["unread"] == 1
        answer = await tell(guest, Mark([1]))
        assert (answer["ok"], answer["code"]) == (False, "invalid")


async def test_what_happens_is_told_with_the_newest_id() -> None:
    async with house(accounts=1, detections=2) as opened:
        guest = await opened.client()
        opened.memory.add_detections("acc_0001", ["a", "b", "c"])
        opened.memory.add_worker("w-1")
        opened.memory.add_platform(opened.memory.api.platforms.get("demo"))
        await opened.data("PATCH", "/accounts/acc_0001", {"revision": 1, "display_name": "New"})
        await eventually(lambda: len(hints(guest)) == 4)
        assert hints(guest) == [
            ("detection", 5, {"count": 3, "last_id": 5}),
            ("worker", 5, {"id": "w-1"}),
            ("status", 5, {}),
            ("account", 5, {"id": "acc_0001"}),
        ]
        envelope = guest.events[0][1]
        assert envelope["type"] == "master:event" and envelope["version"] == "v1"


async def test_the_cursor_of_the_first_hint_is_known_before_anything_arrives() -> None:
    async with house(detections=7) as opened:
        guest = await opened.client()
        await tell(guest, Mark([1], read=True))
        await eventually(lambda: hints(guest) == [("detection", 7, {"count": 0, "last_id": 7})])


async def test_a_burst_becomes_few_hints_for_every_client() -> None:
    async with house(accounts=1) as opened:
        guests = [await opened.client(), await opened.client()]
        for _ in range(1000):
            opened.memory.add_detection("acc_0001")
        await eventually(lambda: [sum(data["count"] for _, _, data in hints(guest)) for guest in guests] == [1000] * 2)
        assert all(len(hints(guest)) <= 2 for guest in guests)


async def test_a_client_that_left_is_told_nothing() -> None:
    async with house(accounts=1) as opened:
        guest, other = await opened.client(), await opened.client()
        await guest.disconnect()
        opened.memory.add_detection("acc_0001")
        await eventually(lambda: hints(other))
        assert hints(guest) == []


async def test_too_many_requests_at_once_are_busy() -> None:
    async with house(detections=1) as opened:
        guest = await opened.client()
        gate = asyncio.Event()
        counts = opened.memory.feed.counts

        async def slow() -> Any:
            await gate.wait()
            return await counts()

        opened.memory.feed.counts = slow  # type: ignore[method-assign]
        calls = [spawn(tell(guest, Sync()), name="sync") for _ in range(17)]
        await eventually(lambda: any(call.done() for call in calls))
        gate.set()
        answers = await asyncio.gather(*calls)
        assert [answer.get("code") for answer in answers] == [None] * 16 + ["busy"]
        assert (await tell(guest, Sync()))["ok"]


async def test_a_fault_of_ours_is_logged_and_answered(expected_logs: Any) -> None:
    expected_logs("gateway.message_failed")
    async with house() as opened:
        guest = await opened.client()
        del opened.memory.feed.rows
        assert (await tell(guest, Sync()))["code"] == "internal"


async def test_unknown_events_are_refused() -> None:
    async with house() as opened:
        guest = await opened.client()
        assert (await guest.call("client:dance", {"type": "client:dance"}, namespace="/client"))["ok"] is False
