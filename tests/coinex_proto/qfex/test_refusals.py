"""Error codes and statuses: what each means, row by row, and how long to keep away."""

import pytest

from coinex_proto.qfex._refusals import MAX_PAUSE, RATE_PAUSE, refusal_of_error, refusal_of_login, refusal_of_status


@pytest.mark.parametrize(
    ("code", "retryable", "is_unknown", "words"),
    [
        ("RateLimited", True, False, "too many messages"),
        ("InvalidJSONFormat", False, False, "could not read"),
        ("AlreadyAuthenticated", False, False, "signed in already"),
        ("InvalidParameter", False, False, "missing or out of range"),
        ("PermissionDenied", False, False, "may not do this"),
        ("ServerError", True, True, "inside the exchange"),
        ("InvalidOrder", False, False, "malformed"),
        ("KycRequired", False, False, "verified first"),
        ("TncRequired", False, False, "accepted first"),
        ("OfNextYear", False, False, "not documented"),
    ],
)
def test_an_error_code_has_a_meaning(code: str, retryable: bool, is_unknown: bool, words: str) -> None:
    found = refusal_of_error(code, "said")
    assert (found.code, found.message, found.retryable, found.is_unknown) == (code, "said", retryable, is_unknown)
    assert words in found.hint
    assert found.is_undocumented is (code == "OfNextYear")
    assert found.pause == (RATE_PAUSE if code == "RateLimited" else 0.0)


@pytest.mark.parametrize("code", ["ServiceUnavailable", "TooManyRequests", "RequestTimedOut", "Timeout", "RATE_LIMIT"])
def test_a_code_that_nobody_documented_but_that_says_it_will_pass_may_have_done_anything(code: str) -> None:
    found = refusal_of_error(code, "said")
    assert (found.retryable, found.is_unknown, found.is_undocumented, found.pause) == (True, True, True, 0.0)


def test_a_documented_code_means_what_is_documented_whatever_it_sounds_like() -> None:
    assert not refusal_of_error("RateLimited", "said").is_unknown


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("NO_SUCH_ORDER", "no open order"),
        ("CANNOT_MODIFY_NO_SUCH_ORDER", "id and side"),
        ("CANNOT_MODIFY_PARTIAL_FILL", "partly filled"),
        ("FAILED_MARGIN_CHECK", "margin"),
        ("REJECTED_MARKET_CLOSED", "closed"),
        ("RATE_LIMITED", "too many orders"),
        ("OF_NEXT_YEAR", ""),
    ],
)
def test_a_status_has_a_meaning(status: str, words: str) -> None:
    found = refusal_of_status(status)
    assert found.code == status
    assert words in found.hint
    assert (found.retryable, found.pause) == ((True, RATE_PAUSE) if status == "RATE_LIMITED" else (False, 0.0))
    assert found.is_unknown is (status == "OF_NEXT_YEAR")


@pytest.mark.parametrize("status", ["ACK", "FILLED", "REJECTED_OF_NEXT_YEAR", "USER_IN_LIQUIDATION"])
def test_a_documented_status_says_what_became_of_the_order(status: str) -> None:
    assert not refusal_of_status(status).is_unknown


@pytest.mark.parametrize(
    ("hint", "message", "seconds"),
    [
        ("", "retry after 2.5 s", 2.5),
        ("", "wait 2 minutes", MAX_PAUSE),
        ("", "wait 0.5 min", 30.0),
        ("retry_after_ms=1500", "", 1.5),
        ("", "slow down: 250 milliseconds", 0.25),
        ("", "wait 250 ms", 0.25),
        ("", "wait 1 millisecond", 0.001),
        ("", "wait 3 seconds", 3.0),
        ("", "wait 0.25 minute", 15.0),
        ("", "wait 0.25 minutes", 15.0),
        ("", "limit 12000", RATE_PAUSE),
        ("", "retry after 2025-09-04", RATE_PAUSE),
        ("", "retry after 9999999 s", MAX_PAUSE),
        ("", "", RATE_PAUSE),
    ],
)
def test_the_pause_is_what_the_text_says(hint: str, message: str, seconds: float) -> None:
    assert refusal_of_error("RateLimited", message, hint).pause == seconds


def test_a_refused_sign_in_says_what_to_check() -> None:
    found = refusal_of_login(None, "no")
    assert (found.code, found.message) == (None, "no")
    assert "secret key" in found.hint
