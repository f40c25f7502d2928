"""Every route of our own openapi.json with arbitrary paths, queries, headers and bodies, against the real master.

Whatever is sent: a documented status, never 500, the whole envelope, a request id, and no traceback.
"""

import asyncio
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from engine.gateway.guard import SANE_ID
from tests.conftest import LogWatch
from tests.support.fuzz import JUNK, NUMBERS, TEXTS, examples, on_one_loop, spoiled, to_json
from tests.support.live_master import UNMETERED, LiveMaster, is_well, live_master
from worker.process import wire_json

pytestmark = [pytest.mark.timeout(1800), pytest.mark.filterwarnings("ignore:Generating overly large repr")]

PATIENCE = 10  #: seconds for an answer
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS")
JSON_TYPES = ("application/json", "text/csv", "application/json; charset=utf-8", "text/plain", "x/y", "")
#: nothing that is not on this machine may be asked, whatever is made of it
ADDRESSES = (
    "http://127.0.0.1:9/",
    "http://[::1]:9/x",
    "ftp://127.0.0.1/",
    "http://",
    "127.0.0.1",
    "https://localhost:9",
)


@dataclass(frozen=True)
class Operation:
    """One method of one path of openapi.json."""

    method: str
    path: str
    statuses: frozenset[int]
    parameters: tuple[dict[str, Any], ...]
    body: dict[str, Any] | None
    json_only: bool


@dataclass(frozen=True)
class Request:
    """What is sent. `answerable`: by a status of the operation, since its method and path are the operation's."""

    operation: Operation
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes


def operations(document: dict[str, Any]) -> list[Operation]:
    return [
        Operation(
            method.upper(),
            path,
            frozenset(map(int, one["responses"])),
            tuple(one["parameters"]),
            _json_schema(one),
            "application/json" in one["responses"][min(one["responses"])]["content"],
        )
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    ]


