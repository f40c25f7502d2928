"""The keys of credentials over REST; no key ever comes out."""

from typing import Literal

from engine.api.keys import KeysSnapshot
from engine.gateway.rest.bodies import Body
from engine.gateway.rest.route import BASE, Call, Route
from worker.process.secret import Secret

KEYS = f"{BASE}/keys"


class Rotation(Body, frozen=True):
    """Where the key is to be kept, absent: where it is. `secret`: the new passphrase, or the key of the environment."""

    to: Literal["environment", "keychain", "passphrase", "file"] | None = None
    secret: Secret | None = None


def routes() -> list[Route]:
    """The routes of this subject."""
    return [
        Route(
            "GET",
            KEYS,
            _get,
            "Where the key of credentials is kept, and what that protects",
            KeysSnapshot,
            scope="admin",
        ),
        Route(
            "POST", f"{KEYS}/rotate", _rotate, "Change the keys of credentials", KeysSnapshot, Rotation, scope="admin"
        ),
    ]


async def _get(call: Call) -> KeysSnapshot:
    return call.api.keys.get()


async def _rotate(call: Call) -> KeysSnapshot:
    body: Rotation = call.body
    return await call.api.keys.rotate(body.to, body.secret or None)
