"""What an answer over HTTP says, and what is known when there is none."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import ConnectFailed, OutcomeUnknown, RequestRefused, RequestTimedOut
from coinex_proto._http.errors import MAX_BODY, HttpOutcomeUnknown, HttpTimedOut, HttpUnreachable, UnreadableAnswer
from coinex_proto.qfex import http
from coinex_proto.qfex.http.answer import HttpRefused, no_answer, parse

QUERY = http.GetFees()
CHANGE = http.CreateSubaccount()
NEW_ACCOUNT = b'{"detail": "position balance not found"}'


def refused(status: int, body: bytes = b"", command: http.HttpCommand[Any] = QUERY) -> HttpRefused:
    with pytest.raises(HttpRefused) as caught:
        parse(command, status, body)
    return caught.value


def test_the_result_of_200() -> None:
    assert parse(QUERY, 200, b'{"fees": {"maker": 1}}').fees == {"maker": 1}


@pytest.mark.parametrize(
    ("status", "retryable", "hint"),
    [
        (400, False, ""),
        (401, False, "this machine's clock"),
        (403, False, "the key may not do this"),
        (404, False, "there is no such"),
        (408, True, ""),
        (418, False, ""),
        (422, False, "a parameter is not"),
        (425, True, ""),
        (429, True, "too many requests"),
        (500, True, "the venue has a fault"),
        (503, True, "the venue has a fault"),
    ],
)
def test_a_refusal_of_a_query_says_whether_it_may_pass_and_what_to_do(status: int, retryable: bool, hint: str) -> None:
    error = refused(status, b'{"title": "no"}')
    assert (error.code, error.status, error.retryable, error.endpoint) == (status, status, retryable, "GET /user/fees")
    assert hint in error.hint
    assert bool(error.hint) == bool(hint)
    assert "GET /user/fees" in str(error)
    assert not error.is_new_account


@pytest.mark.parametrize("status", [201, 204, 299, 303, 408, 500, 502, 504])
def test_a_call_that_changes_something_may_have_taken_effect(status: int) -> None:
    with pytest.raises(HttpOutcomeUnknown, match=f"HTTP {status}: wait") as caught:
        parse(CHANGE, status, b"wait")
    assert isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("status", [300, 302, 400, 401, 403, 404, 409, 422, 425, 429, 499])
def test_a_call_that_was_refused_has_changed_nothing(status: int) -> None:
    error = refused(status, b"no", CHANGE)
    assert isinstance(error, RequestRefused)


def test_a_query_that_gets_another_success_is_refused() -> None:
    assert refused(204).status == 204


def test_a_new_account_is_known_by_its_words_and_asking_again_does_not_help() -> None:
    error = refused(500, NEW_ACCOUNT)
    assert (error.is_new_account, error.retryable, error.hint) == (
        True,
        False,
        "a new account has no balance yet: deposit first",
    )
    assert not refused(404, NEW_ACCOUNT).is_new_account
    assert refused(404, NEW_ACCOUNT).hint.startswith("there is no such")


def test_the_wall_is_told_from_the_venue() -> None:
    assert refused(403, b"error code: 1010").hint.startswith("the wall in front")
    assert not refused(404, b"error code: 1010").hint.startswith("the wall")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"detail": "d", "message": "m", "error": "e", "title": "t"}', "d"),
        (b'{"detail": "", "message": "m"}', "m"),
        (b'{"detail": 5, "error": "e"}', "e"),
        (b'{"title": "t"}', "t"),
        (b"{}", ""),
        (b'["x"]', "['x']"),
        (b"  <html>no</html> ", "<html>no</html>"),
        (b"\xff", "\ufffd"),
        (b"x" * 300, "x" * 200),
        (b'"' + b"x" * 300 + b'"', "x" * 200),
    ],
)
def test_the_venues_words_come_from_wherever_it_says_them(body: bytes, said: str) -> None:
    assert refused(400, body).message == said


def test_of_a_long_answer_the_beginning_is_kept() -> None:
    assert refused(400, b"x" * (MAX_BODY + 1)).body == b"x" * MAX_BODY


def test_an_answer_that_cannot_be_read_leaves_a_change_open_and_ends_a_query() -> None:
    with pytest.raises(HttpOutcomeUnknown, match="the answer cannot be read"):
        parse(CHANGE, 200, b"{")
    with pytest.raises(UnreadableAnswer, match="not JSON"):
        parse(QUERY, 200, b"{")


@pytest.mark.parametrize(
    ("command", "was_sent", "timed_out", "kind"),
    [
        (CHANGE, True, True, HttpOutcomeUnknown),
        (CHANGE, True, False, HttpOutcomeUnknown),
        (CHANGE, False, True, HttpUnreachable),
        (CHANGE, False, False, HttpUnreachable),
        (QUERY, True, True, HttpTimedOut),
        (QUERY, True, False, HttpUnreachable),
        (QUERY, False, True, HttpUnreachable),
    ],
)
def test_without_an_answer_the_error_says_what_is_known(
    command: http.HttpCommand[Any], was_sent: bool, timed_out: bool, kind: type[Exception]
) -> None:
    error = no_answer(command, "why", host="api.example", was_sent=was_sent, timed_out=timed_out)
    assert type(error) is kind
    assert "why" in str(error)
    assert isinstance(error, (OutcomeUnknown, RequestTimedOut, ConnectFailed))


def test_an_error_says_which_call_and_what_to_do_where_that_is_known() -> None:
    assert str(refused(404, b"no")).endswith("GET /user/fees: there is no such path, symbol or order")
    assert str(refused(400, b"no")).endswith("GET /user/fees")
