"""A push that cannot be read and may have told of own orders: they are unknown at once, and asked about, on every venue."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from typing import Any

import pytest
from wsproto.events import TextMessage

from coinex_proto import (
    Event,
    Failed,
    Lost,
    OrderChanged,
    OrderFact,
    OrdersQueried,
    OutcomeUnknown,
    Restored,
    Session,
    Unrecognised,
    to_json,
)
from coinex_proto.coinex import Balances, Credentials, Orders, UserTrades, UserTradeUpdate, futures, spot
from coinex_proto.coinflex import OrderBook, OwnOrders, OwnOrderUpdate
from coinex_proto.qfex import Fills, FillUpdate
from coinex_proto.qfex import Orders as QfexOrders
from tests.coinex_proto.coinex.test_transcripts import acknowledged, gzipped, opened
from tests.coinex_proto.coinflex import venue
from tests.coinex_proto.harness.wire import Wire
from tests.coinex_proto.qfex.trade_session import TradeSession, limit, only, record

FEED = QfexOrders()
KEYS = Credentials("A" * 8, "B" * 8)
DIALECTS = {"spot": spot(credentials=KEYS), "futures": futures(credentials=KEYS)}

ORDER: dict[str, Any] = {
    "order_id": 1,
    "market": "BTCUSDT",
    "type": "limit",
    "side": "buy",
    "price": "100",
    "amount": "1",
    "unfilled_amount": "1",
    "filled_amount": "0",
    "filled_value": "0",
    "taker_fee_rate": "0",
    "maker_fee_rate": "0",
    "last_filled_amount": "0",
    "last_filled_price": "0",
    "client_id": "c1",
    "created_at": 1000,
    "updated_at": 1000,
}
FILL: dict[str, Any] = {
    "deal_id": 7,
    "created_at": 1000,
    "order_id": 1,
    "client_id": "c1",
    "market": "BTCUSDT",
    "side": "buy",
    "price": "100",
    "amount": "0.4",
    "role": "taker",
    "fee": "0.1",
    "fee_ccy": "CET",
}


def pushed(event: object, **members: Any) -> Any:
    return {"method": "order.update", "data": {"event": event, "order": {**ORDER, **members}}, "id": None}


def filled(**members: Any) -> Any:
    return {"method": "user_deals.update", "data": {**FILL, **members}, "id": None}


def coinex(module: str = "spot") -> tuple[Session, Wire]:
    """Two live orders in BTCUSDT, one in ETHUSDT."""
    session, wire = opened(Orders(), UserTrades(), Balances(), dialect=DIALECTS[module])
    acknowledged(wire)  # the sign-in
    acknowledged(wire)
    for order_id, market in ((1, "BTCUSDT"), (2, "BTCUSDT"), (3, "ETHUSDT")):
        gzipped(wire, 0.0, pushed("put", order_id=order_id, market=market, client_id=f"c{order_id}"))
    assert session.trusted(Orders(), UserTrades(), Balances())
    return session, wire


def states(session: Session, *order_ids: int | str) -> list[str]:
    found = [session.orders.find(order_id) for order_id in order_ids]
    return [order.state for order in found if order is not None]


def raw(wire: Wire, now: float, text: bytes) -> list[Event]:
    wire.client.receive_data(wire.peer.binary(text), now)
    return wire.events()


NO_NUMBER = {"unfilled_amount": None}


@pytest.mark.parametrize("module", ["spot", "futures"])
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (pushed("finish", **NO_NUMBER), ["unknown", "live", "live"]),
        (pushed("finish", order_id=2, client_id="c2", amount="a lot"), ["live", "unknown", "live"]),
        (pushed("finish", order_id=None, client_id="c1", **NO_NUMBER), ["unknown", "live", "live"]),
        (pushed("finish", order_id=None, client_id=None), ["unknown", "unknown", "live"]),
        (pushed("put", order_id=99, client_id="new", **NO_NUMBER), ["unknown", "unknown", "live"]),
        (pushed("finish", order_id="x", client_id="", market=None), ["unknown", "unknown", "unknown"]),
        ({"method": "order.update", "data": None}, ["unknown", "unknown", "unknown"]),
        ({"method": "order.update", "data": [1]}, ["unknown", "unknown", "unknown"]),
        (filled(amount=None), ["unknown", "live", "live"]),
        (filled(order_id=None, client_id=None), ["unknown", "unknown", "live"]),
        ({"method": "order.expire", "data": {"order": ORDER}}, ["unknown", "live", "live"]),
        ({"method": "balance.update", "data": {"balance_list": [{"ccy": "BTC", "available": None}]}}, ["live"] * 3),
        ({"method": "bbo.update", "data": {"market": "BTCUSDT"}}, ["live"] * 3),
    ],
)
def test_an_unreadable_push_puts_the_orders_in_doubt_that_it_may_be_about(
    module: str, message: Any, expected: list[str]
) -> None:
    session, wire = coinex(module)
    gzipped(wire, 1.0, message)
    assert states(session, 1, 2, 3) == expected


@pytest.mark.parametrize("text", [b"\xff\xfe", b"{", b'{"method":"order.update","data":{"ev', b"\x1f\x8b\x08garbage"])
def test_what_is_no_message_at_all_may_be_about_any_order(text: bytes) -> None:
    session, wire = coinex()
    events = raw(wire, 1.0, text)
    assert states(session, 1, 2, 3) == ["unknown"] * 3
    assert [type(event) for event in events[:2]] == [Unrecognised, Lost]


def test_where_nobody_can_ask_restored_says_how_many_orders_are_unknown() -> None:
    session, wire = coinex()
    events = gzipped(wire, 1.0, pushed("finish", **NO_NUMBER))
    assert [type(event) for event in events] == [Unrecognised, Lost, OrderChanged, Restored]
    assert isinstance(events[-1], Restored)
    assert (events[-1].topics, events[-1].unknown_orders) == ((Orders(),), 1)
    assert session.trusted(Orders())


def test_where_somebody_asks_over_http_restored_comes_when_that_is_done() -> None:
    session, wire = coinex()
    session.query_orders_elsewhere(0.5)
    wire.events()
    events = gzipped(wire, 1.0, pushed("finish", **NO_NUMBER))
    assert [type(event) for event in events] == [Unrecognised, Lost, OrderChanged, OrdersQueried]
    assert not session.trusted(Orders())
    assert session.trusted(UserTrades(), Balances())
    (order,) = session.begin_order_queries(1.0)
    session.apply_facts(OrderFact(order_id=1, state="filled"), now=1.5)
    assert not session.trusted(Orders())
    session.orders_queried(1.5)
    *_, last = wire.events()
    assert isinstance(last, Restored)
    assert (last.topics, last.until, last.unknown_orders, order.state) == ((Orders(),), 1.5, 0, "filled")


def test_one_that_stays_unknown_is_asked_about_again_and_restored_says_so() -> None:
    session, wire = coinex()
    session.query_orders_elsewhere(0.5)
    gzipped(wire, 1.0, pushed("finish", **NO_NUMBER))
    session.begin_order_queries(1.0)
    session.orders_queried(1.5)
    (restored,) = [event for event in wire.events() if isinstance(event, Restored)]
    assert restored.unknown_orders == 1
    session.handle_timeout(3.0)
    (again,) = wire.events()
    assert isinstance(again, OrdersQueried)
    assert [order.order_id for order in again.orders] == [1]


def test_a_doubt_that_comes_while_the_venue_is_asked_needs_another_query() -> None:
    session, wire = coinex()
    session.query_orders_elsewhere(0.5)
    gzipped(wire, 1.0, pushed("finish", **NO_NUMBER))
    session.begin_order_queries(1.0)
    gzipped(wire, 1.2, pushed("finish", **NO_NUMBER))
    session.orders_queried(1.5)
    assert not any(isinstance(event, Restored) for event in wire.events())
    session.handle_timeout(3.0)
    session.begin_order_queries(3.0)
    session.orders_queried(3.1)
    assert any(isinstance(event, Restored) for event in wire.events())


@pytest.mark.parametrize("is_passing", [True, False])
def test_queries_that_fail_are_made_again_unless_that_is_of_no_use(is_passing: bool) -> None:
    session, wire = coinex()
    session.query_orders_elsewhere(0.5)
    gzipped(wire, 1.0, pushed("finish", **NO_NUMBER))
    session.begin_order_queries(1.0)
    session.order_queries_failed(1.5, is_passing=is_passing)
    restored = [event for event in wire.events() if isinstance(event, Restored)]
    assert [event.unknown_orders for event in restored] == ([] if is_passing else [1])
    session.handle_timeout(4.0)
    assert any(isinstance(event, OrdersQueried) for event in wire.events()) is is_passing


def test_where_http_is_down_for_long_the_topic_comes_back_and_says_what_is_unknown() -> None:
    session, wire = coinex()
    session.query_orders_elsewhere(0.5)
    gzipped(wire, 1.0, pushed("finish", **NO_NUMBER))
    found: list[int] = []
    for now in (1.0, 3.5, 6.0):
        assert found == []
        assert session.begin_order_queries(now)
        session.order_queries_failed(now, is_passing=True)
        found += [event.unknown_orders for event in wire.events() if isinstance(event, Restored)]
    assert found == [1]
    assert session.trusted(Orders())
    assert states(session, 1) == ["unknown"]


def test_an_order_is_asked_about_as_soon_as_somebody_is_there_who_can() -> None:
    session, wire = coinex()
    gzipped(wire, 1.0, pushed("finish", **NO_NUMBER))
    session.query_orders_elsewhere(2.0)
    (queried,) = wire.events()
    assert isinstance(queried, OrdersQueried)


def test_a_lost_line_ends_the_doubt_about_the_topic_as_well() -> None:
    session, wire = coinex()
    session.query_orders_elsewhere(0.5)
    gzipped(wire, 1.0, pushed("finish", **NO_NUMBER))
    session.disconnected(2.0, "reset")
    wire.events()
    session.next_step(100.0)
    session.connected(100.0)
    wire = Wire(session).open(100.0)
    acknowledged(wire, 100.0)
    events = acknowledged(wire, 100.0)
    restored = [event for event in events if isinstance(event, Restored)]
    assert sum(event.unknown_orders for event in restored) >= 3
    assert session.trusted(Orders())


# Words that nobody documented ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["spot", "futures"])
@pytest.mark.parametrize("word", ["cancel", "expire", "reject", "FINISH", "Put", "", 0, 1, 2, 3, 99])
def test_an_unknown_event_is_neither_live_nor_an_end(module: str, word: object) -> None:
    session, wire = coinex(module)
    session.query_orders_elsewhere(0.0)
    events = gzipped(wire, 1.0, pushed(word, updated_at=2000, unfilled_amount="0", filled_amount="1"))
    assert states(session, 1, 2) == ["unknown", "live"]
    assert any(isinstance(event, OrdersQueried) for event in events)
    order = session.orders.find(1)
    assert order is not None
    assert str(word) in order.why
    gzipped(wire, 2.0, pushed("finish", updated_at=3000, unfilled_amount="0", filled_amount="1"))
    assert states(session, 1) == ["filled"]


def test_an_order_first_seen_with_an_unknown_event_is_unknown() -> None:
    session, wire = coinex()
    gzipped(wire, 1.0, pushed("triggered", order_id=50, client_id="other"))
    assert states(session, 50) == ["unknown"]


@pytest.mark.parametrize(
    ("unfilled", "amount_filled", "state"),
    [
        ("0", "1", "filled"),
        ("-0.00000001", "1.00000001", "filled"),
        ("0", "1.00000001", "filled"),
        ("0.00000001", "1", "filled"),
        ("1", "1", "filled"),
        ("0", "0.99999999", "filled"),
        ("0.00000001", "0.99999999", "cancelled"),
        ("0.4", "0.6", "cancelled"),
        ("1", "0", "cancelled"),
        ("0", "0", "unknown"),
        ("-0.5", "0.5", "unknown"),
        ("-1", None, "unknown"),
    ],
)
def test_filled_is_judged_with_care_at_the_edge(unfilled: str, amount_filled: str | None, state: str) -> None:
    session, wire = coinex()
    gzipped(wire, 1.0, pushed("finish", unfilled_amount=unfilled, filled_amount=amount_filled, updated_at=2000))
    assert states(session, 1) == [state]


# Fills ---------------------------------------------------------------------------------------------------------------


def fills(events: list[Event]) -> list[tuple[int, int]]:
    return [(event.order_id, event.deal_id) for event in events if isinstance(event, UserTradeUpdate)]


def test_an_own_fill_is_told_once_and_both_halves_of_a_trade_with_oneself_are_marked() -> None:
    session, wire = coinex()
    events = gzipped(wire, 1.0, filled(), filled(), filled(order_id=2, client_id="c2", side="sell"), filled())
    assert fills(events) == [(1, 7), (2, 7)]
    assert [event.is_self_trade for event in events if isinstance(event, UserTradeUpdate)] == [True, True]
    assert session.stats.duplicates == 2
    (other,) = [e for e in gzipped(wire, 2.0, filled(deal_id=8)) if isinstance(e, UserTradeUpdate)]
    assert not other.is_self_trade


def test_a_copy_of_a_half_of_a_trade_with_oneself_is_marked_too_and_its_json_says_so() -> None:
    _, wire = coinex()
    events = gzipped(wire, 1.0, filled(), filled(order_id=2))
    half = only(UserTradeUpdate, events[:2])
    twin = pickle.loads(pickle.dumps(half))
    assert (twin, twin.is_self_trade, copy.copy(half).is_self_trade) == (half, True, True)
    assert '"is_self_trade":true' in to_json(half)
    assert "is_self_trade" not in to_json(only(UserTradeUpdate, gzipped(wire, 1.0, filled(deal_id=9))))


def test_an_old_own_fill_is_known_however_busy_the_market_is() -> None:
    _, wire = coinex()
    for number in range(1000):
        gzipped(wire, 1.0, filled(deal_id=number))
    assert fills(gzipped(wire, 2.0, filled(deal_id=0), filled(deal_id=1000))) == [(1, 1000)]


# QFEX -----------------------------------------------------------------------------------------------------------------


def qfex() -> TradeSession:
    """Two live orders."""
    trade = TradeSession().sign_in()
    trade.session.subscribe(FEED, Fills(), now=0.0)
    trade.sent()
    trade.say({"subscribed": "fills"})
    for name in ("o1", "o2"):
        trade.say(record("ACK", order_id=name, client_order_id=f"c-{name}"))
    assert trade.session.trusted(FEED)
    return trade


def no_order(order_id: str) -> Any:
    return {"order_response": {"status": "NO_SUCH_ORDER", "order_id": order_id, "symbol": "AAPL-USD"}}


SPOILT: dict[str, Any] = {"quantity_remaining": {}}


def test_qfex_asks_about_the_order_of_a_spoilt_response_and_is_restored_when_it_knows() -> None:
    trade = qfex()
    events = trade.say(record("FILLED", order_id="o1", client_order_id="c-o1", **SPOILT))
    assert not any(isinstance(event, Restored) for event in events)
    assert states(trade.session, "o1", "o2") == ["unknown", "live"]
    assert not trade.session.trusted(FEED)
    assert [request["type"] for request in trade.sent()] == ["get_user_trades", "get_user_orders", "get_order"]
    filled = record("FILLED", order_id="o1", client_order_id="c-o1", quantity_remaining=0)
    trade.say({"user_trades": [], "count": 0}, {"all_orders_response": {"orders": []}})
    restored = only(Restored, trade.say(filled))
    assert (restored.topics, restored.unknown_orders) == ((FEED,), 0)
    assert states(trade.session, "o1", "o2") == ["filled", "live"]


@pytest.mark.parametrize("text", ["{", '{"order_response": {"sta'])
def test_qfex_garbage_may_be_about_any_order(text: str) -> None:
    trade = qfex()
    trade.session.receive_data(trade.link.peer.send(TextMessage(text)), 0.0)
    assert states(trade.session, "o1", "o2") == ["unknown"] * 2
    assert not trade.session.trusted(FEED)


def test_qfex_an_unreadable_fill_puts_its_order_in_doubt() -> None:
    trade = qfex()
    trade.say({"fill_response": {"trade_id": "t", "order_id": "o2", "symbol": "AAPL-USD", "price": {}}})
    assert states(trade.session, "o1", "o2") == ["live", "unknown"]


def test_qfex_an_order_that_is_listed_no_more_has_ended_though_nobody_tells_how() -> None:
    trade = qfex()
    trade.say(record("FILLED", order_id="o1", client_order_id="c-o1", **SPOILT))
    trade.sent()
    trade.say({"user_trades": [], "count": 0}, {"all_orders_response": {"orders": []}}, no_order("o1"))
    order = trade.session.orders.find("o1")
    assert order is not None
    assert (order.state, order.has_ended, order.is_final) == ("unknown", True, False)
    assert "lists it no more" in order.why


def test_qfex_a_status_that_nobody_documented_makes_the_order_unknown_and_asked_about() -> None:
    trade = qfex()
    trade.say(record("EXPIRED", order_id="o1", client_order_id="c-o1"))
    assert states(trade.session, "o1", "o2") == ["unknown", "live"]
    assert "get_order" in [request["type"] for request in trade.sent()]


def test_qfex_a_status_that_nobody_documented_does_not_refuse_an_order_on_its_way() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit("mine"))
    (order,) = trade.session.orders.open()
    trade.sent()
    events = trade.say(record("HALTED", order_id="absent", client_order_id="mine"))
    assert isinstance(only(Failed, events).error, OutcomeUnknown)
    assert order.state == "unknown"
    assert "get_user_orders" in [request["type"] for request in trade.sent()]


def test_qfex_a_fill_is_told_once() -> None:
    trade = qfex()
    fill = {
        "trade_id": "t",
        "order_id": "o1",
        "symbol": "AAPL-USD",
        "price": 1,
        "quantity": 1,
        "side": "BUY",
    }
    other = {**fill, "order_id": "o2"}
    events = trade.say(*({"fill_response": one} for one in (fill, fill, other, fill)))
    told = [event for event in events if isinstance(event, FillUpdate)]
    assert [(event.order_id, event.is_self_trade) for event in told] == [("o1", True), ("o2", True)]


def test_open_orders_are_compared_from_time_to_time_where_that_is_wanted() -> None:
    trade = qfex()
    trade.session.compare_orders_every(10.0, 0.0)
    trade.wait(11.0)
    requests = trade.sent()
    assert [request["type"] for request in requests if "user" in request["type"]] == [
        "get_user_trades",
        "get_user_orders",
    ]
    listed = [record("ACK", order_id=name, client_order_id=f"c-{name}")["order_response"] for name in ("o1", "new")]
    events = trade.say({"user_trades": [], "count": 0}, {"all_orders_response": {"orders": listed}})
    changed = [(event.order.order_id, event.order.state) for event in events if isinstance(event, OrderChanged)]
    assert changed == [("new", "live"), ("o2", "unknown")]
    assert trade.session.stats.order_differences == 2
    assert "get_order" in [request["type"] for request in trade.sent()]


def test_nothing_is_compared_where_nobody_wants_it() -> None:
    trade = qfex()
    trade.wait(600.0)
    assert not any(request.get("type", "").startswith("get_user") for request in trade.sent())


# CoinFLEX -------------------------------------------------------------------------------------------------------------

BOOK = OrderBook(venue.XBT, venue.USDT)


def own(notice: str, order_id: int, **members: object) -> dict[str, object]:
    plain = {"id": order_id, "tonce": order_id + 100, "quantity": 10_000, "price": 96_010_000, "time": 5}
    return venue.notice(notice, **{**plain, **members})


def coinflex(*topics: Any) -> tuple[Session, Wire]:
    """Two live orders."""
    session, wire = venue.opened(OwnOrders(), *topics, dialect=venue.private())
    for request in wire.sent():
        wire.say(0.0, venue.ok(request, orders=[]))
    wire.say(0.0, own("OrderOpened", 1), own("OrderOpened", 2))
    assert session.trusted(OwnOrders())
    return session, wire


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (own("OrderClosed", 1, quantity=None), ["unknown", "live"]),
        (own("OrderModified", 2, price="x"), ["live", "unknown"]),
        (own("OrderClosed", 1, id=None), ["unknown", "live"]),
        (own("OrderClosed", 1, id=None, tonce=None), ["unknown", "unknown"]),
        (own("OrderExpired", 1), ["unknown", "live"]),
        (venue.notice("OrdersMatched", bid=1, bid_tonce=101, quantity=None), ["unknown", "unknown"]),
        (venue.notice("OrderClosed", id=77, quantity=None), ["live", "live"]),
        (venue.notice("SomethingElse", id=77), ["live", "live"]),
    ],
)
def test_coinflex_asks_about_the_orders_of_a_notice_that_it_could_not_read(
    message: Mapping[str, object], expected: list[str]
) -> None:
    session, wire = coinflex(BOOK)
    events = wire.say(1.0, message)
    assert states(session, 1, 2) == expected
    is_own = "unknown" in expected
    assert any(isinstance(event, Lost) and OwnOrders() in event.topics for event in events) is is_own
    assert session.trusted(OwnOrders()) is not is_own
    assert ("GetOrders" in [request["method"] for request in wire.sent()]) is is_own


def test_coinflex_is_restored_with_the_list_and_what_is_not_in_it_has_ended() -> None:
    session, wire = coinflex()
    wire.say(1.0, {"notice": "OrderClosed", "tonce": None, "base": venue.XBT, "counter": venue.USDT})
    (request,) = wire.sent()
    listed = {"id": 2, "tonce": 102, "base": venue.XBT, "counter": venue.USDT}
    events = wire.say(1.5, venue.ok(request, orders=[{**listed, "quantity": 10_000, "price": 96_010_000, "time": 5}]))
    assert states(session, 1, 2) == ["unknown", "live"]
    restored = only(Restored, events)
    assert (restored.topics, restored.unknown_orders) == ((OwnOrders(),), 1)
    order = session.orders.find(1)
    assert order is not None
    assert order.has_ended


def test_coinflex_queries_that_are_never_answered_do_not_hold_the_topic_for_ever() -> None:
    session, wire = coinflex()
    wire.say(1.0, own("OrderClosed", 1, quantity=None))
    restored: list[Restored] = []
    now = 1.0
    for _ in range(10):
        for request in wire.sent():
            restored += [e for e in wire.say(now, venue.ok(request, orders="none")) if isinstance(e, Restored)]
        now += 5.0
        session.handle_timeout(now)
    assert [event.unknown_orders for event in restored] == [1]


def test_coinflex_a_trade_is_told_once_and_one_with_oneself_is_marked() -> None:
    _, wire = coinflex()
    trade = venue.notice(
        "OrdersMatched", bid=1, ask=9, quantity=5, price=96_010_000, total=1, bid_rem=9_995, ask_rem=1, time=6
    )
    mine, both = {**trade, "bid_tonce": 101}, {**trade, "ask": 2, "bid_tonce": 101, "ask_tonce": 102, "time": 7}
    events = wire.say(1.0, mine, mine, both, both)
    told = [event for event in events if isinstance(event, OwnOrderUpdate)]
    assert [event.is_self_trade for event in told] == [False, True]
