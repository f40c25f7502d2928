"""Keeps secrets out of sentences."""

import base64
from collections.abc import Iterable
from itertools import permutations
from urllib.parse import quote, quote_plus

from worker.process.secret import Secret

#: shorter secrets would black out ordinary words; our sentences hold a host and a number, so they cannot hold these
SHORTEST = 4


class Redactor:
    """Replaces secrets by `***`, in every form that a request or an answer may carry them.

    Forms: as it is, percent-encoded, hexadecimal, base64 (both alphabets), and basic authorization of any two.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._secrets = tuple(secrets)

    def __call__(self, text: str) -> str:
        """`text` without secrets."""
        if not self._secrets:
            return text
        for form in sorted(self._forms(), key=len, reverse=True):
            text = text.replace(form, "***")
        return text

    def _forms(self) -> set[str]:
        plain = [secret.reveal() for secret in self._secrets]
        pairs = [f"{one}:{other}" for one, other in permutations(plain, 2)]
        return {form for value in (*plain, *pairs) if len(value) >= SHORTEST for form in _forms_of(value)}


def _forms_of(value: str) -> Iterable[str]:
    raw = value.encode()
    yield from (value, quote(value), quote(value, safe=""), quote_plus(value), raw.hex())
    for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        yield from (encoded.decode(), encoded.decode().rstrip("="))