def _json_schema(operation: dict[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json")


class Values:
    """Values that fit a schema of the document, more or less."""

    def __init__(self, document: dict[str, Any], known: dict[str, list[Any]]) -> None:
        self._schemas = document["components"]["schemas"]
        self._known = known

    def of(self, schema: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:
        """`name` of the field, for ids and addresses that mean something."""
        if "$ref" in schema:
            return self.of(self._schemas[schema["$ref"].rpartition("/")[2]], name)
        if "anyOf" in schema:
            return st.one_of([self.of(one, name) for one in schema["anyOf"]])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        return self._plain(schema, name)

    def _plain(self, schema: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
        kind = schema.get("type")
        if kind == "array":
            return st.lists(self.of(schema.get("items", {}), name), max_size=4)
        if kind == "object":
            return self._object(schema, name)
        if kind == "string" and (name == "url" or schema.get("format") == "date-time"):
            return st.sampled_from(ADDRESSES if name == "url" else MOMENTS)
        simple = SIMPLE.get(str(kind), JUNK)
        return st.one_of(st.sampled_from(self._known[name]), simple) if name in self._known else simple

    def _object(self, schema: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
        if "properties" not in schema:
            return st.one_of(st.sampled_from(FORMS), st.dictionaries(TEXTS, TEXTS | NUMBERS, max_size=3))
        fields = {field: self.of(inner, field) for field, inner in schema["properties"].items()}
        required = {field: fields.pop(field) for field in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional=fields)


SIMPLE = {
    "string": TEXTS,
    "integer": st.one_of(NUMBERS, st.integers(0, 5000)),
    "number": NUMBERS,
    "boolean": st.booleans(),
    "null": st.none(),
}
FORMS: list[dict[str, Any]] = [
    {},
    {"url": "http://127.0.0.1:9/feed"},
    {"url": "http://127.0.0.1:9/feed", "allow_private_network": True, "kind": "comment"},
    {"username": "u", "password": "\x00"},
    {"rate_per_minute": 10**400, "seed": 2**70},
    {"rate_per_minute": 5, "seed": -(2**63)},
    {"url": "http://" + "x" * 2000},
]
MOMENTS = [
    "2026-11-24T08:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1970-01-01T00:00:00Z",
    "2106-02-07T06:28:16Z", "2026-11-24", "2026-11-24T08:00:00", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z", "now", "1e9",
]  # fmt: skip
LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=80)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(JSON_TYPES),
        "X-Request-ID": LATIN,
        "Accept": LATIN,
        "Accept-Encoding": st.sampled_from(["gzip", "identity", "*", "x"]),
        "If-None-Match": LATIN,
        "Range": st.sampled_from(["bytes=0-1", "bytes=-1", "x"]),
        "Content-Encoding": st.sampled_from(["gzip", "deflate", "identity", "x"]),
    },
)
DOORS = st.sampled_from(
    [{}] * 12 + [{"Authorization": "Bearer wrong"}, {"Origin": "http://evil.example"}, {"Host": "x"}]
)


@st.composite
def requests(draw: st.DrawFn, every: list[Operation], values: Values, known: dict[str, list[Any]]) -> Request:
    operation = draw(st.sampled_from(every))
    words = st.one_of(st.sampled_from(known[_kind(operation)]).map(str), TEXTS, NUMBERS.map(str))
    path = re.sub(r"\{\w+\}", lambda _: _part(draw(words)), operation.path)
    query = [
        (parameter["name"], draw(st.one_of(values.of(parameter["schema"], parameter["name"]).map(_text), TEXTS)))
        for parameter in operation.parameters
        if parameter["in"] == "query" and draw(st.booleans())
    ]
    if not draw(st.integers(0, 9)):
        query.append((draw(TEXTS), draw(TEXTS)))
    headers = {**draw(HEADERS), **draw(DOORS)}
    return Request(operation, path, query, headers, draw(bodies(operation, values, headers)))


@st.composite
def bodies(draw: st.DrawFn, operation: Operation, values: Values, headers: dict[str, str]) -> bytes:
    if operation.body is None:
        return draw(st.sampled_from([b"", b"", b"{}", b"\xff"]))
    if headers.get("Content-Type", "").startswith("application/json") or draw(st.integers(0, 3)):
        headers.setdefault("Content-Type", "application/json")
        fitting = values.of(operation.body.get("schema", IMPORTED))
        return to_json(draw(st.one_of(fitting, fitting, spoiled(fitting), JUNK))).encode()
    return draw(st.one_of(st.binary(max_size=100), TEXTS.map(_bytes), st.sampled_from(FILES)))


IMPORTED = {"type": "array", "items": {"$ref": "#/components/schemas/NewAccountBody"}}
FILES = [
    b"", b"{", b"[" * 100_000, b"\xef\xbb\xbf{}", b"platform,display_name\ndemo,One\n", b"platform\n\"half",
    b"platform,platform\ndemo,\x00\n", b"a" * (1024 * 1024 + 1), b"platform;tags\r\ndemo;x\r\n", b'{"revision":1e400}',
    b'{"revision": 1, "revision": 2}', b"nul", b"1" * 5000, b'"\xed\xa0\x80"',
]  # fmt: skip


def _kind(operation: Operation) -> str:
    """Which ids stand in its path. Workers' ids are left out where a worker would go for good."""
    kind = operation.path.split("/")[3] if operation.path.count("/") > 2 else ""
    return "none" if kind not in ("accounts", "detections", "workers") or operation.method == "DELETE" else kind


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _part(text: str) -> str:
    return quote(_bytes(text)[:300], safe="") or "%20"


def _url(live: LiveMaster, request: Request) -> URL:
    query = "&".join(f"{quote(_bytes(k)[:500], safe='')}={quote(_bytes(v)[:700], safe='')}" for k, v in request.query)
    return URL(f"{live.url}{request.path}" + (f"?{query}" if query else ""), encoded=True)


def test_any_request_gets_a_documented_answer_in_the_envelope(tmp_path: Path, expected_logs: LogWatch) -> None:
    with on_one_loop(live_master(tmp_path, UNMETERED)) as (live, run):
        polite = run(live.worker("w-1"))
        document = json.loads(run(_document(live)))
        known = run(_contents(live))
        every, values = operations(document), Values(document, known)

        @examples(1500)
        @given(request=requests(every, values, known))
        def one(request: Request) -> None:
            run(asyncio.wait_for(_try(live, request), PATIENCE))
            assert run(is_well(polite)) and not expected_logs.unexpected()

        one()
        assert run(live.ask("GET", "/status"))


async def _document(live: LiveMaster) -> bytes:
    headers = {"Authorization": f"Bearer {live.master.token}"}
    async with live.http.get(f"{live.url}/api/v1/openapi.json", headers=headers) as answer:
        return await answer.read()


async def _contents(live: LiveMaster) -> dict[str, list[Any]]:
    """Something of everything, and what fields may name."""
    ids = [
        (await live.ask("POST", "/accounts", {"platform": "demo", "display_name": name, "tags": ["x"]}))["id"]
        for name in ("one", "two")
    ]
    return {
        "none": ["acc_0"],
        "accounts": ids,
        "account_id": ids,
        "workers": ["w-1"],
        "pinned_to": ["w-1", ""],
        "detections": [1, 2**62],
        "ids": [1, 2],
        "platform": ["demo", "feed"],
        "revision": list(range(1, 30)),
        "tag": ["x"],
        "interval": [30],
    }


async def _try(live: LiveMaster, request: Request) -> None:
    headers = {"Authorization": f"Bearer {live.master.token}", **request.headers}
    arguments = {"headers": headers, "data": io.BytesIO(request.body), "skip_auto_headers": ["Content-Type"]}
    async with live.http.request(
        request.operation.method, _url(live, request), allow_redirects=False, **arguments
    ) as answer:
        raw = await answer.read()
        context = (answer.status, raw[:300], f"{request!r:.2000}")
        assert answer.status in request.operation.statuses - {500}, context
        assert SANE_ID.match(answer.headers["X-Request-ID"]), context
        if SANE_ID.match(given := headers.get("X-Request-ID", "")) and b"no HTTP" not in raw:
            assert answer.headers["X-Request-ID"] == given
        if answer.content_type == "application/json" and not request.path.endswith("openapi.json"):
            check_envelope(answer.status, wire_json.loads(raw), context)


def check_envelope(status: int, answer: Any, context: object) -> None:
    if status < 400:
        assert set(answer) == {"success", "data"} and answer["success"] is True, context
        return
    assert set(answer) == {"success", "error"} and answer["success"] is False, context
    error = answer["error"]
    assert set(error) == {"code", "message", "details"} and error["code"] and error["message"], context
    assert isinstance(error["details"], dict) and len(error["message"]) < 1000, context
    if status == 422 and error["code"] == "invalid":
        assert error["details"]["field"], context


@pytest.mark.parametrize("method", METHODS)
def test_any_method_of_any_path_is_answered_in_the_envelope(tmp_path: Path, method: str) -> None:
    with on_one_loop(live_master(tmp_path, UNMETERED)) as (live, run):

        @examples(40)
        @given(path=TEXTS, token=st.booleans())
        def one(path: str, token: bool) -> None:
            run(_anything(live, method, "/" + _part(path), token))

        one()


async def _anything(live: LiveMaster, method: str, path: str, token: bool) -> None:
    headers = {"Authorization": f"Bearer {live.master.token}"} if token else {}
    async with live.http.request(method, URL(live.url + path, encoded=True), headers=headers) as answer:
        assert answer.status in ((404, 405) if token else (401,)) and "X-Request-ID" in answer.headers
        if method != "HEAD":
            check_envelope(answer.status, wire_json.loads(await answer.read()), path)
