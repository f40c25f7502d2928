"""Pictures of the window over an engine in memory: `python -m tests.support.screenshots FOLDER [PART OF A NAME]`."""

import asyncio
import gc
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from desktop.actions import Actions
from desktop.bridge import Bridge
from desktop.loop import HostedQEventLoop
from desktop.ui.main_window import MainWindow
from desktop.ui.preferences import Preferences
from engine.api.accounts import AccountLive
from engine.api.errors import ProbeFailed
from engine.api.tokens import NewToken
from engine.records import DetectionFilter, Gap, JournalEntry
from tests.support.memory_ports import MemoryApi, make_api
from worker.protocol.descriptor import Choice, Descriptor, Field, Text
from worker.protocol.messages import Author, Identity, Quota

SIZE = (1360, 860)
REFUSED = "imap.northwind.example refuses the login: LOGIN failed. Check user name and password and enter them again."
IN_USE = "port 3000 on 127.0.0.1 is in use: end the program that holds it, or choose another with --port"
DOWN = "blog.example has a problem of its own (HTTP 502). It will be tried again later."


def secret(name: str, en: str, zh: str) -> Field:
    """A required secret field."""
    return Field(name=name, label=Text(en=en, zh=zh), type="secret", required=True)


def text(name: str, en: str, zh: str, required: bool = True) -> Field:
    """A text field."""
    return Field(name=name, label=Text(en=en, zh=zh), required=required)


PLATFORMS = (
    Descriptor(
        key="imap",
        name=Text(en="Mailbox (IMAP)", zh="邮箱 (IMAP)"),
        kinds=("direct_message",),
        min_interval=10,
        credential_fields=(text("username", "User name", "用户名"), secret("password", "Password", "密码")),
        setting_fields=(
            text("host", "Server", "服务器"),
            Field(name="port", label=Text(en="Port", zh="端口"), type="integer", default=993, minimum=1, maximum=65535),
            Field(
                name="tls",
                label=Text(en="Encryption", zh="加密方式"),
                type="choice",
                default="implicit",
                choices=(
                    Choice("implicit", Text(en="TLS", zh="TLS")),
                    Choice("starttls", Text(en="STARTTLS", zh="STARTTLS")),
                    Choice("none", Text(en="None (private networks only)", zh="不加密（仅限内网）")),
                ),
            ),
            Field(
                name="allow_private_network",
                label=Text(en="Allow private addresses", zh="允许内网地址"),
                type="boolean",
                default=False,
                hint=Text(
                    en="Only for a server of your own in a private network.", zh="仅用于你自己在内网中的服务器。"
                ),
            ),
        ),
    ),
    Descriptor(
        key="mastodon",
        name=Text(en="Mastodon", zh="Mastodon"),
        kinds=("mention", "comment", "direct_message", "reaction", "follow"),
        min_interval=15,
        credential_fields=(secret("access_token", "Access token", "访问令牌"),),
        setting_fields=(Field(name="server", label=Text(en="Server", zh="服务器"), type="url", required=True),),
    ),
    Descriptor(
        key="bluesky", name=Text(en="Bluesky", zh="Bluesky"), kinds=("mention", "comment", "reaction"), min_interval=15
    ),
    Descriptor(key="matrix", name=Text(en="Matrix", zh="Matrix"), kinds=("direct_message", "mention"), min_interval=5),
    Descriptor(key="wordpress", name=Text(en="WordPress", zh="WordPress"), kinds=("comment",), min_interval=30),
    Descriptor(key="telegram", name=Text(en="Telegram", zh="Telegram"), kinds=("direct_message",), min_interval=5),
    Descriptor(key="github", name=Text(en="GitHub", zh="GitHub"), kinds=("mention", "comment"), min_interval=60),
    Descriptor(key="weibo", name=Text(en="Weibo", zh="微博"), kinds=("comment", "mention"), min_interval=60),
)

