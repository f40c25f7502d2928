"""The feed platform against a real HTTP server, and against a real isso."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.servers import isso
from tests.servers.cache import require
from tests.support.fake_platform import FakeFeed, FakePlatform
from tests.support.platforms import http_pool, session_for
from worker.platforms.base import Changed, Check, PrivateAddress, Refused, Session
from worker.platforms.feed import CONSIDERED, REMEMBERED, Feed
from worker.platforms.http import HttpPool


class Watcher:
    """One account: each check is made by a new platform object, and only the cursor is handed over."""

    def __init__(self, pool: HttpPool, url: str, credentials: dict[str, str] | None = None, **settings: Any) -> None:
        self.pool = pool
        self.settings = {"url": url, "allow_private_network": True, **settings}
        self.credentials = credentials
        self.cursor: str | None = None

    @property
    def session(self) -> Session:
        return session_for(Feed(), self.pool, self.settings, self.credentials)

    async def check(self) -> Check:
        result = await Feed().check(self.session, self.cursor)
        self.cursor = self.cursor if result.cursor is None else result.cursor
        return result

    async def ids(self) -> list[str]:
        return [found.external_id for found in (await self.check()).items]


@asynccontextmanager
async def watched(**options: Any) -> AsyncIterator[tuple[FakePlatform, FakeFeed, Watcher]]:
    async with FakePlatform() as site, http_pool() as pool:
        yield site, site.feed("/feed.xml", **options), Watcher(pool, site.url + "/feed.xml")


async def test_a_new_entry_is_found_once_and_whole() -> None:
    async with watched() as (_, feed, watcher):
        feed.add("old", "旧评论")
        assert await watcher.ids() == ["old"]
        feed.add("new", "请问什么时候补货?", title="T", author="小明", link="https://x.example/new", published=5000)
        (found,) = (await watcher.check()).items
        assert (found.kind, found.external_id, found.text) == ("post", "new", "请问什么时候补货?")
        assert (found.subject, found.url, found.author.name) == ("T", "https://x.example/new", "小明")
        assert found.published_at == 5000
        assert await watcher.ids() == []


async def test_requests_are_conditional_after_the_first_and_304_changes_nothing() -> None:
    async with watched() as (site, feed, watcher):
        feed.add("1", "x")
        await watcher.check()
        before = watcher.cursor
        assert (await watcher.check()) == Check((), None)
        assert watcher.cursor == before
        assert [seen.conditional for seen in site.requests] == [False, True]


async def test_last_modified_alone_makes_requests_conditional_too() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        date = "Tue, 02 Jun 2026 10:00:00 GMT"
        site.answer("/feed.xml", FakeFeed().body(), headers={"Last-Modified": date})
        watcher = Watcher(pool, site.url + "/feed.xml")
        await watcher.check()
        await watcher.check()
        assert site.requests[1].headers["If-Modified-Since"] == date


async def test_after_a_failover_nothing_is_doubled_and_the_request_is_conditional() -> None:
    async with watched() as (site, feed, first):
        for n in range(3):
            feed.add(str(n), "x")
        await first.check()
        async with http_pool() as other_process:
            second = Watcher(other_process, site.url + "/feed.xml")
            second.cursor = first.cursor
            assert await second.ids() == []
            feed.add("3", "x")
            assert await second.ids() == ["3"]
        assert [seen.conditional for seen in site.requests] == [False, True, True]


async def test_a_server_without_validators_is_compared_by_ids() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        feed = FakeFeed()
        feed.add("1", "x")
        site.answer("/feed.xml", feed.body())
        watcher = Watcher(pool, site.url + "/feed.xml")
        assert await watcher.ids() == ["1"]
        assert await watcher.check() == Check((), None)
        assert not site.requests[1].conditional


async def test_the_first_check_gives_the_twenty_newest_oldest_first_and_remembers_all() -> None:
    async with watched() as (_, feed, watcher):
        for n in range(50):
            feed.add(f"e{n}", "x")
        assert await watcher.ids() == [f"e{n}" for n in range(30, 50)]
        feed.add("e50", "x")
        assert await watcher.ids() == ["e50"]


async def test_later_checks_are_not_cut() -> None:
    async with watched() as (_, feed, watcher):
        feed.add("first", "x")
        await watcher.check()
        for n in range(60):
            feed.add(f"e{n}", "x")
        assert await watcher.ids() == [f"e{n}" for n in range(60)]


async def test_order_is_by_date_and_undated_entries_stay_in_place() -> None:
    async with watched() as (_, feed, watcher):
        feed.add("late", "x", published=9_000)
        feed.add("undated", "x", published=None)
        feed.add("early", "x", published=1_000)
        assert await watcher.ids() == ["early", "late", "undated"]
        for entry in feed.entries:
            entry.published = None
        watcher.cursor = None
        assert await watcher.ids() == ["late", "undated", "early"]


async def test_an_entry_that_was_taken_back_and_returns_is_not_new() -> None:
    async with watched() as (_, feed, watcher):
        for name in "abc":
            feed.add(name, "x")
        await watcher.check()
        taken = feed.entries.pop(0)
        assert await watcher.ids() == []
        feed.entries.insert(0, taken)
        feed.add("d", "x")
        assert await watcher.ids() == ["d"]


async def test_a_huge_feed_keeps_the_cursor_within_the_protocol_and_finds_what_is_new() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        watcher = Watcher(pool, site.url + "/feed.xml")

        def publish(ids: list[str]) -> None:
            items = "".join(f"<item><guid>{each}</guid></item>" for each in ids)
            site.answer("/feed.xml", f'<rss version="2.0"><channel>{items}</channel></rss>')

        whole = [f"b-{n}" for n in range(3200)]
        for ids in ([f"a-{n}" for n in range(3200)], whole):
            publish(ids)
            await watcher.check()
            assert len(watcher.cursor or "") <= 60_000
        assert len(msgspec.json.decode(watcher.cursor or "")["seen"]) == REMEMBERED
        assert await watcher.ids() == []
        publish(["new", *whole])
        assert await watcher.ids() == ["new"]


async def test_a_changed_address_is_asked_afresh_and_floods_nobody() -> None:
    async with watched() as (site, feed, watcher):
        feed.add("1", "x")
        await watcher.check()
        other = site.feed("/other.xml")
        other.entries = list(feed.entries)
        for n in range(40):
            other.add(f"n{n}", "x")
        watcher.settings["url"] = site.url + "/other.xml"
        assert await watcher.ids() == [f"n{n}" for n in range(20, 40)]
        assert not site.requests[-1].conditional
        assert await watcher.ids() == []


@pytest.mark.parametrize("cursor", ["", "x", "[]", '{"v":9}', '{"v":1,"seen":[1]}'])
async def test_an_unreadable_cursor_counts_as_a_first_check(cursor: str) -> None:
    async with watched() as (_, feed, watcher):
        for n in range(30):
            feed.add(str(n), "x")
        watcher.cursor = cursor
        assert await watcher.ids() == [str(n) for n in range(10, 30)]
        assert await watcher.ids() == []


async def test_a_feed_behind_a_password() -> None:
    async with watched(auth="us:秘密 word") as (_, feed, watcher):
        feed.add("1", "x")
        with pytest.raises(Refused, match="credentials"):
            await watcher.check()
        watcher.credentials = {"username": "us", "password": "秘密 word"}
        assert await watcher.ids() == ["1"]


async def test_kind_is_a_setting() -> None:
    async with watched() as (_, feed, watcher):
        feed.add("1", "x")
        watcher.settings["kind"] = "comment"
        assert [found.kind for found in (await watcher.check()).items] == ["comment"]


async def test_a_private_address_needs_the_setting() -> None:
    async with watched() as (site, _, watcher):
        del watcher.settings["allow_private_network"]
        with pytest.raises(PrivateAddress):
            await watcher.check()
        with pytest.raises(PrivateAddress):
            await Feed().identify(watcher.session)
        assert site.requests == []


async def test_a_304_that_nobody_asked_for_is_an_error_and_not_an_empty_feed() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        site.answer("/feed.xml", status=304)
        with pytest.raises(Changed):
            await Watcher(pool, site.url + "/feed.xml").check()


async def test_identify_tells_title_and_link() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        body = FakeFeed(title="我的博客").body().replace(b"<title>", b'<link href="/home"/><title>', 1)
        site.answer("/feed.xml", body)
        identity = await Feed().identify(Watcher(pool, site.url + "/feed.xml").session)
        assert (identity.display_name, identity.handle) == ("我的博客", site.url + "/home")
        site.answer("/bare.xml", '<rss version="2.0"><channel></channel></rss>')
        identity = await Feed().identify(Watcher(pool, site.url + "/bare.xml").session)
        assert identity.display_name == identity.handle == f"127.0.0.1:{site.port}"


async def test_a_web_page_says_where_its_feed_is() -> None:
    async with FakePlatform() as site, http_pool() as pool:
        link = '<link rel="alternate" type="application/atom+xml" href="/atom.xml">'
        site.answer("/", f"<!doctype html><html><head>{link}</head></html>", headers={"Content-Type": "text/html"})
        with pytest.raises(Changed, match=f"{site.url}/atom.xml"):
            await Feed().identify(Watcher(pool, site.url + "/").session)


@pytest.mark.servers
async def test_comments_on_a_real_isso_are_found_once(tmp_path: Path) -> None:
    require(isso.SERVER)
    async with isso.Isso(tmp_path) as server, http_pool() as pool:
        await server.post_comment("/blog/", "Before the watch", "Early Bird")
        watcher = Watcher(pool, server.feed_url("/blog/"), kind="comment")
        assert len((await watcher.check()).items) == 1
        await server.post_comment("/blog/", "请问什么时候**补货**?\n\nSecond & last", "小明")
        (found,) = (await watcher.check()).items
        assert (found.kind, found.text) == ("comment", "请问什么时候补货?\n\nSecond & last")
        assert found.author.name == "小明"
        assert found.url.startswith("https://blog.example/blog/#isso-")
        assert found.published_at is not None
        assert await watcher.ids() == []
        identity = await Feed().identify(watcher.session)
        assert "blog.example" in identity.display_name


async def test_a_feed_of_which_no_entry_is_known_may_have_lost_some_in_between() -> None:
    async with watched() as (_, feed, watcher):
        assert (await watcher.check()).missed is None
        feed.add("1", "x")
        assert (await watcher.check()).missed is None, "it was empty: nothing can have left it"
        feed.add("2", "x")
        assert (await watcher.check()).missed is None, "“1” is still there"
        feed.entries.clear()
        assert (await watcher.check()).missed is None, "an empty feed says nothing"
        feed.add("3", "x")
        check = await watcher.check()
        assert ([found.external_id for found in check.items], check.missed) == (["3"], "overrun")
        assert (await watcher.check()).missed is None


async def test_a_feed_that_lists_more_new_entries_than_count_says_so() -> None:
    async with watched() as (_, feed, watcher):
        feed.add("old", "x")
        await watcher.check()
        for number in range(CONSIDERED + 1):
            feed.add(f"{number}", "x")
        check = await watcher.check()
        assert (len(check.items), check.missed) == (CONSIDERED, "page_cap")


async def test_a_damaged_cursor_is_told_another_address_is_not() -> None:
    async with watched() as (site, feed, watcher):
        feed.add("1", "x")
        assert (await watcher.check()).missed is None, "the first check ever"
        watcher.cursor = "{broken"
        assert (await watcher.check()).missed == "reset"
        site.feed("/other.xml").add("2", "x")
        watcher.settings["url"] = site.url + "/other.xml"
        assert (await watcher.check()).missed is None, "the user wanted it"
