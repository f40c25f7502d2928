"""When nobody watched: told once for all that were hit, and at each account, until somebody has seen it."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from desktop.ui.gap_words import between, gap_mark, gap_text, outage_of, outage_text
from engine.events import AccountChanged
from engine.records import Gap
from tests.support.memory_ports import MemoryApi, make_api
from tests.support.waiting import eventually
from tests.support.window import open_window

NOW = datetime(2026, 11, 24, 15, 0).astimezone()
ASLEEP = "this computer slept or stood still"
LOST = "the platform keeps items only for a while"


def at(hour: int, minute: int, second: int = 0, *, day: int = 24) -> datetime:
    return datetime(2026, 11, day, hour, minute, second).astimezone()


def a_gap(account_id: str = "acc_0001", **facts: Any) -> Gap:
    """Between 14:02 and 14:31 this computer slept; 12 items were caught up."""
    given = {"since": at(14, 2), "until": at(14, 31), "caught_up": 12, "complete": True, "why": ASLEEP, **facts}
    return Gap(account_id, **given)


def show(memory: MemoryApi, gap: Gap) -> None:
    lives = memory.fleet.lives
    lives[gap.account_id] = replace(lives[gap.account_id], gap=gap)
    memory.bus.publish(AccountChanged(gap.account_id))


@pytest.mark.parametrize(
    ("facts", "english", "chinese"),
    [
        (
            {},
            "Between 14:02 and 14:31 nothing was watched: this computer slept or stood still. 12 items were caught up.",
            "14:02 到 14:31 之间无人监控：这台电脑休眠或停顿了。补上了 12 条内容。",
        ),
        (
            {"caught_up": 0, "since": at(23, 50, day=23)},
            "Between 11-23 23:50 and 14:31 nothing was watched: this computer slept or stood still. "
            "Nothing had come in meanwhile.",
            "11-23 23:50 到 14:31 之间无人监控：这台电脑休眠或停顿了。期间没有新内容。",
        ),
        (
            {"caught_up": 1, "complete": False, "missed": LOST},
            "Between 14:02 and 14:31 nothing was watched: this computer slept or stood still. 1 item was caught up. "
            "Whether something was missed cannot be known: the platform keeps items only for a while.",
            "14:02 到 14:31 之间无人监控：这台电脑休眠或停顿了。补上了 1 条内容。"
            "是否有遗漏无法得知：平台只保留一段时间内的内容。",
        ),
        (
            {"why": "", "complete": False, "missed": LOST, "until": at(14, 2, 30)},
            "Between 14:02:00 and 14:02:30 something may have been missed: the platform keeps items only for a while.",
            "14:02:00 到 14:02:30 之间可能有遗漏：平台只保留一段时间内的内容。",
        ),
        (
            {"until": None, "complete": None, "why": "no worker is online"},
            "Nothing has been watched since 14:02: no worker is online.",
            "14:02 起一直无人监控：没有在线的工作节点。",
        ),
    ],
)
async def test_sentences(qtloop: Any, tmp_path: Path, facts: dict[str, Any], english: str, chinese: str) -> None:
    async with open_window(tmp_path, language="en"):
        assert gap_text(a_gap(**facts), NOW) == english
    async with open_window(tmp_path, language="zh"):
        assert gap_text(a_gap(**facts), NOW) == chinese


def test_a_day_that_both_share_is_named_once() -> None:
    assert between(at(14, 2), at(14, 31), NOW) == ("14:02", "14:31")
    assert between(at(14, 2, day=20), at(14, 31, day=20), NOW) == ("11-20 14:02", "14:31")
    assert between(at(14, 2, day=20), at(14, 2, day=21), NOW) == ("11-20 14:02", "11-21 14:02")
    assert between(at(14, 2, 5, day=20), at(14, 2, 35, day=20), NOW) == ("11-20 14:02:05", "14:02:35")


async def test_what_hit_many_at_once_is_one_outage_and_older_ones_are_not_mixed_in() -> None:
    memory = make_api(accounts=5)
    show(memory, a_gap("acc_0001"))
    show(memory, a_gap("acc_0002", since=at(14, 1), caught_up=3, complete=False, missed=LOST))
    show(memory, a_gap("acc_0003", until=at(14, 35), caught_up=0, why="no worker is online"))
    show(memory, a_gap("acc_0004", since=at(9, 0), until=at(9, 30)))
    show(memory, a_gap("acc_0005", why="", complete=False, missed=LOST))
    accounts = await memory.api.accounts.page()
    outage = outage_of(accounts)
    assert outage is not None and set(outage.accounts) == {"acc_0001", "acc_0002", "acc_0003"}
    assert (outage.since, outage.until, outage.caught_up, outage.unsure) == (at(14, 1), at(14, 35), 15, 1)
    assert outage.why == ASLEEP
    assert outage_text(outage, NOW) == (
        "Between 14:01 and 14:35 nothing was watched on 3 accounts: this computer slept or stood still. "
        "15 items were caught up. On 1 account it cannot be known whether something was missed."
    )


async def test_one_among_others_is_told_at_the_account_only_and_the_only_one_is_told_above() -> None:
    memory = make_api(accounts=2)
    show(memory, a_gap("acc_0001"))
    one, other = await memory.api.accounts.page()
    assert outage_of([one, other]) is None and outage_of([other]) is None
    only = outage_of([one])
    assert only is not None and outage_text(only, NOW).startswith("Between 14:02 and 14:31 nothing was watched on 1 a")


async def test_one_summary_leads_to_the_accounts_and_goes_for_all(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=12, detections=1)
    for account_id in sorted(memory.store.rows):
        show(memory, a_gap(account_id))
    async with open_window(tmp_path, memory) as opened:
        window = opened.window
        assert "nothing was watched on 12 accounts" in window.notice.text.text() and opened.toasts() == []
        assert "144 items were caught up" in window.notice.text.text()
        window.notice.button.click()
        assert window.page == "accounts" and window.accounts.pane.isVisible()
        assert window.accounts.pane.gap.isVisible() and window.notice.isVisible()
        window.notice.button.click()
        await eventually(window.notice.isHidden)
        assert memory.fleet.gaps.acknowledged == sorted(memory.store.rows)
        await eventually(window.accounts.pane.gap.isHidden)
        await opened.idle()


async def test_an_account_says_it_until_it_is_dismissed(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=3)
    show(memory, a_gap("acc_0001"))
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.accounts
        opened.window.show_page("accounts")
        page.table.choose("acc_0002")
        assert page.pane.gap.isHidden()
        page.table.choose("acc_0001")
        assert "12 items were caught up." in page.pane.gap.text.text() and opened.window.notice.isHidden()
        row = page.model.rows[page.model.row_of("acc_0001")]
        assert page._text(row, "problem").startswith("Not watched ")
        page.pane.gap.button.click()
        await eventually(page.pane.gap.isHidden)
        assert memory.fleet.gaps.acknowledged == ["acc_0001"]
        await opened.idle()


async def test_one_that_lasts_says_so_in_one_place_and_cannot_be_dismissed(qtloop: Any, tmp_path: Path) -> None:
    memory = make_api(accounts=2)
    lives = memory.fleet.lives
    lives["acc_0001"] = replace(lives["acc_0001"], worker_id=None, reason="all workers are full")
    show(memory, a_gap(until=None, complete=None, why="all workers are full"))
    async with open_window(tmp_path, memory) as opened:
        page = opened.window.accounts
        opened.window.show_page("accounts")
        page.table.choose("acc_0001")
        assert page.pane.gap.text.text().endswith("all workers are full.")
        assert page.pane.gap.button.isHidden() and page.pane.notice.isHidden()
        assert gap_mark(a_gap(until=None), NOW) == "Not watched since 14:02"
        assert gap_mark(a_gap(why=""), NOW) == "Something may have been missed"
        assert gap_mark(a_gap(), NOW + timedelta(hours=1)) == "Not watched 14:02 – 14:31"
