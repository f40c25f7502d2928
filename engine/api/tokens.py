"""API tokens: named, scoped, shown once, revocable at once."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from engine.api import actor
from engine.api.errors import Conflict, Invalid, NotFound
from engine.bus import Bus
from engine.events import RightsChanged, TokenRevoked
from engine.records import SCOPES, ApiToken, Scope, StorageFault, from_ms
from worker.process.logs import current_request_id
from worker.process.tasks import spawn

MAX_LIVE = 100  #: tokens that count; each attempt is compared with all of them
MAX_NAME = 64
MAX_SEEN = 1000  #: pairs of token and address that are remembered as seen
PREFIX = "vdt_"  #: lets scanners of repositories find a token that was committed
TOUCH = timedelta(minutes=1)  #: how exact `last_used_at` is

log = structlog.get_logger("tokens")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to make. See ApiToken."""

    name: str
    scope: Scope
    expires_at: datetime | None = None
    device_id: str = ""
    device_name: str = ""


@dataclass(frozen=True, slots=True)
class TokenMade:
    """A new token. `secret` is shown this once: nothing keeps it."""

    token: ApiToken
    secret: str = field(repr=False)


class TokenKeeper(Protocol):
    """Where tokens are stored, with the SHA-256 of each."""

    async def load_all(self) -> list[tuple[ApiToken, bytes]]: ...
    async def add(self, token: ApiToken, digest: bytes) -> None: ...
    async def revoke(self, token_id: str, at: datetime) -> None: ...
    async def touch(self, token_id: str, at: datetime) -> None: ...


class ApiTokens:
    """What a front end may do with tokens, and what the doors ask about them. `load` comes first."""

    def __init__(self, store: TokenKeeper, bus: Bus, wall_ms: Callable[[], int]) -> None:
        self._store = store
        self._bus = bus
        self._wall_ms = wall_ms
        self._tokens: dict[str, ApiToken] = {}
        self._digests: dict[str, bytes] = {}
        self._seen: set[tuple[str, str]] = set()
        self._touched: dict[str, datetime] = {}
        self._touching: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Learn what is stored."""
        for token, digest in await self._store.load_all():
            self._tokens[token.id] = token
            if token.revoked_at is None:
                self._digests[token.id] = digest

    async def close(self) -> None:
        """Finish writing down which tokens were used."""
        if self._touching is not None:
            await self._touching

    def all(self) -> list[ApiToken]:
        """All, newest first; revoked and expired ones too."""
        return sorted(self._tokens.values(), key=lambda token: (token.created_at, token.id), reverse=True)

    async def create(self, wanted: NewToken) -> TokenMade:
        """Make a token. Raises Invalid, Conflict."""
        self._forget_expired()
        self._check(wanted)
        token = ApiToken(
            id=f"tok_{secrets.token_hex(6)}",
            name=wanted.name.strip(),
            scope=wanted.scope,
            created_at=self._now(),
            expires_at=wanted.expires_at,
            device_id=wanted.device_id,
            device_name=wanted.device_name,
        )
        secret = PREFIX + secrets.token_urlsafe(32)
        await self._store.add(token, _digest(secret))
        self._tokens[token.id], self._digests[token.id] = token, _digest(secret)
        self._changed(token, "token created")
        return TokenMade(token, secret)

    async def revoke(self, token_id: str) -> None:
        """It counts no longer, from this moment on. Raises NotFound."""
        token = self._tokens.get(token_id)
        if token is None or token.revoked_at is not None:
            raise NotFound(f"there is no token “{token_id[:64]}”")
        self._digests.pop(token_id, None)  # before anything that can fail: what was revoked must not work on
        self._bus.publish(TokenRevoked(token_id))
        await self._store.revoke(token_id, self._now())
        self._tokens[token_id] = replace(token, revoked_at=self._now())
        self._changed(token, "token revoked")

    def find(self, secret: object) -> ApiToken | None:
        """The token that counts right now with this secret. Takes as long for a wrong one as for a right one."""
        if not isinstance(secret, str):
            return None
        given, found = _digest(secret), ""
        for token_id, digest in self._digests.items():
            if hmac.compare_digest(given, digest):
                found = token_id
        return self.live(found)

    def live(self, token_id: str) -> ApiToken | None:
        """The token with this id, if it counts right now."""
        token = self._tokens.get(token_id)
        if token is None or token_id not in self._digests:
            return None
        return None if token.expires_at is not None and token.expires_at <= self._now() else token

    def used(self, token: ApiToken, address: str) -> None:
        """It opened a door just now, from there. Never waits."""
        if (token.id, address) not in self._seen:
            if len(self._seen) >= MAX_SEEN:
                self._seen.clear()
            self._seen.add((token.id, address))
            self._changed(token, "token used from a new address", by=token.name, address=address)
        now = self._now()
        if token.last_used_at is None or now - token.last_used_at >= TOUCH:
            self._tokens[token.id] = replace(token, last_used_at=now)
            self._touched[token.id] = now
            if self._touching is None or self._touching.done():
                self._touching = spawn(self._write_touched(), name="tokens:used")

    def _check(self, wanted: NewToken) -> None:
        if not 1 <= len(wanted.name.strip()) <= MAX_NAME:
            raise Invalid("name", f"a token's name has 1 to {MAX_NAME} characters")
        if wanted.scope not in SCOPES:
            raise Invalid("scope", "a token's scope is read, operate or admin")
        if wanted.expires_at is not None and wanted.expires_at <= self._now():
            raise Invalid("expires_at", "“expires_at” has passed already")
        for name in ("device_id", "device_name"):
            if len(getattr(wanted, name)) > MAX_NAME:
                raise Invalid(name, f"“{name}” is longer than {MAX_NAME} characters")
        if len(self._digests) >= MAX_LIVE:
            raise Conflict(f"there are {MAX_LIVE} tokens already: revoke one first", code="too_many_tokens")

    def _forget_expired(self) -> None:
        """They cannot come back, so nobody needs to be compared with them."""
        for token_id in list(self._digests):
            if self.live(token_id) is None:
                del self._digests[token_id]

    async def _write_touched(self) -> None:
        while self._touched:
            token_id, at = self._touched.popitem()
            try:
                await self._store.touch(token_id, at)
            except StorageFault as error:  # a full disk, say: the time of its last use is not worth more than a line
                log.info("tokens.use_not_saved", why=str(error))

    def _changed(self, token: ApiToken, what: str, *, by: str = "", **details: str) -> None:
        facts = {"name": token.name, "scope": token.scope, **details}
        self._bus.publish(RightsChanged(token.id, what, by or actor.current(), current_request_id(), facts))

    def _now(self) -> datetime:
        return from_ms(self._wall_ms())


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()
