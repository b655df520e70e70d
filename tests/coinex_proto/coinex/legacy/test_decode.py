"""Frames of the v1 sockets in all shapes that recordings and manuals show."""

import json
from decimal import Decimal
from typing import Any

import pytest

from coinex_proto.coinex import (
    LegacyBalanceUpdate,
    LegacyDepthUpdate,
    LegacyKlineUpdate,
    LegacyOrderUpdate,
    LegacyPositionUpdate,
    LegacyTickerUpdate,
    LegacyTradesUpdate,
    spot,
)
from coinex_proto.events import Unrecognised


def frames(method: str, *params: Any) -> list[Any]:
    return list(spot().decode(json.dumps({"method": method, "params": params, "id": None}).encode()))


def frame(method: str, *params: Any) -> Any:
    (found,) = frames(method, *params)
    return found


# state ------------------------------------------------------------------------------------------------------------------

SPOT_FIGURES = {"last": "1.50", "deal": "7", "sell_total": "2", "buy_total": "3", "period": 86400}


@pytest.mark.parametrize(
    "params",
    [
        [{"BTCUSDT": SPOT_FIGURES}],
        [{"market": "BTCUSDT", **SPOT_FIGURES}],
        ["BTCUSDT", SPOT_FIGURES],
        [SPOT_FIGURES, "BTCUSDT"],
    ],
)
def test_a_state_is_read_in_all_its_shapes(params: list[Any]) -> None:
    found = frame("state.update", *params)
    assert isinstance(found, LegacyTickerUpdate)
    assert (found.market, str(found.last), found.value) == ("BTCUSDT", "1.50", Decimal(7))
    assert (found.volume_sell, found.volume_buy, found.period) == (Decimal(2), Decimal(3), 86400)
    assert found.open is None


def test_a_state_of_many_markets_is_split() -> None:
    assert [update.market for update in frames("state.update", {"A": {"last": "1"}, "B": {"last": "2"}})] == ["A", "B"]


def test_figures_of_futures_have_todays_names() -> None:
    figures = {
        "sign_price": "1",
        "position_amount": "2",
        "insurance": "3",
        "funding_rate_last": "4",
        "funding_rate_next": "5",
        "funding_time": 42,
        "funding_rate_predict": "6",
    }
    found = frame("state.update", {"BTCUSDT": figures})
    assert (found.mark_price, found.open_interest_size, found.insurance_fund_size) == (1, 2, 3)
    assert (found.latest_funding_rate, found.next_funding_rate, found.funding_rate_predict) == (4, 5, 6)
    assert found.funding_time == 42


# depth ------------------------------------------------------------------------------------------------------------------

BOOK = {"asks": [["100.6", "1.25"]], "bids": [["100.5", "2.0"]], "last": "100.6", "time": 1689152421692, "checksum": -5}


@pytest.mark.parametrize("params", [[True, BOOK, "BTCUSDT"], [True, "BTCUSDT", BOOK], ["BTCUSDT", BOOK, True]])
def test_the_elements_of_a_depth_push_may_stand_in_any_order(params: list[Any]) -> None:
    found = frame("depth.update", *params)
    assert isinstance(found, LegacyDepthUpdate)
    assert (found.is_full, found.market) == (True, "BTCUSDT")
    assert (found.depth.asks, found.depth.bids) == ((("100.6", "1.25"),), (("100.5", "2.0"),))
    assert (found.depth.updated_at, found.depth.checksum) == (1689152421692, -5)


def test_a_depth_push_may_name_no_market() -> None:
    found = frame("depth.update", False, {"asks": []})
    assert (found.is_full, found.market, found.depth.bids, found.depth.updated_at) == (False, None, (), None)


# deals ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [[], [True]])
def test_trades_have_milliseconds_and_todays_names(more: list[Any]) -> None:
    trade = {"id": 5, "time": 1496458040.059284, "type": "sell", "price": "46444.74", "amount": "0.29"}
    found = frame("deals.update", "BTCUSDT", [trade], *more)
    assert isinstance(found, LegacyTradesUpdate)
    (deal,) = found.deal_list
    assert (deal.deal_id, deal.created_at, deal.side) == (5, 1496458040059, "sell")
    assert (deal.price, deal.amount) == (Decimal("46444.74"), Decimal("0.29"))


def test_trades_may_hold_no_more_than_price_amount_and_side() -> None:
    found = frame("deals.update", "BTCUSDT", [{"price": "1", "amount": "2", "type": "buy"}])
    assert (found.deal_list[0].deal_id, found.deal_list[0].created_at) == (None, None)


# private ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "word"), [(1, "put"), (2, "update"), (3, "finish"), (9, 9), ("put", "put")])
def test_an_orders_event_is_todays_word(number: Any, word: Any) -> None:
    assert frame("order.update", number, {"id": 1}).event == word


def test_a_spot_order_has_todays_names_and_words() -> None:
    order = {
        "id": 7,
        "type": 1,
        "side": 2,
        "left": "0.5",
        "deal_stock": "1.5",
        "deal_money": "3",
        "stock_fee": "0.1",
        "money_fee": "0.2",
        "asset_fee": "0.3",
        "ctime": 1558680350.418,
        "mtime": 1558680351,
        "taker_fee": "0.001",
        "last_role": 2,
        "client_id": "",
    }
    found = frame("order.update", 2, order)
    assert isinstance(found, LegacyOrderUpdate)
    own = found.order
    assert (own.order_id, own.type, own.side, own.unfilled_amount) == (7, "limit", "buy", Decimal("0.5"))
    assert (own.filled_amount, own.filled_value) == (Decimal("1.5"), Decimal(3))
    assert (own.base_ccy_fee, own.quote_ccy_fee, own.discount_ccy_fee) == tuple(map(Decimal, ("0.1", "0.2", "0.3")))
    assert (own.created_at, own.updated_at) == (1558680350418, 1558680351000)
    assert (own.taker_fee_rate, own.last_role) == (Decimal("0.001"), "taker")


