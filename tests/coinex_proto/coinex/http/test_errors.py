from __future__ import annotations

import pytest

from coinex_proto import NotReady
from coinex_proto._http.errors import quoted_body
from coinex_proto.coinex.http import CODES, HttpRefused, RateLimited, system


def test_an_order_over_the_limit_says_when_it_may_leave() -> None:
    error = RateLimited(endpoint="POST /spot/order", group="spot_order", seconds=0.0334)
    assert isinstance(error, NotReady)
    assert error.retry_after == 0.0334
    assert "POST /spot/order: the limit of spot_order is used up; send it anew in 0.033 s" in str(error)
    assert (error.code, error.retryable) == (None, True)


def test_a_clock_error_says_what_to_do_about_it() -> None:
    error = HttpRefused(4010, "expired", command=system.Time(), endpoint="GET /time", status=200)
    assert error.is_clock
    assert "set the clock" in str(error)
    assert "window_ms" in str(error)


@pytest.mark.parametrize("code", [3008, 4001, 4002, 4003])
def test_codes_that_leave_the_outcome_open_are_marked(code: int) -> None:
    assert CODES[code].is_unknown


def test_a_body_is_quoted_short_and_without_control_characters() -> None:
    assert quoted_body(b"\x1b[31m" + b"x" * 5000).startswith("'\\x1b[31mxxx")
    assert len(quoted_body(b"x" * 5000)) < 210


def test_the_body_of_a_gateway_is_not_in_the_message() -> None:
    error = HttpRefused(None, "", command=system.Time(), endpoint="GET /time", status=502, body=b"secret words")
    assert "secret words" not in str(error)
    assert error.body == b"secret words"
