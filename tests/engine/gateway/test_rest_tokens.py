"""API tokens over REST."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.events import RightsChanged
from tests.support.gateway import expire, house

NEW = {"name": "Backup script", "scope": "read"}


async def test_a_token_is_shown_once_and_kept_as_a_digest() -> None:
    async with house() as opened:
        made = await opened.data("POST", "/tokens", NEW)
        assert made["token"].startswith("vdt_") and len(made["token"]) == 47
        listed = (await opened.data("GET", "/tokens"))["items"]
        assert listed == [{key: value for key, value in made.items() if key != "token"}]
        assert (listed[0]["name"], listed[0]["scope"], listed[0]["revoked_at"]) == ("Backup script", "read", None)
        store = opened.memory.api.tokens._store
        assert made["token"] not in repr(store.rows) and made["token"][4:] not in repr(store.rows)


async def test_a_token_opens_rest_until_it_is_revoked() -> None:
    async with house() as opened:
        made = await opened.data("POST", "/tokens", NEW)
        assert (await opened.ask("GET", "/status", token=made["token"]))[0] == 200
        for wrong in (made["token"] + "x", made["token"][:-1], made["token"].upper(), made["id"]):
            assert (await opened.ask("GET", "/status", token=wrong))[0] == 401
        assert (await opened.data("GET", "/tokens"))["items"][0]["last_used_at"]
        await opened.data("DELETE", f"/tokens/{made['id']}")
        assert (await opened.ask("GET", "/status", token=made["token"]))[0] == 401
        assert (await opened.data("GET", "/tokens"))["items"][0]["revoked_at"]
        assert (await opened.ask("DELETE", f"/tokens/{made['id']}"))[0] == 404
        assert (await opened.ask("DELETE", "/tokens/tok_never"))[0] == 404


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"scope": "root"}, "scope"),
        ({"scope": None}, "scope"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"device_id": "x" * 65}, "device_id"),
        ({"device_name": "x" * 65}, "device_name"),
        ({"token": "mine"}, "token"),
    ],
)
async def test_what_does_not_fit_names_its_field(fields: dict[str, object], field: str) -> None:
    async with house() as opened:
        status, answer, _ = await opened.ask("POST", "/tokens", {**NEW, **fields})
        assert status == 422 and answer["error"]["details"]["field"] == field
        assert (await opened.data("GET", "/tokens"))["items"] == []


async def test_the_list_has_parts() -> None:
    async with house() as opened:
        ids = [(await opened.data("POST", "/tokens", {**NEW, "name": str(n)}))["id"] for n in range(3)]
        first = await opened.data("GET", "/tokens?limit=2")
        rest = await opened.data("GET", f"/tokens?limit=2&cursor={first['cursor']}")
        assert sorted(item["id"] for item in [*first["items"], *rest["items"]]) == sorted(ids)
        assert rest["cursor"] is None
        assert (await opened.ask("GET", "/tokens?cursor=x"))[0] == 422


async def test_there_are_a_hundred_at_most_and_expired_ones_make_room() -> None:
    async with house() as opened:
        for _ in range(99):
            await opened.token("read")
        soon = datetime.now(UTC) + timedelta(hours=1)
        last = await opened.data("POST", "/tokens", {**NEW, "expires_at": soon.isoformat()})
        status, answer, _ = await opened.ask("POST", "/tokens", NEW)
        assert status == 409 and answer["error"]["code"] == "too_many_tokens"
        expire(opened, last["id"])
        assert await opened.data("POST", "/tokens", NEW)


async def test_every_change_of_rights_is_told_with_who_did_it() -> None:
    async with house() as opened:
        told: list[RightsChanged] = []
        opened.memory.bus.subscribe(RightsChanged, told.append)
        admin = await opened.data("POST", "/tokens", {"name": "boss", "scope": "admin"}, headers={"X-Request-ID": "r1"})
        made = await opened.data("POST", "/tokens", NEW, token=admin["token"])
        for _ in range(3):
            await opened.ask("GET", "/status", token=made["token"])
        await opened.data("DELETE", f"/tokens/{made['id']}", token=admin["token"])
        assert [(event.what, event.subject, event.by) for event in told] == [
            ("token created", admin["id"], "the token of this start"),
            ("token used from a new address", admin["id"], "boss"),
            ("token created", made["id"], "boss"),
            ("token used from a new address", made["id"], "Backup script"),
            ("token revoked", made["id"], "boss"),
        ]
        assert told[0].request_id == "r1" and told[1].details["address"] == "127.0.0.1"
        assert not [event for event in told if made["token"] in repr(event) or admin["token"] in repr(event)]