def test_on_the_futures_socket_the_deal_stock_is_a_value() -> None:
    found = frame("order.update", 2, {"order_id": 7, "deal_stock": "1.5", "deal_fee": "2", "side": 1, "create_time": 5})
    assert (found.order.filled_amount, found.order.filled_value) == (None, Decimal("1.5"))
    assert (found.order.fee, found.order.side, found.order.created_at) == (Decimal(2), "sell", 5000)


def test_a_stop_order_says_so() -> None:
    found = frame("order.update_stop", 1, {"order_id": 7, "market": "A", "stop_price": "3"})
    assert found.is_stop
    assert found.order.stop_price == 3
    assert found.topic_key == ("v1 stop", "A")


def test_balances_are_split_by_currency() -> None:
    found = frames("asset.update", {"BTC": {"available": "1", "frozen": "0"}, "CET": {"margin": "2"}}, 1558680350.5)
    assert [(type(update), update.ccy, update.updated_at) for update in found] == [
        (LegacyBalanceUpdate, "BTC", 1558680350500),
        (LegacyBalanceUpdate, "CET", 1558680350500),
    ]
    assert frame("asset.update", {"BTC": {"available": "1"}}).updated_at is None


@pytest.mark.parametrize(
    "params", [[{"position_id": 3, "type": 1, "side": 1}], [2, {"position_id": 3, "type": 1, "side": 1}]]
)
def test_a_position_may_come_with_or_without_an_event(params: list[Any]) -> None:
    found = frame("position.update", *params)
    assert isinstance(found, LegacyPositionUpdate)
    assert (found.position.margin_mode, found.position.side) == ("isolated", "short")
    assert found.event == (2 if len(params) == 2 else None)


def test_a_candle_has_its_close_before_its_high() -> None:
    found = frame(
        "kline.update", [1492358400, "7000", "8000", "8100", "6800", "1000", "123"], [1492358401, 1, 2, 3, 4, 5]
    )
    assert isinstance(found, LegacyKlineUpdate)
    first, second = found.kline_list
    assert first.created_at == 1492358400000
    assert list(map(str, (first.open, first.close, first.high, first.low))) == ["7000", "8000", "8100", "6800"]
    assert (first.value, second.value) == (Decimal(123), None)


# trouble ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("state.update", []),
        ("state.update", [5]),
        ("state.update", [{"BTCUSDT": 5}]),
        ("depth.update", [True, "BTCUSDT"]),
        ("depth.update", [BOOK, "BTCUSDT"]),
        ("depth.update", [1, BOOK, "BTCUSDT"]),
        ("deals.update", ["BTCUSDT"]),
        ("deals.update", [[]]),
        ("order.update", [{"id": 1}]),
        ("order.update", [1]),
        ("asset.update", [1]),
        ("position.update", []),
        ("kline.update", [5]),
        ("kline.update", [[]]),
        ("kline.update", [[1, "x"]]),
        ("bbo.update", ["BTCUSDT", {}]),
    ],
)
def test_a_frame_that_cannot_be_read_is_unrecognised(method: str, params: list[Any]) -> None:
    assert isinstance(frame(method, *params), Unrecognised)


@pytest.mark.parametrize("time", [1e300, "x", True, None])
def test_a_time_that_is_none_costs_the_time_and_not_the_trade(time: object) -> None:
    found = frame("deals.update", "BTCUSDT", [{"price": "1", "amount": "2", "time": time}])
    assert (found.deal_list[0].amount, found.deal_list[0].created_at) == (2, None)


def test_params_that_are_no_list_are_unrecognised() -> None:
    (found,) = spot().decode(b'{"method":"state.update","params":{"a":1}}')
    assert isinstance(found, Unrecognised)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("type", {1: "limit", 2: "market"}),
        ("side", {1: "sell", 2: "buy"}),
        ("last_role", {1: "maker", 2: "taker"}),
    ],
)
def test_a_number_of_an_order_is_todays_word(name: str, words: dict[int, str]) -> None:
    for number, word in words.items():
        assert getattr(frame("order.update", 1, {"id": 7, name: number}).order, name) == word


@pytest.mark.parametrize(("number", "mode", "side"), [(1, "isolated", "short"), (2, "cross", "long")])
def test_a_number_of_a_position_is_todays_word(number: int, mode: str, side: str) -> None:
    position = frame("position.update", {"position_id": 3, "type": number, "side": number}).position
    assert (position.margin_mode, position.side) == (mode, side)


@pytest.mark.parametrize(("seconds", "read"), [(10**12 - 1, (10**12 - 1) * 1000), (10**12, None), (-(10**12), None)])
def test_a_time_of_no_age_of_ours_is_none(seconds: int, read: int | None) -> None:
    found = frame("deals.update", "BTCUSDT", [{"price": "1", "amount": "2", "time": seconds}])
    assert found.deal_list[0].created_at == read
