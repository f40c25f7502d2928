"""One check: the look at the lease before each request, and what each way of failing becomes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.support.scripted_platform import ScriptedPlatform, found
from tests.support.tasks import task
from worker.checker import Checker
from worker.keyring import Keyring
from worker.link import LinkDown
from worker.memory import Memory
from worker.platforms.base import Check, Session
from worker.platforms.http import HttpPool
from worker.process.clock import wall_ms
from worker.process.under_check import UnderCheck
from worker.protocol.messages import Credentials, CredentialsGiven, Task
from worker.watch.events import CheckFinished

TASK = task(platform="scripted")


class Asking(ScriptedPlatform):
    """Makes two requests to `url` per check."""

    url = ""

    async def check(self, session: Session, cursor: str | None) -> Check:
        for _ in range(2):
            await session.http.get(self.url)
        return Check((), "c1")


class Bench:
    """A checker with a lease that the test gives and takes."""

    def __init__(self, directory: Path, platform: ScriptedPlatform) -> None:
        self.looks: list[bool] = []  # answers of the coming looks; afterwards always yes
        self.pulled: list[Credentials] = []
        self.http = HttpPool(timeout=5)
        self.memory = Memory(directory / "worker.db")
        self.keyring = Keyring(self.give)
        self.under_check = UnderCheck(directory)
        self.checker = Checker(
            {"scripted": platform}, self.http, self.memory, self.keyring, self, wall_ms, self.under_check, "w-7"
        )

    def may_act(self, _account: str, _epoch: int) -> bool:
        return self.looks.pop(0) if self.looks else True

    def may_listen(self, account: str, epoch: int) -> bool:
        return self.may_act(account, epoch)

    def standing(self) -> float:
        return 10.0

    async def give(self, asked: Credentials) -> CredentialsGiven:
        self.pulled.append(asked)
        return CredentialsGiven({"token": "t"}, 1)

    async def check(self, checked: Task = TASK) -> CheckFinished:
        return await self.checker.check(checked, "r1")


@asynccontextmanager
async def bench(directory: Path, platform: ScriptedPlatform) -> AsyncIterator[Bench]:
    made = Bench(directory, platform)
    await made.memory.start()
    await made.http.start()
    try:
        yield made
    finally:
        await made.http.close()
        await made.memory.close()


@asynccontextmanager
async def site(hits: list[str]) -> AsyncIterator[str]:
    async def hit(request: web.Request) -> web.Response:
        hits.append(request.path)
        return web.Response(text="ok")

    application = web.Application()
    application.router.add_get("/", hit)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def test_without_a_lease_the_platform_is_not_asked(tmp_path: Path) -> None:
    platform = ScriptedPlatform()
    async with bench(tmp_path, platform) as made:
        made.looks = [False]
        finished = await made.check()
    assert finished.outcome is None and not platform.asked


async def test_a_platform_can_pass_on_who_asks_and_under_which_epoch(tmp_path: Path) -> None:
    platform, told = ScriptedPlatform(), list[tuple[str, str, int]]()

    def script(session: Session, _cursor: str | None) -> Check:
        told.append((session.account, session.worker, session.epoch))
        return Check((), "c1")

    platform.script = script
    async with bench(tmp_path, platform) as made:
        await made.check(task("acc-3", epoch=5, platform="scripted"))
    assert told == [("acc-3", "w-7", 5)]


async def test_w2_the_lease_is_looked_at_before_each_request(tmp_path: Path) -> None:
    hits: list[str] = []
    platform = Asking()
    async with site(hits) as url, bench(tmp_path, platform) as made:
        platform.url = url
        allowed = task(platform="scripted")
        made.checker.http.bind = _private(made.http)  # type: ignore[method-assign]
        made.looks = [True, True, True, False]  # at the start; before and at the first request; before the second
        finished = await made.check(allowed)
        assert finished.outcome is None and len(hits) == 1
        finished = await made.check(allowed)
        assert finished.outcome == "ok" and len(hits) == 3


def _private(pool: HttpPool) -> Any:
    """The scripted platform has no such setting; the site of this test is on loopback."""
    bind = pool.bind
    return lambda **options: bind(**{**options, "allow_private_network": True})


async def test_credentials_are_pulled_once_per_epoch_and_dropped(tmp_path: Path) -> None:
    async with bench(tmp_path, ScriptedPlatform()) as made:
        for epoch in (1, 1, 2):
            await made.check(task(epoch=epoch, platform="scripted"))
        assert [asked.epoch for asked in made.pulled] == [1, 2]
        made.keyring.drop(None)
        assert len(made.keyring) == 0
        await made.check(task(epoch=2, platform="scripted"))
        assert len(made.pulled) == 3


async def test_credentials_that_were_dropped_while_under_way_are_not_kept(tmp_path: Path) -> None:
    async with bench(tmp_path, ScriptedPlatform()) as made:

        async def give_late(_asked: Credentials) -> CredentialsGiven:
            keyring.drop("a")  # the user changes them at this very moment
            return CredentialsGiven({"token": "old"}, 1)

        keyring = Keyring(give_late)
        assert (await keyring.get(TASK))["token"].reveal() == "old"
        assert len(keyring) == 0 and not made.pulled


async def test_a_lost_link_says_nothing_about_the_account(tmp_path: Path) -> None:
    platform = ScriptedPlatform()

    async def fail(_asked: Credentials) -> CredentialsGiven:
        raise LinkDown("gone")

    async with bench(tmp_path, platform) as made:
        made.keyring._ask = fail
        assert (await made.check()).outcome is None
    assert not platform.asked


async def test_a_platform_that_never_answers_is_unreachable(tmp_path: Path) -> None:
    platform = ScriptedPlatform()
    platform.hold = True
    async with bench(tmp_path, platform) as made:
        made.http.timeout = 0.01
        finished = await made.check()
    assert finished.outcome == "unreachable" and platform.aborted == 1


async def test_a_cursor_that_is_too_long_is_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    platform = ScriptedPlatform()
    platform.script = lambda session, cursor: Check(found(1), "c" * 60_001)
    async with bench(tmp_path, platform) as made:
        finished = await made.check()
        assert made.memory.rows == 0
    assert finished.outcome == "error" and "60000" in finished.message


async def test_more_counts_except_after_a_first_check(tmp_path: Path) -> None:
    platform = ScriptedPlatform()
    platform.script = lambda session, cursor: Check(found(1), "c1", retry_after=3.0, more=True)
    async with bench(tmp_path, platform) as made:
        first = await made.check()
        second = await made.check(task(platform="scripted", cursor="c0"))
    assert (first.more, second.more, second.retry_after, second.request_id) == (False, True, 3.0, "r1")


async def test_what_was_new_is_counted_and_what_may_be_missing_is_told(tmp_path: Path) -> None:
    platform = ScriptedPlatform()
    platform.script = lambda session, cursor: Check(found(1, 2), "c1", missed="overrun")
    async with bench(tmp_path, platform) as made:
        known = task(platform="scripted", cursor="c0")
        first, again = await made.check(known), await made.check(known)
    assert (first.found, first.missed) == (2, "overrun")
    assert again.found == 0, "seen before"