SAID = (
    (
        "Priya Raman",
        "@priya",
        "direct_message",
        "Hi! My parcel #88214 still shows “label created”. Could you check what happened? 谢谢",
    ),
    (
        "Jonas Weber",
        "@jonasw",
        "comment",
        "Loved the new drop — the quality is unreal. Any chance of a restock in the sage green?",
    ),
    ("林晓彤", "@xiaotong", "mention", "@northwind_official 请问这个颜色什么时候补货？我已经等了两个星期了，很期待！"),
    (
        "Mina Okafor",
        "@mina.o",
        "comment",
        "Is this available in size M? I would like to order two before Friday if shipping to Osaka is possible.",
    ),
    ("陈嘉怡", "@jiayi", "comment", "限时优惠还有吗？刚刚看到推送"),
    ("atelier.kiku", "@atelier.kiku", "mention", "Just tagged you in our story, we would love to collaborate 🙌"),
    (
        "Sofia Marques",
        "@sofia.m",
        "direct_message",
        "This is the third time I have asked, please answer my refund request.",
    ),
    ("Northwind Journal", "", "post", "Spring lookbook: twelve pieces, one loom, and the people who work it"),
    ("王磊", "@wanglei88", "comment", "<b>Not bold</b> <img src=http://example.com/x.png> 这是原样显示的文本"),
    ("Åsa Lindqvist", "@asa", "mention", "Vilken fin leverans! Tack @northwind_official"),
)


def fill(memory: MemoryApi, now: datetime) -> None:
    """Workers, accounts and a feed like those of a small shop."""
    for platform in PLATFORMS:
        memory.add_platform(platform)
    memory.feed.per_minute = 24
    memory.remote.state = replace(memory.remote.state, accepting=True, addresses=memory.remote.addresses)
    _add_workers(memory)
    _add_accounts(memory, now)
    _add_detections(memory, now)


def _add_workers(memory: MemoryApi) -> None:
    names = (
        "local-01",
        "local-02",
        "tokyo-01",
        "shanghai-03",
        "shanghai-04",
        "frankfurt-05",
        "frankfurt-06",
        "oregon-07",
    )
    rng = random.Random(7)
    for number, name in enumerate(names):
        memory.add_worker(
            f"w{number}",
            name=name,
            kind="local" if name.startswith("local") else "remote",
            host="here" if name.startswith("local") else f"10.2.0.{number + 4}",
            pid=41000 + number * 7,
            capacity=20,
            accounts=rng.randint(3, 18),
            cpu=rng.uniform(3, 60),
            memory=rng.randint(38, 96) * 1_000_000,
            loop_lag=rng.uniform(0.0004, 0.004),
            heartbeat_age=rng.uniform(0.2, 3),
            platforms=("bluesky", "demo", "feed", "imap", "mastodon", "matrix"),
            tags=("asia",) if name.startswith(("tokyo", "shanghai")) else (),
        )
    memory.add_worker(
        "w4",
        name="shanghai-04",
        kind="remote",
        host="10.2.0.8",
        state="degraded",
        capacity=20,
        accounts=20,
        cpu=93.0,
        memory=412_000_000,
        loop_lag=0.212,
        heartbeat_age=4.1,
        outbox=37,
        reason="the outbox is full (100000 rows, 41943040 bytes)",
        platforms=("feed",),
    )
    memory.add_worker(
        "w6",
        name="frankfurt-06",
        kind="remote",
        host="172.16.9.4",
        state="offline",
        capacity=20,
        accounts=0,
        cpu=None,
        memory=None,
        loop_lag=None,
        heartbeat_age=214.0,
        restarts=2,
    )
    memory.add_worker(
        "w1",
        name="local-02",
        state="failed",
        capacity=20,
        accounts=0,
        cpu=None,
        memory=None,
        pid=None,
        loop_lag=None,
        heartbeat_age=None,
        restarts=5,
        reason="it ended too often; the last time: it ended with code 1",
    )


def _add_accounts(memory: MemoryApi, now: datetime) -> None:
    rows = (
        ("Northwind official", "mastodon", "@northwind_official", {}),
        ("Northwind 日本", "bluesky", "@northwind_jp", {"pinned_to": "tag:asia"}),
        ("Atelier North", "wordpress", "atelier.example", {}),
        (
            "Support mailbox",
            "imap",
            "help@northwind.example",
            {"status": "reauthenticate", "last_error": REFUSED, "settings": {"host": "imap.northwind.example"}},
        ),
        ("旗舰店微博", "weibo", "@北风旗舰店", {"interval": 60}),
        (
            "Release feed",
            "feed",
            "",
            {"status": "failing", "last_error": DOWN},
        ),
        ("Community room", "matrix", "#northwind:example", {"interval": 300}),
        ("Shop bot", "telegram", "@northwind_bot", {"status": "paused"}),
        ("Open source", "github", "northwind-labs", {"interval": 60, "tags": ("dev", "quiet")}),
    )
    workers = ("w0", "w2", "w3", None, "w5", "w7", "w3", None, None)
    for number, ((name, platform, handle, extra), worker) in enumerate(zip(rows, workers, strict=True)):
        account = memory.add_account(name, platform, handle=handle, **extra)
        reason = "no worker offers github" if platform == "github" else None
        memory.fleet.lives[account.id] = AccountLive(
            worker,
            3,
            reason,
            Quota(remaining=288 - number, limit=300) if number % 2 == 0 else None,
            now - timedelta(seconds=12 + number),
            None if worker is None else now + timedelta(seconds=7 + number * 9),
        )
        _tell_story(memory, account.id, now)
        memory.store.put(account)


