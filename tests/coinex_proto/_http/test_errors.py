"""Why a call over HTTP has no result: what each error says, and whether repeating it is safe."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_proto._http.errors import (
    MAX_BODY,
    HttpOutcomeUnknown,
    HttpTimedOut,
    HttpUnreachable,
    UnreadableAnswer,
    quoted_body,
)
from tests.coinex_proto.harness.tiny import Do

PLACE = Do(verb="place")
HERE = "POST /spot/order"


@pytest.mark.parametrize(
    ("error", "retryable", "says"),
    [
        (HttpOutcomeUnknown("reset", command=PLACE, endpoint=HERE), False, "outcome unknown: reset; it may have taken"),
        (HttpTimedOut("10 s", command=PLACE, endpoint=HERE), True, "no answer in time: 10 s; nothing has changed"),
        (HttpUnreachable("refused", endpoint=HERE, host="x"), True, "no answer from x: refused; check network"),
        (UnreadableAnswer("no JSON", endpoint=HERE), False, "the answer cannot be read: no JSON; call()"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_says_where_why_and_what_to_do(error: Any, retryable: bool, says: str) -> None:
    assert str(error).startswith(f"{HERE}: {says}")
    assert (error.endpoint, error.retryable, error.code) == (HERE, retryable, None)
    assert error.hint in str(error)


def test_an_unknown_outcome_names_the_code_and_how_to_ask() -> None:
    error = HttpOutcomeUnknown("busy", command=PLACE, endpoint=HERE, question="order_status(…)", code=4001)
    assert "outcome unknown (code 4001): busy" in str(error)
    assert error.hint.endswith("before sending anything like it again: order_status(…)")
    assert (error.code, error.why, error.command) == (4001, "busy", PLACE)


def test_the_command_that_timed_out_is_at_hand() -> None:
    assert HttpTimedOut("10 s", command=PLACE, endpoint=HERE).command is PLACE


def test_the_beginning_of_a_body_is_safe_to_print() -> None:
    assert quoted_body(b"\x1b[31m\xff") == quoted_body(b"\x1b[31m" + "\ufffd".encode())
    assert "\x1b" not in quoted_body(b"\x1b[31m")
    assert quoted_body(b"x" * (MAX_BODY + 1)) == quoted_body(b"x" * MAX_BODY)
