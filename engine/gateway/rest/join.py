"""Join codes, and the one request by which a worker on another machine is let in."""

import base64
import binascii
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from engine.api.errors import Invalid
from engine.api.remote import DEFAULT_TTL, Enrolled
from engine.gateway.rest.bodies import Body
from engine.gateway.rest.respond import Page
from engine.gateway.rest.route import BASE, Call, Route
from engine.records import OpenCode
from worker.protocol.join_code import TOKEN_BYTES

CODES = f"{BASE}/join-codes"
KEY_BYTES = 32


class NewCodeBody(Body, frozen=True):
    """A code to give out: for `uses` workers, for `ttl` seconds; `name` is for the worker that joins by it."""

    uses: int = 1
    ttl: int = DEFAULT_TTL
    name: str = ""


class CodeAnswer(Struct, frozen=True):
    """A fresh code. `code` is shown this once; `command` is what to type on the other machine."""

    id: str
    code: str
    command: str
    name: str
    uses_left: int
    expires_at: datetime


class EnrolBody(Body, frozen=True):
    """What a worker says to be let in: the code's token and its own Ed25519 key, both base64url without padding."""

    token: Annotated[str, Meta(min_length=1, max_length=100)]
    public_key: Annotated[str, Meta(min_length=1, max_length=100)]
    name: Annotated[str, Meta(max_length=64)] = ""
    host: Annotated[str, Meta(max_length=64)] = ""
    capacity: Annotated[int, Meta(ge=0, le=100_000)] = 100


def routes() -> list[Route]:
    """The routes of this subject."""
    enrol = Route(
        "POST",
        f"{BASE}/enroll",
        _enrol,
        "Join as a worker by a code",
        Enrolled,
        EnrolBody,
        status=201,
        public=True,
        remote=True,
        conflicts=True,
    )
    return [
        Route(
            "POST",
            CODES,
            _create,
            "Give a join code out",
            CodeAnswer,
            NewCodeBody,
            status=201,
            conflicts=True,
            scope="admin",
        ),
        Route("GET", CODES, _page, "Join codes that still let somebody in", Page[OpenCode], scope="admin"),
        Route("DELETE", f"{CODES}/{{id}}", _cancel, "Cancel a join code", scope="admin"),
        enrol,
    ]


async def _create(call: Call) -> CodeAnswer:
    body: NewCodeBody = call.body
    made = await call.api.remote.create_code(body.uses, body.ttl, body.name)
    return CodeAnswer(made.id, made.code, made.command, made.name, made.uses_left, made.expires_at)


async def _page(call: Call) -> Page[OpenCode]:
    return Page(await call.api.remote.codes())


async def _cancel(call: Call) -> None:
    await call.api.remote.cancel(call.parts["id"])


async def _enrol(call: Call) -> Enrolled:
    body: EnrolBody = call.body
    token, key = _bytes("token", body.token, TOKEN_BYTES), _bytes("public_key", body.public_key, KEY_BYTES)
    return await call.api.remote.enrol(token, key, body.name, body.host, body.capacity)


def _bytes(field: str, text: str, length: int) -> bytes:
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != length:
        raise Invalid(field, f"“{field}” is {length} bytes in base64url")
    return value
