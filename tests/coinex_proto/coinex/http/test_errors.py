from __future__ import annotations

import pytest

from coinex_proto import NotReady
from coinex_proto._http.errors import quoted_body
from coinex_proto.coinex.http import CODES, HttpRefused, RateLimited, system
from coinex_proto.coinex.http.errors import is_from_gateway


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


KINDS: dict[str, tuple[int, ...]] = {
    "balance": (3109,),
    "order": (
        3127, 3600, 3606, 3610, 3612, 3613, 3614, 3615, 3616, 3617, 3618, 3619, 3620, 3621, 3622, 3627, 3628, 3629, 3632,
        3633, 3634, 3635,
    ),
    "maintenance": (3638,),
    "parameter": (3639, 4004, 4009),
    "auth": (4005, 4006, 4007, 4008),
    "permission": (158, 4011, 4115, 4512),
    "deprecated": (4018,),
    "market": (4117, 4130, 4158, 4159),
    "clock": (227, 4010, 4017),
    "busy": (3008,),
    "unavailable": (4001,),
    "timeout": (4002,),
    "internal": (4003,),
    "rate": (4213,),
}  # fmt: skip
PASSING = {"clock", "busy", "unavailable", "timeout", "internal", "rate"}
OPEN = {"busy", "unavailable", "timeout", "internal"}
"""Kinds after which a command may have taken effect all the same."""


def refused(code: int | None, status: int = 200, message: str = "") -> HttpRefused:
    return HttpRefused(code, message, command=system.Time(), endpoint="GET /time", status=status)


def test_every_code_has_a_row() -> None:
    assert {kind: tuple(code for code, meaning in CODES.items() if meaning.kind == kind) for kind in KINDS} == KINDS
    assert len(CODES) == sum(map(len, KINDS.values()))


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in KINDS.items() for code in codes])
def test_a_code_says_its_class_whether_it_passes_and_what_to_do(kind: str, code: int) -> None:
    error = refused(code, message=" words ")
    assert (error.code, error.message, error.kind, error.endpoint, error.status) == (
        code,
        "words",
        kind,
        "GET /time",
        200,
    )
    assert error.retryable is (kind in PASSING)
    assert CODES[code].is_unknown is (kind in OPEN)
    assert (error.is_rate_limit, error.is_clock) == (kind == "rate", kind == "clock")
    assert error.hint
    assert f"GET /time: {error.hint}" in str(error)
    assert not is_from_gateway(error)


def test_a_code_that_nobody_explained_is_passed_on() -> None:
    error = refused(9999, message="words")
    assert (error.code, error.kind, error.hint, error.retryable) == (9999, "", "", False)
    assert str(error).endswith("GET /time")


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (429, "rate", True),
        (500, "gateway", True),
        (599, "gateway", True),
        (499, "gateway", False),
        (404, "gateway", False),
    ],
)
def test_what_stands_in_front_of_the_venue_says_no_by_its_status(status: int, kind: str, retryable: bool) -> None:
    error = refused(None, status)
    assert (error.code, error.kind, error.retryable) == (None, kind, retryable)
    assert f"HTTP {status}" in error.hint
    assert is_from_gateway(error)
    assert not is_from_gateway(RateLimited(endpoint="x", group="y", seconds=1.0))
