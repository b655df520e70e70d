"""The opening of a connection: challenge, sign-in, clock, and all that can go wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import (
    Closed,
    Config,
    LoginFailed,
    NotReady,
    Phase,
    Ready,
    Unrecognised,
    UsageError,
)
from tests.coinex_proto.harness.connections import (
    closed,
    connection_of,
    ready,
    send,
    serve,
    started,
)
from tests.coinex_proto.harness.tiny import Place, Time, Tiny, login

# The opening ----------------------------------------------------------------------------------------------------------


def test_the_opening_goes_step_by_step() -> None:
    wire = started(Tiny(password="pw")).open(0.0)
    assert connection_of(wire).phase is Phase.OPENING
    assert wire.sent() == []
    assert wire.say(1.0, {"hello": "n"}) == []
    assert wire.sent() == [login("n")]
    assert wire.say(2.0, {"ok": "login"}) == []
    assert wire.sent() == [{"do": "greet"}]
    assert wire.say(3.0, {"ok": "greet"}) == [Ready()]
    assert connection_of(wire).phase is Phase.READY


def test_the_first_challenge_of_a_public_connection_is_no_news() -> None:
    assert ready().say(1.0, {"hello": "n"}) == []


def test_x10_a_second_challenge_is_not_signed() -> None:
    wire = started(Tiny(password="pw")).open(0.0)
    (event,) = wire.say(1.0, {"hello": "n"}, {"hello": "m"})
    assert isinstance(event, Unrecognised)
    assert wire.sent() == [login("n")]


def test_s1_a_refused_login_closes_and_says_why() -> None:
    wire = started(Tiny(password="pw")).open(0.0)
    (event,) = wire.say(1.0, {"hello": "n"}, {"error": "badkey", "message": "who are you"})
    assert isinstance(event, LoginFailed)
    assert (event.error.code, event.error.message) == ("badkey", "who are you")
    assert "check key, secret and clock" in str(event.error)
    wire.sent()
    assert wire.peer.closed is not None
    wire.client.receive_data(wire.peer.close(), 1.0)
    assert [type(event) for event in wire.events()] == [Closed]


def test_an_unreadable_answer_to_the_login_is_a_refusal() -> None:
    wire = started(Tiny(password="pw")).open(0.0)
    wire.say(1.0, {"hello": "n"}, {"ok": "login"})
    (event,) = wire.say(1.0, {"ok": "greet", "result": "unreadable"})
    assert isinstance(event, LoginFailed)


def test_s2_a_login_without_answer_ends_the_connection() -> None:
    wire = started(Tiny(password="pw")).open(1.0)
    wire.say(2.0, {"hello": "n"})
    assert wire.client.next_deadline() == 11.0
    reason = closed(serve(wire, 11.0)).reason
    assert "did not answer the sign-in within 10 s" in reason.text
    assert reason.error is None


def test_a_login_that_cannot_begin_says_what_did_not_come() -> None:
    wire = started(Tiny(password="pw")).open(1.0)
    assert "did not send the challenge" in closed(serve(wire, 11.0)).reason.text


def test_s3_an_answer_to_the_login_after_its_timeout_is_ignored() -> None:
    wire = started(Tiny(password="pw")).open(1.0)
    wire.say(2.0, {"hello": "n"})
    serve(wire, 11.0)
    assert wire.say(11.1, {"ok": "login"}) == []
    assert connection_of(wire).phase is Phase.CLOSED


def test_a_short_request_timeout_does_not_shorten_the_login() -> None:
    wire = started(Tiny(password="pw"), Config(request_timeout=1.0)).open(0.0)
    wire.say(0.0, {"hello": "n"})
    assert wire.client.next_deadline() == 10.0
    assert wire.say(5.0, {"ok": "login"}, {"ok": "greet"}) == [Ready()]


def test_an_answer_of_the_opening_that_need_not_come_leaves_time_for_the_others() -> None:
    wire = started(Tiny(password="pw", is_greeting_optional=True)).open(0.0)
    wire.say(1.0, {"hello": "n"}, {"ok": "login"})
    assert wire.client.next_deadline() == 3.5
    assert serve(wire, 3.5) == [Ready()]


def test_s4_a_clock_that_is_off_is_corrected_once() -> None:
    wire = started(Tiny(password="pw", clock=Time())).open(0.0)
    assert wire.say(0.0, {"hello": "n"}, {"error": "clock"}) == []
    assert wire.sent() == [login("n"), {"do": "time"}]
    assert wire.say(0.0, {"ok": "time", "result": 1_700_000_060_000}) == []
    assert wire.sent() == [login("n", 1_700_000_060)]
    (event,) = wire.say(0.0, {"error": "clock"})
    assert isinstance(event, LoginFailed)
    assert "ours is -60.0" in str(event.error)


def test_s16_a_venue_cannot_make_us_sign_a_time_far_ahead() -> None:
    wire = started(Tiny(password="pw", clock=Time())).open(0.0)
    wire.say(0.0, {"hello": "n"}, {"error": "clock"})
    wire.sent()
    wire.say(0.0, {"ok": "time", "result": 1_700_086_400_000})
    assert wire.sent() == [login("n", 1_700_000_300)]


def test_s16_a_time_that_nobody_asked_for_does_not_move_what_is_signed() -> None:
    wire = started(Tiny(password="pw", clock=Time())).open(0.0)
    (event,) = wire.say(0.0, {"ok": "time", "result": 1_700_000_060_000})
    assert isinstance(event, Unrecognised)
    wire.say(0.0, {"hello": "n"})
    assert wire.sent() == [login("n")]


def test_a_clock_that_is_not_told_is_tried_without() -> None:
    wire = started(Tiny(password="pw", clock=Time())).open(0.0)
    wire.say(0.0, {"hello": "n"}, {"error": "clock"}, {"ok": "time", "result": "noon"})
    assert wire.sent() == [login("n"), {"do": "time"}, login("n")]


def test_a_dialect_that_cannot_open_is_a_login_that_failed() -> None:
    class Broken(Tiny):
        def opening(self, start: object) -> Any:
            raise UsageError("no passphrase")

    wire = started(Broken()).open(0.0)
    (event,) = wire.events()
    assert isinstance(event, LoginFailed)
    assert "no passphrase" in str(event.error)


def test_junk_in_the_opening_is_reported_and_survived() -> None:
    wire = started(Tiny(password="pw")).open(0.0)
    events = wire.say(0.0, "{", {"ok": "login"}, {"hello": "n"}, {"ok": "login"}, [1], {"ok": "greet"})
    assert [type(event) for event in events] == [Unrecognised, Unrecognised, Unrecognised, Ready]


def test_s6_nothing_private_leaves_before_the_login() -> None:
    wire = started(Tiny(password="pw")).open(0.0)
    with pytest.raises(NotReady):
        send(wire, Place(name="x"))
    assert wire.sent() == []
