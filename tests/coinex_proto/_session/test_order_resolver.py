"""Orders of unknown state: when the venue is asked about them, and what becomes of the answers."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import Config, Event, Failed, OrderChanged, Replied, Session
from coinex_proto._session.order_resolver import LONGEST_PAUSE, RETRY_AFTER
from coinex_proto.phases import Phase
from tests.coinex_proto.harness.tiny import Place, Tiny
from tests.coinex_proto.harness.wire import Wire, sources


class Trader:
    """A signed-in session of the made-up venue."""

    def __init__(self) -> None:
        self.session = Session(Tiny(password="pw"), sources(), Config())
        self.now = 0.0
        self.connect()

    def connect(self) -> None:
        self.session.next_step(self.now)
        self.session.connected(self.now)
        self.wire = Wire(self.session).open(self.now)
        self.say({"hello": "n"}, {"ok": "login"}, {"ok": "greet"})
        assert self.session.phase is Phase.READY

    def say(self, *values: object) -> list[Event]:
        return self.wire.say(self.now, *values)

    def asked(self) -> list[Any]:
        return [text["name"] for text in self.wire.sent() if text["do"] == "find"]

    def place(self, name: str) -> None:
        self.session.send(Place(name=name), self.now)

    def lose(self) -> None:
        self.session.disconnected(self.now, "reset")
        self.wire.events()
        self.now += 60.0

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.session.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.session.handle_timeout(self.now)
        self.now = until

    def states(self) -> dict[str | None, str]:
        return {order.client_order_id: order.state for order in self.session.orders.open()}


def test_nothing_is_asked_while_nothing_is_unknown() -> None:
    trader = Trader()
    trader.place("a")
    trader.say({"order": {"name": "a", "state": "filled"}})
    trader.lose()
    trader.connect()
    assert trader.asked() == []


def test_after_a_reconnect_each_unknown_order_is_asked_about_and_the_answer_counts() -> None:
    trader = Trader()
    trader.place("a")
    trader.place("b")
    trader.say({"order": {"name": "b", "state": "live"}})
    trader.lose()
    assert trader.states() == {"a": "unknown", "b": "unknown"}
    trader.connect()
    assert trader.asked() == ["a", "b"]
    events = trader.say({"found": {"name": "a", "state": "filled"}}, {"found": {"name": "b", "state": "live"}})
    assert trader.states() == {"b": "live"}
    assert [event for event in events if isinstance(event, (Replied, Failed))] == []
    assert [event.order.state for event in events if isinstance(event, OrderChanged)] == ["filled", "live"]


def test_an_order_that_becomes_unknown_while_connected_is_asked_about_at_once() -> None:
    trader = Trader()
    trader.place("a")
    trader.say({"error": "internal", "of": ["order", "a"]}, {"error": "internal"})
    assert trader.states() == {"a": "unknown"}
    assert trader.asked() == ["a"]


def test_a_query_without_an_answer_is_asked_again_later() -> None:
    trader = Trader()
    trader.place("a")
    trader.say({"error": "internal"})
    assert trader.asked() == ["a"]
    trader.say({"error": "busy"})
    trader.wait(RETRY_AFTER - 0.1)
    assert trader.asked() == []
    trader.wait(0.2)
    assert trader.asked() == ["a"]


def test_a_query_that_is_refused_for_good_is_not_repeated() -> None:
    trader = Trader()
    trader.place("a")
    trader.say({"error": "internal"})
    trader.asked()
    trader.say({"error": "never"})
    trader.wait(10 * RETRY_AFTER)
    assert trader.asked() == []
    assert trader.states() == {"a": "unknown"}


def test_queries_of_a_lost_connection_begin_anew_on_the_next() -> None:
    trader = Trader()
    trader.place("a")
    trader.lose()
    trader.connect()
    assert trader.asked() == ["a"]
    trader.lose()
    trader.connect()
    assert trader.asked() == ["a"]


# By a second channel --------------------------------------------------------------------------------------------------


def test_an_order_is_due_for_a_query_another_way_and_then_again_after_a_while() -> None:
    trader = Trader()
    trader.place("a")
    session = trader.session
    assert session.orders_to_query(trader.now) == ()
    trader.say({"error": "internal"})
    (order,) = session.orders_to_query(trader.now)
    session.order_queried(order.snapshot(), trader.now)
    assert session.orders_to_query(trader.now + RETRY_AFTER - 0.1) == ()
    assert session.next_order_query(order) == trader.now + RETRY_AFTER
    assert session.orders_to_query(trader.now + RETRY_AFTER) == (order,)


def test_what_was_asked_before_a_loss_may_be_asked_again_after_it() -> None:
    trader = Trader()
    trader.place("a")
    trader.say({"error": "internal"})
    (order,) = trader.session.orders_to_query(trader.now)
    trader.session.order_queried(order, trader.now)
    trader.session.disconnected(trader.now, "reset")
    assert trader.session.orders_to_query(trader.now) == (order,)


def test_what_nobody_can_explain_is_asked_about_ever_more_rarely_up_to_once_a_minute() -> None:
    trader = Trader()
    trader.place("a")
    trader.say({"error": "internal"})
    session = trader.session
    (order,) = session.orders_to_query(trader.now)
    at, gaps = trader.now, []
    for _ in range(60):
        session.order_queried(order, at)
        gaps.append(session.next_order_query(order) - at)
        at += gaps[-1]
    assert gaps[:5] == [RETRY_AFTER] * 5
    assert gaps == sorted(gaps)
    assert gaps[-1] == LONGEST_PAUSE
    assert sum(gaps[:9]) < 25.0, "soon after the venue would not take it any more, it is asked about"
    session.disconnected(at, "reset")
    session.order_queried(order, at)
    assert session.next_order_query(order) == at + RETRY_AFTER, "a new doubt begins anew"


def test_a_venue_that_is_busy_for_long_is_asked_ever_more_rarely() -> None:
    trader = Trader()
    trader.place("a")
    trader.say({"error": "internal"})
    asked: list[float] = []
    for tenth in range(190):
        if trader.asked():
            asked.append(tenth / 10)
            trader.say({"error": "busy"})
        trader.wait(0.1)
    assert asked == pytest.approx([0.0, 2.0, 4.0, 6.0, 10.0, 18.0], abs=0.35)


def test_a_query_that_timed_out_takes_its_answer_all_the_same() -> None:
    trader = Trader()
    trader.place("a")
    trader.say({"error": "internal"})
    assert trader.asked() == ["a"]
    trader.wait(Config().request_timeout + 0.1)
    events = trader.say({"found": {"name": "a", "state": "filled"}})
    assert trader.states() == {}
    assert not any(isinstance(event, (Replied, Failed)) for event in events)
