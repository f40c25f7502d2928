"""Accounts as files, in and out."""

import csv
import io
from typing import Any

import pytest

from tests.support.gateway import House, house
from worker.process import wire_json

JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv; charset=utf-8"}
URL = "https://blog.example/feed.xml"


async def take_in(house: House, content: str | bytes, headers: dict[str, str] = CSV) -> tuple[int, Any]:
    raw = content.encode() if isinstance(content, str) else content
    status, answer, _ = await house.ask("POST", "/accounts/import", data=raw, headers=headers)
    return status, answer["data"] if answer["success"] else answer["error"]


async def test_bad_rows_of_csv_are_reported_by_number_and_the_rest_goes_in() -> None:
    async with house() as opened:
        rows = [
            "platform,display_name,interval,tags,settings.url,credentials.username,credentials.password",
            f"feed,One,10,a;b,{URL},u,canary-1",
            f"nope,Two,10,,{URL},,",
            f"feed,Three,often,,{URL},,",
            f'feed,"Four, with comma",,,{URL},,',
            "feed,Five,10,,,,",
            f"feed,Six,10,,{URL},,,one cell too many",
        ]
        status, done = await take_in(opened, "\r\n".join(rows))
        assert status == 200
        assert [(row["row"], row["field"]) for row in done["failed"]] == [
            (2, "platform"),
            (3, "interval"),
            (5, "settings.url"),
            (6, "more cells than headings"),
        ]
        accounts = [await opened.data("GET", f"/accounts/{created}") for created in done["created"]]
        assert [(a["display_name"], a["interval"], a["tags"]) for a in accounts] == [
            ("One", 10, ["a", "b"]),
            ("Four, with comma", 30, []),
        ]
        assert b"canary-1" in opened.memory.store.sealed[done["created"][0]]
        assert "canary-1" not in str(done)


async def test_cells_become_what_the_platform_says_they_are() -> None:
    async with house() as opened:
        text = "platform,display_name,settings.rate_per_minute,settings.seed\ndemo,D,1.5,7\ndemo,E,fast,7\n"
        _, done = await take_in(opened, text)
        account = await opened.data("GET", f"/accounts/{done['created'][0]}")
        assert account["settings"] == {"rate_per_minute": 1.5, "seed": 7}
        assert done["failed"][0]["field"] == "settings.rate_per_minute"


async def test_an_unknown_column_fails_its_rows() -> None:
    async with house() as opened:
        _, done = await take_in(opened, f"platform,display_name,settings.url,colour\nfeed,One,{URL},red\n")
        assert (done["created"], done["failed"][0]["field"]) == ([], "colour")


async def test_bad_rows_of_json_are_reported_by_number_and_the_rest_goes_in() -> None:
    async with house() as opened:
        good = b'{"platform": "feed", "display_name": "One", "settings": {"url": "https://x.example/"}}'
        bad = b'{"platform": "feed", "display_name": "Two", "colour": 1}'
        status, done = await take_in(opened, b"[" + b", ".join([bad, good, b"7", good]) + b"]", JSON)
        assert status == 200 and len(done["created"]) == 2
        assert [(row["row"], row["field"], row["code"]) for row in done["failed"]] == [
            (1, "colour", "invalid"),
            (3, "platform", "invalid"),
        ]


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"{", JSON, 400, "not_json"),
        (b"7", JSON, 422, "invalid"),
        (b"\xff", CSV, 400, "not_csv"),
        (b'platform\n"half', CSV, 400, "not_csv"),
        (b"<a/>", {"Content-Type": "text/xml"}, 415, "unsupported_media_type"),
        (b"platform\n" + b"x\n" * 5001, CSV, 422, "invalid"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_whole(
    content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    async with house() as opened:
        got, error = await take_in(opened, content, headers)
        assert (got, error["code"]) == (status, code)
        assert opened.memory.store.rows == {}


async def test_the_export_holds_no_credentials_and_can_be_imported() -> None:
    async with house() as opened:
        body = {
            "platform": "feed",
            "display_name": "Blog",
            "settings": {"url": URL, "allow_private_network": True},
            "credentials": {"password": "canary-3"},
            "tags": ["a", "b"],
            "interval": 20,
        }
        await opened.data("POST", "/accounts", body)
        _, answer, _ = await opened.ask("GET", "/accounts/export")
        text = wire_json.dumps(answer)
        assert "canary-3" not in text and "credentials" not in text
        assert answer["data"]["items"] == [{key: value for key, value in body.items() if key != "credentials"}]
        async with house() as other:
            _, done = await take_in(other, text, JSON)
            account = await other.data("GET", f"/accounts/{done['created'][0]}")
            assert {key: account[key] for key in answer["data"]["items"][0]} == answer["data"]["items"][0]


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@sum", "＝1+1", "＠sum", "'=1", "''@", "plain", "it's", "'quoted'", '"', "a,b"]
)
async def test_a_cell_that_would_be_a_formula_is_quoted_and_comes_back_as_it_was(name: str) -> None:
    async with house() as opened:
        opened.memory.add_account(name, settings={"url": URL, "allow_private_network": False}, tags=("=x", "y"))
        _, raw, response = await opened.ask("GET", "/accounts/export?format=csv")
        assert response.content_type == "text/csv" and "accounts.csv" in response.headers["Content-Disposition"]
        cells = [cell for row in csv.reader(io.StringIO(raw.decode())) for cell in row]
        assert not [cell for cell in cells if cell.startswith(tuple("=+-@＝＋－＠"))]
        async with house() as other:
            _, done = await take_in(other, raw)
            account = await other.data("GET", f"/accounts/{done['created'][0]}")
            assert (account["display_name"], account["tags"]) == (name, ["=x", "y"])
            assert account["settings"] == {"url": URL, "allow_private_network": False}


async def test_the_export_has_all_accounts() -> None:
    async with house(accounts=1001) as opened:
        assert len((await opened.data("GET", "/accounts/export"))["items"]) == 1001
        status, answer, _ = await opened.ask("GET", "/accounts/export?format=xml")
        assert status == 422 and answer["error"]["details"]["field"] == "format"
