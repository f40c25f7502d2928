"""Who may come in: one token for front ends, one a start for each local worker's process."""

import hmac
import secrets

TOKEN_BYTES = 32


def new_token() -> str:
    """256 bits of chance, safe in a header and in JSON."""
    return secrets.token_urlsafe(TOKEN_BYTES)


class Tokens:
    """Compares tokens in constant time. A worker's token opens only /worker, the client token everything else.

    Args:
        client: the client token; without one a new one is made.
    """

    def __init__(self, client: str = "") -> None:
        self._client = client or new_token()
        self._workers: dict[str, str] = {}

    @property
    def client(self) -> str:
        """The token that goes into master.json."""
        return self._client

    def check_client(self, token: object) -> bool:
        """Whether this is the client token."""
        return _same(token, self._client)

    def issue(self, worker_id: str) -> str:
        """A token for one start of this worker's process; the one before it no longer counts."""
        self._workers[worker_id] = new_token()
        return self._workers[worker_id]

    def check_worker(self, worker_id: object, token: object) -> bool:
        """Whether this is the token issued last for this worker."""
        known = self._workers.get(worker_id) if isinstance(worker_id, str) else None
        # an unknown worker costs the same comparison, or the time taken would tell which ids exist
        return _same(token, known or new_token()) and known is not None

    def forget(self, worker_id: str) -> None:
        """Its token no longer counts."""
        self._workers.pop(worker_id, None)


def _same(given: object, expected: str) -> bool:
    if not isinstance(given, str):
        return False
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode())
