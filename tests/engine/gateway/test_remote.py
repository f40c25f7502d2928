"""The TLS door: closed until asked for, serves what workers need and no more, believes signatures and nothing else."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import socketio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from socketio.exceptions import ConnectionError as Refused

from engine.events import DoorRefused
from engine.gateway.limits import Limits
from engine.gateway.remote import own_hosts
from engine.gateway.surfaces import Surface
from tests.support.gateway import House, a_register, house, settle, tell
from tests.support.waiting import eventually
from worker.membership import Key
from worker.pin import client_context
from worker.process import wire_json
from worker.process.exit_codes import Exit, Stop
from worker.protocol.messages import Heartbeat, Released, Shutdown
from worker.remote import pinned_session

MANY = Limits(sockets_each=64)


class Outside:
    """Somebody on another machine. `key` is an enrolled worker's."""

    def __init__(self, opened: House, http: aiohttp.ClientSession) -> None:
        self.house = opened
        self.http = http
        self.url = f"https://127.0.0.1:{opened.gateway.remote.port}"
        self.key = Key(Ed25519PrivateKey.generate())
        self.refusal: Any = None
        opened.roster.keys[self.key.worker_id] = self.key.public

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.http.request(method, self.url + path, ssl=client_context(), **options) as answer:
            return answer.status, wire_json.loads(await answer.read())

    async def guest(self, namespace: str, auth: Any = None) -> socketio.AsyncClient:
        """A Socket.IO client; `auth` is a dict or a function of the Engine.IO sid; a right signature by default."""
        guest = socketio.AsyncClient(
            reconnection=False,
            handle_sigint=False,
            http_session=self.http,
            websocket_extra_options={"ssl": client_context()},
        )
        guest.events = []

        async def note(event: str, *args: Any) -> Any:
            guest.events.append((event, *args))
            return {"ok": True}

        async def refused(why: Any = None) -> None:
            self.refusal = why

        guest.on("*", note, namespace=namespace)
        guest.on("connect_error", refused, namespace=namespace)
        self.house._guests.append(guest)
        make = auth if callable(auth) else (self.proof if auth is None else lambda sid: auth)
        await guest.connect(
            self.url, auth=lambda: make(guest.eio.sid), namespaces=[namespace], transports=["websocket"]
        )
        return guest

    def proof(self, sid: str) -> dict[str, str]:
        return {"id": self.key.worker_id, "sig": self.key.sign(self.house.identity.spki, sid)}

    async def refused(self, namespace: str, auth: Any) -> str:
        """The code with which this is refused."""
        with pytest.raises(Refused):
            await self.guest(namespace, auth)
        guest = self.house._guests.pop()
        await guest.disconnect()
        await settle(guest)
        return str((self.refusal or {}).get("data", {}).get("code"))


@asynccontextmanager
async def outside(**contents: Any) -> AsyncIterator[Outside]:
    async with house(limits=MANY, **contents) as opened:
        await opened.gateway.remote.open(0)
        async with pinned_session(opened.identity.spki) as http:
            yield Outside(opened, http)


# --- what is served ---------------------------------------------------------------------------------------------------


async def test_workers_find_what_they_need_and_nobody_finds_anything_else() -> None:
    async with outside() as far:
        assert (await far.ask("GET", "/api/v1/hello"))[1]["data"]["protocol"] == "v1"
        status, answer = await far.ask("POST", "/api/v1/enroll", json={"token": "A" * 32, "public_key": "A" * 43})
        assert (status, answer["error"]["code"]) == (409, "not_accepting")
        right = {"Authorization": f"Bearer {far.house.tokens.client}"}
        for route in far.house.gateway._routes:
            if (route.method, route.path) in (("GET", "/api/v1/hello"), ("POST", "/api/v1/enroll")):
                continue
            for headers in ({}, right):
                status, answer = await far.ask(route.method, route.path.replace("{id}", "x"), headers=headers)
                assert (status, answer["error"]["code"]) == (404, "not_found"), (route.method, route.path)
        assert await far.refused("/client", {"token": far.house.tokens.client}) == "unauthorized"


