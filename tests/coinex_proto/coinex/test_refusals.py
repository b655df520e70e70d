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


HINTS = {
    1: "a parameter is wrong",
    2: "does not know the method",
    1001: "not signed in",
    1002: "check access id, secret key",
    3001: "may have taken effect",
    3002: "wait a second or more",
    4001: "inside the exchange",
    4002: "not available now",
    3000: "not documented; its like say that the exchange is busy",
    3003: "not documented; its like say that the exchange is busy",
    4999: "not documented; its like say that the exchange is busy",
    2999: "not documented; the same request is not repeated",
    5000: "not documented; the same request is not repeated",
    0: "not documented; the same request is not repeated",
}


@pytest.mark.parametrize("digits", list(HINTS))
def test_a_code_says_what_to_do_by_its_last_four_digits(digits: int) -> None:
    found = refusal(20_000 + digits, "")
    assert HINTS[digits] in found.hint
    assert found.retryable is (3000 <= digits < 5000)
    assert found.is_undocumented is ("the same request" in found.hint)


@pytest.mark.parametrize("code", [19_999, 40_000, 43_002, 3002])
def test_a_code_of_neither_half_says_nothing(code: int) -> None:
    found = refusal(code, "")
    assert (found.retryable, found.is_undocumented) == (False, True)


@pytest.mark.parametrize("code", [3002, 1, -20_001, 10**30, 53_002])
def test_a_code_outside_both_ranges_is_passed_on_and_not_retried(code: int) -> None:
    found = refusal(code, "busy")
    assert (found.code, found.message, found.retryable) == (code, "busy", False)


def test_the_text_of_the_venue_decides_nothing() -> None:
    assert refusal(20001, "signature incorrect, please retry").retryable is False
