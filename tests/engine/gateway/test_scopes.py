"""Default-deny: every route and every event says what it needs, and whoever has less is refused."""

import asyncio
from typing import Any

import pytest
import socketio
from aiohttp import WSMsgType

from engine.api.tokens import NewToken
from engine.gateway.client_namespace import NEEDS
from engine.gateway.rest.route import Route
from engine.gateway.rest.routes import all_routes
from engine.records import SCOPES, Scope, allows
from tests.support.gateway import House, a_register, expire, house, tell
from tests.support.waiting import eventually
from worker.process.clock import lease_clock, wall_ms
from worker.protocol.envelope import pack
from worker.protocol.messages import FROM_CLIENT, FROM_WORKER, Mark, Message, Sync

ROUTES = all_routes("")
GUARDED = [route for route in ROUTES if not route.public]

#: what changes who may come in, and what runs on which computer
FOR_ADMINISTRATORS = ("/tokens", "/join-codes", "/workers/local", "/remote", "/settings", "/vault", "/keys")


def path_of(route: Route) -> str:
    return route.path.replace("{id}", "x")


async def below(opened: House, scope: Scope) -> list[str]:
    """A token of each scope that is less."""
    return [await opened.token(less) for less in SCOPES[: SCOPES.index(scope)]]


def test_every_route_says_what_it_needs() -> None:
    """A route without a scope is for administrators until somebody has decided: then it says so."""
    undecided = [f"{route.method} {route.path}" for route in GUARDED if route.scope is None]
    assert not undecided
    assert Route("GET", "/new", lambda _call: None, "New").needs == "admin"  # type: ignore[arg-type, return-value]


def test_every_event_of_clients_says_what_it_needs() -> None:
    assert set(NEEDS) == set(FROM_CLIENT.values())


def test_who_may_only_look_changes_nothing() -> None:
    assert all(route.method == "GET" for route in GUARDED if route.scope == "read")


def test_who_may_come_in_is_for_administrators() -> None:
    for route in GUARDED:
        if route.path.removeprefix("/api/v1").startswith(FOR_ADMINISTRATORS):
            assert route.scope == "admin", route.path


def test_a_scope_holds_those_before_it() -> None:
    assert [[allows(has, needs) for needs in SCOPES] for has in SCOPES] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


async def test_every_route_refuses_whoever_has_less_and_says_what_it_needs() -> None:
    async with house() as opened:
        tokens = {scope: await below(opened, scope) for scope in SCOPES}
        for route in GUARDED:
            for token in tokens[route.scope or "admin"]:
                status, answer, _ = await opened.ask(route.method, path_of(route), token=token)
                assert status == 403 and answer["error"]["code"] == "scope", route.path
                assert answer["error"]["details"]["needs"] == route.scope
                assert f"“{route.scope}”" in answer["error"]["message"]


async def test_every_route_lets_in_whoever_has_what_it_needs() -> None:
    async with house() as opened:
        tokens = {scope: await opened.token(scope) for scope in SCOPES}
        for route in GUARDED:
            status, answer, _ = await opened.ask(route.method, path_of(route), token=tokens[route.scope or "admin"])
            assert status not in (401, 403, 429), (route.path, answer)


async def refusal(opened: House, namespace: str, auth: Any) -> Any:
    """What a socket hears that must not join; then one event all the same, which must change nothing."""
    refusals: list[Any] = []
    guest = socketio.AsyncClient(reconnection=False, handle_sigint=False)
    guest.on("connect_error", refusals.append, namespace=namespace)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await guest.connect(opened.gateway.url, auth=auth, namespaces=[namespace], transports=["websocket"])
    return refusals[0]["data"]["code"]


async def test_no_token_but_a_workers_own_joins_worker() -> None:
    async with house() as opened:
        wrong: list[Any] = [None, "", "x" * 43, opened.tokens.client, opened.tokens.issue("w-2")]
        wrong += [await opened.token(scope) for scope in SCOPES]
        for token in wrong:
            assert await refusal(opened, "/worker", {"id": "w-1", "token": token}) == "unauthorized"
        assert opened.desk.heard == []


async def test_no_workers_token_joins_client() -> None:
    async with house() as opened:
        for token in (None, "", "x" * 43, opened.tokens.issue("w-1")):
            assert await refusal(opened, "/client", {"id": "w-1", "token": token}) == "unauthorized"


MESSAGES: dict[str, Message] = {
    Sync.TYPE: Sync(after=0, limit=10),
    Mark.TYPE: Mark([1], read=True),
}