def _tell_story(memory: MemoryApi, account_id: str, now: datetime) -> None:
    """What an account, and the workers that watched it, have been through."""
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    wait = {"retry_in": "90"}
    memory.fleet.journal.add(
        JournalEntry(now - 27 * hour, (account_id,), "created", request_id="7c1f9e02ab44d310"),
        JournalEntry(now - 27 * hour, (account_id, "w3"), "given to shanghai-03 under epoch 1"),
        JournalEntry(now - 3 * hour, (account_id, "w3"), "the platform asked to wait", "429: slow down", "c4", wait),
        JournalEntry(now - 3 * hour + 2 * minute, (account_id, "w3"), "works again", "", "a91b"),
        JournalEntry(now - 10 * minute, ("w6",), "offline", "no heartbeat for 31 s"),
        JournalEntry(now - 10 * minute, (account_id, "w6"), "taken from frankfurt-06", "no heartbeat for 31 s"),
        JournalEntry(now - 9 * minute, (account_id, "w2"), "given to tokyo-01 under epoch 3", "", "5d20c7aa81f3be90"),
        JournalEntry(
            now - 2 * minute, (account_id,), "edited", "", "9f3ac81d0e5577b2", {"fields": "interval, tags, credentials"}
        ),
        JournalEntry(now - minute, (account_id, "w2"), "check asked for", "", "1b9d6bcd4f0e2a77"),
    )


def _add_detections(memory: MemoryApi, now: datetime) -> None:
    rng = random.Random(3)
    ids = sorted(memory.store.rows)
    for number in range(59, -1, -1):
        name, handle, kind, said = SAID[number % len(SAID)]
        moment = now - timedelta(seconds=20 + 118 * number)
        memory.add_detection(
            ids[rng.randrange(3)],
            said,
            kind=kind,
            author=Author(id=str(number), name=name, handle=handle),
            detected_at=moment,
            published_at=moment - timedelta(seconds=rng.uniform(0.4, 3.8)),
            worker_id=rng.choice(("w0", "w2", "w3", "w4")),
            thread_id="t1" if name in ("Sofia Marques", "Priya Raman") else "",
            subject="",
            read=number >= 4,
            starred=number in (5, 7),
            handled=number in (6, 7),
        )


class Studio:
    """A window over a memory engine, and the pictures taken of it."""

    def __init__(self, folder: Path, dark: bool, chinese: bool) -> None:
        self.folder = folder
        self.suffix = f"{'dark' if dark else 'light'}-{'zh' if chinese else 'en'}"
        settings = QSettings(str(folder / ".settings.ini"), QSettings.Format.IniFormat)
        preferences = Preferences(settings)
        preferences.appearance = "dark" if dark else "light"
        preferences.language = "zh" if chinese else "en"
        self.bridge, self.actions = Bridge(), Actions()
        self.window = MainWindow(self.bridge, self.actions, preferences, "0.1.0")
        self.window.resize(*SIZE)

    async def settle(self, milliseconds: int = 350) -> None:
        """Let the window do what it does."""
        await asyncio.sleep(milliseconds / 1000)

    async def take(self, name: str, widget: QWidget | None = None) -> None:
        """A picture of the window, or of one of its dialogs."""
        await self.settle()
        (widget or self.window).grab().save(str(self.folder / f"{name}-{self.suffix}.png"))

    def dialog(self) -> QDialog:
        """The dialog that is open."""
        return next(one for one in self.window.findChildren(QDialog) if one.isVisible())

    async def close(self) -> None:
        """Take it all down."""
        self.window.close()
        self.bridge.close()
        self.window.overview.close()
        await self.actions.close()
        self.window.languages.close()
        self.window.deleteLater()
        await self.settle(50)
        gc.collect()  # pixmaps must be gone before the application is


