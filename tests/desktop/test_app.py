"""The real thing end to end: window, master, forked workers, and what a person does with them."""

import asyncio
import socket
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest

from desktop.app import with_free_port
from engine.api.accounts import NewAccount
from engine.config import read
from tests.conftest import LogWatch
from tests.servers.cache import require
from tests.servers.isso import SERVER, Isso
from tests.support.app import running_app
from tests.support.waiting import eventually
from worker.process.clock import lease_clock
from worker.process.exit_codes import Exit

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]


async def test_a_newcomer_sees_a_sample_detection_within_five_seconds(
    qtloop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    async with running_app(tmp_path / "data") as running:
        await running.ready()
        window = running.app.window
        await eventually(lambda: window.welcome.isVisible() and window.welcome.samples.isEnabled())
        QTest.mouseClick(window.welcome.samples, Qt.MouseButton.LeftButton)
        await eventually(running.texts, within=5, what="the first sample detection in the feed")
        await eventually(window.detections.isVisible, within=5, what="the feed instead of the welcome page")
        await eventually(lambda: len(window.directory.accounts) == 3)
        assert await running.close() == Exit.ASKED
    assert not (tmp_path / "data" / "master.json").exists()


async def test_a_real_comment_is_in_the_store_in_rest_and_in_the_window_once(
    qtloop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    require(SERVER)
    async with Isso(tmp_path) as isso, running_app(tmp_path / "data") as running:
        await isso.post_comment("/blog/", "An older comment", "Ming")
        await running.ready()
        master = running.app.master
        assert master is not None
        settings = {"url": isso.feed_url("/blog/"), "kind": "comment", "allow_private_network": True}
        new = NewAccount("feed", "Blog comments", interval=10, settings=dict(settings))
        account = await master.api.accounts.create(new)
        await eventually(lambda: len(running.texts()) == 1, what="the baseline")
        said = "请问什么时候补货？Is it back soon?"
        await isso.post_comment("/blog/", said, "小明")
        posted = lease_clock()
        await eventually(lambda: said in running.texts(), within=11, what="the comment in the window's model")
        assert lease_clock() - posted <= 11
        [shown] = [detection for detection in running.app.window.detections.model.rows if detection.text == said]
        assert (shown.kind, shown.author.name, shown.read) == ("comment", "小明", False)
        assert (await master.api.detections.get(shown.id)).text == said

        async def checked_again() -> bool:
            now = await master.api.accounts.get(account.id)
            return now.last_check_at is not None and now.last_check_at > shown.detected_at

        await eventually(checked_again, within=25, what="one more check")
        in_rest = [found["text"] for found in await running.rest(f"/detections?account_id={account.id}")]
        assert sorted(map(str, in_rest)) == sorted(["An older comment", said])
        assert running.texts().count(said) == 1


async def test_a_killed_worker_is_seen_to_go_and_its_accounts_to_move(
    qtloop: asyncio.AbstractEventLoop, tmp_path: Path, expected_logs: LogWatch
) -> None:
    expected_logs("worker.exited")
    async with running_app(tmp_path / "data") as running:
        await running.ready()
        master, directory = running.app.master, running.app.window.directory
        assert master is not None
        account = await master.api.accounts.create(NewAccount("demo", "Shop", interval=1))
        await eventually(lambda: directory.accounts.get(account.id) and directory.accounts[account.id].worker_id)
        owner = directory.workers[str(directory.accounts[account.id].worker_id)]
        assert owner.pid is not None
        psutil.Process(owner.pid).kill()
        moved = lambda: directory.accounts[account.id].worker_id not in (None, owner.id)  # noqa: E731
        await eventually(moved, within=3, what="the account at another worker")
        assert directory.workers[owner.id].state != "online"
        await running.ready()


async def test_a_quit_from_outside_is_orderly(qtloop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    async with running_app(tmp_path / "data") as running:
        await running.ready()
        QCoreApplication.postEvent(QCoreApplication.instance(), QEvent(QEvent.Type.Quit))
        assert await asyncio.wait_for(running.task, 20) == Exit.ASKED
    assert not (tmp_path / "data" / "master.json").exists()


async def test_an_engine_that_cannot_start_says_why_in_the_window(
    qtloop: asyncio.AbstractEventLoop, tmp_path: Path, expected_logs: LogWatch
) -> None:
    expected_logs("engine.not_started")
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "vedette.db").write_bytes(b"this is not a database" * 100)
    async with running_app(tmp_path / "data") as running:
        await eventually(lambda: running.app.window.state == "failed", within=20)
        assert running.app.failed is not None and "restore a backup" in running.app.failed.sentence
        running.app.window.close()
        assert await running.task == Exit.CONFIG
    assert (tmp_path / "data" / "vedette.db").read_bytes() == b"this is not a database" * 100


def test_a_port_in_use_is_only_insisted_on_if_somebody_asked_for_it(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        asked = read("vedette", ["--data-dir", str(tmp_path), "--port", port], {})
        assert with_free_port(asked).port == int(port)
    free = read("vedette", ["--data-dir", str(tmp_path)], {})
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 3000))
        holder.listen()
        assert with_free_port(free).port == 0
    assert with_free_port(free).port == 3000
