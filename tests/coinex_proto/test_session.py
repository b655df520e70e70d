"""Transcripts through a session on the tiny venue: what goes in, what comes out, in order."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import (
    Closed,
    Config,
    ConnectFailed,
    HandshakeRefused,
    LoginFailed,
    Lost,
    Open,
    Phase,
    ProxyError,
    Ready,
    Retrying,
    Session,
    Stop,
    Subscribed,
    Topic,
    UsageError,
    Wait,
)
from tests.coinex_proto.harness.scripts import frame
from tests.coinex_proto.harness.sessions import RETRYING, asked, connected, price, run_to
from tests.coinex_proto.harness.tiny import Ladder, Own, Price, PriceUpdate, Tiny, login
from tests.coinex_proto.harness.wire import sources

OPENING: tuple[dict[str, str], ...] = ({"hello": "n"}, {"ok": "login"}, {"ok": "greet"})
REFUSAL = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n"


def names(events: list[Any]) -> list[str]:
    return [type(event).__name__ for event in events]


# The plan -------------------------------------------------------------------------------------------------------------


def test_a_public_topic_is_live_with_its_first_push() -> None:
    session = Session(Tiny(), sources())
    session.subscribe(Price("A"), now=0.0)
    wire = connected(session)
    assert wire.events() == [Ready()]
    assert wire.sent() == [{"do": "watch", "markets": ["A"]}]
    assert wire.say(1.0, {"ok": "watch"}) == [Subscribed(topic=Price("A"))]
    assert not session.trusted(Price("A"))
    assert wire.say(2.0, {"price": "1", "market": "A"}) == [PriceUpdate(market="A", price="1")]
    assert session.trusted(Price("A"))


def test_a_private_topic_waits_for_the_login() -> None:
    session = Session(Tiny(password="pw"), sources())
    session.subscribe(Own(), now=0.0)
    wire = connected(session)
    assert wire.events() == []
    assert wire.sent() == []
    assert wire.say(1.0, {"hello": "n"}) == []
    assert wire.sent() == [login("n")]
    assert wire.say(1.0, {"ok": "login"}) == []
    assert wire.sent() == [{"do": "greet"}]
    assert wire.say(1.0, {"ok": "greet"}) == [Ready(), Subscribed(topic=Own())]
    assert session.trusted()


@pytest.mark.parametrize("code", [1000, 1001, 1012, 1013])
def test_s20_s21_whatever_the_peer_closes_with_is_retried(code: int) -> None:
    session, wire = asked()
    wire.client.receive_data(wire.peer.close(code), 1.0)
    assert session.wants_close
    session.disconnected(1.0)
    closed, retrying = wire.events()
    assert isinstance(closed, Closed)
    assert closed.reason.code == code
    assert isinstance(retrying, Retrying)
    assert retrying.attempt == 1
    assert session.next_step(1.0) == Wait(retrying.at)
    assert session.next_step(retrying.at) == Open("tiny.test", 443, True)


def test_a_first_connection_that_fails_stops_with_the_reason() -> None:
    session = Session(Tiny(), sources())
    session.next_step(0.0)
    session.disconnected(1.0, "connection refused")
    step = session.next_step(1.0)
    assert isinstance(step, Stop)
    assert isinstance(step.error, ConnectFailed)
    assert str(step.error) == "cannot connect to tiny.test:443: connection refused"
    assert session.is_stopped
    assert session.next_event() is None


def test_n29_an_error_of_the_driver_s_own_is_what_a_first_connection_ends_with() -> None:
    session = Session(Tiny(), sources())
    session.next_step(0.0)
    error = ProxyError("the proxy p:1 is in the way", status=502)
    session.disconnected(1.0, error)
    assert session.next_step(1.0) == Stop(error)


def test_a_first_connection_that_is_refused_stops_with_the_reason() -> None:
    session = Session(Tiny(), sources())
    session.next_step(0.0)
    session.connected(0.0)
    session.receive_data(REFUSAL % 404, 1.0)
    session.disconnected(1.0)
    step = session.next_step(1.0)
    assert isinstance(step, Stop)
    assert isinstance(step.error, HandshakeRefused)


def test_s1_a_refused_login_stops_for_good() -> None:
    session = Session(Tiny(password="pw"), sources(), RETRYING)
    wire = connected(session)
    (failed,) = wire.say(1.0, {"hello": "n"}, {"error": "badkey"})
    assert isinstance(failed, LoginFailed)
    session.disconnected(1.0)
    assert session.next_step(2.0) == Stop(failed.error)
    assert names(wire.events()) == ["Closed"]


def test_s17_a_login_for_which_the_venue_is_too_busy_is_tried_again() -> None:
    session = Session(Tiny(password="pw"), sources())
    (failed,) = connected(session).say(1.0, {"hello": "n"}, {"error": "busy"})
    assert isinstance(failed, LoginFailed)
    session.disconnected(1.0)
    step = session.next_step(1.0)
    assert isinstance(step, Wait)
    wire = connected(session, step.until)
    assert Ready() in wire.say(step.until, *OPENING)


def test_a_refused_login_says_what_to_check() -> None:
    session = Session(Tiny(password="pw"), sources())
    (failed,) = connected(session).say(1.0, {"hello": "n"}, {"error": "badkey"})
    assert isinstance(failed, LoginFailed)
    assert "check key, secret and clock" in str(failed.error)


def test_s2_x18_a_login_without_answer_is_tried_again_after_a_wait_that_grows() -> None:
    session = Session(Tiny(password="pw"), sources(), RETRYING)
    now = 0.0
    for _ in range(12):
        step = session.next_step(now)
        now = step.until if isinstance(step, Wait) else now
        wire = connected(session, now)
        wire.say(now, {"hello": "n"})
        assert "Closed" in names(run_to(wire, now + 10.0))
        now += 10.0
        session.disconnected(now)
    step = session.next_step(now)
    assert isinstance(step, Wait)
    assert step.until - now > 3.0


def test_the_time_to_open_the_transport_counts() -> None:
    session = Session(Tiny(), sources(), RETRYING)
    session.next_step(0.0)
    session.connected(7.0)
    assert session.next_deadline() == 10.0
    session.handle_timeout(10.0)
    closed = session.next_event()
    assert isinstance(closed, Closed)
    assert isinstance(closed.reason.error, ConnectFailed)


def test_n9_the_words_of_the_transport_reach_the_user() -> None:
    session, wire = asked(Price("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"))
    session.disconnected(2.0, "connection reset by peer")
    lost, closed, _ = wire.events()
    assert isinstance(lost, Lost)
    assert isinstance(closed, Closed)
    assert lost.why == str(closed.reason) == "the connection was lost: connection reset by peer (1006)"


def test_s28_all_events_of_a_line_come_before_its_end() -> None:
    session, wire = asked(Price("A"))
    wire.client.receive_data(wire.peer.text(price("A")) + wire.peer.close(), 1.0)
    session.disconnected(1.0)
    connected(session, 9.0)
    assert names(wire.events()) == ["PriceUpdate", "Subscribed", "Lost", "Closed", "Retrying", "Ready"]


def test_s30_stop_ends_everything_at_any_time() -> None:
    session = Session(Tiny(), sources())
    session.stop(0.0)
    assert session.next_step(0.0) == Stop()
    session, wire = asked(Price("A"))
    session.stop(1.0)
    session.stop(1.0)
    assert session.phase is Phase.CLOSING
    assert names(run_to(wire, 3.0)) == ["Closed"]
    session.disconnected(3.0)
    assert session.next_step(4.0) == Stop()
    assert wire.events() == []


def test_s30_stop_while_the_transport_opens_closes_it() -> None:
    session = Session(Tiny(), sources())
    session.next_step(0.0)
    session.stop(0.5)
    session.connected(1.0)
    assert session.wants_close
    session.disconnected(1.0)
    assert session.next_step(1.0) == Stop()


def test_s30_stop_during_back_off() -> None:
    session, _ = asked()
    session.disconnected(1.0)
    session.stop(1.1)
    assert session.next_step(1.1) == Stop()


def test_calls_in_the_wrong_order_are_refused() -> None:
    session = Session(Tiny(), sources(), RETRYING)
    with pytest.raises(UsageError):
        session.connected(0.0)
    with pytest.raises(UsageError):
        session.disconnected(0.0)
    with pytest.raises(UsageError):
        session.receive_data(b"", 0.0)
    assert (session.data_to_send(), session.next_deadline(), session.next_event()) == (b"", None, None)
    session.handle_timeout(5.0)
    connected(session)
    with pytest.raises(UsageError):
        session.connected(0.0)
    with pytest.raises(UsageError):
        session.next_step(0.0)
    assert session.phase is Phase.READY


# Wishes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topics", "why"),
    [
        ((Price("B"), Own()), "Authentication required"),
        ((Price("B"), Ladder("A"), Ladder("A", step=2)), "cannot be wanted while"),
        ((Price("B"), "BTCUSDT"), "a topic was expected"),
    ],
)
def test_a_wish_that_cannot_be_changes_nothing(topics: tuple[Topic[Any], ...], why: str) -> None:
    session, wire = asked(Price("A"))
    wire.sent()
    with pytest.raises(UsageError, match=why):
        session.subscribe(*topics, now=1.0)
    assert [status.topic for status in session.topics()] == [Price("A")]
    assert (wire.sent(), wire.events()) == ([], [])


def test_only_a_topic_can_be_given_up() -> None:
    session, _ = asked(Price("A"))
    with pytest.raises(UsageError, match="a topic was expected"):
        session.unsubscribe(Price("A"), "BTCUSDT", now=1.0)  # type: ignore[arg-type]
    assert [status.topic for status in session.topics()] == [Price("A")]


def test_other_parameters_need_the_first_wish_to_go() -> None:
    session, _ = asked(Ladder("A"))
    with pytest.raises(UsageError, match="unsubscribe the other one first"):
        session.subscribe(Ladder("A", step=2), now=1.0)
    session.unsubscribe(Ladder("A"), now=1.0)
    session.subscribe(Ladder("A", step=2), now=1.0)
    assert [status.topic for status in session.topics()] == [Ladder("A", step=2)]


def test_a_book_is_there_while_its_topic_is_wanted() -> None:
    session = Session(Tiny(), sources())
    with pytest.raises(UsageError, match="subscribe to it first"):
        session.book(Ladder("A"))
    session.subscribe(Ladder("A"), Price("A"), now=0.0)
    assert not session.book(Ladder("A")).trusted
    with pytest.raises(UsageError):
        session.book(Price("A"))  # type: ignore[arg-type]
    session.unsubscribe(Ladder("A"), now=0.0)
    with pytest.raises(UsageError):
        session.book(Ladder("A"))


def test_nothing_wanted_is_nothing_trusted() -> None:
    session = Session(Tiny(), sources())
    assert not session.trusted()
    assert not session.trusted(Price("A"))


def test_trust_of_some_topics_is_asked_by_name() -> None:
    session, wire = asked(Price("A"), Price("B"))
    wire.say(1.0, {"ok": "watch"}, price("A"))
    assert session.trusted(Price("A"))
    assert not session.trusted(Price("A"), Price("B"))
    assert not session.trusted()


def test_d16_a_line_that_says_nothing_readable_is_replaced_and_everything_is_asked_for_again() -> None:
    topic = Price("A")
    session, wire = asked(topic, config=Config(retry_first=True, max_unreadable=3))
    wire.sent_texts()
    wire.say(1.0, {"ok": "watch"}, price("A"))
    assert session.trusted(topic)
    wire.client.receive_data(frame(b"{") * 3, 2.0)
    assert session.wants_close
    session.disconnected(2.0)
    why = "closed by us: 3 messages in a row could not be read"
    events = wire.events()
    assert [type(event) for event in events[-2:]] == [Closed, Retrying]
    assert why in str(events[-2])
    assert not session.trusted(topic)
    step = session.next_step(2.0)
    assert isinstance(step, Wait)
    again = connected(session, step.until)
    assert again.events()[0] == Ready()
    assert again.sent() != []
    assert names(again.say(step.until, {"ok": "watch"}, price("A"))) == ["Subscribed", "Restored", "PriceUpdate"]
