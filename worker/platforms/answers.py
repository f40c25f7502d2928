"""What an HTTP answer means: the response, its validators and quota, and the one mapping to PlatformError."""

import codecs
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar, overload

import aiohttp
import msgspec

from worker.platforms.base import Changed, PlatformError, RateLimited, Refused, Unreachable
from worker.protocol.messages import Quota

T = TypeVar("T")

LONGEST_WAIT = 86_400.0  #: seconds; a platform that asks for more is asked again after a day
EPOCH_SECONDS = 1_000_000_000  #: a rate limit's reset above this is a date, below it is a number of seconds


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes the next request conditional; empty strings where the server gave none."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        """The request headers; those that could not stand in a header are left out."""
        wanted = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in wanted.items() if value and value.isprintable()}


@dataclass(frozen=True, slots=True)
class Response:
    """One whole answer.

    Attributes:
        headers: names are compared without regard to case.
        body: decompressed; empty if `not_modified`.
        url: where it came from after redirects, without user name and password.
        who: host (and port) for sentences.
        quota: what the platform said is left, None if it said nothing.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    who: str
    validators: Validators
    not_modified: bool = False
    quota: Quota | None = None

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @overload
    def json(self) -> object: ...
    @overload
    def json(self, type: type[T]) -> T: ...
    def json(self, type: type[T] | type[object] = object) -> T | object:
        """The body decoded from JSON, checked against `type`.

        Raises:
            Changed: if it is no JSON or does not fit; says where.
        """
        try:
            return msgspec.json.decode(self.body.removeprefix(codecs.BOM_UTF8), type=type)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Changed(f"The answer of {self.who} is not what it documents: {error}.") from None


def failure(status: int, headers: Mapping[str, str], who: str, now_ms: int) -> PlatformError:
    """The error that an answer with `status` >= 400 stands for.

    Args:
        who: host (and port) for the sentence.
        now_ms: milliseconds since 1970 UTC, to understand dates in the headers.
    """
    quota = quota_of(headers, now_ms)
    wait = _wait(headers, quota, now_ms)
    spent = quota is not None and quota.remaining == 0
    if status == 429 or (status == 403 and (spent or "Retry-After" in headers)):
        return RateLimited(f"{who} wants fewer requests (HTTP {status}){_again(wait)}", retry_after=wait, quota=quota)
    wait = retry_after_of(headers, now_ms)
    if status in (401, 403):
        sentence = (
            f"{who} refuses access (HTTP {status}). Check the account's credentials and enter them again. "
            "It is not asked before that."
        )
        return Refused(sentence, quota=quota)
    if status >= 500 or status in (408, 425):
        sentence = f"{who} has a problem of its own (HTTP {status}){_again(wait)}"
        return Unreachable(sentence, retry_after=wait, quota=quota)
    if status in (404, 410):
        return Changed(f"{who} has nothing at this address (HTTP {status}). Check the account's settings.", quota=quota)
    return Changed(f"{who} does not take this request (HTTP {status}). Check the account's settings.", quota=quota)


def _again(wait: float | None) -> str:
    """What the platform asked for; after several failures we may wait longer, so the moment is not promised here."""
    return ". It will be tried again later." if wait is None else f" and asks to wait {math.ceil(wait)} s."


_TRANSPORT: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], type[PlatformError], str], ...] = (
    (TimeoutError, Unreachable, "{who} did not answer within {timeout:g} s. It will be tried again later."),
    ((aiohttp.InvalidURL, UnicodeError), Changed, "{who} is no usable web address. Check the account's settings."),
    (
        aiohttp.ClientConnectorDNSError,
        Unreachable,
        "No server named {who} was found. Check the address and the network connection.",
    ),
    (aiohttp.ClientSSLError, Unreachable, "No secure connection to {who}: its certificate or TLS set-up is not valid."),
    (aiohttp.ClientConnectorError, Unreachable, "No connection to {who}. Check the address and that the server runs."),
    (aiohttp.ClientResponseError, Changed, "{who} does not answer in valid HTTP. Check the account's settings."),
    (Exception, Unreachable, "{who} broke the connection off. It will be tried again later."),
)  #: the first that fits counts


def transport_failure(error: Exception, who: str, timeout: float) -> PlatformError:
    """The error that stands for an exception of aiohttp, asyncio or the system: no usable answer came.

    The exception's own text is left out: it may hold the URL, and with it a secret.
    """
    kind, sentence = next((kind, sentence) for types, kind, sentence in _TRANSPORT if isinstance(error, types))
    return kind(sentence.format(who=who, timeout=timeout))


def retry_after_of(headers: Mapping[str, str], now_ms: int) -> float | None:
    """Seconds from a Retry-After header (a number or an HTTP date), at most a day; None if absent or nonsense."""
    value = headers.get("Retry-After", "").strip()
    seconds = _number(value)
    if seconds is None and value:
        moment = _date_ms(value)
        seconds = None if moment is None else (moment - now_ms) / 1000
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_WAIT)


def _wait(headers: Mapping[str, str], quota: Quota | None, now_ms: int) -> float | None:
    said = retry_after_of(headers, now_ms)
    if said is not None or quota is None or quota.resets_at is None:
        return said
    return min(max((quota.resets_at - now_ms) / 1000, 0.0), LONGEST_WAIT)


def quota_of(headers: Mapping[str, str], now_ms: int) -> Quota | None:
    """What X-RateLimit-* (or RateLimit-*) headers say; None if they say nothing.

    The reset may be seconds from now, seconds or milliseconds since 1970, or an ISO or HTTP date.
    """
    remaining, limit = (_number(_rate_header(headers, name)) for name in ("Remaining", "Limit"))
    if remaining is None and limit is None:
        return None
    return Quota(
        remaining=None if remaining is None else int(remaining),
        limit=None if limit is None else int(limit),
        resets_at=_reset_ms(_rate_header(headers, "Reset"), now_ms),
    )


def _rate_header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(f"X-RateLimit-{name}", "") or headers.get(f"RateLimit-{name}", "")


def _reset_ms(value: str, now_ms: int) -> int | None:
    number = _number(value)
    if number is None:
        return _date_ms(value) if value else None
    if number < EPOCH_SECONDS:
        return now_ms + int(number * 1000)
    return int(number if number > EPOCH_SECONDS * 1000 else number * 1000)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < 2**53 else None


def _date_ms(value: str) -> int | None:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(value)
        except (ValueError, TypeError, OverflowError):
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(int(moment.timestamp() * 1000), 0)
    return None
