"""What goes and comes another way than by the socket: orders on their way, and updates that a query has told."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal

import pytest

from coinex_proto import Event, OrderChanged, OrderFact, Replied, RequestId, Session, Sources, coinex, to_json
from coinex_proto.coinex import Trades, TradesUpdate
from coinex_proto.coinex.market_updates import Deal

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
