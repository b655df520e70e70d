from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import futures, spot
from coinex_proto.coinex.http._orders import fact, finished_state, order_question, state_of


def row(**changes: Any) -> futures.FuturesOrder:
    fields: dict[str, Any] = {
        "order_id": 7,
        "market": "BTCUSDT",
        "market_type": "FUTURES",
        "side": "buy",
        "type": "limit",
        "amount": Decimal(2),
        "price": Decimal(10),
        "unfilled_amount": Decimal("0.5"),
        "filled_amount": Decimal("1.5"),
        "filled_value": Decimal("14.7"),
        "client_id": "user1",
        "updated_at": 1700490703564,
    }
    return futures.FuturesOrder(**{**fields, **changes})


def order(**changes: Any) -> spot.PutOrder:
    fields: dict[str, Any] = {"market": "BTCUSDT", "side": "buy", "type": "limit", "amount": "1", "price": "2"}
    return spot.PutOrder(**{**fields, **changes})


def test_a_limit_order_needs_a_price_and_a_market_order_must_have_none() -> None:
    with pytest.raises(UsageError, match='type "limit" needs a price'):
        order(price=None)
    with pytest.raises(UsageError, match="a market order has no price"):
        order(type="market", ccy="USDT")
    with pytest.raises(UsageError, match='type "ioc" needs a price'):
        futures.PutOrder(market="BTCUSDT", side="buy", type="ioc", amount=1)


def test_a_spot_market_order_must_say_what_its_amount_counts() -> None:
    with pytest.raises(UsageError, match="must say what its amount counts"):
        order(type="market", price=None)
    assert order(type="market", price=None, ccy="USDT").parameters()["ccy"] == "USDT"
    with pytest.raises(UsageError, match="for market orders only"):
        order(ccy="USDT")


def test_a_stop_order_is_held_to_the_same_rules() -> None:
    with pytest.raises(UsageError, match="needs a price"):
        spot.PutStopOrder(market="BTCUSDT", side="buy", type="limit", amount="1", trigger_price="2")


def test_a_change_must_change_something() -> None:
    with pytest.raises(UsageError, match="EditOrder changes nothing: set amount or price"):
        spot.EditOrder(market="BTCUSDT", order_id=7)
    assert "price" in spot.EditOrder(market="BTCUSDT", order_id=7, price="3").parameters()


def test_placing_an_order_says_what_is_being_sent() -> None:
    said = order(client_id="user1", amount="0.10").order()
    assert (said.state, said.client_order_id, said.market, said.side) == ("sending", "user1", "BTCUSDT", "buy")
    assert (said.price, said.amount) == (Decimal(2), Decimal("0.10"))


def test_the_amount_of_a_market_order_is_left_out_since_it_may_count_another_currency() -> None:
    said = order(type="market", price=None, ccy="USDT").order()
    assert (said.amount, said.price) == (None, None)


def test_a_row_tells_the_tracker_everything_it_knows() -> None:
    said = fact(row(market=" BTCUSDT"), "live")
    assert (said.order_id, said.client_order_id, said.market) == (7, "user1", "BTCUSDT")
    assert (said.amount, said.filled, said.remaining) == (Decimal(2), Decimal("1.5"), Decimal("0.5"))
    assert said.average_price == Decimal("9.8")
    assert said.at == 1700490703564


def test_a_row_without_fills_has_no_average_price() -> None:
    assert fact(row(filled_amount=Decimal(0), filled_value=Decimal(0)), "live").average_price is None
    assert fact(row(filled_value=None), "live").average_price is None


def test_an_inverse_contract_has_no_average_price_that_value_and_amount_could_tell() -> None:
    assert fact(row(market="BTCUSD"), "live").average_price is None


def test_the_row_of_a_market_order_leaves_out_what_counts_another_currency() -> None:
    said = fact(row(type="market", price=Decimal(0)), "filled")
    assert (said.price, said.amount, said.remaining, said.filled) == (None, None, None, Decimal("1.5"))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (None, "live"),
        ("open", "live"),
        ("part_filled", "live"),
        ("filled", "filled"),
        ("part_canceled", "cancelled"),
        ("canceled", "cancelled"),
    ],
)
def test_a_status_in_the_tracker_s_words(status: str | None, state: str) -> None:
    assert state_of(row(status=status)) == state


def test_a_finished_row_is_judged_by_its_status_or_by_what_is_left() -> None:
    assert finished_state(row()) == "cancelled"
    assert finished_state(row(unfilled_amount=Decimal(0))) == "filled"
    assert finished_state(row(unfilled_amount=Decimal(0), status="canceled")) == "cancelled"


def test_where_the_venue_wants_the_currency_it_stands_behind_the_type() -> None:
    sent = list(order(type="market", price=None, ccy="USDT").parameters())
    assert sent.index("ccy") == sent.index("type") + 1


def test_a_lost_order_is_looked_for_by_its_client_id_or_by_what_it_looks_like() -> None:
    assert order_question("spot", "BTCUSDT", "c") == "resolve_order('c'), or GET /spot/pending-order client_id=c"
    said = order_question("futures", "BTCUSDT", None)
    assert "GET /futures/pending-order market=BTCUSDT and GET /futures/finished-order market=BTCUSDT" in said


def test_of_a_status_that_nobody_documented_only_names_and_time_count() -> None:
    said = fact(row(status="of_next_year"), "unknown")
    assert (said.order_id, said.client_order_id, said.market, said.side) == (7, "user1", "BTCUSDT", "buy")
    assert (said.state, said.why, said.at) == ("unknown", "the status 'of_next_year'", 1700490703564)
    assert (said.amount, said.filled, said.price) == (None, None, None)


@pytest.mark.parametrize("updated_at", [1700490703, 1700490703000, 1700490703000000])
@pytest.mark.parametrize("state", ["live", "unknown"])
def test_a_time_is_milliseconds_in_whatever_unit_it_came(updated_at: int, state: Any) -> None:
    assert fact(row(updated_at=updated_at, status="of_next_year"), state).at == 1700490703000
