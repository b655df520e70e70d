"""The error table: both number ranges, and what to do about each."""

import pytest

from coinex_proto.coinex._refusals import refusal


@pytest.mark.parametrize("base", [20_000, 30_000])
@pytest.mark.parametrize(
    ("code", "retryable", "is_clock", "is_unknown", "ends_login"),
    [
        (1, False, False, False, False),
        (2, False, False, False, False),
        (1001, False, False, False, True),
        (1002, False, True, False, False),
        (3001, True, False, True, False),
        (3002, True, False, False, False),
        (4001, True, False, False, False),
        (4002, True, False, False, False),
        (9999, False, False, False, False),
    ],
)
def test_s17_s7_s4_spot_and_futures_codes_mean_the_same(
    base: int, code: int, retryable: bool, is_clock: bool, is_unknown: bool, ends_login: bool
) -> None:
    found = refusal(base + code, "")
    assert found.code == base + code
    assert (found.retryable, found.is_clock, found.is_unknown, found.ends_login) == (
        retryable,
        is_clock,
        is_unknown,
        ends_login,
    )
    assert found.hint


@pytest.mark.parametrize("code", [3002, 1, -20_001, 10**30, 53_002])
def test_a_code_outside_both_ranges_is_passed_on_and_not_retried(code: int) -> None:
    found = refusal(code, "busy")
    assert (found.code, found.message, found.retryable) == (code, "busy", False)


def test_the_text_of_the_venue_decides_nothing() -> None:
    assert refusal(20001, "signature incorrect, please retry").retryable is False
