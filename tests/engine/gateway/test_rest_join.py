"""Join codes over REST: given out, listed without what they say, cancelled, used."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from engine.events import DoorRefused
from tests.support.gateway import House, house
from tests.support.memory_stores import BEGAN
from worker.protocol.join_code import decode
from worker.protocol.proof import worker_id_of

KEY = b"k" * 32


def text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


async def opened_door(opened: House) -> None:
    await opened.memory.api.remote.accept(True)


async def join(opened: House, code: str, **more: Any) -> tuple[int, Any]:
    body = {"token": text(decode(code).token), "public_key": text(KEY), "host": "box", **more}
    status, answer, _ = await opened.ask("POST", "/enroll", body, token="")
    return status, answer


async def test_a_code_is_given_out_listed_and_cancelled() -> None:
    async with house() as opened:
        await opened_door(opened)
        made = await opened.data("POST", "/join-codes", {"uses": 3, "ttl": 60, "name": "attic"})
        code = decode(made["code"])
        assert (code.port, code.hosts) == (3443, ["10.0.0.5", "192.168.1.9"])
        assert made["command"] == f"vedette-worker --join {made['code']}"
        [listed] = (await opened.data("GET", "/join-codes"))["items"]
        assert {key: listed[key] for key in ("id", "name", "uses_left")} == {
            "id": made["id"],
            "name": "attic",
            "uses_left": 3,
        }
        assert made["code"] not in str(listed) and set(listed) == {
            "id",
            "name",
            "uses_left",
            "expires_at",
            "created_at",
        }
        await opened.data("DELETE", f"/join-codes/{made['id']}")
        assert (await opened.data("GET", "/join-codes"))["items"] == []
        assert (await opened.ask("DELETE", f"/join-codes/{made['id']}"))[0] == 404


async def test_the_default_is_one_worker_within_a_quarter_of_an_hour() -> None:
    async with house() as opened:
        await opened_door(opened)
        await opened.data("POST", "/join-codes", {})
        [code] = await opened.memory.api.remote.codes()
        assert (code.uses_left, code.expires_at - BEGAN) == (1, timedelta(minutes=15))


async def test_giving_a_code_out_opens_nothing() -> None:
    async with house() as opened:
        status, answer, _ = await opened.ask("POST", "/join-codes", {})
        assert (status, answer["error"]["code"]) == (409, "not_accepting")
        assert "--accept-remote" in answer["error"]["message"]
        opened.memory.remote.addresses = ()
        await opened_door(opened)
        status, answer, _ = await opened.ask("POST", "/join-codes", {})
        assert (status, answer["error"]["code"]) == (409, "no_address")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"uses": 0}, "uses"),
        ({"uses": 101}, "uses"),
        ({"ttl": 59}, "ttl"),
        ({"ttl": 604_801}, "ttl"),
        ({"name": "x" * 65}, "name"),
        ({"hosts": []}, "hosts"),
    ],
)
async def test_what_does_not_fit_is_named(body: dict[str, Any], field: str) -> None:
    async with house() as opened:
        await opened_door(opened)
        status, answer, _ = await opened.ask("POST", "/join-codes", body)
        assert (status, answer["error"]["details"]["field"]) == (422, field)


async def test_a_worker_comes_in_by_the_code_alone_once() -> None:
    async with house() as opened:
        await opened_door(opened)
        made = await opened.data("POST", "/join-codes", {"name": "attic"})
        status, answer = await join(opened, made["code"])
        assert status == 201 and answer["data"] == {"worker_id": worker_id_of(KEY), "name": "attic"}
        status, answer = await join(opened, made["code"])
        assert (status, answer["error"]["code"]) == (403, "join_code_used")


async def test_what_nobody_gave_out_or_has_ended_lets_nobody_in() -> None:
    async with house() as opened:
        await opened_door(opened)
        made = await opened.data("POST", "/join-codes", {})
        status, answer = await join(opened, made["code"], token=text(b"w" * 24))
        assert (status, answer["error"]["code"]) == (403, "join_code_wrong")
        opened.memory.remote.now += timedelta(minutes=15)
        status, answer = await join(opened, made["code"])
        assert (status, answer["error"]["code"]) == (403, "join_code_expired")


async def test_each_refusal_is_told_by_its_own_kind() -> None:
    async with house() as opened:
        told: list[DoorRefused] = []
        opened.memory.bus.subscribe(DoorRefused, told.append)
        await opened_door(opened)
        made = await opened.data("POST", "/join-codes", {})
        assert (await join(opened, made["code"]))[0] == 201
        assert (await join(opened, made["code"], public_key=text(b"o" * 32)))[0] == 403
        body = {"token": text(b"w" * 24), "public_key": text(KEY), "host": "box"}
        assert (await opened.ask("POST", "/enroll", body, token=""))[0] == 403
        assert [one.kind for one in told] == ["join_code_used", "join_code_wrong"]


async def test_guessing_costs_the_guesser_his_turn_and_nobody_else() -> None:
    from engine.gateway.limits import Limits

    async with house(limits=Limits(guesses=3)) as opened:
        await opened_door(opened)
        made = await opened.data("POST", "/join-codes", {})
        became = [(await join(opened, made["code"], token=text(bytes([n]) * 24)))[0] for n in range(50, 56)]
        assert became[:3] == [403, 403, 403] and became[-1] == 429
        assert (await join(opened, made["code"]))[0] == 201, "a right code is always answered"


@pytest.mark.parametrize(("field", "value"), [("token", "short"), ("token", "!" * 32), ("public_key", "A" * 42)])
async def test_bytes_that_are_none_are_named(field: str, value: str) -> None:
    async with house() as opened:
        await opened_door(opened)
        made = await opened.data("POST", "/join-codes", {})
        status, answer = await join(opened, made["code"], **{field: value})
        assert (status, answer["error"]["details"]["field"]) == (422, field)
