"""Every route there is."""

from engine.gateway.rest import (
    accounts,
    dead_letters,
    detections,
    gaps,
    hello,
    join,
    journal,
    keys,
    openapi,
    tokens,
    workers,
)
from engine.gateway.rest.route import Route


def all_routes(version: str) -> list[Route]:
    """All routes; `version` is the master's, for hello and openapi.json."""
    rooms = (accounts, gaps, workers, join, detections, dead_letters, journal, keys, tokens)
    routes = [*hello.routes(version), *(route for room in rooms for route in room.routes())]
    return [*routes, openapi.route(routes, version)]
