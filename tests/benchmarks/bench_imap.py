"""From the delivery of a mail to its row in REST, by IMAP IDLE alone: a real dovecot, a real master and worker.

The limit is one second at the 99th percentile. dovecot itself waits half a second before it tells those in IDLE (so
that a burst is told once), which is why the peer is a bare IDLE on the same server: what remains is ours.
"""

import asyncio
import imaplib
import statistics
import tempfile
from pathlib import Path

from tests.benchmarks.table import Row
from tests.servers import dovecot
from tests.servers.dovecot import Dovecot
from tests.support.master_process import MasterProcess, running_master
from tests.support.waiting import eventually
from worker.process.clock import lease_clock

MAILS = 30
LIMIT = 1.0  #: seconds
INTERVAL = 3600  #: seconds between regular checks: none falls into the measurement


def rows() -> list[Row]:
    """Mail to row, and mail to the end of a bare IDLE."""
    if not dovecot.SERVER.is_installed():
        return [Row("mail delivered → row in REST (IMAP IDLE)", "make servers", "dovecot is missing", None, None)]
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_measure(Path(directory)))


async def _measure(directory: Path) -> list[Row]:
    async with Dovecot() as server, running_master(directory / "data", "--local-workers", "1") as master:
        bare = [await asyncio.to_thread(_bare_idle, server, asyncio.get_running_loop()) for _ in range(MAILS // 3)]
        path = await _mailbox(master, server)
        await eventually(server.idling, what="it listens")
        ours = [await _once(master, server, path, number) for number in range(MAILS)]
    p50, p99 = statistics.median(ours), max(ours)
    return [
        Row(
            f"mail delivered → row in REST by IMAP IDLE, {MAILS} mails",
            f"limit {LIMIT:.0f} s; bare IDLE p50 {statistics.median(bare):.3f} s",
            f"p50 {p50:.3f} s, p99 {p99:.3f} s",
            p99 / LIMIT,
            1.0,
        )
    ]


async def _mailbox(master: MasterProcess, server: Dovecot) -> str:
    await master.workers_online(1)
    account = await master.create_account(
        platform="imap",
        display_name="Mail",
        interval=INTERVAL,
        settings={"host": server.host, "port": server.port, "tls": "none", "allow_private_network": True},
        credentials={"username": server.user, "password": server.password},
    )
    return f"/detections?account_id={account['id']}&limit=1"


async def _once(master: MasterProcess, server: Dovecot, path: str, number: int) -> float:
    subject = f"mail {number}"
    await server.deliver(f"From: a@example.org\nSubject: {subject}\nMessage-ID: <{number}@x>\n\n你好")
    began = lease_clock()

    async def arrived() -> bool:
        return any(row["subject"] == subject for row in await master.items(path))

    await eventually(arrived, within=10)
    return lease_clock() - began


def _bare_idle(server: Dovecot, loop: asyncio.AbstractEventLoop) -> float:
    """Seconds from a delivery to the line that ends somebody's wait."""
    with imaplib.IMAP4("127.0.0.1", server.port) as client:
        client.authenticate("PLAIN", lambda _: f"\0{server.user}\0{server.password}".encode())
        client.select("INBOX", readonly=True)
        client.send(b"i IDLE\r\n")
        client.readline()
        asyncio.run_coroutine_threadsafe(server.deliver("Subject: peer\n\npeer"), loop).result()
        began = lease_clock()
        while b"EXISTS" not in client.readline():
            pass
        took = lease_clock() - began
        client.send(b"DONE\r\n")
        while not client.readline().startswith(b"i "):
            pass
        return took
