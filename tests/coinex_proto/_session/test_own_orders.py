"""Own orders of one session: from what is said of them to views and events."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from attrs import frozen

from coinex_proto import (
    Command,
    Event,
    Failed,
    OrderChanged,
    OrderFact,
    OrdersQueried,
    OrderView,
    OutcomeUnknown,
    Outgoing,
    Replied,
    RequestId,
    RequestRefused,
    RequestTimedOut,
    Statistics,
    Update,
)
from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.timeline import Timeline
from coinex_proto._session.own_orders import LISTED_AFTER, OwnOrders
from coinex_proto.ids import ANYTHING
from coinex_proto.orders.fact import OrdersMissed
from coinex_proto.orders.tracker import Orders
from tests.coinex_proto.harness.connections import connection_of, signed_in
from tests.coinex_proto.harness.tiny import Do, Find, OrderUpdate, Place, PriceUpdate, Tiny

PLACE = Place(name="a")
FIRST = RequestId(1)
SECOND = RequestId(2)


@frozen(kw_only=True)
class Cancel(Command[None]):
    """Cancels an order of the made-up venue."""

    name: str
    is_private: ClassVar[bool] = True

    def parse(self, body: bytes) -> None:
        return None

    def order_if_unknown(self) -> OrderFact:
        return OrderFact(client_order_id=self.name, state="unknown")


class Tracked:
    """The tracker of one session, and the events that come out of it."""

    def __init__(self) -> None:
        self.orders = Orders()
        self.queue: deque[Event] = deque()
        self.agenda = Agenda()
        self.stats = Statistics()
        self.own = OwnOrders(Tiny(password="pw"), self.orders, self.queue, self.agenda, Timeline(int), self.stats)

    def place(self) -> OrderView:
        return self.orders.sending(PLACE.order(), FIRST, 0.0)

    def due(self) -> float | None:
        return self.agenda.time_of(Item.ORDERS)

    def states(self) -> list[str]:
        states: list[str] = [event.order.state for event in self.queue if isinstance(event, OrderChanged)]
        assert len(states) == len(self.queue)
        self.queue.clear()
        return states


def failed(error: OutcomeUnknown | RequestRefused | RequestTimedOut, command: Command[object] = PLACE) -> Failed:
    return Failed(request_id=FIRST if command is PLACE else SECOND, command=command, error=error)


def test_a_push_changes_an_order_once_and_the_event_is_a_picture_of_that_moment() -> None:
    tracked = Tracked()
    view = tracked.place()
    for state in ("live", "live", "filled"):
        tracked.own.take_update(OrderUpdate(name="a", state=state), 1.0)
    assert (tracked.states(), view.state) == (["live", "filled"], "filled")
    tracked.own.take_update(PriceUpdate(market="A", price="1"), 1.0)
    assert tracked.states() == []


def test_the_answer_to_an_orders_command_is_the_live_view() -> None:
    tracked = Tracked()
    view = tracked.place()
    answer = Replied(request_id=FIRST, command=PLACE, result=OrderUpdate(name="a", state="live"))
    event = tracked.own.outcome(answer, 1.0)
    assert isinstance(event, Replied)
    assert event.result is view
    assert tracked.states() == ["live"]


def test_another_commands_answer_goes_through_as_it_is() -> None:
    tracked = Tracked()
    event = Replied(request_id=SECOND, command=Do(verb="a"), result=7)
    assert tracked.own.outcome(event, 1.0) is event
    assert tracked.states() == []


def test_a_query_may_tell_more_of_an_order_than_its_pushes() -> None:
    tracked = Tracked()
    tracked.place()
    found = Replied(request_id=SECOND, command=Find(name="a"), result=OrderUpdate(name="a", state="filled"))
    assert tracked.own.outcome(found, 1.0) is found
    assert tracked.states() == ["filled"]


@pytest.mark.parametrize(
    ("error", "state", "asks"),
    [
        (RequestRefused(7, "no money"), "refused", None),
        (OutcomeUnknown("lost"), "unknown", 1.0),
        (RequestTimedOut("slow"), "unknown", 1.0),
    ],
)
def test_an_order_without_a_yes_is_refused_or_unknown_and_only_then_asked_about(
    error: OutcomeUnknown | RequestRefused | RequestTimedOut, state: str, asks: float | None
) -> None:
    tracked = Tracked()
    view = tracked.place()
    event = failed(error)
    assert tracked.own.outcome(event, 1.0) is event
    assert (tracked.states(), view.state, tracked.due()) == ([state], state, asks)
    assert view.why == str(error)


def test_a_cancel_of_unknown_outcome_makes_the_order_unknown_unless_that_is_over() -> None:
    tracked = Tracked()
    view = tracked.place()
    tracked.own.take_update(OrderUpdate(name="a", state="live"), 1.0)
    tracked.own.outcome(failed(OutcomeUnknown("lost"), Cancel(name="a")), 2.0)
    tracked.own.outcome(failed(OutcomeUnknown("lost"), Cancel(name="stranger")), 2.0)
    assert (tracked.states(), view.why) == (["live", "unknown"], "lost")
    tracked.own.take_update(OrderUpdate(name="a", state="filled"), 3.0)
    tracked.own.outcome(failed(OutcomeUnknown("lost"), Cancel(name="a")), 4.0)
    assert tracked.states() == ["filled"]


def test_what_came_another_way_counts_as_well() -> None:
    tracked = Tracked()
    tracked.place()
    tracked.own.apply_facts((OrderFact(order_id=5, state="live", amount=Decimal(1)),), 1.0, FIRST)
    tracked.orders.sending(OrderFact(client_order_id="b", state="sending"), SECOND, 1.0)
    tracked.own.refused(SECOND, "no", 2.0)
    assert tracked.states() == ["live", "refused"]
    third = RequestId(3)
    tracked.orders.sending(OrderFact(client_order_id="c", state="sending"), third, 2.0)
    tracked.own.unknown(third, "the answer was lost", 3.0)
    assert tracked.states() == ["unknown"]
    assert [order.client_order_id or order.order_id for order in tracked.orders.open()] == ["a", "c"]


def test_when_the_connection_is_lost_open_orders_are_unknown_and_the_next_one_asks_about_them() -> None:
    tracked = Tracked()
    tracked.place()
    tracked.own.connection_lost("reset", 1.0)
    assert (tracked.states(), tracked.due()) == (["unknown"], None)
    tracked.own.connection_ready(2.0)
    assert tracked.due() == 2.0
    wire = signed_in()
    tracked.own.send_queries(connection_of(wire), 2.0)
    assert (wire.sent(), tracked.due()) == ([{"do": "find", "name": "a"}], None)


def test_the_answer_to_our_own_query_is_dealt_with_here_and_once() -> None:
    tracked = Tracked()
    tracked.place()
    tracked.own.connection_lost("reset", 1.0)
    tracked.own.connection_ready(2.0)
    wire = signed_in()
    tracked.own.send_queries(connection_of(wire), 2.0)
    tracked.queue.clear()
    (answer,) = [event for event in wire.say(2.5, {"found": {"name": "a", "state": "live"}}) if type(event) is Replied]
    assert [tracked.own.answers(answer, 2.5), tracked.own.answers(answer, 2.5)] == [True, False]
    assert tracked.states() == ["live"]


# Doubts ---------------------------------------------------------------------------------------------------------------


def test_an_order_that_a_push_makes_unknown_is_asked_about_and_a_known_one_is_not() -> None:
    tracked = Tracked()
    tracked.place()
    tracked.own.apply_facts((OrderFact(client_order_id="a", state="live"),), 1.0)
    assert tracked.due() is None
    tracked.own.apply_facts((OrderFact(client_order_id="a", state="unknown"),), 2.0)
    assert tracked.due() == 2.0


def test_a_missed_message_makes_its_orders_unknown_counts_as_a_doubt_and_says_whether_they_are_asked_about() -> None:
    tracked = Tracked()
    view = tracked.place()
    assert tracked.own.missed(OrdersMissed(topic=ANYTHING, client_order_id="a"), 1.0, "unreadable") is True
    assert (tracked.states(), view.why, tracked.own.doubts, tracked.due()) == (["unknown"], "unreadable", 1, 1.0)
    assert tracked.own.missed(OrdersMissed(topic=ANYTHING), 2.0, "unreadable") is True
    assert (tracked.states(), tracked.own.doubts) == ([], 2)
    tracked.own.take_update(OrderUpdate(name="a", state="filled"), 3.0)
    assert tracked.own.missed(OrdersMissed(topic=ANYTHING), 4.0, "unreadable") is False


@pytest.mark.parametrize(("is_covered", "states", "doubts"), [(False, ["unknown"], 1), (True, [], 0)])
def test_a_lost_connection_is_a_doubt_unless_another_line_tells_of_the_orders(
    is_covered: bool, states: list[str], doubts: int
) -> None:
    tracked = Tracked()
    tracked.place()
    tracked.own.compare_every(5.0, 0.0)
    tracked.own.resolver.schedule(0.5)
    tracked.own.connection_lost("reset", 1.0, is_covered=is_covered)
    assert (tracked.states(), tracked.own.doubts) == (states, doubts)
    assert (tracked.due(), tracked.agenda.time_of(Item.OPEN_ORDERS)) == (None, None)


def test_a_refusal_of_an_order_that_is_known_to_be_live_makes_it_unknown_and_says_so() -> None:
    tracked = Tracked()
    view = tracked.place()
    tracked.own.take_update(OrderUpdate(name="a", state="live"), 1.0)
    event = tracked.own.outcome(failed(RequestRefused(7, "no money")), 2.0)
    assert isinstance(event, Failed)
    assert isinstance(event.error, OutcomeUnknown)
    assert "has accepted the order" in str(event.error)
    assert (view.state, tracked.due()) == ("unknown", 2.0)


def test_a_refusal_of_an_order_that_has_ended_is_its_end() -> None:
    tracked = Tracked()
    view = tracked.place()
    tracked.own.take_update(OrderUpdate(name="a", state="filled"), 1.0)
    event = tracked.own.outcome(failed(RequestRefused(7, "no money")), 2.0)
    assert isinstance(event, Replied)
    assert (event.result, view.state) == (view, "filled")


# The list of open orders ----------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Listed(OrderUpdate):
    """All open orders, by id."""

    is_whole_order_list: ClassVar[bool] = True
    ids: tuple[int, ...] = ()


@frozen(kw_only=True)
class List(Command[Listed]):
    def parse(self, body: bytes) -> Listed:
        return Listed(name="", state="live", ids=tuple(json.loads(body)))


class Listing(Tiny):
    """Can be asked for all open orders."""

    def find_out(self, orders: Sequence[OrderView]) -> Sequence[Command[Any]]:
        return (List(),)

    def encode(self, command: Command[Any], request_id: RequestId) -> Outgoing:
        if isinstance(command, List):
            return Outgoing(text=b'{"do":"list"}', keys=("list",))
        return super().encode(command, request_id)

    def order(self, update: Update) -> Sequence[OrderFact]:
        if isinstance(update, Listed):
            return tuple(OrderFact(order_id=number, state="live") for number in update.ids)
        return super().order(update)


class Compared(Tracked):
    """Orders 5 and 6 are live since 0.0, and the list is asked for every ten seconds."""

    def __init__(self) -> None:
        super().__init__()
        venue = Listing(password="pw")
        self.own = OwnOrders(venue, self.orders, self.queue, self.agenda, Timeline(int), self.stats)
        self.wire = signed_in(venue)
        for number in (5, 6):
            self.own.apply_facts((OrderFact(order_id=number, state="live"),), 0.0)
        self.queue.clear()
        self.own.compare_every(10.0, 0.0)

    def ask(self, now: float) -> int:
        self.own.send_queries(connection_of(self.wire), now)
        return len(self.wire.sent())

    def answer(self, now: float, *ids: int) -> list[str]:
        for event in self.wire.say(now, {"ok": "list", "result": list(ids)}):
            if isinstance(event, Replied):
                assert self.own.answers(event, now)
        return self.states()


def test_an_order_that_the_list_lacks_is_unknown_and_asked_about() -> None:
    compared = Compared()
    assert (compared.ask(9.9), compared.ask(10.0)) == (0, 1)
    assert compared.agenda.time_of(Item.OPEN_ORDERS) == 20.0
    assert compared.answer(11.0, 5) == ["unknown"]
    assert (compared.stats.order_differences, compared.own.doubts, compared.due()) == (1, 1, 11.0)
    (view,) = [order for order in compared.orders.open() if order.state == "unknown"]
    assert (view.order_id, view.why) == (6, "the venue lists it no more")
    assert compared.ask(11.0) == 1
    assert compared.answer(12.0, 5) == ["unknown"]
    assert view.has_ended


def test_a_list_that_agrees_changes_nothing() -> None:
    compared = Compared()
    compared.ask(10.0)
    assert compared.answer(11.0, 5, 6) == []
    assert (compared.stats.order_differences, compared.own.doubts) == (0, 0)
    assert compared.ask(20.0) == 1


def test_an_order_that_only_the_list_knows_is_a_difference() -> None:
    compared = Compared()
    compared.ask(10.0)
    assert compared.answer(11.0, 5, 6, 7) == ["live"]
    assert compared.stats.order_differences == 1


def test_an_order_that_changed_lately_or_was_placed_meanwhile_is_not_missed_in_the_list() -> None:
    compared = Compared()
    compared.own.apply_facts((OrderFact(order_id=6, amount=Decimal(3)),), 9.0)
    compared.ask(10.0)
    compared.own.apply_facts((OrderFact(order_id=8, state="live"),), 10.0)
    compared.states()
    assert compared.answer(10.9, 5) == []
    compared.ask(20.0)
    assert compared.answer(20.0 + LISTED_AFTER, 5, 8) == ["unknown"]


def test_the_list_is_not_compared_with_orders_of_before_a_lost_connection() -> None:
    compared = Compared()
    compared.ask(10.0)
    compared.own.connection_lost("reset", 10.5, is_covered=True)
    compared.wire = signed_in(Listing(password="pw"))
    compared.own.connection_ready(11.0)
    assert compared.ask(11.0) == 0
    assert compared.agenda.time_of(Item.OPEN_ORDERS) == 21.0


def test_while_a_round_is_under_way_the_list_is_asked_for_a_little_later() -> None:
    compared = Compared()
    compared.own.apply_facts((OrderFact(order_id=5, state="unknown"),), 9.0)
    assert compared.ask(10.0) == 1
    assert compared.agenda.time_of(Item.OPEN_ORDERS) == 10.0 + LISTED_AFTER


def test_the_comparison_may_be_ended() -> None:
    compared = Compared()
    compared.own.compare_every(None, 1.0)
    assert compared.agenda.time_of(Item.OPEN_ORDERS) is None
    assert compared.ask(100.0) == 0


def test_where_somebody_asks_another_way_the_session_says_what_is_to_be_asked() -> None:
    compared = Compared()
    compared.own.resolver.is_elsewhere = True
    assert compared.ask(10.0) == 0
    assert list(compared.queue) == [OrdersQueried(is_whole_list=True)]
    compared.queue.clear()
    compared.own.apply_facts((OrderFact(order_id=5, state="unknown"),), 11.0)
    compared.queue.clear()
    assert compared.ask(11.0) == 0
    (event,) = compared.queue
    assert isinstance(event, OrdersQueried)
    assert ([order.order_id for order in event.orders], event.is_whole_list) == ([5], False)
    compared.own.connection_ready(12.0)
    assert compared.due() is None, "whoever asks another way begins by himself"


def test_only_live_orders_with_an_id_should_be_listed() -> None:
    compared = Compared()
    compared.place()
    compared.own.take_update(OrderUpdate(name="a", state="live"), 1.0)
    compared.own.apply_facts((OrderFact(order_id=5, state="unknown"),), 1.0)
    assert [view.order_id for view in compared.own.live_orders()] == [6]
