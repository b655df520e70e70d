from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import UsageError
from coinex_proto.coinex.http import spot
from coinex_proto.coinex.http._parameters import rules_of, written, written_freely


def order(**changes: Any) -> spot.PutOrder:
    fields: dict[str, Any] = {"market": "BTCUSDT", "side": "buy", "type": "limit", "amount": "1", "price": "2"}
    return spot.PutOrder(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount": 0.1}, "a float is not exact"),
        ({"price": 10000.0}, "a float is not exact"),
        ({"amount": "1e-5"}, "plain decimal digits"),
        ({"amount": Decimal("NaN")}, "finite"),
        ({"amount": "0"}, "above 0"),
        ({"amount": "-1"}, "above 0"),
        ({"amount": True}, "must be a str, an int or a Decimal"),
        ({"side": "BUY"}, "must be one of 'buy', 'sell', not 'BUY'"),
        ({"type": "stop"}, "must be one of 'limit'"),
        ({"market_type": "FUTURES"}, "must be one of 'SPOT', 'MARGIN'"),
        ({"stp_mode": "none"}, "must be one of 'ct'"),
        ({"market": ""}, "must be a name"),
        ({"market": "BTC USDT"}, "must be a name"),
        ({"market": "BTCUSDT,ETHUSDT"}, "must be a name"),
        ({"client_id": "a b"}, "1 to 32 letters"),
        ({"client_id": "x" * 33}, "1 to 32 letters"),
        ({"client_id": ""}, "1 to 32 letters"),
        ({"client_id": "ümlaut"}, "1 to 32 letters"),
        ({"is_hide": 1}, "must be True or False"),
        ({"market": None}, "must be a name"),
        ({"market_type": None}, "must be one of 'SPOT', 'MARGIN'"),
        ({"side": None}, "must be one of 'buy', 'sell', not None"),
        ({"amount": None}, "must be a str, an int or a Decimal"),
    ],
)
def test_what_cannot_be_sent_is_refused_when_the_command_is_made(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        order(**changes)
    assert f"PutOrder({next(iter(changes))}=)" in str(caught.value)


@pytest.mark.parametrize("amount", ["0.00000100", Decimal("1E-6"), Decimal("0.000001")])
def test_an_amount_goes_out_in_plain_digits(amount: Any) -> None:
    sent = order(amount=amount).parameters()["amount"]
    assert isinstance(sent, str)
    assert "e" not in sent.lower()
    assert Decimal(sent) == Decimal(amount)


def test_an_int_amount_becomes_text() -> None:
    assert order(amount=3).parameters()["amount"] == "3"


def test_what_is_not_set_is_left_out() -> None:
    assert set(order().parameters()) == {"market", "market_type", "side", "type", "amount", "price"}


@pytest.mark.parametrize(
    ("limit", "fits"), [(0, False), (1, True), (1000, True), (1001, False), (True, False), ("5", False)]
)
def test_a_number_of_rows_lies_within_the_documented_bounds(limit: Any, fits: bool) -> None:
    if fits:
        assert spot.ListMarketDeals(market="BTCUSDT", limit=limit).parameters()["limit"] == limit
    else:
        with pytest.raises(UsageError, match="limit"):
            spot.ListMarketDeals(market="BTCUSDT", limit=limit)


def test_seconds_where_milliseconds_are_wanted_are_refused() -> None:
    with pytest.raises(UsageError, match="1700490703 looks like seconds"):
        spot.ListMarketKline(market="BTCUSDT", period="1min", start_time=1700490703)


def test_at_most_ten_markets_fit_one_call_and_none_means_all() -> None:
    assert spot.ListMarketTicker(market=("A", "B")).parameters() == {"market": "A,B"}
    assert spot.ListMarketTicker().parameters() == {}
    with pytest.raises(UsageError, match="at most 10"):
        spot.ListMarketTicker(market=tuple("ABCDEFGHIJK"))


def test_a_depth_takes_the_documented_limits_only() -> None:
    assert spot.ListMarketDepth(market="BTCUSDT", limit=5, interval="0.01").parameters()["limit"] == 5
    with pytest.raises(UsageError, match="one of 5, 10, 20, 50, not 7"):
        spot.ListMarketDepth(market="BTCUSDT", limit=7, interval="0")  # type: ignore[arg-type]


def test_the_orders_of_a_batch_are_written_like_single_ones() -> None:
    batch = spot.PutMultiOrder(orders=(order(), order(side="sell")))
    assert batch.parameters() == {"orders": [dict(order().parameters()), dict(order(side="sell").parameters())]}


@pytest.mark.parametrize("orders", [(), ("x",), (spot.CancelOrder(market="A", order_id=1),)])
def test_a_batch_takes_orders_only_and_at_least_one(orders: Any) -> None:
    with pytest.raises(UsageError):
        spot.PutMultiOrder(orders=orders)


def test_an_annotation_without_a_rule_is_an_error_of_ours() -> None:
    @frozen(kw_only=True)
    class Odd:
        when: complex

    with pytest.raises(TypeError, match="no rule"):
        rules_of(Odd)


def test_an_empty_text_is_no_text() -> None:
    @frozen(kw_only=True)
    class Note:
        remark: str

    assert written(Note(remark="x")) == {"remark": "x"}
    with pytest.raises(UsageError, match="remark"):
        written(Note(remark=""))


# Free calls -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.1, float("nan"), [0.1], {"a": (1, 0.5)}])
def test_a_float_is_refused_at_any_depth_of_a_free_call(value: Any) -> None:
    with pytest.raises(UsageError, match="float"):
        written_freely(value, "extra")


def test_a_free_call_writes_amounts_as_text_and_ids_as_numbers() -> None:
    given_values = {"orders": [{"order_id": 1, "amount": 2, "trigger_price": Decimal("1E+2"), "price": None}]}
    assert written_freely(given_values, "") == {"orders": [{"order_id": 1, "amount": "2", "trigger_price": "100"}]}


def test_a_free_call_refuses_an_exponent_where_an_amount_belongs() -> None:
    with pytest.raises(UsageError, match="plain decimal digits"):
        written_freely("1e3", "stop_loss_amount")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=12))
def test_a_decimal_never_goes_out_with_an_exponent(value: Decimal) -> None:
    sent = written_freely(value, "anything")
    assert isinstance(sent, str)
    assert "e" not in sent.lower()
    assert Decimal(sent) == value


def test_what_json_does_not_know_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be written as JSON: object"):
        written_freely(object(), "extra")


def test_an_empty_text_is_sent_as_market_only() -> None:
    assert written_freely("", "market") == ""
    with pytest.raises(UsageError, match="leave it out"):
        written_freely("", "ccy")
