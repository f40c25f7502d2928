"""Every field's limits: at the bound it passes, one beyond it is refused with the field and the exact sentence."""

import io
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.gateway import House, house

URL = "https://blog.example/"
NEW: dict[str, Any] = {"platform": "feed", "display_name": "Blog", "settings": {"url": URL}}
ACCOUNT, WORKER, MARK = "/accounts/acc_0001", "/workers/local-1", "/detections"
TAGS = "at most 20 tags of 1 to 50 characters"
ROWS = "at most 5000 rows at once"


def new(**fields: Any) -> dict[str, Any]:
    return {**NEW, **fields}


def patch(**fields: Any) -> dict[str, Any]:
    return {"revision": 1, **fields}


def url_of(length: int) -> dict[str, str]:
    return {"url": URL + "x" * (length - len(URL))}


Case = tuple[str, str, Any, Any, str, str]

#: method, path, what just fits, what does not, the field, the sentence
LIMITS: list[Case] = [
    *(
        (method, path, make(**{field: fits}), make(**{field: wrong}), named, sentence)
        for method, path, make in (("POST", "/accounts", new), ("PATCH", ACCOUNT, patch))
        for field, fits, wrong, named, sentence in (
            ("display_name", "汉" * 100, "汉" * 101, "display_name", "“display_name” must have 1 to 100 characters"),
            ("display_name", "x", " ", "display_name", "“display_name” must have 1 to 100 characters"),
            ("interval", 10, 9, "interval", "“interval” must be from 10 to 3600 seconds"),
            ("interval", 3600, 3601, "interval", "“interval” must be from 10 to 3600 seconds"),
            ("interval", 10, 10**30, "interval", "“interval” must be from 10 to 3600 seconds"),
            ("tags", [str(n) for n in range(20)], [str(n) for n in range(21)], "tags", TAGS),
            ("tags", ["汉" * 50], ["汉" * 51], "tags", TAGS),
            ("tags", ["x"], [""], "tags", TAGS),
            ("settings", url_of(2000), url_of(2001), "settings.url", "“Address” is longer than 2000 characters"),
            ("settings", url_of(20), {"url": 7}, "settings.url", "“Address” must be text"),
            ("settings", url_of(20), {}, "settings.url", "“Address” is required"),
            ("credentials", {"password": "p" * 2000}, {"password": "p" * 2001}, "credentials.password",
             "“Password” is longer than 2000 characters"),
            ("credentials", {"username": "u"}, {"token": "t"}, "credentials.token", "unknown field “token”"),
            ("pinned_to", "local-1", "w" * 70, "pinned_to", f"there is no worker “{'w' * 64}”"),
        )
    ),
    ("POST", "/accounts", NEW, new(platform="nope"), "platform", "no worker offers the platform “nope”"),
    ("PATCH", ACCOUNT, patch(), {"revision": 2**53}, "revision", "“revision”: expected `int` <= 9007199254740991"),
    ("PATCH", ACCOUNT, patch(), {"revision": -1}, "revision", "“revision”: expected `int` >= 0"),
    ("PATCH", WORKER, {"name": "汉" * 64}, {"name": "汉" * 65}, "name", "a worker's name has 1 to 64 characters"),
    ("PATCH", WORKER, {"name": "x"}, {"name": " "}, "name", "a worker's name has 1 to 64 characters"),
    ("PATCH", WORKER, {"capacity": 0}, {"capacity": -1}, "capacity", "a worker's capacity is 0 to 100,000 accounts"),
    ("PATCH", WORKER, {"capacity": 10**5}, {"capacity": 10**5 + 1}, "capacity",
     "a worker's capacity is 0 to 100,000 accounts"),
    ("POST", "/workers/local", {"count": 1}, {"count": 0}, "count", "“count” must be from 1 to 64"),
    ("POST", "/workers/local", {"count": 1}, {"count": 65}, "count", "“count” must be from 1 to 64"),
    ("PATCH", MARK, {"ids": [0] * 10_000, "read": True}, {"ids": [0] * 10_001, "read": True}, "ids",
     "“ids”: expected `array` of length <= 10000"),
    ("PATCH", MARK, {"ids": [2**63 - 1], "read": True}, {"ids": [2**63], "read": True}, "ids",
     "“ids”: expected `int` <= 9223372036854775807"),
    ("PATCH", MARK, {"ids": [0], "read": True}, {"ids": [-1], "read": True}, "ids", "“ids”: expected `int` >= 0"),
    ("PATCH", MARK, {"filter": {"q": "x" * 200}, "read": True}, {"filter": {"q": "x" * 201}, "read": True}, "q",
     "the search text is longer than 200 characters"),
    ("PATCH", MARK, {"ids": [1], "read": True}, {"ids": [1]}, "read",
     "say what to set: “read”, “handled” or “starred”"),
    ("PATCH", MARK, {"ids": [1], "read": True}, {"read": True}, "ids", "give “ids” or “filter”, one of them"),
    ("POST", "/accounts/import", [NEW] * 3, [{}] * 5001, "body", ROWS),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "fits", "wrong", "field", "sentence"), LIMITS)
