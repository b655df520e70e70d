"""Orders of unknown state: when the venue is asked about them, and what becomes of the answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from coinex_proto import (
    Command,
    Config,
    Event,
    Failed,
    OrderChanged,
    OrderFact,
    OrderView,
    Replied,
    RequestId,
    Session,
)
from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._session.order_resolver import LONGEST_PAUSE, MAX_FAILURES, RETRY_AFTER, OrderResolver
from coinex_proto.orders.tracker import Orders
from coinex_proto.phases import Phase
from tests.coinex_proto.harness.connections import connection_of, serve, signed_in
from tests.coinex_proto.harness.tiny import Do, Place, Tiny
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


# Without a session ----------------------------------------------------------------------------------------------------


class Listing(Tiny):
    """Asked about orders without a name, it lists all that are open."""

    def find_out(self, orders: Sequence[OrderView]) -> Sequence[Command[Any]]:
        return super().find_out(orders) or (Do(verb="list"),)


class Alone:
    """A resolver, the orders that it asks about, and a connection on which it may."""

    def __init__(self, venue: Tiny = Tiny(password="pw"), names: str = "ab") -> None:  # noqa: B008  (frozen)
        self.orders, self.agenda = Orders(), Agenda()
        self.resolver = OrderResolver(venue, self.orders, self.agenda)
        self.wire = signed_in(venue)
        self.views = [
            self.orders.sending(OrderFact(client_order_id=name, state="sending"), RequestId(100 + number), 0.0)
            for number, name in enumerate(names)
        ]

    def lose_sight(self, now: float = 0.0) -> tuple[OrderView, ...]:
        self.orders.connection_lost(now, "reset")
        return tuple(self.views)

    def ask(self, now: float) -> list[Any]:
        """What is due; the names that the venue is asked about."""
        unknown = self.resolver.begin_round(now)
        if unknown:
            self.resolver.send_queries(unknown, connection_of(self.wire), now)
        return [sent.get("name", sent["do"]) for sent in self.wire.sent()]

    def answer(self, now: float, *said: object) -> None:
        for event in self.wire.say(now, *said):
            if isinstance(event, (Replied, Failed)):
                assert self.resolver.answered(event, now)

    def due(self) -> float | None:
        return self.agenda.time_of(Item.ORDERS)

    def is_told(self) -> bool:
        """Whether the topics that waited for the orders may be live again."""
        return self.agenda.take(Item.ORDERS_ASKED)


FOUND_A, FOUND_B = ({"found": {"name": name, "state": "live"}} for name in "ab")


def test_a_round_begins_at_the_earliest_time_that_was_asked_for_and_once() -> None:
    alone = Alone()
    alone.lose_sight()
    alone.resolver.schedule(5.0)
    alone.resolver.schedule(3.0)
    alone.resolver.schedule(9.0)
    assert alone.due() == 3.0
    assert alone.ask(2.9) == []
    assert alone.ask(3.0) == ["a", "b"]
    assert alone.due() is None


def test_while_a_round_is_under_way_the_next_one_waits_for_its_last_answer() -> None:
    alone = Alone()
    alone.lose_sight()
    alone.resolver.schedule(0.0)
    alone.ask(0.0)
    alone.resolver.schedule(1.0)
    assert alone.due() is None
    alone.answer(2.0, FOUND_A)
    assert (alone.due(), alone.resolver.is_round_over) == (None, False)
    alone.answer(3.0, FOUND_B)
    assert (alone.due(), alone.resolver.is_round_over) == (1.0, True)


def test_a_round_without_unknown_orders_is_over_at_once() -> None:
    alone = Alone()
    alone.resolver.schedule(0.0)
    assert alone.ask(0.0) == []
    assert alone.resolver.is_round_over


def test_what_the_venue_cannot_be_asked_about_is_no_round_to_wait_for() -> None:
    alone = Alone(names="")
    alone.orders.apply(OrderFact(order_id=7, state="live"), 0.0)
    (view,) = alone.orders.open()
    alone.orders.connection_lost(0.0, "reset")
    alone.resolver.schedule(0.0)
    assert alone.ask(0.0) == []
    assert alone.resolver.is_round_over
    assert alone.resolver.doubt([view], 1.0) is False
    assert alone.due() is None
    alone.resolver.is_elsewhere = True
    assert alone.resolver.doubt([view], 1.0) is True
    assert alone.due() == 1.0


def test_doubt_of_no_order_asks_nothing() -> None:
    alone = Alone()
    alone.resolver.is_elsewhere = True
    assert alone.resolver.doubt([], 1.0) is False
    assert alone.due() is None


def test_topics_wait_until_every_order_of_which_something_was_missed_was_asked_about() -> None:
    alone = Alone()
    assert alone.resolver.doubt(alone.lose_sight(), 0.0)
    assert alone.ask(0.0) == ["a", "b"]
    alone.answer(1.0, FOUND_A)
    assert not alone.is_told()
    alone.answer(1.0, FOUND_B)
    assert alone.resolver.end_round(1.0) == []
    assert alone.is_told()


def test_a_doubt_that_comes_after_the_question_is_not_settled_by_its_answer() -> None:
    alone = Alone()
    alone.resolver.doubt(alone.lose_sight(), 0.0)
    alone.ask(0.0)
    alone.resolver.doubt(alone.views[:1], 0.5)
    alone.answer(1.0, FOUND_A, FOUND_B)
    alone.resolver.end_round(1.0)
    assert not alone.is_told()
    assert alone.ask(1.0) == ["a", "b"]
    alone.answer(2.0, FOUND_A, FOUND_B)
    alone.resolver.end_round(2.0)
    assert alone.is_told()


def test_an_order_whose_state_came_another_way_is_not_waited_for() -> None:
    alone = Alone()
    alone.resolver.doubt(alone.lose_sight(), 0.0)
    alone.orders.apply(OrderFact(client_order_id="b", state="filled"), 0.1)
    assert alone.ask(0.0) == ["a"]
    alone.answer(1.0, FOUND_A)
    alone.resolver.end_round(1.0)
    assert alone.is_told()


@pytest.mark.parametrize("error", [{"error": "busy"}, {"error": "never"}])
def test_after_three_failed_rounds_topics_wait_no_longer(error: dict[str, str]) -> None:
    alone = Alone(names="a")
    alone.resolver.doubt(alone.lose_sight(), 0.0)
    told: list[bool] = []
    now = 0.0
    for _ in range(3):
        assert alone.ask(now) == ["a"]
        alone.answer(now, error)
        alone.resolver.end_round(now)
        told.append(alone.is_told())
        if told[-1]:
            break
        assert alone.due() == now + RETRY_AFTER
        now += RETRY_AFTER
    assert told == ([False, False, True] if error == {"error": "busy"} else [True])
    assert MAX_FAILURES == 3


def test_the_list_of_open_orders_is_asked_for_unless_something_is_being_asked() -> None:
    alone = Alone(Listing(password="pw"))
    connection = connection_of(alone.wire)
    assert alone.resolver.compare(connection, 0.0) is True
    assert [sent["do"] for sent in alone.wire.sent()] == ["list"]
    assert alone.resolver.compare(connection, 0.0) is False
    assert alone.wire.sent() == []
    alone.answer(1.0, {"ok": "list"})
    assert alone.resolver.is_round_over
    alone.resolver.end_round(1.0)
    assert (alone.resolver.is_comparing, alone.resolver.is_round_over) == (False, False)
    assert alone.resolver.compare(connection, 2.0) is True


def test_a_venue_without_a_list_is_not_compared() -> None:
    alone = Alone()
    assert alone.resolver.compare(connection_of(alone.wire), 0.0) is False
    assert not alone.resolver.is_comparing


def test_a_doubt_begins_anew_to_ask_often() -> None:
    alone = Alone(names="a")
    (view,) = alone.lose_sight()
    for at in (0.0, 100.0, 200.0):
        alone.resolver.queried(view, at)
    alone.resolver.queried(view, 250.0)
    assert alone.resolver.next_query(view) == 250.0 + LONGEST_PAUSE
    alone.resolver.doubt([view], 260.0)
    assert alone.resolver.next_query(view) == 250.0 + RETRY_AFTER


def test_an_order_that_was_explained_another_way_is_asked_about_often_when_it_is_unknown_again() -> None:
    alone = Alone()
    alone.resolver.is_elsewhere = True
    view, _ = alone.lose_sight()
    for at in (0.0, 10.0, 20.0, 30.0):
        alone.resolver.begin_round(at)
        assert alone.resolver.begin_elsewhere(at) == tuple(alone.views)
        alone.resolver.end_elsewhere(at)
        assert alone.due() == pytest.approx(at + max(RETRY_AFTER, at / 4))
    alone.orders.apply(OrderFact(client_order_id="a", state="live"), 30.0)
    alone.resolver.begin_elsewhere(40.0)
    alone.orders.apply(OrderFact(client_order_id="b", state="live"), 40.0)
    alone.resolver.end_elsewhere(40.0)
    assert alone.due() is not None
    alone.resolver.begin_round(1000.0)
    alone.lose_sight(50.0)
    second = alone.views[1]
    assert alone.resolver.next_query(second) == 40.0 + RETRY_AFTER
    assert alone.resolver.next_query(view) == 30.0 + 30.0 / 4


def test_the_next_round_another_way_is_never_in_the_past() -> None:
    alone = Alone(names="a")
    alone.resolver.is_elsewhere = True
    alone.lose_sight()
    alone.resolver.begin_elsewhere(0.0)
    alone.resolver.end_elsewhere(30.0)
    assert alone.due() == 30.0


def test_where_nobody_asks_another_way_no_round_follows() -> None:
    alone = Alone(names="a")
    alone.lose_sight()
    alone.resolver.begin_elsewhere(0.0)
    alone.resolver.end_elsewhere(0.0)
    assert alone.due() is None


@pytest.mark.parametrize(("is_passing", "rounds"), [(True, 3), (False, 1)])
def test_orders_that_cannot_be_asked_about_another_way_keep_topics_waiting_for_three_rounds_at_most(
    is_passing: bool, rounds: int
) -> None:
    alone = Alone()
    alone.resolver.is_elsewhere = True
    alone.resolver.doubt(alone.lose_sight(), 0.0)
    told: list[bool] = []
    while not told or not told[-1]:
        alone.resolver.begin_round(100.0)
        alone.resolver.failed_elsewhere(10.0, is_passing=is_passing)
        assert alone.due() == (10.0 + RETRY_AFTER if is_passing else None)
        told.append(alone.is_told())
    assert len(told) == rounds


def test_an_id_that_a_round_has_told_is_asked_about_and_one_that_was_asked_about_is_not() -> None:
    alone = Alone(names="a")
    alone.lose_sight()
    alone.resolver.schedule(0.0)
    alone.ask(0.0)
    alone.orders.apply(OrderFact(client_order_id="a", order_id=5, state="unknown"), 1.0)
    alone.resolver.ask_by_new_ids(1.0)
    assert alone.due() is None, "the round is not over"
    alone.answer(1.0, {"error": "never"})
    alone.resolver.ask_by_new_ids(1.0)
    assert alone.ask(1.0) == ["a"]
    alone.answer(2.0, {"error": "never"})
    alone.resolver.ask_by_new_ids(2.0)
    assert alone.due() is None


def test_a_list_ends_the_orders_of_the_round_that_it_lacks() -> None:
    alone = Alone(names="a")
    for number in (5, 6, 7):
        alone.orders.apply(OrderFact(order_id=number, state="live"), 0.0)
    alone.orders.connection_lost(0.0, "reset")
    alone.resolver.schedule(0.0)
    alone.ask(0.0)
    alone.orders.apply(OrderFact(order_id=8, state="unknown"), 0.5)
    alone.answer(1.0, {"error": "never"})
    alone.resolver.listed = {5}
    assert [view.order_id for view in alone.resolver.end_round(1.0)] == [6, 7]


def test_after_a_loss_nothing_of_before_counts() -> None:
    alone = Alone()
    alone.resolver.doubt(alone.lose_sight(), 0.0)
    alone.ask(0.0)
    alone.resolver.queried(alone.views[0], 0.0)
    alone.resolver.connection_lost()
    assert (alone.due(), alone.resolver.is_round_over, alone.resolver.is_comparing) == (None, False, False)
    assert alone.resolver.due_orders(0.0) == tuple(alone.views)
    alone.wire = signed_in()
    alone.resolver.schedule(1.0)
    assert alone.ask(1.0) == ["a", "b"]


def test_a_round_that_was_to_come_is_forgotten_with_the_connection() -> None:
    alone = Alone()
    alone.lose_sight()
    alone.resolver.schedule(7.0)
    alone.resolver.connection_lost()
    assert (alone.due(), alone.ask(8.0)) == (None, [])


def test_before_anything_is_asked_no_round_is_over_and_nothing_is_compared() -> None:
    resolver = Alone().resolver
    assert (resolver.is_round_over, resolver.is_comparing, resolver.is_elsewhere, resolver.listed) == (
        False, False, False, None,
    )  # fmt: skip


def test_an_id_that_the_last_answer_of_a_round_has_told_begins_another() -> None:
    alone = Alone(names="a")
    alone.lose_sight()
    alone.resolver.schedule(0.0)
    alone.ask(0.0)
    alone.orders.apply(OrderFact(client_order_id="a", order_id=5, state="unknown"), 1.0)
    alone.answer(1.0, {"error": "never"})
    assert alone.due() is None
    alone.resolver.ask_by_new_ids(1.0)
    assert alone.due() == 1.0


def timed_out(alone: Alone, now: float = 0.0) -> RequestId:
    """Asked about, and not answered in time."""
    alone.lose_sight()
    alone.resolver.doubt(alone.views, now)
    alone.ask(now)
    (failed,) = [event for event in serve(alone.wire, now + 10.0) if isinstance(event, Failed)]
    assert alone.resolver.answered(failed, now + 10.0)
    return failed.request_id


def test_the_answer_to_a_query_that_timed_out_is_taken_once_and_not_after_a_loss() -> None:
    alone = Alone(names="a")
    late = Replied(request_id=timed_out(alone), command=Do(verb="find"), result=None)
    assert [alone.resolver.answered(late, 11.0), alone.resolver.answered(late, 11.0)] == [True, False]
    alone = Alone(names="a")
    late = Replied(request_id=timed_out(alone), command=Do(verb="find"), result=None)
    alone.resolver.connection_lost()
    assert alone.resolver.answered(late, 11.0) is False


def test_what_was_doubted_before_a_loss_is_not_waited_for_after_it() -> None:
    alone = Alone()
    alone.resolver.doubt(alone.lose_sight(), 0.0)
    alone.resolver.connection_lost()
    alone.wire = signed_in()
    alone.orders.apply(OrderFact(client_order_id="a", state="filled"), 1.0)
    alone.resolver._round = set()
    alone.resolver.end_round(1.0)
    assert alone.is_told()


def test_an_order_may_be_asked_about_again_a_minute_after_the_last_time_whatever_was_asked_between() -> None:
    alone = Alone()
    first, second = alone.lose_sight()
    for at in (0.0, 30.0, 60.0):
        alone.resolver.queried(first, at)
    alone.resolver.queried(second, 60.0 + LONGEST_PAUSE)
    assert alone.resolver.next_query(first) == -math.inf + LONGEST_PAUSE