async def full(studio: Studio) -> None:
    """The pages with everything on them."""
    memory, now = make_api(workers=0), datetime.now(UTC)
    fill(memory, now)
    window = studio.window
    window.show()
    window.attach(memory.api)
    await studio.settle(800)
    _history(window)
    window.detections.step(1)
    window.detections.step(1)
    await studio.settle()
    for number in range(24):
        memory.add_detection("acc_0001", "more", detected_at=now, author=Author(name=f"N{number}"))
    await studio.take("detections")
    window.detections.mark_all_read()
    await studio.take("detections-toast")
    window.detections.filters.search.setText("zebra crossing")
    await studio.take("detections-nothing-found")
    window.detections.filters.clear()
    for toast in window.toasts.toasts():
        toast.go()
    window.show_page("accounts")
    await studio.take("accounts")
    window.accounts.table.choose("acc_0004")
    await studio.take("accounts-pane")
    window.accounts.edit()
    await studio.take("edit-account", studio.dialog())
    studio.dialog().reject()
    window.show_page("workers")
    await studio.take("workers")
    window.workers.table.choose("w3")
    await studio.take("workers-pane")
    window.workers.table.choose("w1")
    await studio.take("workers-failed")
    window.workers.edit()
    await studio.take("edit-worker", studio.dialog())
    studio.dialog().reject()


async def settings(studio: Studio) -> None:
    """Who else may come in."""
    memory, now = make_api(workers=0), datetime.now(UTC)
    fill(memory, now)
    window, tokens = studio.window, memory.api.tokens
    window.show()
    window.attach(memory.api)
    window.show_page("settings")
    await studio.take("settings-empty")
    memory.remote.state = replace(memory.remote.state, accepting=True, addresses=memory.remote.addresses)
    memory.keeper.resealing, memory.keeper.moved = True, 4500
    window.settings.door.show_state()
    window.settings.key.refresh()
    await studio.take("settings-rotating")
    memory.keeper.resealing = False
    fixed = "VEDETTE_ACCEPT_REMOTE"
    memory.remote.state = replace(memory.remote.state, fixed_by=fixed)
    memory.keeper.refusal = "the file vault.key cannot be used: Read-only file system"
    window.settings.key.run_rotate()
    window.settings.door.show_state()
    await studio.take("settings-key-failed")
    memory.keeper.refusal = ""
    window.settings.key.run_rotate()
    await studio.take("settings-key-changed")
    await _back_up(studio, memory)
    for name, scope, device in (
        ("Nightly backup", "read", ""),
        ("Grafana", "read", ""),
        ("前台平板", "operate", "iPad"),
    ):
        made = await tokens.create(NewToken(name, scope, now + timedelta(days=80), device, device))  # type: ignore[arg-type]
        tokens.used(made.token, "127.0.0.1")
    await tokens.revoke(made.token.id)
    await tokens.create(NewToken("Deploy script", "admin"))
    await studio.settle()
    window.settings.tokens.table.choose(tokens.all()[0].id)
    await studio.take("settings-tokens")
    window.settings.tokens.make()
    await studio.take("new-token", studio.dialog())
    dialog = studio.dialog()
    dialog.name.setText("Phone")  # type: ignore[attr-defined]
    dialog.run_create()  # type: ignore[attr-defined]
    await studio.take("new-token-made", dialog)
    dialog.reject()
    await tokens.close()


async def _back_up(studio: Studio, memory: MemoryApi) -> None:
    """The dialog: missing, writing, failed, done."""
    target = studio.folder / "vedette-20261126-091500.vedette"
    target.unlink(missing_ok=True)
    studio.window.settings.backup.show_dialog()
    dialog: Any = studio.dialog()
    dialog.file.setText(str(target))
    dialog.run_write()
    await studio.take("backup-missing", dialog)
    for secret in (dialog.passphrase, dialog.again):
        secret.setText("correct horse")
    memory.backup.gate.clear()
    dialog.run_write()
    await studio.take("backup-writing", dialog)
    memory.backup.trouble = f"{studio.folder} cannot be written to, the disk is full: make room and start again"
    memory.backup.gate.set()
    await studio.take("backup-failed", dialog)
    memory.backup.trouble = ""
    dialog.run_write()
    await studio.take("backup-made", dialog)
    target.unlink()
    dialog.reject()


def _history(window: MainWindow) -> None:
    """Five minutes of figures, as if it had run."""
    rng = random.Random(5)
    overview = window.overview
    walks = [(overview.online, 6), (overview.watched, 6), (overview.rate, 24), (overview.delay, 1.8)]
    walks += [(history, 40) for history in overview.loads.values()]
    for history, level in walks:
        value = float(level)
        for _ in range(60):
            value = max(0.0, value + rng.uniform(-0.08, 0.08) * level)
            history.points.append(value if level != 6 else level)
    overview.changed.emit()


