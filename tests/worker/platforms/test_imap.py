"""The imap platform against a real dovecot."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from email.message import EmailMessage
from typing import Any

import pytest

from tests.servers import dovecot
from tests.servers.cache import require
from tests.servers.dovecot import Dovecot
from tests.support.platforms import http_pool, session_for
from tests.support.waiting import eventually
from worker.platforms.base import Changed, Check, Found, PlatformError, PrivateAddress, Refused, Session, Unreachable
from worker.platforms.http import HttpPool
from worker.platforms.imap import BASELINE, LARGEST, Imap
from worker.process.clock import wall_ms
from worker.process.tasks import cancel, spawn

pytestmark = pytest.mark.servers


class LeaseOver(Exception):
    """What the lease look raises."""


class Watcher:
    """One account: each check is made by a new platform object, and only the cursor is handed over."""

    def __init__(self, server: Dovecot, pool: HttpPool, **settings: Any) -> None:
        self.server = server
        self.pool = pool
        self.settings = {"host": server.host, "port": server.port, "tls": "none", "allow_private_network": True}
        self.settings.update(settings)
        self.credentials = {"username": server.user, "password": server.password}
        self.cursor: str | None = None
        self.allowed = True

    def platform(self) -> Imap:
        return Imap(self.server.trust)

    @property
    def session(self) -> Session:
        return session_for(self.platform(), self.pool, self.settings, self.credentials, look=self._look)

    def _look(self) -> None:
        if not self.allowed:
            raise LeaseOver

    async def check(self) -> Check:
        result = await self.platform().check(self.session, self.cursor)
        self.cursor = result.cursor or self.cursor
        return result

    async def found(self) -> list[Found]:
        return list((await self.check()).items)

    async def subjects(self) -> list[str]:
        return [found.subject for found in await self.found()]


class Ear:
    """A listen that runs; `heard` are its checks, `failed` is what ended it."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self.heard: list[Check] = []
        self.failed: Exception | None = None

    @property
    def subjects(self) -> list[str]:
        return [found.subject for check in self.heard for found in check.items]

    async def listen(self) -> None:
        listen = self._watcher.platform().listen(self._watcher.session, self._watcher.cursor)
        try:
            async with aclosing(listen) as checks:
                async for check in checks:
                    self._watcher.cursor = check.cursor or self._watcher.cursor
                    self.heard.append(check)
        except (PlatformError, LeaseOver) as error:
            self.failed = error


@asynccontextmanager
async def watched(capability: str = "", **settings: Any) -> AsyncIterator[tuple[Dovecot, Watcher]]:
    require(dovecot.SERVER)
    async with Dovecot(capability) as server, http_pool(timeout=10) as pool:
        yield server, Watcher(server, pool, **settings)


@asynccontextmanager
async def listening(watcher: Watcher) -> AsyncIterator[tuple[Ear, "asyncio.Task[None]"]]:
    ear = Ear(watcher)
    task = spawn(ear.listen(), name="ear")
    try:
        await eventually(lambda: ear.heard or task.done(), what="it listens")
        yield ear, task
    finally:
        await cancel(task)


def mail(subject: str, text: str = "hello", **headers: str) -> str:
    fixed = {"From": "Li Lei <lilei@example.org>", "Message-ID": f"<{subject}@example.org>", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fixed.items()]
    return "\n".join([*lines, f"Subject: {subject}", "", text, ""])


# --- connections -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
async def test_a_mail_is_found_with_each_kind_of_encryption(tls: str) -> None:
    async with watched(tls=tls) as (server, watcher):
        watcher.settings["port"] = server.tls_port if tls == "implicit" else server.port
        identity = await watcher.platform().identify(watcher.session)
        assert (identity.handle, identity.display_name) == (server.user, server.user)
        assert await watcher.found() == []
        await server.deliver(mail("你好", Date="Tue, 24 Nov 2026 08:00:00 +0800", References="<root@x> <mid@x>"))
        (found,) = await watcher.found()
        assert (found.kind, found.subject, found.text, found.url) == ("direct_message", "你好", "hello", "")
        assert (found.author.name, found.author.handle) == ("Li Lei", "lilei@example.org")
        assert (found.published_at, found.thread_id) == (1_795_478_400_000, "root@x")
        assert await watcher.found() == []
        assert ("TLS" in server.log()) == (tls != "none")


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(tls=tls) as (server, watcher):
        watcher.settings["port"] = server.tls_port if tls == "implicit" else server.port
        monkeypatch.setattr(server, "trust", ssl.create_default_context)  # what Imap() does by itself
        with pytest.raises(Unreachable, match=r"certificate of localhost.* cannot be trusted: self-signed"):
            await watcher.check()
        assert server.password not in server.log()