@pytest.mark.parametrize("event", sorted(FROM_CLIENT))
async def test_every_event_of_clients_needs_its_scope(event: str) -> None:
    needs = NEEDS[FROM_CLIENT[event]]
    async with house(detections=2) as opened:
        for scope in SCOPES:
            guest = await opened.guest("/client", {"token": await opened.token(scope)})
            answer = await tell(guest, MESSAGES[event])
            if allows(scope, needs):
                assert answer["ok"]
            else:
                assert answer["code"] == "scope" and f"“{needs}”" in answer["message"]
                assert not opened.memory.feed.rows[0].read


async def raw_event(opened: House, namespace: str, event: str) -> bool:
    """An event over a socket that has proven nothing; whether it was acknowledged."""
    url = f"{opened.gateway.url}/socket.io/?transport=websocket&EIO=4"
    async with opened.http.ws_connect(url) as socket:
        assert (await socket.receive_str()).startswith("0{")
        for ack_id in range(3):
            await socket.send_str(f'42{namespace},{ack_id}["{event}",{{}}]')
        frames = [frame async for frame in socket]
    return any(str(frame.data).startswith("43") for frame in frames)


@pytest.mark.parametrize(
    ("namespace", "event"),
    [("/worker", event) for event in FROM_WORKER] + [("/client", event) for event in FROM_CLIENT],
)
async def test_every_event_needs_a_proven_socket(namespace: str, event: str) -> None:
    async with house() as opened:
        assert not await raw_event(opened, namespace, event)
        assert opened.desk.heard == []


async def test_a_worker_asks_nothing_of_clients_and_a_client_nothing_of_workers() -> None:
    async with house() as opened:
        worker, client = await opened.worker(), await opened.client()
        assert (await tell(worker, Sync()))["code"] == "unknown_type"
        assert (await tell(client, a_register()))["code"] == "unknown_type"


async def test_rights_are_looked_up_for_each_request_and_each_event() -> None:
    """A token that is taken away stops a socket that joined by it, and requests on a connection that is kept."""
    async with house(detections=2) as opened:
        made = await opened.memory.api.tokens.create(NewToken("phone", "operate"))
        guest = await opened.guest("/client", {"token": made.secret})
        other = await opened.client()
        assert (await tell(guest, Sync()))["ok"]
        assert (await opened.ask("GET", "/status", token=made.secret))[0] == 200
        began = lease_clock()
        await opened.data("DELETE", f"/tokens/{made.token.id}")
        assert (await opened.ask("GET", "/status", token=made.secret))[0] == 401
        await eventually(lambda: not guest.connected, within=1.0)
        assert lease_clock() - began < 1.0
        assert (await tell(other, Sync()))["ok"]
        assert await refusal(opened, "/client", {"token": made.secret}) == "unauthorized"


async def test_a_rude_client_whose_token_is_revoked_loses_its_transport() -> None:
    async with house() as opened:
        made = await opened.memory.api.tokens.create(NewToken("phone", "read"))
        url = f"{opened.gateway.url}/socket.io/?transport=websocket&EIO=4"
        async with opened.http.ws_connect(url) as socket:
            await socket.send_str(f'40/client,{{"token":"{made.secret}"}}')
            assert (await socket.receive_str()).startswith("0{")
            assert (await socket.receive_str()).startswith("40/client,")
            await opened.memory.api.tokens.revoke(made.token.id)
            assert (await asyncio.wait_for(socket.receive(), 1.0)).type in (WSMsgType.CLOSED, WSMsgType.ERROR)


async def test_an_expired_token_opens_nothing_and_its_socket_hears_nothing_more() -> None:
    async with house(accounts=1) as opened:
        made = await opened.memory.api.tokens.create(NewToken("phone", "read"))
        guest = await opened.guest("/client", {"token": made.secret})
        expire(opened, made.token.id)
        assert (await opened.ask("GET", "/status", token=made.secret))[0] == 401
        opened.memory.add_account("Another")
        await eventually(lambda: not guest.connected)
        assert not [event for event, *_ in guest.events if event == "master:event"]


async def test_an_expired_token_does_nothing_over_its_socket() -> None:
    async with house(detections=1) as opened:
        made = await opened.memory.api.tokens.create(NewToken("phone", "operate"))
        guest = await opened.guest("/client", {"token": made.secret})
        expire(opened, made.token.id)
        envelope = pack(Mark([1], read=True), "r", wall_ms())
        await guest.emit(Mark.TYPE, envelope, namespace="/client")
        await eventually(lambda: not guest.connected)
        assert not opened.memory.feed.rows[0].read


async def test_a_token_of_a_device_is_taken_from_that_device_alone() -> None:
    async with house() as opened:
        token = await opened.token("read", device_id="phone-1", device_name="Phone")
        assert await refusal(opened, "/client", {"token": token}) == "unauthorized"
        assert await refusal(opened, "/client", {"token": token, "device_id": "phone-2"}) == "unauthorized"
        guest = await opened.guest("/client", {"token": token, "device_id": "phone-1"})
        assert (await tell(guest, Sync()))["ok"]