async def test_a_body_at_its_limit_and_one_beyond(
    method: str, path: str, fits: Any, wrong: Any, field: str, sentence: str
) -> None:
    async with house(accounts=1, detections=2) as opened:
        before = await _everything(opened)
        status, answer, _ = await opened.ask(method, path, wrong)
        assert (status, answer["error"]["details"].get("field")) == (422, field), answer
        assert (answer["error"]["message"], answer["error"]["code"]) == (sentence, answer["error"]["code"])
        assert await _everything(opened) == before
        status, answer, _ = await opened.ask(method, path, fits)
        assert status in (200, 201), answer


async def _everything(opened: House) -> list[Any]:
    return [await opened.data("GET", path) for path in ("/accounts", "/workers", "/detections")]


LIMIT = "“limit”: expected `int` {}"


@pytest.mark.parametrize(
    ("path", "name", "fits", "wrong", "sentence"),
    [
        *((path, "limit", "1000", "1001", LIMIT.format("<= 1000")) for path in ("/accounts", "/workers", MARK)),
        *((path, "limit", "1", "0", LIMIT.format(">= 1")) for path in ("/accounts", "/workers", MARK)),
        (MARK, "q", "汉" * 200, "汉" * 201, "the search text is longer than 200 characters"),
        (MARK, "after", "0", "-1", "“after”: expected `int` >= 0"),
        (MARK, "before", str(2**63 - 1), str(2**63), "“before”: expected `int` <= 9223372036854775807"),
        (MARK, "kind", "comment", "letter", "“kind”: invalid enum value 'letter'"),
        (MARK, "unread", "true", "perhaps", "“unread”: expected `bool | null`, got `str`"),
        (MARK, "since", "2026-11-24T08:00:00Z", "2026-11-24T08:00:00",
         "“since”: expected `datetime` with a timezone component"),
        ("/accounts/export", "format", "csv", "xml", "“format”: invalid enum value 'xml'"),
    ],
)  # fmt: skip
async def test_a_query_at_its_limit_and_one_beyond(path: str, name: str, fits: str, wrong: str, sentence: str) -> None:
    async with house(accounts=1, detections=2) as opened:
        status, answer, _ = await opened.ask("GET", f"{path}?{name}={quote(wrong)}")
        assert (status, answer["error"]["details"], answer["error"]["message"]) == (422, {"field": name}, sentence)
        assert (await opened.ask("GET", f"{path}?{name}={quote(fits)}"))[0] == 200


async def test_a_body_of_a_mebibyte_and_one_byte_more() -> None:
    async with house() as opened:
        headers = {"Content-Type": "application/json"}
        body = b"[" + b" " * (1024 * 1024 - 2) + b"]"
        assert (await opened.ask("POST", "/accounts/import", data=io.BytesIO(body), headers=headers))[0] == 200
        body = io.BytesIO(body + b" ")
        status, answer, _ = await opened.ask("POST", "/accounts/import", data=body, headers=headers)
        assert (status, answer["error"]["message"]) == (413, "a body may have 1048576 bytes at most")


@pytest.mark.parametrize("path", ["/detections?q=" + "x" * 9000, "/" + "x" * 9000])
async def test_an_address_that_is_too_long_for_http_is_answered_in_the_envelope(path: str) -> None:
    async with house() as opened:
        status, answer, response = await opened.ask("GET", path)
        assert (status, answer["success"], answer["error"]["code"]) == (400, False, "bad_request")
        assert answer["error"]["message"] == "the address or a header of the request is too long"
        assert response.headers["X-Request-ID"]


async def test_a_body_that_is_not_what_its_encoding_says_leaves_no_traceback() -> None:
    async with house() as opened:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        status, answer, _ = await opened.ask("POST", "/accounts", data=b"{}", headers=headers)
        assert (status, answer["success"]) == (400, False)