async def test_a_certificate_for_another_name_is_not_accepted() -> None:
    async with watched(tls="implicit", host="127.0.0.1") as (server, watcher):
        watcher.settings["port"] = server.tls_port
        with pytest.raises(Unreachable, match=r"certificate of 127.0.0.1.* cannot be trusted: .*mismatch"):
            await watcher.check()


async def test_the_wrong_kind_of_encryption_says_so() -> None:
    async with watched(tls="implicit") as (server, watcher):
        with pytest.raises(Unreachable, match="No secure connection to localhost"):
            await watcher.check()
        watcher.settings.update(tls="none", port=server.tls_port)
        watcher.pool.timeout = 0.3
        with pytest.raises(Unreachable, match="did not greet like an IMAP server"):
            await watcher.check()


async def test_a_private_address_needs_permission() -> None:
    async with watched(allow_private_network=False) as (server, watcher):
        for host in ("localhost", "127.0.0.1", "::1"):
            watcher.settings["host"] = host
            with pytest.raises(PrivateAddress, match="private network"):
                await watcher.check()
        assert "Login" not in server.log()


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with watched() as (server, watcher):
        await server.stop()
        with pytest.raises(Unreachable, match="No connection to localhost"):
            await watcher.check()
        watcher.settings["host"] = "no-such-host.invalid"
        with pytest.raises(Unreachable, match=r"No server named no-such-host\.invalid"):
            await watcher.check()


async def test_wrong_credentials_are_refused_without_a_word_of_them() -> None:
    async with watched() as (_, watcher):
        watcher.credentials["password"] = "wrong-secret"
        with pytest.raises(Refused, match="refuses the login: Authentication failed") as refused:
            await watcher.platform().identify(watcher.session)
        assert "wrong-secret" not in refused.value.message
        with pytest.raises(Refused):
            await watcher.check()


async def test_an_unknown_mailbox_is_named() -> None:
    async with watched(mailbox="发票") as (_, watcher):
        with pytest.raises(Changed, match="mailbox “发票”: Mailbox doesn't exist"):
            await watcher.check()


async def test_a_mailbox_with_a_chinese_name_is_watched() -> None:
    async with watched(mailbox="客户 & 伙伴") as (server, watcher):
        name = '"&W6JiNw- &- &TxlPNA-"'
        await server.run(("create", name))
        assert await watcher.found() == []
        await server.deliver(mail("one"))
        await server.run(("select", "INBOX"), ("copy", "1", name))
        assert await watcher.subjects() == ["one"]


async def test_w2_without_a_lease_no_command_is_sent() -> None:
    async with watched() as (server, watcher):
        watcher.allowed = False
        with pytest.raises(LeaseOver):
            await watcher.check()
        assert "Login" not in server.log()


# --- checks ----------------------------------------------------------------------------------------------------------


async def test_the_first_check_gives_the_twenty_newest_oldest_first() -> None:
    async with watched() as (server, watcher):
        for number in range(25):
            await server.deliver(mail(f"m{number}"))
        first = await watcher.check()
        assert [found.subject for found in first.items] == [f"m{number}" for number in range(5, 25)]
        assert not first.more
        again = await watcher.check()
        assert again == Check((), None)


async def test_many_new_mails_come_in_pieces_and_none_is_left_out() -> None:
    async with watched() as (server, watcher):
        await watcher.check()
        for number in range(47):
            await server.deliver(mail(f"m{number}"))
        pieces = [await watcher.check() for _ in range(3)]
        assert [len(piece.items) for piece in pieces] == [20, 20, 7]
        assert [piece.more for piece in pieces] == [True, True, False]
        subjects = [found.subject for piece in pieces for found in piece.items]
        assert subjects == [f"m{number}" for number in range(47)]


