"""Runs one platform the way a worker does, without the worker."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from worker.platforms.base import Platform, Session
from worker.platforms.http import HttpPool
from worker.platforms.redaction import Redactor
from worker.platforms.tcp import Tcp
from worker.process import clock
from worker.process.secret import Secret
from worker.protocol.descriptor import validate_values


@asynccontextmanager
async def http_pool(**options: Any) -> AsyncIterator[HttpPool]:
    """An open HttpPool."""
    pool = HttpPool(**options)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


def session_for(
    platform: Platform,
    pool: HttpPool,
    settings: dict[str, Any],
    credentials: dict[str, str] | None = None,
    wall_ms: Callable[[], int] = clock.wall_ms,
    look: Callable[[], None] = lambda: None,
) -> Session:
    """A session whose settings went through the platform's own descriptor; `look` is asked before each request."""
    checked = validate_values(platform.descriptor.setting_fields, settings)
    given = validate_values(platform.descriptor.credential_fields, dict(credentials or {}))
    secrets = {name: Secret(str(value)) for name, value in given.items()}
    allowed = bool(checked.get("allow_private_network"))
    http = pool.bind(allow_private_network=allowed, secrets=secrets.values(), may_start=look, wall_ms=wall_ms)
    tcp = Tcp(allowed, Redactor(secrets.values()), look, lambda: pool.timeout)
    return Session(
        settings=checked, credentials=secrets, http=http, tcp=tcp, wall_ms=wall_ms, standing=lambda: pool.timeout
    )
