"""Error frames in both forms: what they say, and whom they answer."""

from typing import Any

import pytest

from coinex_proto.ids import OLDEST
from coinex_proto.qfex._errors import echo_of, error_answer

ECHO = {"type": "get_order", "params": {"order_id": "1"}}


def keys_of(message: Any) -> Any:
    return ((message["type"],),)


@pytest.mark.parametrize("wrap", [lambda error: {"err": error}, lambda error: {"type": "error", **error}])
def test_both_forms_say_the_same(wrap: Any) -> None:
    message = wrap({"error_code": "InvalidOrder", "message": "no", "incoming_message": ECHO})
    answer = error_answer(message, keys_of)
    assert answer.keys == (("get_order",),)
    assert answer.refusal is not None
    assert (answer.refusal.code, answer.refusal.message) == ("InvalidOrder", "no")


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        ({"err": "words"}, "unknown error", "words"),
        ({"err": {"error_code": 7, "message": 7}}, "unknown error", ""),
        ({"type": "err"}, "unknown error", ""),
    ],
)
def test_without_an_echo_it_answers_whoever_waits_longest(message: Any, code: str, text: str) -> None:
    answer = error_answer(message, keys_of)
    assert answer.keys == (OLDEST,)
    assert answer.refusal is not None
    assert (answer.refusal.code, answer.refusal.message) == (code, text)


def test_the_hint_of_when_to_try_again_may_stand_beside_the_text() -> None:
    answer = error_answer({"err": {"error_code": "RateLimited", "retry_after_ms": 1500}}, keys_of)
    assert answer.refusal is not None
    assert answer.refusal.pause == 1.5


@pytest.mark.parametrize(
    ("echo", "found"),
    [
        (ECHO, ECHO),
        ('{"type":"get_order","params":{"order_id":"1"}}', ECHO),
        ("{", None),
        ("\ud800", None),
        ("[]", None),
        ({"type": 7}, None),
        ({}, None),
        (None, None),
        (7, None),
    ],
)
def test_a_repeated_request_is_an_object_or_the_text_of_one(echo: object, found: object) -> None:
    assert echo_of({"incoming_message": echo}) == found