async def test_with_accept_clients_everything_is_served_to_whoever_has_a_token() -> None:
    async with outside(clients=True) as far:
        right = {"Authorization": f"Bearer {far.house.tokens.client}"}
        assert (await far.ask("GET", "/api/v1/status", headers=right))[0] == 200
        assert (await far.ask("GET", "/api/v1/status"))[0] == 401
        guest = await far.guest("/client", {"token": far.house.tokens.client})
        assert guest.connected


async def test_only_the_certificates_hosts_are_us_under_any_port() -> None:
    async with outside() as far:
        for host, status in (("127.0.0.1:1", 200), ("localhost", 200), ("[::1]:443", 200), ("evil.example", 421)):
            assert (await far.ask("GET", "/api/v1/hello", headers={"Host": host}))[0] == status, host
        foreign = {"Origin": "https://evil.example"}
        assert (await far.ask("GET", "/api/v1/hello", headers=foreign))[0] == 403
        plain = {"Origin": f"http://127.0.0.1:{far.house.gateway.port}"}
        assert (await far.ask("GET", "/api/v1/hello", headers=plain))[0] == 403


async def test_plain_http_and_older_tls_get_nothing() -> None:
    async with outside() as far:
        async with aiohttp.ClientSession() as http:
            with pytest.raises(aiohttp.ClientError):
                await http.get(f"http://127.0.0.1:{far.house.gateway.remote.port}/api/v1/hello")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(OSError):  # an SSLError, or only the reset that follows it
            await asyncio.open_connection("127.0.0.1", far.house.gateway.remote.port, ssl=old)


# --- who is believed --------------------------------------------------------------------------------------------------


async def test_a_worker_that_signs_is_in_and_each_message_counts() -> None:
    async with outside() as far:
        guest = await far.guest("/worker")
        assert (await tell(guest, a_register(far.key.worker_id)))["ok"]
        assert (await tell(guest, Heartbeat(nonce=7, sequence=0, digest="x")))["nonce"] == 7


async def test_each_wrong_proof_has_its_own_code() -> None:
    async with outside() as far:
        stranger, other = Key(Ed25519PrivateKey.generate()), b"o" * 32
        ours, spki = far.key, far.house.identity.spki
        good = base64.urlsafe_b64encode(b"x" * 64).decode()
        wrong: list[tuple[Any, str]] = [
            (lambda sid: {"id": stranger.worker_id, "sig": stranger.sign(spki, sid)}, "unknown_worker"),
            (lambda sid: {"id": ours.worker_id, "sig": stranger.sign(spki, sid)}, "bad_signature"),
            (lambda sid: {"id": ours.worker_id, "sig": ours.sign(spki, "another socket")}, "bad_signature"),
            (lambda sid: {"id": ours.worker_id, "sig": ours.sign(other, sid)}, "bad_signature"),
            ({"id": ours.worker_id, "sig": good}, "bad_signature"),
            ({"id": ours.worker_id, "sig": "not base64!"}, "bad_signature"),
            ({"id": ours.worker_id, "sig": 7}, "bad_signature"),
            ({"id": ours.worker_id}, "bad_signature"),
            ({"id": 7}, "unauthorized"),
            ({}, "unauthorized"),
        ]
        for auth, code in wrong:
            assert await far.refused("/worker", auth) == code


async def test_each_wrong_proof_is_told_by_its_own_kind() -> None:
    async with outside() as far:
        told: list[DoorRefused] = []
        far.house.memory.bus.subscribe(DoorRefused, told.append)
        await far.refused("/worker", lambda sid: {**far.proof(sid), "id": "0" * 32})
        await far.refused("/worker", lambda sid: far.proof(sid + "x"))
        far.house.roster.revoked.add(far.key.worker_id)
        await far.refused("/worker", far.proof)
        await far.refused("/worker", {"id": far.key.worker_id, "token": "x"})
        assert [one.kind for one in told] == ["unknown_worker", "bad_signature", "revoked"]


