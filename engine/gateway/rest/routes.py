"""Every route there is."""

from engine.gateway.rest import accounts, dead_letters, detections, hello, journal, keys, openapi, workers
from engine.gateway.rest.route import Route


def all_routes(version: str) -> list[Route]:
    """All routes; `version` is the master's, for hello and openapi.json."""
    routes = [
        *hello.routes(version),
        *accounts.routes(),
        *workers.routes(),
        *detections.routes(),
        *dead_letters.routes(),
        *journal.routes(),
        *keys.routes(),
    ]
    return [*routes, openapi.route(routes, version)]
