"""What cannot be stored, through the whole master: from a worker's batch to the list, and out of it again."""

from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import socketio

from tests.support.live_master import LiveMaster, live_master
from tests.support.waiting import eventually
from worker.platforms.demo import Demo
from worker.process.clock import wall_ms
from worker.protocol.envelope import pack
from worker.protocol.messages import Detections


async def send(guest: socketio.AsyncClient, *items: dict[str, Any]) -> dict[str, Any]:
    """Send these as they are, whatever they are; returns the answer."""
    given = {"epoch": 1, "kind": "comment", "found_at": wall_ms()}
    packed = pack(Detections(items=[]), "r-1", wall_ms())
    whole = [given | {"external_id": f"x-{item['seq']}"} | item for item in items]
    return dict(await guest.call("worker:detections", {**packed, "payload": {"items": whole}}, namespace="/worker"))


async def retry(live: LiveMaster, letter_id: int) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {live.master.token}"}
    url = f"{live.url}/api/v1/dead-letters/{letter_id}/retry"
    async with aiohttp.ClientSession() as http, http.post(url, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_from_a_batch_to_the_list_and_out_of_it_again(tmp_path: Path, expected_logs: Any) -> None:
    expected_logs("ingest.dead_letters")
    async with live_master(tmp_path / "data") as live:
        guest = await live.worker("w1")
        account = (await live.ask("POST", "/accounts", {"platform": "demo", "display_name": "Shop"}))["id"]

        async def owned() -> bool:
            return bool((await live.ask("GET", f"/accounts/{account}"))["worker_id"])

        await eventually(owned, what="the account is this worker's")
        other = next(kind for kind in ("post", "comment") if kind not in Demo.descriptor.kinds)
        answer = await send(
            guest,
            {"seq": 1, "account": account, "text": "good"},
            {"seq": 2, "account": "acc_gone", "text": "whose?"},
            {"seq": 3, "account": account, "kind": other, "text": "of a kind that nobody knows"},
            {"seq": 4, "account": account, "text": 7},
        )
        assert answer["done"] == [1]
        assert {one["seq"]: one["code"] for one in answer["rejected"]} == {
            2: "unknown_account",
            3: "invalid",
            4: "invalid",
        }
        assert (await live.ask("GET", "/status"))["dead_letters"] == 3
        letters = {one["text"]: one for one in (await live.ask("GET", "/dead-letters"))["items"]}
        assert set(letters) == {"whose?", "of a kind that nobody knows", ""}
        assert "$.text" in letters[""]["why"] and letters[""]["worker_id"] == "w1"
        story = await live.ask("GET", f"/accounts/{account}/story")
        assert sum(line["what"] == "could not be stored" for line in story["items"]) == 2
        for one in letters.values():
            status, refusal = await retry(live, one["id"])
            assert (status, refusal["error"]["code"]) == (409, one["code"])
        assert (await live.ask("GET", "/status"))["dead_letters"] == 3
        newer = msgspec.structs.replace(Demo.descriptor, kinds=(*Demo.descriptor.kinds, other))
        assert await live.master._store.platforms.remember(newer, local=True) == "changed"  # a newer worker joins
        late = letters["of a kind that nobody knows"]["id"]
        assert await retry(live, late) == (200, {"success": True, "data": None})
        texts = [one["text"] for one in (await live.ask("GET", f"/detections?account_id={account}"))["items"]]
        assert texts == ["of a kind that nobody knows", "good"]
        await live.ask("DELETE", f"/dead-letters/{letters['']['id']}")
        left = (await live.ask("GET", "/dead-letters"))["items"]
        assert [one["text"] for one in left] == ["whose?"]