async def test_what_proves_on_one_side_proves_nothing_on_the_other() -> None:
    async with outside() as far:
        token = far.house.tokens.issue("local-1")
        assert await far.refused("/worker", {"id": "local-1", "token": token}) == "unknown_worker"
        signed = {"id": far.key.worker_id, "sig": far.key.sign(far.house.identity.spki, "x")}
        with pytest.raises(Refused):
            await far.house.guest("/worker", signed)


async def test_rights_are_looked_up_for_each_message() -> None:
    async with outside() as far:
        guest = await far.guest("/worker")
        await tell(guest, a_register(far.key.worker_id))
        far.house.roster.revoked.add(far.key.worker_id)
        assert (await tell(guest, Heartbeat(nonce=1, sequence=0, digest="x")))["code"] == "revoked"
        assert (await tell(guest, Released("a", 1)))["ok"], "that it lets go is all that is still heard"
        assert far.house.desk.heard[-1][0] == "released"
        assert await far.refused("/worker", far.proof) == "revoked"


async def test_cast_out_it_hears_why_and_its_transport_ends_whatever_it_does() -> None:
    async with outside() as far:
        guest, second = await far.guest("/worker"), await far.guest("/worker")
        await tell(guest, a_register(far.key.worker_id))
        far.house.gateway.workers.cast_out(far.key.worker_id)
        await eventually(lambda: guest.events and second.events)
        assert [event for event, _ in guest.events] == [Shutdown.TYPE]
        assert guest.events[0][1]["payload"]["reason"] == "revoked"
        await eventually(lambda: not guest.connected and not second.connected, within=1.0)


# --- opening and closing ----------------------------------------------------------------------------------------------


async def test_closing_cuts_everybody_who_came_in_by_it_and_nobody_else() -> None:
    async with outside() as far:
        remote, local = await far.guest("/worker"), await far.house.worker("w-1")
        port = far.house.gateway.remote.port
        await far.house.gateway.remote.close()
        await eventually(lambda: not remote.connected)
        assert (await tell(local, Heartbeat(nonce=3, sequence=0, digest="x")))["nonce"] == 3
        with pytest.raises(aiohttp.ClientError):
            await far.ask("GET", "/api/v1/hello")
        await far.house.gateway.remote.open(port)
        assert (await far.ask("GET", "/api/v1/hello"))[0] == 200


async def test_a_taken_port_says_so_and_leaves_the_door_closed() -> None:
    async with outside() as first, house() as second:
        with pytest.raises(Stop, match="--remote-port") as caught:
            await second.gateway.remote.open(first.house.gateway.remote.port)
        assert caught.value.code is Exit.UNAVAILABLE and second.gateway.remote.port == 0
        await second.gateway.remote.open(0)
        assert second.gateway.remote.port


async def test_new_addresses_are_served_under_a_new_certificate_by_the_same_door(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with outside() as far:
        guest = await far.guest("/worker")
        headers = {"Host": "10.9.8.7:3443"}
        assert (await far.ask("GET", "/api/v1/hello", headers=headers))[0] == 421
        monkeypatch.setattr("engine.gateway.remote.own_hosts", lambda listening, names: ["10.9.8.7"])
        await far.house.gateway.remote.certify()
        assert (await far.ask("GET", "/api/v1/hello", headers=headers))[0] == 200, "and the pin holds"
        assert guest.connected and far.house.gateway.remote.hosts == ["10.9.8.7"]


def test_names_come_first_and_a_particular_address_alone() -> None:
    assert own_hosts("10.0.0.5", ["desk.example"]) == ["desk.example", "10.0.0.5"]
    everywhere = own_hosts("0.0.0.0", ["desk.example"])
    assert everywhere[0] == "desk.example" and not any(host.startswith(("127.", "169.254.")) for host in everywhere)
    assert all(":" in host for host in own_hosts("::"))


@pytest.mark.parametrize(
    ("authority", "ours"),
    [("desk:1", True), ("DESK", True), ("desk:", False), ("desk:x", False), ("[fd00::5]:3", True), ("fd00::5", False)],
)
def test_a_host_without_its_port(authority: str, ours: bool) -> None:
    surface = Surface("https", frozenset({"desk", "[fd00::5]"}), any_port=True)
    assert surface.is_named(authority) is ours
