"""A whole worker that listens, against a FakeMaster and a platform that the test makes speak."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from msgspec.structs import replace

from tests.conftest import LogWatch
from tests.support.fake_master import SILENT, FakeMaster
from tests.support.scripted_platform import ScriptedPlatform, found
from tests.support.tasks import task
from tests.support.waiting import eventually
from tests.support.worker_agent import running
from worker.agent import Agent
from worker.platforms.base import Check, Refused, Session, Unreachable
from worker.protocol.descriptor import Descriptor
from worker.protocol.messages import Assign, Heartbeat, Register, Released, Report, Revoke, Shutdown


class Speaking(ScriptedPlatform):
    """Says what is put into `words`: a Check is given, an exception raised.

    Attributes:
        listens: (account, cursor) of each listen. ended: how many are over. looks: of the last session.
    """

    descriptor: ClassVar[Descriptor] = replace(ScriptedPlatform.descriptor, mode="stream")

    def __init__(self) -> None:
        super().__init__()
        self.words: asyncio.Queue[Check | Exception] = asyncio.Queue()
        self.listens: list[tuple[str, str | None]] = []
        self.ended = 0
        self.sessions: list[Session] = []

    async def listen(self, session: Session, cursor: str | None) -> AsyncGenerator[Check, None]:
        self.listens.append((session.account, cursor))
        self.sessions.append(session)
        try:
            yield Check((), None)
            while True:
                word = await self.words.get()
                if isinstance(word, Exception):
                    raise word
                session.tcp.look()
                yield word
        finally:
            self.ended += 1


class Scene:
    """One master, one worker, one account that is checked every ten minutes: what comes sooner was heard."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.master = FakeMaster()
        self.platform = Speaking()

    @asynccontextmanager
    async def worker(self, **fields: Any) -> AsyncIterator[tuple[Agent, Any]]:
        given = {"platform": "scripted", "interval": 600.0, "due_in": 600.0, "cursor": "c0", **fields}
        self.master.tasks = [task("a", **given)]
        async with running(self.master.url, self.directory, {"scripted": self.platform}) as worker:
            await eventually(lambda: self.platform.listens or "cursor" in fields)
            yield worker

    def stored(self) -> list[str]:
        return [item.external_id for item in self.master.stored.values()]


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[Scene]:
    scene = Scene(directory)
    async with scene.master:
        yield scene


async def test_what_is_heard_is_delivered_at_once_with_its_cursor(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker():
        for number in range(3):
            scene.platform.words.put_nowait(Check(found(number), f"c{number + 1}"))
        await eventually(lambda: scene.master.cursors.get("a") == "c3")
        assert scene.stored() == ["x-0", "x-1", "x-2"] and not scene.platform.asked
        assert not any(item.baseline for item in scene.master.stored.values())
        assert len({item.request_id for item in scene.master.stored.values()}) == 3
        await eventually(
            lambda: [check.outcome for beat in scene.master.of(Heartbeat) for check in beat.checks] == ["ok"] * 4
        )


async def test_a_listen_that_ends_after_its_lease_does_not_keep_the_worker_idle(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker() as (agent, _):
        agent.session.lease.until = 0.0  # as after a freeze: the end is read before any timer rings
        scene.platform.words.put_nowait(Unreachable("gone"))
        await eventually(lambda: len(scene.master.of(Register)) == 2)
        await eventually(lambda: len(scene.platform.listens) == 2)


async def test_what_check_and_listen_both_find_counts_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.platform.script = lambda session, cursor: Check(found(1), "c1")
        async with scene.worker():
            scene.platform.words.put_nowait(Check(found(1), "c1"))
            await eventually(lambda: scene.stored() == ["x-1"])
            await scene.master.send(Assign(2, False, [replace(scene.master.tasks[0], check_request="r1")]))
            await eventually(lambda: scene.platform.asked)
            scene.platform.words.put_nowait(Check(found(2), "c2"))
            await eventually(lambda: scene.stored() == ["x-1", "x-2"])


async def test_a_new_account_is_checked_before_it_is_listened_to(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.platform.script = lambda session, cursor: Check(found(1), "c1")
        async with scene.worker(cursor=None, due_in=0.0):
            await eventually(lambda: scene.platform.listens == [("a", "c1")])
            assert len(scene.platform.asked) == 1


async def test_a_listen_that_breaks_off_is_begun_again_where_it_was(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker():
        scene.platform.words.put_nowait(Check(found(1), "c1"))
        await eventually(lambda: scene.stored() == ["x-1"])
        scene.platform.script = lambda session, cursor: Check((), None)
        scene.platform.words.put_nowait(Unreachable("gone"))
        await eventually(lambda: scene.platform.listens == [("a", "c0"), ("a", "c1")])
        assert len(scene.platform.asked) == 1, "one check says what is wrong with it"


async def test_refused_credentials_are_reported_and_it_stays_away(tmp_path: Path) -> None:
    def refuse(session: Session, cursor: str | None) -> Check:
        raise Refused("no")

    async with opened(tmp_path) as scene:
        scene.platform.script = refuse
        async with scene.worker():
            scene.platform.words.put_nowait(Refused("no"))
            await eventually(lambda: [report.state for report in scene.master.of(Report)][-1:] == ["refused"])
            assert len(scene.platform.listens) == 1


async def test_a_platform_with_a_fault_stops_nothing(tmp_path: Path, expected_logs: LogWatch) -> None:
    expected_logs("check.failed")
    async with opened(tmp_path) as scene, scene.worker():
        scene.platform.words.put_nowait(ZeroDivisionError("fault"))
        await eventually(lambda: len(scene.platform.listens) == 2)
        scene.platform.words.put_nowait(Check(found(1), "c1"))
        await eventually(lambda: scene.stored() == ["x-1"])


async def test_w2_w3_at_the_end_of_the_lease_it_is_cut_off_and_comes_back_with_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        scene.master.lease = 3.0
        async with scene.worker():
            assert 0 < scene.platform.sessions[0].standing() < 1.0
            await eventually(lambda: len(scene.master.of(Heartbeat)) > 80, what="it outlives its first lease")
            assert scene.platform.ended == 0
            scene.master.script["worker:heartbeat"] = lambda message: SILENT
            await eventually(lambda: scene.platform.ended == 1)
            assert scene.platform.sessions[0].standing() == 0.0
            del scene.master.script["worker:heartbeat"]
            await eventually(lambda: len(scene.platform.listens) == 2)


async def test_w5_a_lost_link_does_not_end_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker():
        await scene.master.drop_connections()
        scene.platform.words.put_nowait(Check(found(1), "c1"))
        await eventually(lambda: len(scene.master.of(Register)) == 2)
        await eventually(lambda: scene.stored() == ["x-1"])
        assert len(scene.platform.listens) == 1 and scene.platform.ended == 0


async def test_w6_a_revoked_account_is_released_once_it_listens_no_more(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker():
        await scene.master.send(Revoke(2, ["a"]))
        await eventually(lambda: scene.master.of(Released) == [Released("a", 1)])
        assert scene.platform.ended == 1


async def test_asked_to_stop_it_stops_listening(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene, scene.worker() as (_, ended):
        await scene.master.send(Shutdown("closing", 5.0))
        await ended
        assert scene.platform.ended == 1 and scene.master.of(Released) == [Released("a", 1)]
