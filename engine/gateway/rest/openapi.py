"""openapi.json, made from the routes and from the very types that validate."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from engine.gateway.rest.fit import shape
from engine.gateway.rest.respond import Failure
from engine.gateway.rest.route import BASE, JSON, Call, File, Route

SCOPES = (
    "The token of master.json may do everything; an API token what its scope says: “read” looks, “operate” changes "
    "accounts, checks and detections too, “admin” everything. Each operation names the least scope that it needs."
)
REF = "#/components/schemas/{name}"
PART = re.compile(r"\{(\w+)\}")
Schema = dict[str, Any]

DESCRIPTIONS = {
    400: "The request or its body cannot be read",
    401: "The token is missing or wrong",
    403: "The request comes from another site, or the token's scope is too low (code `scope`)",
    404: "There is no such thing",
    409: "It was changed meanwhile, or its state does not allow this",
    413: "The body is over 1 MiB",
    415: "The body's content type is not taken",
    421: "The request names another host",
    422: "A value does not fit; `details.field` names it",
    500: "A fault of ours; `details.request_id` finds it in the logs",
    429: "Too many failed attempts from this address; a right token is answered all the same",
    503: "Not now",
}


def route(others: Iterable[Route], version: str) -> Route:
    """The route that tells about the others and about itself."""
    content = b""

    async def handle(_call: Call) -> File:
        nonlocal content
        content = content or msgspec.json.encode(document([*others, itself], version))
        return File(content, JSON)

    itself = Route("GET", f"{BASE}/openapi.json", handle, "This document", gives=(JSON,), scope="read")
    return itself


def document(routes: Iterable[Route], version: str) -> Schema:
    """An OpenAPI 3.1 document."""
    every = list(routes)
    bodies = [route.body for route in every if route.body is not None]
    answers = [route.answer for route in every if route.answer is not None]
    kinds = list(dict.fromkeys([*bodies, *answers, Failure]))
    schemas, components = msgspec.json.schema_components(kinds, schema_hook=shape, ref_template=REF)
    schema_of = dict(zip(kinds, schemas, strict=True)).__getitem__
    paths: dict[str, Schema] = {}
    for one in every:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Vedette", "version": version, "license": {"name": "MIT", "identifier": "MIT"}},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": SCOPES}},
            "headers": {"RequestId": {"description": "Finds this request in the logs", "schema": {"type": "string"}}},
        },
    }


def _operation(route: Route, schema_of: Callable[[Any], Schema]) -> Schema:
    operation: Schema = {
        "operationId": re.sub(r"\W+", "_", f"{route.method}{route.path.removeprefix(BASE)}").strip("_").lower(),
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {
            str(route.status): _answer(route, schema_of),
            **{str(status): _failure(status, schema_of(Failure)) for status in _statuses(route)},
        },
    }
    if route.needs is None:
        operation["security"] = []
    else:
        operation["security"] = [{"token": [route.needs]}]
    if body := _request_body(route, schema_of):
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _request_body(route: Route, schema_of: Callable[[Any], Schema]) -> Schema:
    if route.body is not None:
        return {JSON: {"schema": schema_of(route.body)}}
    return {kind: {} for kind in route.takes}


def _path_parameters(route: Route) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in PART.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[Schema]:
    schema = msgspec.json.schema(route.query)
    properties = schema["$defs"][route.query.__name__]["properties"]
    return [{"name": name, "in": "query", "schema": _given(kind)} for name, kind in properties.items()]


def _given(schema: Schema) -> Schema:
    """A parameter is absent or has a value; null is no value that a query can carry."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    given = {**schema, **kinds[0]} if len(kinds) == 1 else dict(schema)
    if "enum" in given:
        given["enum"] = [value for value in given["enum"] if value is not None]
    return {key: value for key, value in given.items() if value is not None and (key != "anyOf" or len(kinds) > 1)}


def _answer(route: Route, schema_of: Callable[[Any], Schema]) -> Schema:
    data = {"type": "null"} if route.answer is None else schema_of(route.answer)
    envelope = {
        "type": "object",
        "required": ["success", "data"],
        "properties": {"success": {"const": True}, "data": data},
    }
    content: Schema = {kind: {} for kind in route.gives}
    if JSON not in content:
        content[JSON] = {"schema": envelope}
    return {"description": route.summary, "content": content, "headers": _headers()}


def _failure(status: int, schema: Schema) -> Schema:
    return {"description": DESCRIPTIONS[status], "content": {JSON: {"schema": schema}}, "headers": _headers()}


def _headers() -> Schema:
    return {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}}


def _statuses(route: Route) -> list[int]:
    """Which failures this route may answer with."""
    carries = route.body is not None or bool(route.takes)
    possible = {
        401: not route.public,
        404: bool(PART.search(route.path)),
        409: route.conflicts,
        429: not route.public,
        413: carries,
        415: bool(route.takes),
    }
    return sorted([status for status, may in possible.items() if may] + [400, 403, 421, 422, 500, 503])