async def test_mails_that_are_gone_leave_no_hole_in_what_comes_after() -> None:
    async with watched() as (server, watcher):
        await watcher.check()
        for number in range(30):
            await server.deliver(mail(f"m{number}"))
        await server.run(("select", "INBOX"), ("store", "1:27", "+FLAGS", "(\\Deleted)"), ("expunge",))
        assert await watcher.subjects() == ["m27", "m28", "m29"]


async def test_nothing_is_ever_marked_as_seen() -> None:
    async with watched() as (server, watcher):
        await server.deliver(mail("one"))
        await watcher.check()
        await server.deliver(mail("two"))
        async with listening(watcher) as (ear, _):
            await server.deliver(mail("three"))
            await eventually(lambda: ear.subjects == ["two", "three"])
        flags = await server.flags()
        assert len(flags) == 3 and not any("Seen" in each for each in flags)


async def test_a_mailbox_made_anew_is_told_from_the_old_one_and_its_mails_keep_their_ids() -> None:
    async with watched(mailbox="Box") as (server, watcher):
        await server.run(("create", "Box"))
        await server.deliver(mail("kept"))
        await server.run(("select", "INBOX"), ("copy", "1", "Box"))
        (before,) = await watcher.found()
        await server.run(("delete", "Box"))
        with pytest.raises(Changed):
            await watcher.check()
        second = wall_ms() // 1000
        await eventually(lambda: wall_ms() // 1000 > second, what="another second: dovecot makes UIDVALIDITY of it")
        await server.deliver(mail("new"))
        await server.run(("create", "Box"), ("select", "INBOX"), ("copy", "1:2", "Box"))
        check = await watcher.check()
        after = check.items
        assert [found.subject for found in after] == ["kept", "new"]
        assert check.missed is None, "the whole mailbox was given"
        assert after[0].external_id == before.external_id != after[1].external_id
        assert await watcher.found() == []


async def test_another_mailbox_or_a_damaged_cursor_starts_over() -> None:
    async with watched() as (server, watcher):
        await server.deliver(mail("one"))
        assert await watcher.subjects() == ["one"]
        await server.run(("create", "Box"), ("select", "INBOX"), ("copy", "1", "Box"))
        watcher.settings["mailbox"] = "Box"
        assert await watcher.subjects() == ["one"]
        watcher.cursor = "{broken"
        assert await watcher.subjects() == ["one"]
        watcher.settings["tls"] = "starttls"  # only another way to the same mailbox
        assert await watcher.subjects() == []


async def test_of_a_large_mailbox_whose_cursor_is_lost_something_may_be_missed() -> None:
    async with watched() as (server, watcher):
        for number in range(BASELINE + 1):
            await server.deliver(mail(f"n{number}"))
        assert (await watcher.check()).missed is None, "the first check ever"
        watcher.cursor = "{broken"
        assert (await watcher.check()).missed == "reset"
        await server.run(("create", "Box"), ("select", "INBOX"), ("copy", f"1:{BASELINE + 1}", "Box"))
        watcher.settings["mailbox"] = "Box"
        assert (await watcher.check()).missed is None, "the user wanted another mailbox"


async def test_a_mail_of_ten_megabytes_costs_no_more_than_its_beginning() -> None:
    async with watched() as (server, watcher):
        letter = EmailMessage()
        letter["Subject"], letter["From"] = "Large", "a@example.org"
        letter.set_content("请看附件")
        letter.add_attachment(bytes(10 * 1024 * 1024), maintype="application", subtype="zip", filename="a.zip")
        await server.deliver(letter.as_bytes())
        (found,) = await watcher.found()
        assert (found.subject, found.text) == ("Large", "请看附件")
        await eventually(lambda: " out=" in server.log(), what="it logs what it sent")
        sent = [int(word[4:]) for word in server.log().split() if word.startswith("out=")]
        assert max(sent) < LARGEST + 10_000


async def test_what_mail_programs_write_is_understood() -> None:
    subject = base64.b64encode("你好".encode("gb2312")).decode()
    html = "<p>第一行</p><script>alert(1)</script><p>第&nbsp;二行</p>"
    head = b"From: a@example.org\nContent-Type: text/plain"
    mails = (
        f"From: =?utf-8?Q?=E6=9D=8E=2C_=E9=9B=B7?= <l@example.org>\nSubject: =?gb2312?B?{subject}?=\n\nx".encode(),
        head + b"; charset=gb2312\nContent-Transfer-Encoding: 8bit\n\n" + "朱镕基".encode("gb18030"),
        head + b"\n\n" + "没有字符集".encode("gb18030"),
        head + b"; charset=x-nonsense\n\n" + "胡说".encode(),
        f"From: a@example.org\nContent-Type: text/html; charset=utf-8\n\n{html}".encode(),
    )
    async with watched() as (server, watcher):
        for each in mails:
            await server.deliver(each)
        found = await watcher.found()
    assert (found[0].subject, found[0].author.name) == ("你好", "李, 雷")
    assert [each.text for each in found[1:4]] == ["朱镕基", "没有字符集", "胡说"]
    assert found[4].text == "第一行\n\n第\xa0二行"
    assert len({each.external_id for each in found}) == 5


# --- listening -------------------------------------------------------------------------------------------------------


async def test_new_mail_is_heard_without_asking() -> None:
    async with watched() as (server, watcher):
        await watcher.check()
        async with listening(watcher) as (ear, _):
            assert ear.heard == [Check((), None)], "it says that it listens"
            for number in range(3):
                await server.deliver(mail(f"m{number}"))
                await eventually(lambda: len(ear.subjects) == number + 1, within=5)  # noqa: B023
        assert ear.subjects == ["m0", "m1", "m2"]
        assert await watcher.subjects() == [], "the cursor moved with it"


async def test_a_burst_is_heard_whole() -> None:
    async with watched() as (server, watcher):
        await watcher.check()
        async with listening(watcher) as (ear, _):
            await asyncio.gather(*(server.deliver(mail(f"m{number}")) for number in range(30)))
            await eventually(lambda: len(ear.subjects) == 30)
        assert len(set(ear.subjects)) == 30


async def test_an_idle_that_is_begun_again_misses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.platforms.imap.IDLE_FOR", 0.05)
    async with watched() as (server, watcher):
        await watcher.check()
        async with listening(watcher) as (ear, _):
            await eventually(lambda: len(ear.heard) > 3, what="it begins anew")
            for number in range(5):
                await server.deliver(mail(f"m{number}"))
                await eventually(lambda: len(ear.subjects) == number + 1, within=5)  # noqa: B023
        assert ear.subjects == [f"m{number}" for number in range(5)]


async def test_a_server_without_idle_is_only_polled() -> None:
    async with watched("IMAP4rev1 UIDPLUS") as (server, watcher), listening(watcher) as (ear, task):
        await task
        assert ear.heard == []
        await server.deliver(mail("one"))
        assert await watcher.subjects() == ["one"]


async def test_a_server_that_goes_away_ends_it_and_when_it_is_back_nothing_is_missed() -> None:
    async with watched() as (server, watcher):
        await watcher.check()
        async with listening(watcher) as (ear, task):
            await server.stop()
            await task
        assert isinstance(ear.failed, Unreachable)
        await server.start()
        await server.deliver(mail("while away"))
        async with listening(watcher) as (ear, _):
            assert ear.subjects == ["while away"]


async def test_w2_after_the_lease_is_over_the_news_of_new_mail_leads_to_no_command() -> None:
    async with watched() as (server, watcher):
        await watcher.check()
        async with listening(watcher) as (ear, task):
            watcher.allowed = False
            await server.deliver(mail("too late"))
            await task
        assert isinstance(ear.failed, LeaseOver) and ear.subjects == []


async def test_w3_an_abort_cuts_the_connection() -> None:
    async with watched() as (server, watcher):
        await watcher.check()
        async with listening(watcher):
            before = server.log().count("Disconnected")
        await eventually(lambda: server.log().count("Disconnected") > before)
