"""A session that once was ready goes on whatever passes; every venue, through its own wire."""

from __future__ import annotations

import pytest

from coinex_proto import Refusal
from coinex_proto.coinex._refusals import refusal as coinex_refusal
from coinex_proto.coinflex._refusals import refusal as coinflex_refusal
from coinex_proto.qfex._refusals import refusal_of_error


@pytest.mark.parametrize("module", [20_000, 30_000])
@pytest.mark.parametrize("digits", [3001, 3002, 3003, 3999, 4000, 4001, 4002, 4003, 4999])
def test_a_coinex_code_of_the_families_that_mean_later_is_worth_another_try(module: int, digits: int) -> None:
    assert coinex_refusal(module + digits, "").retryable


@pytest.mark.parametrize("code", [20001, 20002, 21001, 21002, 25000, 3001, 4002, 13001])
def test_other_coinex_codes_are_not(code: int) -> None:
    assert not coinex_refusal(code, "").retryable


@pytest.mark.parametrize(
    "code",
    [
        "RateLimited",
        "ServerError",
        "ServiceUnavailable",
        "Maintenance",
        "Timeout",
        "TimedOut",
        "TooManyRequests",
        "Overloaded",
        "InternalError",
        "RATE_LIMIT_EXCEEDED",
        "TryAgainLater",
        "Restarting",
    ],
)
def test_a_qfex_code_that_means_later_is_worth_another_try(code: str) -> None:
    assert refusal_of_error(code, "").retryable


@pytest.mark.parametrize(
    "refusal", [coinex_refusal(25000, ""), refusal_of_error("Unheard", ""), coinflex_refusal(99, "")]
)
def test_a_code_that_nobody_documented_says_so(refusal: Refusal) -> None:
    assert refusal.is_undocumented
    assert not refusal.retryable
