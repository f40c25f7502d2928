"""From a delivered mail to a row: a real dovecot, a real master and its worker processes."""

from pathlib import Path

import pytest

from tests.servers import dovecot
from tests.servers.cache import require
from tests.servers.dovecot import Dovecot
from tests.support.master_process import MasterProcess, running_master
from tests.support.waiting import eventually
from worker.process.clock import lease_clock

pytestmark = [pytest.mark.processes, pytest.mark.servers, pytest.mark.timeout(120)]


async def mailbox(master: MasterProcess, server: Dovecot) -> str:
    """An account that is checked every ten minutes; what comes sooner was heard. Its first check is done."""
    await master.workers_online(1)
    account = await master.create_account(
        platform="imap",
        display_name="Mail",
        interval=600,
        settings={"host": server.host, "port": server.port, "tls": "none", "allow_private_network": True},
        credentials={"username": server.user, "password": server.password},
    )
    path = f"/detections?account_id={account['id']}"
    await eventually(lambda: master.items(path), what="the first check")
    return path


async def test_a_mail_is_a_row_as_soon_as_it_is_delivered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require(dovecot.SERVER)
    async with Dovecot() as server, running_master(tmp_path / "data", "--local-workers", "1") as master:
        await server.deliver("From: a@example.org\nSubject: old\nMessage-ID: <old@x>\n\nold")
        path = await mailbox(master, server)
        await eventually(server.idling, what="it listens")
        await server.deliver("From: 小明 <ming@example.org>\nSubject: 新消息\nMessage-ID: <new@x>\n\n你好")
        began = lease_clock()
        rows = await eventually(lambda: _rows(master, path, 2), within=3)
        with capsys.disabled():
            print(f" [mail → row {lease_clock() - began:.3f} s]", end="")  # noqa: T201 - the figure is asked for
        assert [(row["subject"], row["text"], row["read"], row["kind"]) for row in rows] == [
            ("新消息", "你好", False, "direct_message"),
            ("old", "old", True, "direct_message"),
        ]
        assert not any("Seen" in flags for flags in await server.flags())


async def test_a_server_that_comes_back_is_listened_to_again(tmp_path: Path) -> None:
    require(dovecot.SERVER)
    async with Dovecot() as server, running_master(tmp_path / "data", "--local-workers", "1") as master:
        await server.deliver("Subject: old\nMessage-ID: <old@x>\n\nold")
        path = await mailbox(master, server)
        await eventually(server.idling, what="it listens")
        await server.stop()
        (account,) = await master.items("/accounts")

        async def is_(status: str) -> bool:
            return bool((await master.account(account["id"]))["status"] == status)

        await eventually(lambda: is_("failing"), what="a check says that it is gone")
        await server.start()
        await server.deliver("Subject: back\nMessage-ID: <back@x>\n\nback")
        rows = await eventually(lambda: _rows(master, path, 2), within=30)
        assert rows[0]["subject"] == "back"
        await eventually(lambda: is_("active"), what="that it listens is as good as a check")


async def _rows(master: MasterProcess, path: str, count: int) -> list[dict[str, object]]:
    rows = await master.items(path)
    return rows if len(rows) == count else []
