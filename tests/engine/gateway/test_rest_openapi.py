"""openapi.json tells what the routes are, in schemas that hold together."""

import re
from collections.abc import Iterator
from typing import Any

from engine.gateway.rest.routes import all_routes
from tests.support.gateway import house

TYPES = {"object", "array", "string", "integer", "number", "boolean", "null"}


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


async def document() -> dict[str, Any]:
    async with house() as opened:
        status, answer, response = await opened.ask("GET", "/openapi.json")
        assert status == 200 and response.content_type == "application/json"
        return dict(answer)


async def test_every_route_is_there_and_nothing_else() -> None:
    paths = (await document())["paths"]
    listed = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert listed == {(route.method, route.path) for route in all_routes("")}


async def test_every_reference_leads_somewhere() -> None:
    content = await document()
    references = [node["$ref"] for node in walk(content) if "$ref" in node]
    assert len(references) > 100
    for reference in references:
        target: Any = content
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert isinstance(target, dict)


async def test_schemas_use_the_words_of_json_schema() -> None:
    schemas = (await document())["components"]["schemas"]
    for node in walk({"properties": schemas}):
        if isinstance(node.get("type"), str) and "properties" in node:
            assert node["type"] in TYPES
            assert set(node.get("required", ())) <= set(node["properties"])
    assert all(re.fullmatch(r"[\w.-]+", name) for name in schemas)


async def test_only_public_routes_go_without_the_token() -> None:
    content = await document()
    assert content["security"] == [{"token": []}]
    for route in all_routes(""):
        operation = content["paths"][route.path][route.method.lower()]
        assert operation["security"] == ([] if route.public else [{"token": [route.scope]}])
        assert ("401" in operation["responses"]) != route.public


async def test_bodies_parameters_and_answers_come_from_the_types_that_validate() -> None:
    content = await document()
    create = content["paths"]["/api/v1/accounts"]["post"]
    reference = create["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    body = content["components"]["schemas"][reference.rsplit("/", 1)[1]]
    assert body["additionalProperties"] is False and set(body["required"]) == {"platform", "display_name"}
    assert {"201", "400", "401", "403", "413", "421", "422", "500"} <= set(create["responses"])
    feed = content["paths"]["/api/v1/detections"]["get"]["parameters"]
    assert {
        "account_id",
        "platform",
        "kind",
        "unread",
        "handled",
        "q",
        "since",
        "until",
        "after",
        "before",
        "limit",
    } <= {parameter["name"] for parameter in feed}
    assert {"type": "boolean"} in [parameter["schema"] for parameter in feed]
    one = content["paths"]["/api/v1/accounts/{id}"]["patch"]
    assert {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}} in one["parameters"]
    assert "409" in one["responses"] and "404" in one["responses"]


async def test_operation_ids_are_unique() -> None:
    operations = [one for path in (await document())["paths"].values() for one in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
