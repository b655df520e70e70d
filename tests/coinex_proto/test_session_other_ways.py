"""What goes and comes another way than by the socket: orders on their way, and updates that a query has told."""

from __future__ import annotations

import copy
import json
import math
import pickle
from decimal import Decimal

import pytest

from coinex_proto import (
    Event,
    OrderChanged,
    OrderFact,
    OrdersQueried,
    OrderView,
    Replied,
    RequestId,
    Session,
    Sources,
    coinex,
    to_json,
)
from coinex_proto._session.order_resolver import RETRY_AFTER
from coinex_proto.coinex import Trades, TradesUpdate
from coinex_proto.coinex.market_updates import Deal
from tests.coinex_proto.harness.tiny import OrderUpdate, Tiny
from tests.coinex_proto.harness.wire import Wire

SOURCES = Sources(wall_time_ns=lambda: 0, random_bytes=bytes)
ORDER = OrderFact(client_order_id="mine", market="BTCUSDT", amount=Decimal(1), state="sending")


@pytest.fixture
def session() -> Session:
    return Session(coinex.spot(), SOURCES)


def events(session: Session) -> list[Event]:
    found = []
    while (event := session.next_event()) is not None:
        found.append(event)
    return found


def states(session: Session) -> list[str]:
    return [event.order.state for event in events(session) if isinstance(event, OrderChanged)]


def trades(*ids: int) -> TradesUpdate:
    deals = [Deal(deal_id=n, created_at=n, side="buy", price=Decimal(1), amount=Decimal(1)) for n in ids]
    return TradesUpdate(market="BTCUSDT", deal_list=tuple(deals))


# Orders ---------------------------------------------------------------------------------------------------------------


def test_an_order_that_leaves_another_way_ends_with_its_answer(session: Session) -> None:
    request_id, view = session.sending(ORDER, 1.0)
    assert (view.state, events(session)) == ("sending", [])
    session.apply_facts(OrderFact(order_id=7, state="live"), now=2.0, request_id=request_id)
    assert (view.state, view.order_id) == ("live", 7)
    assert states(session) == ["live"]


def test_each_order_that_leaves_has_a_number_of_its_own(session: Session) -> None:
    first, one = session.sending(ORDER, 1.0)
    second, two = session.sending(ORDER, 1.0)
    assert (first, second) == (RequestId(1), RequestId(2))
    assert one is not two


def test_what_was_refused_says_why(session: Session) -> None:
    request_id, view = session.sending(ORDER, 1.0)
    session.refused(request_id, "too little money", 2.0)
    assert (view.state, view.why, states(session)) == ("refused", "too little money", ["refused"])


def test_what_may_stand_is_in_doubt_until_something_tells(session: Session) -> None:
    request_id, view = session.sending(ORDER, 1.0)
    session.outcome_unknown(request_id, "no answer", 2.0)
    session.apply_facts(OrderFact(order_id=7, client_order_id="mine", state="filled"), now=3.0)
    assert (states(session), view.state) == (["unknown", "filled"], "filled")


def test_an_order_that_a_push_has_told_of_is_not_taken_back(session: Session) -> None:
    request_id, view = session.sending(ORDER, 1.0)
    session.apply_facts(OrderFact(order_id=7, client_order_id="mine", state="live"), now=2.0)
    session.refused(request_id, "too late", 3.0)
    session.outcome_unknown(request_id, "too late", 3.0)
    assert (view.state, states(session)) == ("live", ["live"])


# Updates --------------------------------------------------------------------------------------------------------------


def test_a_recovered_update_is_handed_out_marked_and_dated(session: Session) -> None:
    session.subscribe(Trades("BTCUSDT"), now=1.0)
    (told,) = session.recover(trades(2, 1), now=5.0)
    assert events(session) == [told]
    assert (told.is_recovered, told.received_at, trades(1).is_recovered) == (True, 5.0, False)
    assert not session.trusted(Trades("BTCUSDT")), "it proves nothing"


def test_what_is_recovered_twice_is_handed_out_once(session: Session) -> None:
    session.subscribe(Trades("BTCUSDT"), now=1.0)
    session.recover(trades(2, 1), now=5.0)
    (told,) = session.recover(trades(3, 2, 1), now=6.0)
    assert isinstance(told, TradesUpdate)
    assert (told.trade_ids, told.is_history) == ((3,), True)
    assert session.recover(trades(3), now=7.0) == ()


def test_what_is_recovered_does_not_push_out_what_is_known_of_the_newest_trades(session: Session) -> None:
    session.subscribe(Trades("BTCUSDT"), now=1.0)
    session.recover(trades(*range(1100, 1000, -1)), now=5.0)
    session.recover(trades(*range(1000, 0, -1)), now=5.0)
    assert session.recover(trades(*range(1100, 1000, -1)), now=6.0) == ()


def test_what_nobody_wants_is_not_handed_out(session: Session) -> None:
    assert session.recover(trades(1), now=5.0) == ()
    assert events(session) == []


def test_a_copy_of_a_recovered_update_is_recovered_too(session: Session) -> None:
    session.subscribe(Trades("BTCUSDT"), now=1.0)
    (told,) = session.recover(trades(1), now=5.0)
    for twin in (copy.copy(told), pickle.loads(pickle.dumps(told))):
        assert (twin, twin.is_recovered, twin.received_at) == (told, True, 5.0)


