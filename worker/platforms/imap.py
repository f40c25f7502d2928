"""The platform `imap`: new mail in one mailbox, as it arrives where the server offers IDLE.

The mailbox is only ever opened with EXAMINE, so nothing is marked as seen. The cursor is UIDVALIDITY and the next UID.
Where UIDVALIDITY has changed (the mailbox was made anew) or the account now names another mailbox, UIDs mean nothing:
the 20 newest mails are given again, and those already known are recognised by their external_id, which is made of the
mail's own headers.
"""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar, cast

import msgspec

from worker.platforms import imap_mail
from worker.platforms.base import (
    Changed,
    Check,
    Found,
    Missed,
    PlatformError,
    RateLimited,
    Refused,
    Session,
    Unreachable,
)
from worker.platforms.imap_wire import BODY, Answer, Wire, ask_for_tls, mailbox_name
from worker.process.secret import Secret
from worker.protocol.descriptor import Choice, Descriptor, Field, Text
from worker.protocol.messages import Identity

BASELINE = 20  #: newest mails that a first check finds
AT_ONCE = 20  #: mails of one check; the next follows at once
TOGETHER = 4  #: mails that one command fetches: what it answers must come within one request's time
LARGEST = 256 * 1024  #: bytes fetched of one mail; the text comes before the attachments
WINDOW = 5000  #: UIDs that one SEARCH looks through: its answer is one line
IDLE_FOR = 300.0  #: seconds; RFC 2177 allows 29 minutes, but routers forget a quiet connection sooner
PORTS = {"implicit": 993, "starttls": 143, "none": 143}
LATER = frozenset(("UNAVAILABLE", "INUSE", "SERVERBUG"))
TOO_OFTEN = frozenset(("LIMIT", "THROTTLED", "OVERQUOTA"))
FETCH = f"(UID BODY.PEEK[]<0.{LARGEST}>)"


class _Cursor(msgspec.Struct, frozen=True):
    """`box` is a hash of server, user and mailbox; every mail below `uidnext` is known."""

    v: int
    box: str
    uidvalidity: int
    uidnext: int


@dataclass(frozen=True, slots=True)
class _Settings:
    host: str
    port: int
    tls: str
    mailbox: str

    @property
    def who(self) -> str:
        return self.host if self.port in PORTS.values() else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class _Box:
    """The mailbox as EXAMINE found it."""

    mails: int
    uidvalidity: int
    uidnext: int


