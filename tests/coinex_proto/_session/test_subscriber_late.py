"""Acknowledgements that come after their time-out."""

from __future__ import annotations

from decimal import Decimal

from coinex_proto import BookChanged, Config, Open, Session, Subscribed, SubscribeFailed
from tests.coinex_proto.harness.sessions import run_to
from tests.coinex_proto.harness.tiny import Ladder, Price, Tiny, Trade, TradeUpdate
from tests.coinex_proto.harness.wire import Wire, sources
from tests.coinex_proto.test_connection_parts import asked, ok


def test_s11_an_acknowledgement_after_the_time_out_settles_what_waits_to_be_asked_again() -> None:
    session = Session(Tiny(), sources(), Config(request_timeout=10.0, ping_interval=1000.0))
    session.subscribe(Trade("A"), now=0.0)
    assert session.next_step(0.0) == Open("tiny.test", 443, True)
    session.connected(0.0)
    wire = Wire(session).open(0.0)
    wire.events()
    assert wire.sent() == [{"do": "watch trades A"}]
    session.handle_timeout(10.0)
    assert [type(event) for event in wire.events()] == [SubscribeFailed]
    # Late, and before the next try: nothing is sent again.
    assert wire.say(10.1, {"ok": "watch trades A"}) == [Subscribed(topic=Trade("A"))]
    session.handle_timeout(15.0)
    assert wire.sent() == []
    assert [type(event) for event in wire.say(16.0, {"trades": [1], "market": "A"})] == [TradeUpdate]
    assert session.trusted(Trade("A"))


def test_s11_an_acknowledgement_after_the_time_out_is_told_once_also_while_it_is_asked_again() -> None:
    session = Session(Tiny(), sources(), Config(request_timeout=10.0, ping_interval=1000.0))
    session.subscribe(Trade("A"), now=0.0)
    assert session.next_step(0.0) == Open("tiny.test", 443, True)
    session.connected(0.0)
    wire = Wire(session).open(0.0)
    wire.events()
    session.handle_timeout(10.0)
    retry_at = session.next_deadline()
    assert retry_at is not None
    session.handle_timeout(retry_at)
    wire.events()
    assert wire.say(retry_at + 0.1, {"ok": "watch trades A"}) == [Subscribed(topic=Trade("A"))]
    # The answer to the second request: no double event.
    assert wire.say(retry_at + 0.2, {"ok": "watch trades A"}) == []


def test_s11_a_late_answer_that_is_the_first_state_proves_its_book() -> None:
    session = Session(Tiny(), sources(), Config(request_timeout=10.0, ping_interval=1000.0))
    session.subscribe(Ladder("A"), now=0.0)
    assert session.next_step(0.0) == Open("tiny.test", 443, True)
    session.connected(0.0)
    wire = Wire(session).open(0.0)
    wire.events()
    wire.sent()
    session.handle_timeout(10.0)
    wire.events()
    whole = {"market": "A", "whole": True, "levels": [["1", "2"]], "total": "2"}
    # A market in which nothing happens afterwards: no push would prove it, and nothing is asked again.
    kinds = [type(event) for event in wire.say(10.1, {"ladder": whole})]
    assert kinds[-1] is BookChanged
    assert session.trusted(Ladder("A"))
    assert session.book(Ladder("A")).best_bid == (Decimal(1), Decimal(2))


def test_s11_an_answer_of_one_topic_after_the_time_out_settles_that_topic_alone() -> None:
    session, wire = asked("A", "B")
    run_to(wire, 5.0)
    wire.sent_texts()
    assert wire.say(5.2, *ok("watch", "B")) == [Subscribed(topic=Price("B"))]
    run_to(wire, 12.0)
    assert [each["markets"] for each in wire.sent() if each["do"] == "watch"] == [["A"]]
    assert [status.state for status in session.topics()] == ["asked", "acknowledged"]
