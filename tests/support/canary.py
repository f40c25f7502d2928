"""Secrets that are looked for wherever they must not be, in every form in which something may carry them."""

import base64
import json
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import psutil


def canary(name: str) -> str:
    """A secret of its own, with characters that URLs, JSON and base64 write differently."""
    return f'{name}-/é+&"{secrets.token_hex(6)}?='


def forms(secret: str | bytes) -> dict[str, bytes]:
    """Every form, by its name. Base64 in its three alignments: a secret may stand inside of something longer."""
    raw = secret.encode() if isinstance(secret, str) else secret
    found = {"as it is": raw, "hexadecimal": raw.hex().encode(), "HEXADECIMAL": raw.hex().upper().encode()}
    for before in range(3):
        start, end = (before * 8 + 5) // 6, (before + len(raw)) * 8 // 6
        encoded = base64.b64encode(bytes(before) + raw)[start:end]
        found[f"base64 after {before}"] = encoded
        found[f"base64url after {before}"] = encoded.replace(b"+", b"-").replace(b"/", b"_")
    if isinstance(secret, str):
        found["percent-encoded"] = quote(secret, safe="").encode()
        found["percent-encoded, as in a path"] = quote(secret).encode()
        found["form-encoded"] = quote_plus(secret).encode()
        found["in JSON"] = json.dumps(secret)[1:-1].encode()
        found["in JSON, as UTF-8"] = json.dumps(secret, ensure_ascii=False)[1:-1].encode()
        found["repr"] = repr(secret)[1:-1].encode()
        found["UTF-16"] = secret.encode("utf-16-le")
    return found


class Hunt:
    """Looks for all forms of all secrets at once."""

    def __init__(self, wanted: dict[str, str | bytes]) -> None:
        self._names: dict[bytes, str] = {}
        for name, secret in wanted.items():
            for form, needle in forms(secret).items():
                self._names.setdefault(needle, f"{name} {form}")
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first)))

    def found(self, content: bytes) -> set[str]:
        """What of it is in there: “name form”."""
        return {self._names[match] for match in self._pattern.findall(content)}

    def through(self, places: Iterable[tuple[str, bytes]]) -> list[str]:
        """“place: name form” of everything found."""
        return sorted(f"{place}: {what}" for place, content in places for what in self.found(content))


def files(directory: Path, *, but: Iterable[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Every file below a directory; `but` are the names of those whose purpose it is to hold a secret."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.name not in but:
            yield str(path.relative_to(directory)), path.read_bytes()


def processes(pid: int) -> Iterator[tuple[str, bytes]]:
    """Command line and environment of a process and all below it, as the system shows them."""
    process = psutil.Process(pid)
    for each in (process, *process.children(recursive=True)):
        for name in ("cmdline", "environ"):
            yield f"/proc/{each.pid}/{name}", Path(f"/proc/{each.pid}/{name}").read_bytes()