async def stories(studio: Studio) -> None:
    """What happened, in panes and dialogs; what could not be stored."""
    memory, now = make_api(workers=0), datetime.now(UTC)
    fill(memory, now)
    texts = (
        "请问这个颜色什么时候补货？",
        "<b>Not bold</b> and a rather long line that goes on for quite a while, " * 3,
        "Hi",
    )
    for number, text_ in enumerate(texts):
        code = "unknown_account" if number else "invalid"
        account = "acc_0002" if number == 0 else "acc_01934c2f7e1a9c3d0b52"
        memory.add_letter(account, code, text=text_, author={"name": SAID[number][0]}, subject="Re: parcel" * number)
    memory.letters.rows = [replace(row, at=now - timedelta(minutes=7 * row.id)) for row in memory.letters.rows]
    window = studio.window
    window.show()
    window.attach(memory.api)
    await studio.settle(800)
    await studio.take("detections-letters")
    window.show_page("accounts")
    window.accounts.table.choose("acc_0001")
    await studio.take("account-story")
    window.accounts.pane.story.all.click()
    await studio.settle()
    studio.dialog().table.choose("3")  # type: ignore[attr-defined]
    await studio.take("story", studio.dialog())
    studio.dialog().search.setText("zzz")  # type: ignore[attr-defined]
    await studio.take("story-nothing-found", studio.dialog())
    studio.dialog().reject()
    window.show_page("workers")
    window.workers.table.choose("w6")
    await studio.take("worker-story")
    window.notice.button.click()
    await studio.settle()
    studio.dialog().table.choose("2")  # type: ignore[attr-defined]
    memory.letters.refusal = ("unknown_account", "there is no such account")
    studio.dialog().run_retry()  # type: ignore[attr-defined]
    await studio.take("letters", studio.dialog())
    await studio.take("letters-window")
    studio.dialog().reject()
    memory.letters.rows.clear()
    window.show_dead_letters()
    await studio.take("letters-empty", studio.dialog())
    studio.dialog().reject()


async def dialogs(studio: Studio) -> None:
    """Adding an account: choosing, wrong, failed, passed."""
    memory, now = make_api(workers=0), datetime.now(UTC)
    fill(memory, now)
    window = studio.window
    window.show()
    window.attach(memory.api)
    window.show_page("accounts")
    await studio.settle()
    window.add_account()
    await studio.take("add-choose", studio.dialog())
    await studio.take("add-choose-window")
    dialog = studio.dialog()
    dialog.choose("imap")
    dialog.run_test()
    await studio.take("add-missing", dialog)
    inputs = dialog.form.inputs
    inputs["settings.host"].set_value("192.168.1.20")
    inputs["credentials.username"].set_value("help@northwind.example")
    inputs["credentials.password"].set_value("correct horse")
    memory.fleet.probe_answer = ProbeFailed("192.168.1.20 is a private address.", code="private_address")
    dialog.run_test()
    await studio.take("add-failed", dialog)
    memory.fleet.probe_answer = Identity(handle="help@northwind.example", display_name="Northwind Help")
    dialog.run_test()
    await studio.take("add-passed", dialog)
    dialog.reject()


async def empty(studio: Studio) -> None:
    """Before and without an engine, and with nothing in it."""
    window = studio.window
    window.show()
    await studio.take("starting")
    memory = make_api(workers=1)
    window.attach(memory.api)
    await studio.take("welcome")
    window.show_page("accounts")
    await studio.take("accounts-empty")
    memory.workers.rows.clear()
    memory.add_account("Northwind", "feed")
    window.directory.workers.clear()
    window.directory.workers_changed.emit()
    window.show_page("workers")
    await studio.take("workers-empty")
    window.show_page("detections")
    await studio.take("detections-empty-offline")
    window.engine_failed(
        "port 3000 on 127.0.0.1 is in use: end the program that holds it, or choose another with --port"
    )
    await studio.take("engine-failed")
    window.engine_closing()
    await studio.take("engine-closing")


async def failing(studio: Studio) -> None:
    """The feed cannot be read; sample accounts."""
    memory, now = make_api(workers=1), datetime.now(UTC)
    account = memory.add_account("Sample shop", "demo", tags=("sample",))
    for number in range(6):
        name, handle, kind, said = SAID[number]
        memory.add_detection(account.id, said, kind=kind, detected_at=now, author=Author(name=name, handle=handle))
    window = studio.window
    window.show()
    window.attach(memory.api)
    await studio.take("detections-samples")
    window.detections.model.where = DetectionFilter(q="x" * 300)
    window.detections.model.reload()
    await studio.take("detections-error")


