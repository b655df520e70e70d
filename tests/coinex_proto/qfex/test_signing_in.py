"""The opening of a Trade connection, as transcripts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coinex_proto import (
    Closed,
    Config,
    LoginFailed,
    LoginRefused,
    NotReady,
    Ready,
    Session,
    Stop,
    UsageError,
    Wait,
    qfex,
)
from tests.coinex_proto.harness.wire import Wire, sources
from tests.coinex_proto.qfex.trade_session import KEYS, TradeSession, limit, only

ASK_ORDERS = {"type": "subscribe", "params": {"channels": ["order_responses"]}}
FLAG = {"type": "cancel_on_disconnect", "params": {"cancel_on_disconnect": True}}


def test_the_opening_is_one_step_after_the_other() -> None:
    trade = TradeSession()
    (auth,) = trade.sent()
    assert auth["type"] == "auth"
    assert auth["params"]["hmac"]["unix_ts"] == 1_700_000_000
    assert len(auth["params"]["hmac"]["nonce"]) == 32
    assert trade.say({"authenticated": True}) == []
    assert trade.sent() == [ASK_ORDERS]
    assert trade.say({"subscribed": "order_responses"}) == [Ready()]
    assert trade.sent() == []


def test_nothing_leaves_before_the_sign_in_is_through() -> None:
    trade = TradeSession()
    for step in ({"authenticated": True}, None):
        with pytest.raises(NotReady):
            trade.send(limit())
        if step is not None:
            trade.say(step)
    trade.say({"subscribed": "order_responses"})
    trade.send(limit())


@pytest.mark.parametrize("yes", [{"authenticated": True}, {"type": "auth", "result": "success"}])
def test_both_forms_of_success_are_taken(yes: object) -> None:
    trade = TradeSession()
    trade.sent()
    trade.say(yes)
    assert trade.sent() == [ASK_ORDERS]


NO = {
    "false": {"authenticated": False},
    "old": {"type": "auth", "result": "failure"},
    "error": {"err": {"error_code": "PermissionDenied", "message": "no", "incoming_message": None}},
    "error with echo": {"err": {"error_code": "InvalidParameter", "incoming_message": {"type": "auth", "params": {}}}},
    "error without echo": {"err": {"error_code": "InvalidParameter"}},
    "old error": {"type": "error", "error_code": "PermissionDenied", "message": None},
    "oldest error": {"type": "Err", "error_code": "PermissionDenied", "incoming_message": "{"},
}


@pytest.mark.parametrize("form", list(NO))
def test_every_form_of_no_is_the_same_refusal_and_final(form: str) -> None:
    trade = TradeSession()
    events = trade.say(NO[form])
    assert isinstance(only(LoginFailed, events).error, LoginRefused)
    trade.drop()
    step = trade.session.next_step(trade.now)
    assert isinstance(step, Stop)
    assert isinstance(step.error, LoginRefused)


def test_closing_instead_of_an_answer_is_a_refusal_the_third_time() -> None:
    trade = TradeSession()
    for _ in range(2):
        trade.session.receive_data(trade.link.peer.close(1008, "bye"), trade.now)
        assert isinstance(only(Closed, trade.link.events()), Closed)
        trade.drop()
        step = trade.session.next_step(trade.now)
        assert isinstance(step, Wait)
        trade.now = step.until
        trade.connect()
    trade.session.receive_data(trade.link.peer.close(1008, "bye"), trade.now)
    trade.drop()
    step_three = trade.session.next_step(trade.now)
    assert isinstance(step_three, Stop)
    assert isinstance(step_three.error, LoginRefused)


def test_an_unanswered_sign_in_ends_long_before_the_venues_minute() -> None:
    trade = TradeSession()
    events = trade.wait(59.0)
    assert "sign-in" in only(Closed, events).reason.text
    assert Config().login_timeout < 60


def test_each_connection_has_a_nonce_of_its_own() -> None:
    taken = iter(range(1, 100))
    counting = sources()
    session = Session(qfex.trade(KEYS), type(counting)(counting.wall_time_ns, lambda n: bytes([next(taken)]) * n))
    nonces, now = [], 0.0
    for _ in range(3):
        session.next_step(now)
        session.connected(now)
        link = Wire(session).open(now)
        nonces.append(link.sent()[0]["params"]["hmac"]["nonce"])
        session.disconnected(now, "reset")
        link.events()
        step = session.next_step(now)
        now = step.until if isinstance(step, Wait) else now
    assert len(set(nonces)) == 3


def test_cancel_on_disconnect_is_never_sent_by_itself() -> None:
    trade = TradeSession().sign_in()
    trade.drop()
    trade.reconnect()
    said = trade.sent()
    trade.say({"subscribed": "order_responses"})
    assert FLAG not in [*said, *trade.sent()]


def test_cancel_on_disconnect_is_set_on_every_connection() -> None:
    trade = TradeSession(cancel_on_disconnect=True)
    for _ in range(2):
        trade.sent()
        trade.say({"authenticated": True}, {"subscribed": "order_responses"})
        assert trade.sent()[-1] == FLAG
        assert only(Ready, trade.say({"ack": {"incoming_message": FLAG}})) == Ready()
        trade.drop()
        trade.now += 60
        trade.connect()


def test_a_venue_that_does_not_acknowledge_cancel_on_disconnect_does_not_stop_the_program() -> None:
    trade = TradeSession(cancel_on_disconnect=True)
    trade.say({"authenticated": True}, {"subscribed": "order_responses"})
    assert only(Ready, trade.wait(9.0)) == Ready()


def test_a_refused_cancel_on_disconnect_does() -> None:
    trade = TradeSession(cancel_on_disconnect=True)
    trade.say({"authenticated": True}, {"subscribed": "order_responses"})
    events = trade.say({"err": {"error_code": "PermissionDenied", "incoming_message": FLAG}})
    assert only(LoginFailed, events).error.code == "PermissionDenied"


@pytest.mark.parametrize("name", ["cancel_on_disconnect", "auth"])
def test_no_other_request_can_switch_it_on_or_sign_in(name: str) -> None:
    with pytest.raises(UsageError):
        qfex.Raw(name, {"cancel_on_disconnect": True})


# Tokens -----------------------------------------------------------------------------------------------------------------


def test_x15_the_program_gives_a_token_once_a_connection() -> None:
    tokens = iter(["one+1/=", "two", "three"])
    session = Session(qfex.trade(qfex.JwtCredentials(lambda: next(tokens)), "sub"), sources())
    now = 0.0
    for token, target in (("one+1/=", "/?jwt=one%2B1%2F%3D"), ("two", "/?jwt=two")):
        session.next_step(now)
        session.connected(now)
        link = Wire(session).open(now)
        assert link.peer.request is not None
        assert link.peer.request.target == target
        assert link.sent() == [{"type": "auth", "params": {"jwt": token, "account_id": "sub"}}]
        session.disconnected(now, "reset")
        link.events()
        now += 60.0
    assert next(tokens) == "three"


def test_a_token_function_that_gives_no_text_is_the_programs_fault() -> None:
    answers: Any = lambda: None  # noqa: E731
    with pytest.raises(UsageError, match="JWT"):
        Session(qfex.trade(qfex.JwtCredentials(answers)), sources()).next_step(0.0)


# Secrets ----------------------------------------------------------------------------------------------------------------


def test_the_key_goes_into_the_query_percent_encoded_and_into_no_repr() -> None:
    dialect = qfex.trade(
        qfex.HmacCredentials("pub/key+1&x", "s3cr3t/with+base64=="), headers=(("x-qfex-client", "me"),)
    )
    assert dialect.endpoint.target == "/?api_key=pub%2Fkey%2B1%26x"
    assert dialect.endpoint.headers == (("x-qfex-client", "me"),)
    session = Session(dialect, sources())
    shown = [dialect, dialect.endpoint, dialect.credentials, *dialect.opening(_start())]
    for one in (*shown, session.next_step(0.0)):
        assert "key+1&x" not in repr(one)
        assert "s3cr3t" not in repr(one)
        assert "%2B1" not in repr(one)


def _start() -> Any:
    from coinex_proto import Opening

    return Opening(wall_time_ns=0, random_bytes=bytes)


def test_the_secret_is_in_no_message() -> None:
    trade = TradeSession()
    assert "qfex_secret" not in json.dumps(trade.sent())


@pytest.mark.parametrize("name", ["x-test\r\n", "Host", "sec-websocket-protocol", "", "a b"])
def test_a_header_that_cannot_be_is_refused_at_once(name: str) -> None:
    with pytest.raises(UsageError):
        qfex.mds(headers=((name, "x"),))
