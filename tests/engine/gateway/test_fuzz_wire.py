"""Whatever comes over a socket: an acknowledgement with a code or the end of that connection, and nothing else.

The master behind the gateway is the real one. A second, well-behaved worker is connected all the time.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import LogWatch
from tests.support.fuzz import (
    CLIENT_MESSAGES,
    JUNK,
    TEXTS,
    WORKER_MESSAGES,
    WRONG_WAY,
    envelopes,
    examples,
    on_one_loop,
    spoiled,
    to_json,
)
from tests.support.live_master import UNMETERED, LiveMaster, a_registration, is_well, live_master
from worker.process import wire_json
from worker.process.clock import wall_ms
from worker.protocol.envelope import pack
from worker.protocol.errors import Code
from worker.protocol.messages import Message

pytestmark = [pytest.mark.timeout(1800), pytest.mark.filterwarnings("ignore:Generating overly large repr")]

ENDED = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
PATIENCE = 5  #: seconds for an answer or an end
NEVER = (Code.INTERNAL, "")  #: codes that say that something of ours broke


@dataclass
class Rude:
    """A client that says what it likes, over one connection after the other."""

    live: LiveMaster
    namespace: str
    auth: dict[str, str]
    _socket: aiohttp.ClientWebSocketResponse | None = None
    _acks: int = field(default=10)

    async def ask(self, event: object, *arguments: object) -> Any:
        """Send an event; its acknowledgement, None if the connection was cut instead."""
        self._acks += 1
        answer = f"43{self.namespace},{self._acks}["
        socket = await self.send(f"42{self.namespace},{self._acks}{to_json([event, *arguments])}")
        while socket and (heard := await asyncio.wait_for(socket.receive(), PATIENCE)).type not in ENDED:
            if str(heard.data).startswith(answer):
                return wire_json.loads(heard.data[len(answer) - 1 :])[0]
        await self.leave()
        return None

    async def send(self, frame: str | bytes) -> aiohttp.ClientWebSocketResponse | None:
        """Send a frame; None if the connection was cut for what came before."""
        try:
            socket = await self._joined()
            await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))
        except (aiohttp.ClientError, ConnectionError):
            await self.leave()
            return None
        return socket

    async def leave(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def _joined(self) -> aiohttp.ClientWebSocketResponse:
        if self._socket is None or self._socket.closed:
            url = f"{self.live.url}/socket.io/?transport=websocket&EIO=4"
            self._socket = await self.live.http.ws_connect(url, max_msg_size=0)
            await self._socket.send_str(f"40{self.namespace},{wire_json.dumps(self.auth)}")
            if self.namespace == "/worker":
                first = wire_json.dumps(["worker:register", pack(a_registration("w-1"), "r", wall_ms())])
                await self._socket.send_str(f"42/worker,1{first}")
        return self._socket


def check_ack(ack: Any, sent: object) -> None:
    """Cut, done, or refused with a code that is no fault of ours, and with a sentence."""
    if ack is None:
        return
    assert isinstance(ack, dict) and isinstance(ack.get("ok"), bool), (sent, ack)
    if not ack["ok"]:
        assert ack["code"] in set(Code) - set(NEVER) and ack["message"], (sent, ack)


async def worker_and_client(live: LiveMaster) -> list[Rude]:
    return [
        Rude(live, "/worker", await live.enter_worker("w-1")),
        Rude(live, "/client", {"token": live.master.token}),
    ]


ARGUMENTS = st.one_of(
    spoiled(envelopes(WORKER_MESSAGES + CLIENT_MESSAGES)),
    spoiled(envelopes(WORKER_MESSAGES + CLIENT_MESSAGES + WRONG_WAY)),
    envelopes(WORKER_MESSAGES + CLIENT_MESSAGES + WRONG_WAY),
    JUNK,
)
EVENTS = st.one_of(TEXTS, JUNK)


def test_any_message_gets_an_acknowledgement_with_a_code_or_is_cut(tmp_path: Path, expected_logs: LogWatch) -> None:
    expected_logs("ingest.dead_letters")  # what a worker found for accounts that there are not
    with on_one_loop(live_master(tmp_path, UNMETERED)) as (live, run):
        polite, rude = run(live.worker("w-2")), run(worker_and_client(live))

        @examples(400)
        @given(argument=ARGUMENTS, event=EVENTS, named=st.integers(0, 9), which=st.integers(0, 1))
        def one(argument: Any, event: Any, named: int, which: int) -> None:
            kind = argument.get("type") if isinstance(argument, dict) else None
            sent = kind if named and isinstance(kind, str) else event
            check_ack(run(rude[which].ask(sent, argument)), argument)
            assert run(is_well(polite)) and not expected_logs.unexpected()

        one()
        for peer in rude:
            run(peer.leave())


def test_right_messages_of_a_stranger_are_answered_by_the_real_fleet(tmp_path: Path, expected_logs: LogWatch) -> None:
    """All that fits the types, in any order and with any numbers, reaches the fleet: it must stay sound."""
    expected_logs("ingest.dead_letters")  # what a worker found for accounts that there are not
    with on_one_loop(live_master(tmp_path, UNMETERED)) as (live, run):
        polite, rude = run(live.worker("w-2")), run(worker_and_client(live))[0]
        account = run(live.ask("POST", "/accounts", {"platform": "demo", "display_name": "A", "interval": 30}))["id"]
        whole = [pack(_about(account, message), "r", 1) for message in WORKER_MESSAGES]

        @examples(300)
        @given(message=st.sampled_from(whole), numbers=st.lists(st.sampled_from([0, 1, 2**31, 2**53 - 1]), min_size=4))
        def one(message: dict[str, Any], numbers: list[int]) -> None:
            changed = _numbered(message, iter(numbers))
            ack = run(rude.ask(changed["type"], changed))
            check_ack(ack, changed)
            assert run(is_well(polite)) and not expected_logs.unexpected()
            live.master._runtime.state.validate()

        one()
        run(rude.leave())


def _about(account: str, message: Message) -> Message:
    """The same about an account that there is."""
    return msgspec.structs.replace(message, account=account) if hasattr(message, "account") else message


def _numbered(value: Any, numbers: Any) -> Any:
    """The same with its first whole numbers replaced."""
    if isinstance(value, dict):
        return {key: _numbered(inner, numbers) if key != "timestamp" else inner for key, inner in value.items()}
    if isinstance(value, list):
        return [_numbered(inner, numbers) for inner in value]
    return next(numbers, value) if isinstance(value, int) and not isinstance(value, bool) else value


FRAMES = st.one_of(
    st.binary(max_size=50),
    TEXTS,
    st.builds(
        lambda kind, namespace, ack, body: kind + namespace + ack + body,
        st.sampled_from(
            ["", "0", "1", "2", "3", "4", "5", "6", "40", "41", "42", "43", "44", "45", "46", "451-", "4²"]
        ),
        st.sampled_from(["", "/worker,", "/client,", "/,", "/nowhere,", "/worker", "/" * 300 + ","]),
        st.sampled_from(["", "1", "99999999999999999999", "²"]),
        st.one_of(TEXTS, JUNK.map(to_json), EVENTS.map(lambda event: to_json([event]))),
    ),
)


def test_any_packets_disturb_nobody_else(tmp_path: Path, expected_logs: LogWatch) -> None:
    expected_logs("ingest.dead_letters")  # what a worker found for accounts that there are not
    with on_one_loop(live_master(tmp_path, UNMETERED)) as (live, run):
        polite, rude = run(live.worker("w-2")), run(worker_and_client(live))

        @examples(200)
        @given(frame=FRAMES, which=st.integers(0, 1))
        def one(frame: str | bytes, which: int) -> None:
            peer = rude[which]
            text = frame.encode(errors="replace").decode() if isinstance(frame, str) else frame
            run(peer.send(text))
            check_ack(run(peer.ask("worker:heartbeat", 7)), frame)
            assert run(is_well(polite)) and not expected_logs.unexpected()

        one()
        for peer in rude:
            run(peer.leave())
