"""Takes secrets out of text that leaves the house: those that are known, and whatever looks like one.

Nothing of ours writes a secret into a log; this is for the day on which something does.
"""

import base64
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from engine.config import Options
from engine.store.database import Database
from engine.store.errors import StoreError
from engine.store.keys import read_box
from engine.vault.errors import VaultError
from engine.vault.keeper import KIND
from engine.vault.opening import open_vault
from engine.vault.sources import Offered, Sources

SHORTEST = 6  #: shorter ones would black out ordinary words
MOST = 20_000  #: secrets that are looked for one by one
MASK = "***"
#: a value behind such a name, an Authorization header, user and password in a URL, a join code, 32 and more characters
#: of base64 or hexadecimal (request ids have 16)
_LOOKS_SECRET = re.compile(
    r"""(?ix)
    (?P<before> (?: pass(?:word|phrase|wd) | secret | token | api[_-]?key | credentials? | cookie )
        ["']? \s*[:=]\s* ["']? )
        (?! \*\*\* | null | true | false | \d{1,6}\b ) [^\s"',;}&]{4,}
    | (?P<scheme> (?: bearer | basic ) \s+ ) [\w.~+/=-]{6,}
    | (?P<url> https?:// ) [^\s/@"']+ : [^\s/@"']+ @
    | VDT1\.[\w-]+
    | (?<![\w/.-]) (?= [\w+/=-]*\d ) [\w+/-]{32,} ={0,2} (?![\w/.-])
    """
)


class Redaction:
    """Replaces secrets by `***`."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without them."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return _LOOKS_SECRET.sub(_masked, text)


def known_secrets(options: Options, offered: Offered) -> set[str]:
    """Every secret of this installation that can be opened right now, without asking anybody."""
    found = {secret.reveal() for secret in (options.encryption_key, options.passphrase) if secret is not None}
    with suppress(OSError, msgspec.DecodeError, KeyError):
        found.add(msgspec.json.decode((options.data_dir / "master.json").read_bytes())["token"])
    with suppress(OSError):
        found.add((options.data_dir / "vault.key").read_text(errors="replace").strip())
    with suppress(VaultError, StoreError, sqlite3.Error, SQLAlchemyError, OSError):
        found |= _credentials(options, offered)
    return found


def _credentials(options: Options, offered: Offered) -> set[str]:
    if not options.db_path.exists():
        return set()
    with closing(Database(options.db_path).reader()) as connection:
        box = read_box(connection)
        query = "SELECT accounts.id, blob FROM credentials JOIN accounts ON accounts.key = account LIMIT ?"
        rows = connection.exec_driver_sql(query, (MOST,)).all()
    if not box.source or not rows:
        return set()
    sources = Sources(options.data_dir, offered, mend=False)
    vault, _, _ = open_vault(box, sources, datetime.now(UTC), sealed_exist=True)
    found: set[str] = set()
    for account_id, blob in rows:
        with suppress(VaultError, msgspec.DecodeError):
            found |= set(msgspec.json.decode(vault.open(account_id, KIND, blob), type=dict[str, str]).values())
    return found


def _forms(secret: str) -> Iterable[str]:
    raw = secret.encode()
    yield from (secret, quote(secret, safe=""), quote_plus(secret), raw.hex())
    yield from (base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("="))


def _masked(found: re.Match[str]) -> str:
    kept = found.group("before") or found.group("scheme") or found.group("url") or ""
    return kept + MASK + ("@" if found.group("url") else "")