class Imap:
    """Watches one mailbox.

    Args:
        tls: makes what certificates are checked with; None is the system's list of authorities.
    """

    descriptor: ClassVar[Descriptor] = Descriptor(
        key="imap",
        name=Text(en="E-mail (IMAP)", zh="电子邮件(IMAP)"),
        kinds=("direct_message",),
        min_interval=10,
        icon="mdi6.email-outline",
        mode="stream",
        credential_fields=(
            Field(
                name="username",
                label=Text(en="User name", zh="用户名"),
                required=True,
                hint=Text(en="Often the whole e-mail address.", zh="通常是完整的邮箱地址。"),
            ),
            Field(
                name="password",
                label=Text(en="Password", zh="密码"),
                type="secret",
                required=True,
                hint=Text(
                    en="Many providers want an app password or authorization code instead of your own password.",
                    zh="许多服务商要求使用应用专用密码或授权码,而不是登录密码。",
                ),
            ),
        ),
        setting_fields=(
            Field(
                name="host",
                label=Text(en="Server", zh="服务器"),
                required=True,
                max_length=253,
                hint=Text(en="For example imap.example.com", zh="例如 imap.example.com"),
            ),
            Field(
                name="tls",
                label=Text(en="Encryption", zh="加密方式"),
                type="choice",
                default="implicit",
                choices=(
                    Choice(value="implicit", label=Text(en="TLS from the start", zh="全程 TLS")),
                    Choice(value="starttls", label=Text(en="TLS by STARTTLS", zh="通过 STARTTLS 启用 TLS")),
                    Choice(value="none", label=Text(en="None", zh="不加密")),
                ),
                hint=Text(
                    en="Without encryption the password crosses the network readable by anybody.",
                    zh="不加密时,密码会以明文在网络中传输。",
                ),
            ),
            Field(
                name="port",
                label=Text(en="Port", zh="端口"),
                type="integer",
                minimum=1,
                maximum=65_535,
                hint=Text(
                    en="Empty: 993 with TLS from the start, else 143.", zh="留空:全程 TLS 为 993,其他方式为 143。"
                ),
            ),
            Field(
                name="mailbox",
                label=Text(en="Mailbox", zh="邮箱文件夹"),
                default="INBOX",
                max_length=500,
                hint=Text(
                    en="The folder to watch; INBOX is where new mail arrives.",
                    zh="要监控的文件夹;INBOX 是收件箱。",
                ),
            ),
            Field(
                name="allow_private_network",
                label=Text(en="Allow private networks", zh="允许访问内网"),
                type="boolean",
                default=False,
                hint=Text(
                    en="Only for a server of your own: lets the address lead into this machine's network.",
                    zh="仅用于自建服务器:允许该地址指向本机所在的网络。",
                ),
            ),
        ),
    )

    def __init__(self, tls: Callable[[], ssl.SSLContext] | None = None) -> None:
        self._new_tls = tls or ssl.create_default_context
        self._tls: ssl.SSLContext | None = None

    async def identify(self, session: Session) -> Identity:
        """Log in and open the mailbox: `handle` is the user name.

        Raises:
            PlatformError: see base.Platform; Changed if there is no such mailbox.
        """
        settings, username = _settings(session), _credential(session, "username").decode()
        async with self._logged_in(session, settings) as wire:
            await _examine(wire, settings)
        name = username if "@" in username else f"{username}@{settings.host}"
        return Identity(handle=username[:300], display_name=name[:300])

    async def check(self, session: Session, cursor: str | None) -> Check:
        """Mail that has arrived since the cursor, at most 20 at a time.

        Raises:
            PlatformError: see base.Platform; Changed if there is no such mailbox.
        """
        settings = _settings(session)
        async with self._logged_in(session, settings) as wire:
            return await _since(wire, session, settings, cursor)

    async def listen(self, session: Session, cursor: str | None) -> AsyncGenerator[Check, None]:
        """The same as it arrives; ends at once if the server has no IDLE.

        Raises:
            PlatformError: as check.
        """
        settings = _settings(session)
        async with self._logged_in(session, settings) as wire:
            if "IDLE" not in wire.capabilities:
                return
            while True:
                found = await _since(wire, session, settings, cursor)
                cursor = found.cursor or cursor
                yield found
                if not found.more:
                    await wire.idle(IDLE_FOR)

    @asynccontextmanager
    async def _logged_in(self, session: Session, settings: _Settings) -> AsyncIterator[Wire]:
        plain = settings.tls != "implicit"
        tls = None if settings.tls == "none" else await self._context()
        before = ask_for_tls if settings.tls == "starttls" else None
        async with session.tcp.connect(settings.host, settings.port, tls=tls, before_tls=before) as stream:
            wire = Wire(stream, session.tcp.look, session.tcp.timeout)
            if not (plain and tls):  # after STARTTLS there is no second greeting
                await wire.greet()
            await _log_in(wire, session, settings)
            yield wire
            wire.leave()

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = await asyncio.to_thread(self._new_tls)  # reads some hundred certificates
        return self._tls


async def _log_in(wire: Wire, session: Session, settings: _Settings) -> None:
    await wire.learn()
    if "LOGINDISABLED" in wire.capabilities:
        raise Changed(f"{settings.who} takes no password without encryption. Choose TLS in the account's settings.")
    wire.capabilities = frozenset()  # a server may offer more to those it knows
    answer = await wire.ask("LOGIN", _credential(session, "username"), _credential(session, "password"))
    if not answer.ok:
        raise _refusal(answer, settings.who)
    await wire.learn()
    if "ID" in wire.capabilities:  # some large providers open no mailbox for a program without a name
        await wire.ask('ID ("name" "Vedette")')


def _refusal(answer: Answer, who: str) -> PlatformError:
    """Why a login failed."""
    code, said = answer.end.code[0], answer.end.reason
    if code in TOO_OFTEN or "too many" in said.lower():
        return RateLimited(f"{who} allows no further login for now: {said}")
    if code in LATER:
        return Unreachable(f"{who} cannot check the login for now: {said}")
    return Refused(f"{who} refuses the login: {said} Check user name and password and enter them again.")


async def _examine(wire: Wire, settings: _Settings) -> _Box:
    answer = await wire.ask("EXAMINE", mailbox_name(settings.mailbox))
    if not answer.ok:
        raise Changed(f"{settings.who} does not open the mailbox “{settings.mailbox}”: {answer.end.reason}")
    wire.news = False
    mails = max((each.number for each in answer.of("EXISTS")), default=0)
    uidnext = answer.number("UIDNEXT")
    if not uidnext and mails:  # an old server that does not say
        last = await wire.ask("FETCH * (UID)")
        uidnext = max((_number(each.fields().get("UID", b"")) for each in last.of("FETCH")), default=0) + 1
    return _Box(mails, answer.number("UIDVALIDITY"), max(uidnext, 1))


