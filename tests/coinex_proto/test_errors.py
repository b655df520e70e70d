"""Errors: what their texts say, what they carry, and that they survive a trip to another process."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from coinex_proto import (
    BookNotTrusted,
    ConnectFailed,
    ConsumerTooSlow,
    HandshakeRefused,
    LoginRefused,
    NotReady,
    OutcomeUnknown,
    PayloadError,
    ProxyError,
    RequestError,
    RequestId,
    RequestRefused,
    RequestTimedOut,
    SdkError,
    UsageError,
)
from coinex_proto.errors import quoted
from tests.coinex_proto.harness.tiny import Do, Ladder

ASKED = Do(verb="a")
ALL: tuple[SdkError, ...] = (
    UsageError("u"),
    NotReady("n", retry_after=0.5),
    ConnectFailed("c"),
    HandshakeRefused("h", status=403, headers=(("a", "b"),), body=b"no"),
    LoginRefused(7, "bad key", hint="look"),
    RequestRefused(9, "no", retryable=True, hint="later", request_id=RequestId(3), command=ASKED),
    RequestTimedOut("t", request_id=RequestId(3), command=ASKED),
    OutcomeUnknown("o", request_id=RequestId(3), command=ASKED),
    BookNotTrusted(Ladder("A"), "why"),
    PayloadError("p"),
    ProxyError("x", status=407),
    ConsumerTooSlow(10),
)


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_errors_can_be_copied_and_pickled(error: SdkError) -> None:
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)


def test_the_families() -> None:
    assert issubclass(NotReady, UsageError)
    assert issubclass(HandshakeRefused, ConnectFailed)
    assert issubclass(ProxyError, ConnectFailed)
    assert all(issubclass(kind, RequestError) for kind in (RequestRefused, RequestTimedOut, OutcomeUnknown))
    assert not any(issubclass(type(error), OSError) for error in ALL)


def test_texts_say_what_came_and_what_to_do() -> None:
    assert str(LoginRefused(7, "bad key", hint="look")) == "login refused (code 7): 'bad key'; look"
    assert str(LoginRefused(None, "")) == "login refused; check key, secret and clock"
    assert str(RequestRefused(9, "no", hint="later", command=ASKED)) == "Do refused (code 9): 'no'; later"
    assert str(RequestRefused(None, "")) == "request refused"
    assert "10 events were waiting" in str(ConsumerTooSlow(10))
    assert "cannot be trusted now: why" in str(BookNotTrusted(Ladder("A"), "why"))


def test_d21_x17_text_of_the_peer_is_escaped_and_cut() -> None:
    assert quoted("a\x1b[31m\nb") == r"'a\x1b[31m\nb'"
    assert len(quoted("x" * 10**6)) == 202
    assert quoted("x" * 198) == "'" + "x" * 198 + "'"
    assert quoted("x" * 199) == "'" + "x" * 199 + "…'"
    assert (quoted(5), quoted(None), quoted(ValueError("why"))) == ("5", "None", "'why'")
    assert len(str(LoginRefused(1, "x" * 10**6))) < 300


@pytest.mark.parametrize(
    ("status", "headers", "hint"),
    [
        (
            301,
            (("Location", "https://else.where/\x1b"),),
            r"; redirects are not followed, it points to 'https://else.where/\x1b'",
        ),
        (302, (), "; redirects are not followed"),
        (403, (), "; the venue may not accept this address or country, or may have blocked it"),
        (400, (), "; check the path of the URL"),
        (401, (), "; check the key, and whether the venue accepts this address"),
        (404, (), "; check the path of the URL"),
        (407, (), "; a proxy on the way wants a login"),
        (426, (), "; check the path of the URL"),
        (429, (), "; too many connections: try again later, and connect less often"),
        (500, (), "; the venue has a fault: try again later"),
        (502, (), "; the venue is not available: try again later"),
        (503, (), "; the venue is not available: try again later"),
        (504, (), "; the venue is not available: try again later"),
        (300, (), "; redirects are not followed"),
        (399, (), "; redirects are not followed"),
        (299, (), ""),
        (418, (), ""),
        (None, (), ""),
    ],
)
def test_h2_h5_a_refused_handshake_says_what_to_do(
    status: int | None, headers: tuple[tuple[str, str], ...], hint: str
) -> None:
    assert str(HandshakeRefused("no", status=status, headers=headers)) == f"no{hint}"


def test_a_refused_login_is_certain_unless_it_says_so() -> None:
    sure, busy, odd = LoginRefused(1, "no"), LoginRefused(1, "no", retryable=True), LoginRefused(1, "no", may_pass=True)
    assert [(one.retryable, one.may_pass) for one in (sure, busy, odd)] == [(False, False), (True, True), (False, True)]


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("busy", "busy", ": 'busy'"),
        ("EGeneral", "EGeneral:Too many", ": 'EGeneral:Too many'"),
        ("Busy", "BUSY", ": 'BUSY'"),
        ("busy", "", " (code busy)"),
        ("busy", "wait a minute", " (code busy): 'wait a minute'"),
        (7, "7", " (code 7): '7'"),
        (None, "no", ": 'no'"),
        (None, "", ""),
        ("two\nlines", "", r" (code two\nlines)"),
    ],
)
def test_a_refusal_says_nothing_twice(code: Any, message: str, said: str) -> None:
    assert str(RequestRefused(code, message)) == f"request refused{said}"
    assert str(LoginRefused(code, message, hint="wait")) == f"login refused{said}; wait"