async def gaps(studio: Studio) -> None:
    """After a night: the summary, the accounts that it hit, and one on which something may be missing."""
    memory, now = make_api(workers=0), datetime.now(UTC)
    fill(memory, now)
    since, until = now - timedelta(minutes=48), now - timedelta(minutes=19)
    asleep = "this computer slept or stood still"
    for number, account_id in enumerate(sorted(memory.store.rows)[:7]):
        gap = Gap(
            account_id, since + timedelta(seconds=number), until, (12, 0, 3)[number % 3], complete=True, why=asleep
        )
        if number == 6:
            few = "the platform keeps items only for a while"
            gap = replace(gap, complete=False, missed=few)
        memory.fleet.lives[account_id] = replace(memory.fleet.lives[account_id], gap=gap)
    lasting = Gap("acc_0009", now - timedelta(hours=2), None, why="no worker offers github")
    memory.fleet.lives["acc_0009"] = replace(memory.fleet.lives["acc_0009"], gap=lasting)
    lost = "the platform shows only its newest items, and all of them were new"
    overrun = Gap(
        "acc_0008", now - timedelta(days=1, minutes=4), now - timedelta(days=1), 20, complete=False, missed=lost
    )
    memory.fleet.lives["acc_0008"] = replace(memory.fleet.lives["acc_0008"], gap=overrun)
    window = studio.window
    window.show()
    window.attach(memory.api)
    await studio.settle(800)
    await studio.take("gaps-detections")
    window.show_page("accounts")
    await studio.take("gaps-accounts")
    for name, chosen in (
        ("one", "acc_0001"),
        ("unknown", "acc_0007"),
        ("lasting", "acc_0009"),
        ("overrun", "acc_0008"),
    ):
        window.accounts.table.choose(chosen)
        await studio.take(f"gaps-{name}")


async def remote(studio: Studio) -> None:
    """A worker on another machine: the door, the code, who came; throwing one out."""
    memory, now = make_api(workers=0), datetime.now(UTC)
    memory.remote.now = now
    fill(memory, now)
    await memory.remote.accept(False)
    window = studio.window
    window.show()
    window.attach(memory.api)
    window.show_page("workers")
    await studio.settle()
    window.workers.show_remote()
    await studio.take("remote-closed", studio.dialog())
    memory.remote.trouble = (
        "port 3443 for remote workers is in use: end the program that holds it, or choose another with --remote-port"
    )
    dialog = studio.dialog()
    dialog.door.switch.click()
    await studio.take("remote-in-use", dialog)
    memory.remote.trouble = ""
    dialog.door.switch.click()
    await studio.settle()
    await memory.remote.make_code(3, 86_400, "greenhouse")
    dialog._read_codes()
    await studio.take("remote-code", dialog)
    await studio.take("remote-code-window")
    memory.add_worker("far", name="attic", kind="remote", host="attic", state="online", accounts=0, capacity=20)
    await studio.take("remote-joined", dialog)
    dialog.reject()
    window.workers.table.choose("far")
    await studio.settle()
    window.workers.pane.remove.click()
    await studio.take("remote-revoke", studio.dialog())
    studio.dialog().reject()
    memory.workers.put(replace(memory.workers.rows["far"], state="revoked"))
    await studio.take("remote-revoked")


SCENES: tuple[Callable[[Studio], object], ...] = (full, stories, dialogs, empty, failing, gaps, settings, remote)


def looks() -> Iterator[tuple[bool, bool]]:
    """Dark and Chinese, each on and off."""
    for dark in (False, True):
        for chinese in (False, True):
            yield dark, chinese


async def main(folder: Path, wanted: str) -> None:
    """Take all pictures whose scene and look match `wanted`."""
    for dark, chinese in looks():
        for scene in SCENES:
            studio = Studio(folder, dark, chinese)
            if wanted in f"{scene.__name__}-{studio.suffix}":
                await scene(studio)  # type: ignore[misc]
            await studio.close()


if __name__ == "__main__":
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    target = Path(sys.argv[1]).absolute()
    target.mkdir(parents=True, exist_ok=True)
    with asyncio.Runner(loop_factory=lambda: HostedQEventLoop(application)) as runner:
        runner.run(main(target, sys.argv[2] if len(sys.argv) > 2 else ""))
