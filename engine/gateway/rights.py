"""Who asks, and what they may: looked up for each request and each event, never kept with a connection."""

from dataclasses import dataclass

from engine.api.tokens import ApiTokens
from engine.gateway.auth import Tokens
from engine.records import Scope

OWNER = "the token of this start"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever showed a right token. `token_id` is empty for the token of master.json."""

    name: str
    scope: Scope
    token_id: str = ""
    device_id: str = ""


_OWNER = Caller(OWNER, "admin")


class Rights:
    """Knows both kinds of tokens that open REST and /client."""

    def __init__(self, tokens: Tokens, api_tokens: ApiTokens) -> None:
        self._tokens = tokens
        self._api_tokens = api_tokens

    def of(self, secret: object, address: str) -> Caller | None:
        """Who shows this token, from this address; None if it is no right one."""
        token = self._api_tokens.find(secret)  # both are always compared: time must not tell which kind it is
        if self._tokens.check_client(secret):
            return _OWNER
        if token is None:
            return None
        self._api_tokens.used(token, address)
        return Caller(token.name, token.scope, token.id, token.device_id)

    def now(self, caller: Caller) -> Caller | None:
        """The same, as of this moment; None if the token counts no longer."""
        if not caller.token_id:
            return _OWNER
        token = self._api_tokens.live(caller.token_id)
        return None if token is None else Caller(token.name, token.scope, token.id, token.device_id)