def test_a_recovered_update_says_so_as_json(session: Session) -> None:
    session.subscribe(Trades("BTCUSDT"), now=1.0)
    (told,) = session.recover(trades(1), now=5.0)
    assert to_json(told).startswith('{"type":"TradesUpdate","received_at":5.0,"is_recovered":true,"data":{')
    assert "is_recovered" not in to_json(trades(1))


def test_a_note_comes_in_its_place_among_the_events(session: Session) -> None:
    note = Replied(request_id=RequestId(1), command=coinex.Ping(), result=None)
    session.subscribe(Trades("BTCUSDT"), now=1.0)
    session.recover(trades(1), now=5.0)
    session.note(note, 6.0)
    assert events(session)[1:] == [note]


# Orders in doubt, asked about another way -----------------------------------------------------------------------------


def in_doubt(session: Session) -> OrderView:
    request_id, view = session.sending(ORDER, 1.0)
    session.outcome_unknown(request_id, "no answer", 2.0)
    events(session)
    return view


def asked_about(found: list[Event]) -> list[str | None]:
    return [order.client_order_id for event in found if isinstance(event, OrdersQueried) for order in event.orders]


def test_an_order_in_doubt_is_asked_about_at_once_and_then_not_sooner_than_after_a_pause(session: Session) -> None:
    assert session.orders_to_query(2.0) == ()
    view = in_doubt(session)
    assert session.orders_to_query(2.0) == (view,)
    assert session.next_order_query(view) == -math.inf
    session.order_queried(view, 3.0)
    assert session.orders_to_query(3.0) == ()
    again = session.next_order_query(view)
    assert again == 3.0 + RETRY_AFTER
    assert session.orders_to_query(again) == (view,)


def test_what_is_begun_is_asked_about_until_it_has_ended_and_later_when_it_failed(session: Session) -> None:
    wire = opened(session)
    session.query_orders_elsewhere(1.0)
    view = in_doubt(session)
    session.ask_about_orders(2.0)
    assert asked_about(events(session)) == ["mine"]
    assert session.begin_order_queries(2.0) == (view,)
    assert session.begin_order_queries(2.5) == ()
    session.order_queries_failed(3.0, is_passing=True)
    assert (session.next_deadline(), events(session)) == (3.0 + RETRY_AFTER, [])
    session.handle_timeout(3.0 + RETRY_AFTER)
    assert asked_about(wire.events()) == ["mine"]
    assert session.begin_order_queries(8.0) == (view,)
    session.apply_facts(OrderFact(client_order_id="mine", market="BTCUSDT", state="filled"), now=8.0)
    session.orders_queried(9.0)
    assert session.orders_to_query(60.0) == ()


def test_what_was_in_doubt_before_somebody_could_ask_is_asked_about_then(session: Session) -> None:
    opened(session)
    in_doubt(session)
    session.query_orders_elsewhere(4.0)
    assert asked_about(events(session)) == ["mine"]


def test_the_list_of_open_orders_is_asked_for_as_often_as_was_said(session: Session) -> None:
    opened(session)
    session.query_orders_elsewhere(1.0)
    session.compare_orders_every(10.0, 1.0)
    assert session.next_deadline() == 11.0
    session.handle_timeout(11.0)
    assert events(session) == [OrdersQueried(is_whole_list=True)]
    session.compare_orders_every(None, 12.0)
    due = session.next_deadline()
    assert due is not None
    session.handle_timeout(due)
    assert OrdersQueried(is_whole_list=True) not in events(session)
    session.orders_differ(2, 13.0)
    assert session.stats.order_differences == 2


def test_a_lost_connection_is_counted_as_something_missed_of_orders(session: Session) -> None:
    before = session.order_doubts
    opened(session)
    assert session.order_doubts == before
    session.disconnected(2.0)
    assert session.order_doubts == before + 1


def opened(session: Session) -> Wire:
    session.next_step(0.0)
    session.connected(0.0)
    wire = Wire(session).open(0.0)
    events(session)
    return wire


def test_an_own_fill_that_a_query_has_told_is_not_handed_out_once_more() -> None:
    session = Session(coinex.spot(credentials=coinex.Credentials("A" * 8, "B" * 8)), SOURCES)
    session.subscribe(coinex.UserTrades(), now=0.0)
    fill = {"deal_id": 7, "order_id": 1, "created_at": 1000, "market": "BTCUSDT", "side": "buy", "price": "100"}
    fill |= {"amount": "1", "role": "taker", "fee": "0", "fee_ccy": "USDT", "client_id": "c1", "margin_market": ""}
    payload = json.dumps({"method": "user_deals.update", "data": fill, "id": None}).encode()
    (told,) = session.dialect.decode(payload)
    assert isinstance(told, coinex.UserTradeUpdate)
    wire = opened(session)
    wire.say(0.0, {"id": 1, "code": 0, "message": "OK"})
    wire.say(0.0, {"id": 2, "code": 0, "message": "OK"})
    assert session.recover(told, now=1.0) == (told,)
    wire.events()
    wire.client.receive_data(wire.peer.text(payload.decode()), 2.0)
    assert [event for event in wire.events() if isinstance(event, coinex.UserTradeUpdate)] == []
    assert session.stats.duplicates == 1


def test_what_a_query_has_told_of_an_order_changes_it_although_nobody_wants_the_update() -> None:
    session = Session(Tiny(password="pw"), SOURCES)
    _, view = session.sending(OrderFact(client_order_id="x", state="sending"), 1.0)
    assert session.recover(OrderUpdate(name="x", state="filled"), now=5.0) == ()
    assert (view.state, states(session)) == ("filled", ["filled"])
