"""Platforms that misbehave, each in its own way, seen through a real master and a real worker."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.support.fake_platform import FakeFeed, FakePlatform
from tests.support.log_files import faults_in_logs
from tests.support.master_process import MasterProcess, running_master
from tests.support.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

INTERVAL = 10
QUICK = ("--local-workers", "1", "--heartbeat-interval", "1", "--heartbeat-timeout", "12")  # requests may take 6 s
ASKED_WAIT = 120  #: seconds that the platforms which say so want to be left alone
MAX_BODY = 10 * 1024 * 1024

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = (
    f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{LAUGHS}]>'
    "<rss version='2.0'><channel><item><guid>1</guid><title>&l9;</title></item></channel></rss>"
)
TORN = "<?xml version='1.0'?><rss version='2.0'><channel></rss>"
XML = {"Content-Type": "application/xml"}
LATER = "It will be tried again later."
ENTER_AGAIN = "Check the account's credentials and enter them again. It is not asked before that."


@dataclass(frozen=True)
class Bad:
    """One way to misbehave and what the account then says; `{who}` stands for the platform's host and port.

    `wait`: seconds until the next check at least; None: it is not tried again by itself.
    """

    set_up: Callable[[FakePlatform, str], None]
    outcome: str
    sentence: str
    status: str = "failing"
    wait: float | None = 0


def answer(body: str = "", status: int = 200, **headers: str) -> Callable[[FakePlatform, str], None]:
    return lambda site, path: site.answer(path, body, status, headers or XML)


def date_in_a_header(site: FakePlatform, path: str) -> None:
    async def handle(_request: web.Request) -> web.Response:
        again = datetime.now(UTC) + timedelta(seconds=ASKED_WAIT)
        return web.Response(status=429, headers={"Retry-After": format_datetime(again, usegmt=True)})

    site.answer_with(path, handle)


def far_future_in_a_header(site: FakePlatform, path: str) -> None:
    site.answer(path, status=429, headers={"Retry-After": "Sun, 07 Feb 2106 06:28:15 GMT"})


BAD = {
    "401": Bad(
        answer(status=401), "refused", "{who} refuses access (HTTP 401). " + ENTER_AGAIN, "reauthenticate", wait=None
    ),
    "403": Bad(
        answer(status=403), "refused", "{who} refuses access (HTTP 403). " + ENTER_AGAIN, "reauthenticate", wait=None
    ),
    "429-seconds": Bad(
        answer(status=429, **{"Retry-After": str(ASKED_WAIT)}),
        "rate_limited",
        "{who} wants fewer requests (HTTP 429) and asks to wait 120 s.",
        "active",
        ASKED_WAIT,
    ),
    "429-date": Bad(
        date_in_a_header,
        "rate_limited",
        "{who} wants fewer requests (HTTP 429) and asks to wait 120 s.",
        "active",
        ASKED_WAIT - 1,  # a date has whole seconds
    ),
    "429-in-2106": Bad(
        far_future_in_a_header,
        "rate_limited",
        "{who} wants fewer requests (HTTP 429) and asks to wait 86400 s.",
        "active",
        86_400,
    ),
    "500": Bad(
        answer(status=500), "unreachable", "{who} has a problem of its own (HTTP 500). " + LATER
    ),
    "503-seconds": Bad(
        answer(status=503, **{"Retry-After": str(ASKED_WAIT)}),
        "unreachable",
        "{who} has a problem of its own (HTTP 503) and asks to wait 120 s.",
        wait=ASKED_WAIT,
    ),
    "html": Bad(
        answer("<!doctype html><html><body>Hello</body></html>", **{"Content-Type": "text/html"}),
        "changed",
        "{who} answers with a web page, not a feed. Enter the address of its RSS or Atom feed.",
    ),
    "50-mb": Bad(
        lambda site, path: site.stream(path, 50 * 1024 * 1024),
        "changed",
        f"{{who}} answers with more than {MAX_BODY} bytes. Check the address.",
    ),
    "redirect-loop": Bad(
        lambda site, path: site.redirect(path, path),
        "changed",
        "{who} redirects more than 5 times. Check the account's settings.",
    ),
    "half-a-body": Bad(
        lambda site, path: site.half_body(path), "unreachable", "{who} did not answer within 6 s. " + LATER
    ),
    "broken-off": Bad(
        lambda site, path: site.half_body(path, then_close=True),
        "unreachable",
        "{who} broke the connection off. " + LATER,
    ),
    "invalid-xml": Bad(
        answer(TORN, **XML), "changed", "The feed of {who} is damaged XML with no readable entry."
    ),
    "entity-bomb": Bad(
        answer(BOMB, **XML),
        "changed",
        "The feed of {who} declares XML entities that could grow without end; it is not read.",
    ),
}  # fmt: skip


async def an_account(master: MasterProcess, site: FakePlatform, name: str) -> str:
    body = {"url": f"{site.url}/{name}", "allow_private_network": True}
    account = await master.create_account(platform="feed", display_name=name, interval=INTERVAL, settings=body)
    return str(account["id"])


async def told(master: MasterProcess, account_id: str) -> dict[str, Any]:
    """The account, once it says what happened."""

    async def said() -> dict[str, Any] | None:
        account = await master.account(account_id)
        return account if account["last_error"] and account["reason"] and account["last_check_at"] else None

    return dict(await eventually(said, within=20, what="what happened"))


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def found(master: MasterProcess, account_id: str) -> dict[str, dict[str, Any]]:
    items = await master.items(f"/detections?account_id={account_id}")
    return {item["external_id"]: item for item in items}


async def test_each_account_says_what_happened_and_when_it_goes_on_and_disturbs_nobody(tmp_path: Path) -> None:
    async with FakePlatform() as site, running_master(tmp_path / "data", *QUICK) as master:
        [before] = await master.workers_online(1)
        healthy = site.feed("/healthy")
        healthy.add("old", "here before")
        well = await an_account(master, site, "healthy")
        strange = await _strange_dates(master, site)
        ids = {}
        for name, bad in BAD.items():
            bad.set_up(site, f"/{name}")
            ids[name] = await an_account(master, site, name)
        for name, bad in BAD.items():
            _check(bad, site, await told(master, ids[name]))
        await eventually(lambda: found(master, well), what="the first check")
        healthy.add("new", "new while others fail")

        async def detected() -> bool:
            return "new" in await found(master, well)

        await eventually(detected, within=INTERVAL + 5)
        promised = moment((await master.account(ids["500"]))["next_check_at"])
        asked = site.paths().count("/500")
        await eventually(lambda: site.paths().count("/500") > asked, within=60, what="the check that was promised")
        assert abs(datetime.now(UTC).timestamp() - promised) < 3
        for name, bad in BAD.items():
            if bad.wait is None or bad.wait > INTERVAL:
                assert site.paths().count(f"/{name}") == 1, f"{name} was asked again"
        assert {entry["published_at"] for entry in (await found(master, strange)).values()} == {
            "1970-01-01T00:00:00Z",
            "2106-02-07T06:28:16Z",
        }
        assert (await master.account(well))["last_error"] is None
        [after] = await master.workers_online(1)
        assert (after["pid"], after["restarts"]) == (before["pid"], 0)
        assert not faults_in_logs(master.data_dir)


async def _strange_dates(master: MasterProcess, site: FakePlatform) -> str:
    """An account whose platform lives in other times; that is no fault."""
    feed = FakeFeed()
    feed.add("first", "the beginning of time", published=0)
    feed.add("last", "the end of 32 bits", published=2**32 * 1000)
    dates = {"Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT", "Date": "Sun, 07 Feb 2106 06:28:16 GMT", **XML}
    site.answer("/dates", feed.body(), headers=dates)
    account_id = await an_account(master, site, "dates")
    await eventually(lambda: found(master, account_id), what="entries of other times")
    account = await master.account(account_id)
    assert (account["status"], account["last_error"], account["reason"]) == ("active", None, None)
    return account_id


def _check(bad: Bad, site: FakePlatform, account: dict[str, Any]) -> None:
    sentence = bad.sentence.format(who=site.url.removeprefix("http://"))
    assert account["last_error"] == sentence
    assert (account["status"], account["reason"]) == (bad.status, f"{bad.outcome}: {sentence}")
    if bad.wait is None:
        assert account["next_check_at"] is None
        return
    wait = moment(account["next_check_at"]) - moment(account["last_check_at"])
    assert bad.wait - 1 <= wait <= max(bad.wait, 2 * INTERVAL) + INTERVAL + 1, (account["display_name"], wait)
