"""dovecot, a real IMAP server with LMTP delivery, on free ports of loopback and without privileges.

async with Dovecot() as dovecot:
    await dovecot.deliver(b"Subject: hello\r\n\r\nHi there\r\n")
    ... watch dovecot.host and dovecot.port as dovecot.user with dovecot.password ...
"""

import asyncio
import grp
import imaplib
import os
import pwd
import shutil
import signal
import smtplib
import socket
import ssl
import tempfile
from asyncio.subprocess import Process
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from tests.servers.debian import Packages
from tests.support.certificates import write_certificate
from tests.support.waiting import eventually

PROGRAM = Path("/usr/sbin/dovecot")
SERVER = Packages(
    "dovecot",
    ("dovecot-imapd", "dovecot-lmtpd"),
    (PROGRAM, Path("/usr/lib/dovecot/imap"), Path("/usr/lib/dovecot/lmtp")),
)

READY_WITHIN = 20.0  #: seconds
ENDED_WITHIN = 10.0  #: seconds
NOBODY = 65534  #: who it runs as if root starts it

CONFIGURATION = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{directory}/server.crt
ssl_key = <{directory}/server.key
disable_plaintext_auth = no
verbose_proctitle = yes
auth_failure_delay = 0
mail_max_userip_connections = 100
default_internal_user = {owner}
default_internal_group = {group}
default_login_user = {owner}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{directory}/mail/%u
imap_capability = {capability}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {directory}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={directory}/mail/%u allow_all_users=yes
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
"""


class Dovecot:
    """One running dovecot with one user, who has an empty INBOX at first.

    Attributes:
        host: a name, and what the certificate is for.
        port: with STARTTLS, but also without. tls_port: TLS from the start.
        user, password: the one login.

    Args:
        capability: what it says that it can do instead of the usual.
    """

    host = "localhost"
    user = "ming@example.com"
    password = "geheim 密码"

    def __init__(self, capability: str = "") -> None:
        self.port, self.tls_port, self._lmtp_port = _free_ports(3)
        self._capability = capability
        self._directory = Path("/")
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        # not below pytest's directory, which only root may enter
        self._directory = Path(tempfile.mkdtemp(prefix="vedette-dovecot-"))
        try:
            await asyncio.to_thread(self._prepare)
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Start it, on the same ports and with the same mail as before."""
        as_nobody: dict[str, Any] = {}
        if os.geteuid() == 0:
            as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        self._process = await asyncio.create_subprocess_exec(
            str(PROGRAM), "-F", "-c", str(self._directory / "dovecot.conf"),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": "/usr/sbin:/usr/bin:/bin"}, start_new_session=True, **as_nobody,
        )  # fmt: skip
        await eventually(self._answers, within=READY_WITHIN, what="dovecot answers")

    async def stop(self) -> None:
        """End it; every connection is cut. A second call does nothing."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        # the whole group: its imap processes serve on after the master's end
        os.killpg(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(ENDED_WITHIN):
                await process.wait()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def close(self) -> None:
        """End it and forget its mail."""
        await self.stop()
        if self._directory != Path("/"):
            shutil.rmtree(self._directory, ignore_errors=True)

    async def deliver(self, mail: bytes | str, sender: str = "sender@example.org") -> None:
        """Deliver one mail by LMTP; it is in the INBOX when this returns."""
        raw = mail.encode() if isinstance(mail, str) else mail
        await asyncio.to_thread(self._deliver, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), sender)

    async def run(self, *commands: tuple[str, ...]) -> list[tuple[str, list[Any]]]:
        """What the user's own mail program does: imaplib methods by name and arguments, on one connection."""
        return await asyncio.to_thread(self._run, commands)

    async def flags(self, mailbox: str = "INBOX") -> list[str]:
        """The flags of each mail, as another connection sees them."""
        *_, (status, found) = await self.run(("select", mailbox, "readonly"), ("fetch", "1:*", "(FLAGS)"))
        assert status == "OK"
        return [line.decode() for line in found if line]

    def idling(self) -> int:
        """How many connections are in IDLE."""
        assert self._process is not None
        return sum(" IDLE" in _title(child) for child in psutil.Process(self._process.pid).children(recursive=True))

    def trust(self) -> ssl.SSLContext:
        """What accepts its certificate, and no other."""
        return ssl.create_default_context(cafile=str(self._directory / "server.crt"))

    def log(self) -> str:
        """All that it logged."""
        return (self._directory / "log").read_text(errors="replace")

    def _prepare(self) -> None:
        directory, owner = self._directory, NOBODY if os.geteuid() == 0 else os.geteuid()
        account = pwd.getpwuid(owner)
        values = {
            "owner": account.pw_name,
            "group": grp.getgrgid(account.pw_gid).gr_name,
            "directory": directory,
            "port": self.port,
            "tls_port": self.tls_port,
            "lmtp_port": self._lmtp_port,
            "capability": self._capability,
        }
        (directory / "dovecot.conf").write_text(CONFIGURATION.format(**values))
        (directory / "users").write_text(f"{self.user}:{{PLAIN}}{self.password}\n")
        (directory / "mail").mkdir()
        write_certificate(directory / "server.crt", directory / "server.key", self.host)
        if os.geteuid() == 0:
            for path in (directory, *directory.rglob("*")):
                os.chown(path, owner, account.pw_gid)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, f"dovecot ended: {self.log()}"
        return all(_greets(port) for port in (self.port, self._lmtp_port))

    def _deliver(self, mail: bytes, sender: str) -> None:
        with smtplib.LMTP("127.0.0.1", self._lmtp_port) as lmtp:
            refused = lmtp.sendmail(sender, [self.user], mail)
        assert not refused, refused

    def _run(self, commands: tuple[tuple[str, ...], ...]) -> list[tuple[str, list[Any]]]:
        with self._logged_in() as client:
            return [getattr(client, name)(*_arguments(name, given)) for name, *given in commands]

    @contextmanager
    def _logged_in(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.port) as client:
            client.authenticate("PLAIN", lambda _: f"\0{self.user}\0{self.password}".encode())
            yield client


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return ""


def _arguments(name: str, given: list[str]) -> list[Any]:
    return [given[0], True] if name == "select" and len(given) == 2 else list(given)


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
            return probe.recv(1) in (b"*", b"2")
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
