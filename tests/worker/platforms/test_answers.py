"""What statuses and headers mean."""

import pytest
from multidict import CIMultiDict

from worker.platforms.answers import LONGEST_WAIT, failure, quota_of, retry_after_of
from worker.platforms.base import Changed, PlatformError, RateLimited, Refused, Unreachable
from worker.protocol.messages import Quota

NOW = 1_794_980_800_000  # 2026-11-18T05:46:40Z


def headers(**values: str) -> CIMultiDict[str]:
    return CIMultiDict({name.replace("_", "-"): value for name, value in values.items()})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Changed), (401, Refused), (403, Refused), (404, Changed), (408, Unreachable), (410, Changed),
        (422, Changed), (429, RateLimited), (500, Unreachable), (502, Unreachable), (503, Unreachable),
    ],
)  # fmt: skip
def test_each_status_has_its_error_and_sentence(status: int, kind: type[PlatformError]) -> None:
    error = failure(status, headers(), "shop.example", NOW)
    assert type(error) is kind
    assert error.message.startswith("shop.example ")
    assert f"HTTP {status}" in error.message
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0), ("0", 0.0), ("1.5", 1.5), ("Wed, 18 Nov 2026 05:47:40 GMT", 60.0),
        ("Wed, 18 Nov 2020 05:47:40 GMT", 0.0), ("999999999", LONGEST_WAIT), ("soon", None), ("", None),
        ("-5", None), ("nan", None), ("inf", None), ("Wed, 99 Foo 2026", None),
    ],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_of(headers(Retry_After=value), NOW) == seconds


def test_an_unavailable_server_keeps_its_retry_after() -> None:
    error = failure(503, headers(Retry_After="30"), "shop.example", NOW)
    assert isinstance(error, Unreachable)
    assert error.retry_after == 30
    assert "30 s" in error.message


def test_a_spent_quota_is_a_rate_limit_even_as_403_and_says_when() -> None:
    spent = headers(X_RateLimit_Remaining="0", X_RateLimit_Limit="60", X_RateLimit_Reset=str(NOW // 1000 + 90))
    error = failure(403, spent, "api.example", NOW)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 90
    assert error.quota == Quota(remaining=0, limit=60, resets_at=NOW + 90_000)


@pytest.mark.parametrize(
    ("reset", "at"),
    [
        (str(NOW // 1000 + 5), NOW + 5000),
        (str(NOW + 5000), NOW + 5000),
        ("5", NOW + 5000),
        ("2026-11-18T05:46:45.000Z", NOW + 5000),
        ("later", None),
        ("", None),
    ],
)
def test_quota_resets_come_in_four_spellings(reset: str, at: int | None) -> None:
    said = headers(X_RateLimit_Remaining="7.0", X_RateLimit_Reset=reset)
    assert quota_of(said, NOW) == Quota(remaining=7, resets_at=at)


def test_the_headers_of_the_ietf_draft_count_too() -> None:
    assert quota_of(headers(RateLimit_Remaining="2", RateLimit_Limit="3"), NOW) == Quota(remaining=2, limit=3)
    assert quota_of(headers(X_RateLimit_Remaining="many"), NOW) is None
