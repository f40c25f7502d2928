"""The journal tells who was turned away and who may do what: over the real master."""

import re
from pathlib import Path
from typing import Any

from engine.doors import WHY
from tests.support.live_master import LiveMaster, live_master
from tests.support.waiting import eventually

ENGINE = Path(__file__).parents[2] / "engine"


async def lines(live: LiveMaster) -> list[dict[str, Any]]:
    return list((await live.ask("GET", "/journal?subject=master"))["items"])


async def test_refusals_and_changes_of_rights_are_lines_of_the_journal(tmp_path: Path) -> None:
    async with live_master(tmp_path) as live:
        for _ in range(20):
            headers = {"Authorization": "Bearer wrong", "X-Request-ID": "first-1"}
            assert (await live.http.get(f"{live.url}/api/v1/status", headers=headers)).status == 401
        made = await live.ask("POST", "/tokens", {"name": "Phone", "scope": "read"})
        await live.ask("DELETE", f"/tokens/{made['id']}")
        told = await lines(live)
        refused = [line for line in told if line["what"] == "turned away at the door"]
        assert [(line["why"], line["request_id"]) for line in refused] == [(WHY["unauthorized"], "first-1")]
        assert refused[0]["details"] == {"kind": "unauthorized", "times": "1", "address": "127.0.0.1"}
        story = (await live.ask("GET", f"/journal?subject={made['id']}"))["items"]
        assert [line["what"] for line in story] == ["token revoked", "token created"]
        assert story[0]["details"] == {"name": "Phone", "scope": "read", "by": "the token of this start"}
        assert made["token"] not in str(told)
    async with live_master(tmp_path) as live:  # what had not been told when it closed is there as well
        await eventually(lambda: live.master.url)
        assert {"kind": "unauthorized", "times": "19", "address": "127.0.0.1"} in [
            line["details"] for line in await lines(live)
        ]


def test_every_kind_of_refusal_has_its_sentence() -> None:
    calls = re.compile(r'(?:\.refuse|note|turn_out|_end|Refusal)\([^"\n]*"([a-z_]+)"')
    kinds = {kind for file in (ENGINE / "gateway").glob("*.py") for kind in calls.findall(file.read_text())}
    assert {"flood", "scope", "wrong_host", "crowded", "malformed"} <= kinds
    assert kinds <= set(WHY), kinds - set(WHY)
