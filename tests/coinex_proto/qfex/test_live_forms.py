"""What the venue says and wants since August 2026, beside what its documents say. How orders end: test_order_outcomes.py."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import HandshakeRefused, LoginFailed, LoginRefused, RequestId, Session, Stop, Unrecognised, qfex
from tests.coinex_proto.harness.wire import sources
from tests.coinex_proto.qfex.trade_session import TradeSession, limit, only, record

MDS = qfex.mds()
TIME = "2026-09-30T09:26:40.123456789Z"


def push(kind: str, **fields: object) -> Any:
    (found,) = MDS.decode(json.dumps({"type": kind, "symbol": "AAPL-USD", "time": TIME, **fields}).encode())
    return found


def candle(**fields: object) -> Any:
    prices = {"start": TIME, "resolution": "30MINS", "open": "1", "high": "2", "low": "1", "close": "2"}
    return push("candle", **{**prices, **fields})


# Signing in -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "yes",
    [
        {"type": "authenticated"},
        {"authenticated": {}},
        {"authenticated": {"user_id": "u", "account_id": "a"}},
        {"authenticated": {"success": True, "error": None}},
        {"authenticated": True, "success": True},
        {"type": "authenticated", "success": True, "user_id": "u"},
        {"$schema": "https://example.com/schema.json", "authenticated": True},
        {"authenticated": "2026-09-30T00:00:00Z"},
    ],
    ids=json.dumps,
)
def test_every_form_of_success_is_taken(yes: object) -> None:
    trade = TradeSession()
    trade.sent()
    trade.say(yes)
    assert [text["type"] for text in trade.sent()] == ["subscribe"]


@pytest.mark.parametrize(
    "no",
    [
        {"authenticated": None},
        {"authenticated": False},
        {"authenticated": True, "success": False},
        {"type": "authenticated", "success": False},
        {"type": "authenticated", "error": "bad signature"},
        {"authenticated": {"success": False, "message": "bad signature"}},
        {"authenticated": {"error": {"code": 7}}},
        {"authenticated": {}, "error": "bad signature"},
    ],
    ids=json.dumps,
)
def test_every_form_of_no_is_a_refusal(no: object) -> None:
    trade = TradeSession()
    failed = only(LoginFailed, trade.say(no))
    assert isinstance(failed.error, LoginRefused)
    if "bad signature" in json.dumps(no):
        assert "bad signature" in str(failed.error)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_at_the_upgrade_is_a_refused_sign_in(status: int) -> None:
    trade = TradeSession()
    trade.session.disconnected(0.0, "reset")
    trade.now = getattr(trade.session.next_step(0.0), "until", 0.0)
    trade.session.next_step(trade.now)
    trade.session.connected(trade.now)
    answer = f"HTTP/1.1 {status} No\r\ncontent-length: 11\r\n\r\nno such key".encode()
    trade.session.receive_data(answer, trade.now)
    trade.session.disconnected(trade.now)
    stop = trade.session.next_step(trade.now)
    assert isinstance(stop, Stop)
    assert isinstance(stop.error, LoginRefused)
    assert (stop.error.code, stop.error.message) == (status, "no such key")
    assert "check the key" in str(stop.error)


def test_a_market_data_socket_that_is_refused_is_no_sign_in() -> None:
    session = Session(qfex.mds(), sources())
    session.next_step(0.0)
    session.connected(0.0)
    session.receive_data(b"HTTP/1.1 403 No\r\ncontent-length: 4\r\n\r\n1010", 0.0)
    session.disconnected(0.0)
    stop = session.next_step(0.0)
    assert isinstance(stop, Stop)
    assert isinstance(stop.error, HandshakeRefused)


# Orders ---------------------------------------------------------------------------------------------------------------


def params(command: Any) -> Any:
    text = qfex.trade(qfex.HmacCredentials("k", "s")).encode(command, RequestId(1)).text
    return json.loads(text, parse_float=D)["params"]


def test_a_market_order_says_zero_where_it_has_no_price() -> None:
    said = params(limit(order_type="MARKET", price=None))
    assert (said["price"], said["take_profit"], said["stop_loss"]) == (0, 0, 0)
    said = params(limit(order_type="MARKET", price=None, take_profit="160.5"))
    assert (said["price"], said["take_profit"], said["stop_loss"]) == (0, D("160.5"), 0)


def test_another_order_says_no_more_than_it_was_given() -> None:
    assert {"take_profit", "stop_loss", "reduce_only"}.isdisjoint(params(limit()))


@pytest.mark.parametrize(("given", "sent"), [(None, False), (False, False), (True, True)])
def test_a_change_always_says_reduce_only(given: bool | None, sent: bool) -> None:
    change = qfex.ModifyOrder(
        order_id="o-1", symbol="AAPL-USD", side="BUY", order_type="ALO", price=1, reduce_only=given
    )
    assert params(change)["reduce_only"] is sent


def test_an_order_knows_its_type_and_whether_it_only_reduces() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit(order_type="ALO", reduce_only=True))
    trade.say(record("ACK", type="ALO"))
    (order,) = trade.session.orders.open()
    assert (order.order_type, order.reduce_only) == ("ALO", True)
    trade.say(record("ACK", order_id="o-2", client_order_id="elsewhere", type="ALO"))
    assert [(one.order_type, one.reduce_only) for one in trade.session.orders.open()] == [
        ("ALO", True),
        ("ALO", None),
    ]


def test_everything_in_one_symbol_can_be_cancelled() -> None:
    assert params(qfex.CancelAllOrders(symbol="BRK.B-USD")) == {"symbol": "BRK.B-USD"}
    assert params(qfex.CancelAllOrders()) == {}


# Account and market data ----------------------------------------------------------------------------------------------


def test_a_position_says_how_its_margin_is_kept() -> None:
    trade = TradeSession().sign_in()
    body = {"symbol": "005930-KRW", "position": 1.0}
    trade.session.subscribe(qfex.Positions(), now=0.0)
    with_margin = {**body, "margin_mode": "isolated", "margin": 12.5}
    events = trade.say({"position_response": body}, {"$schema": "x", "position_response": with_margin})
    old, new = [event for event in events if isinstance(event, qfex.PositionUpdate)]
    assert (old.margin_mode, old.margin) == (None, None)
    assert (new.margin_mode, new.margin, new.symbol) == ("isolated", D("12.5"), "005930-KRW")


def test_funding_is_told_by_the_hour_and_by_the_year() -> None:
    update = push("funding", funding_rate="0.00000", annualised_funding_rate="0.0421", time_remaining="120")
    assert (update.funding_rate, update.annualised_funding_rate) == (D(0), D("0.0421"))
    assert push("funding", funding_rate="0.00001").annualised_funding_rate is None


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (16, 16),
        ("16", 16),
        ("16.700000", D("16.7")),
        (16.7, D("16.7")),
        (None, None),
        ("", None),
        ("n/a", None),
        ("NaN", None),
        ("Infinity", None),
        ({}, None),
        ([16], None),
        (True, None),
    ],
    ids=repr,
)
def test_a_count_of_trades_that_is_of_no_use_does_not_cost_the_candle(sent: object, read: object) -> None:
    update = candle(trades=sent)
    assert isinstance(update, qfex.CandleUpdate)
    assert (update.trades, update.close) == (read, D(2))


def test_a_candle_without_a_price_is_still_unreadable() -> None:
    assert isinstance(candle(close="n/a", trades="n/a"), Unrecognised)


def test_candles_of_half_an_hour_can_be_had() -> None:
    ((command, _),) = MDS.subscribe([qfex.Candles("AAPL-USD", "30MINS")])
    assert json.loads(MDS.encode(command, RequestId(1)).text)["intervals"] == ["30MINS"]
    assert candle().topic_key == qfex.Candles("AAPL-USD", "30MINS").key


@pytest.mark.parametrize("symbol", ["BRK.B-USD", "005930-KRW", "7203-JPY", "US100-USD"])
def test_symbols_with_points_digits_and_other_quotes_are_taken(symbol: str) -> None:
    assert qfex.Bbo(symbol).key == ("bbo", symbol)
    assert limit().symbol == "AAPL-USD"
    assert params(qfex.CancelOrder(order_id="1", symbol=symbol))["symbol"] == symbol


def test_a_schema_key_beside_a_push_is_ignored() -> None:
    trade = TradeSession().sign_in()
    trade.send(limit())
    trade.say({"$schema": "https://example.com/x.json", **record("ACK")})
    (order,) = trade.session.orders.open()
    assert order.state == "live"
    assert push("bbo", **{"$schema": "x"}, bid=[["1", "2"]], ask=None).ask == ()


def test_null_trades_and_orders_are_none() -> None:
    trade = TradeSession().sign_in()
    trade.send(qfex.GetUserTrades())
    trade.send(qfex.GetUserOrders())
    trade.send(qfex.GetUserLeverage())
    events = trade.say(
        {"user_trades": None, "count": 0},
        {"all_orders_response": {"orders": None, "twaps": None}},
        {"user_leverage_response": None},
    )
    results = [event.result for event in events if hasattr(event, "result")]
    assert (results[0].user_trades, results[0].count, results[1].orders, results[2]) == ((), 0, (), ())
