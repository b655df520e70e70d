"""Own orders of one session: from what is said of them to views and events."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import ClassVar

import pytest
from attrs import frozen

from coinex_proto import (
    Command,
    Event,
    Failed,
    OrderChanged,
    OrderFact,
    OrderView,
    OutcomeUnknown,
    Replied,
    RequestId,
    RequestRefused,
    RequestTimedOut,
    Statistics,
)
from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.timeline import Timeline
from coinex_proto._session.own_orders import OwnOrders
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
        self.own = OwnOrders(Tiny(password="pw"), self.orders, self.queue, self.agenda, Timeline(int), Statistics())

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