async def _since(wire: Wire, session: Session, settings: _Settings, cursor: str | None) -> Check:
    box = await _examine(wire, settings)
    name = _box_hash(settings, session)
    known = _read(cursor)
    # a UIDNEXT that fell is a mailbox put back from a backup by a server that kept UIDVALIDITY
    same = known is not None and (known.box, known.uidvalidity) == (name, box.uidvalidity)
    missed: Missed | None = None
    if known is None or not same or known.uidnext > box.uidnext:
        found, upto = await _newest(wire, box), box.uidnext
        other = cursor is None or (known is not None and known.box != name)  # the first check, or another mailbox
        missed = None if other or box.mails <= BASELINE else "reset"  # a mailbox that is given whole hides nothing
    else:
        found, upto = await _from(wire, known.uidnext, box.uidnext)
    following = msgspec.json.encode(_Cursor(1, name, box.uidvalidity, upto)).decode()
    return Check(found, None if following == cursor else following, more=upto < box.uidnext, missed=missed)


async def _newest(wire: Wire, box: _Box) -> tuple[Found, ...]:
    """The last mails of the mailbox, oldest first."""
    raw: dict[int, bytes] = {}
    for first in range(max(1, box.mails - BASELINE + 1), box.mails + 1, TOGETHER):
        raw |= await _fetch(wire, f"FETCH {first}:{min(first + TOGETHER - 1, box.mails)} {FETCH}")
    return await _understood(raw)


async def _from(wire: Wire, start: int, uidnext: int) -> tuple[tuple[Found, ...], int]:
    """Mails from UID `start` on, oldest first, and the UID up to which that is all."""
    upto = min(uidnext, start + WINDOW)
    uids = list(range(start, upto))
    if len(uids) > AT_ONCE:
        answer = await wire.ask(f"UID SEARCH UID {start}:{upto - 1}")
        found = {_number(uid) for each in answer.of("SEARCH") for uid in each.rest.split()}
        uids = sorted(uid for uid in found if start <= uid < upto)
    if len(uids) > AT_ONCE:
        uids = uids[:AT_ONCE]
        upto = uids[-1] + 1
    raw: dict[int, bytes] = {}
    for at in range(0, len(uids), TOGETHER):
        wanted = uids[at : at + TOGETHER]
        got = await _fetch(wire, f"UID FETCH {','.join(map(str, wanted))} {FETCH}")
        raw |= {uid: body for uid, body in got.items() if uid in wanted}
    return await _understood(raw), upto


async def _fetch(wire: Wire, command: str) -> dict[int, bytes]:
    answer = await wire.ask(command)
    if not answer.ok:
        raise Changed(f"{wire.stream.who} does not hand out mail: {answer.end.reason}")
    found = [each.fields() for each in answer.of("FETCH")]
    return {_number(each.get("UID", b"")): each[BODY] for each in found if BODY in each}


async def _understood(raw: dict[int, bytes]) -> tuple[Found, ...]:
    mails = [await asyncio.to_thread(imap_mail.read, raw[uid]) for uid in sorted(raw)]
    return tuple(
        Found(
            kind="direct_message",
            external_id=mail.external_id,
            thread_id=mail.thread_id,
            author=mail.author,
            subject=mail.subject,
            text=mail.text,
            published_at=mail.published_at,
        )
        for mail in mails
    )


def _settings(session: Session) -> _Settings:
    given = session.settings
    tls = str(given.get("tls") or "implicit")
    port = cast(int | None, given.get("port")) or PORTS[tls]
    return _Settings(str(given.get("host") or "").strip(), port, tls, str(given.get("mailbox") or "INBOX"))


def _credential(session: Session, name: str) -> bytes:
    return session.credentials.get(name, Secret("")).reveal().encode()


def _box_hash(settings: _Settings, session: Session) -> str:
    """Which mailbox a cursor belongs to; port and encryption are only ways to the same one."""
    parts = (settings.host.lower().encode(), _credential(session, "username"), settings.mailbox.encode())
    return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()


def _read(cursor: str | None) -> _Cursor | None:
    """The cursor, or None where there is none or it cannot be read: then it is as if it were the first check."""
    try:
        parsed = msgspec.json.decode(cursor or "", type=_Cursor)
    except msgspec.DecodeError:
        return None
    return parsed if parsed.v == 1 else None


def _number(raw: bytes) -> int:
    return int(raw) if raw.isdigit() and len(raw) <= 10 else 0
