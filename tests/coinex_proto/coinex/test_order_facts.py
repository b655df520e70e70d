"""What pushes say of own orders, in the tracker's words."""

import json
from decimal import Decimal
from typing import Any

import pytest

from coinex_proto.coinex import futures, spot
from coinex_proto.orders.fact import Fill, OrderFact
from coinex_proto.orders.tracker import Orders
from coinex_proto.updates import Update

ORDER: dict[str, Any] = {
    "order_id": 12750,
    "market": "BTCUSDT",
    "type": "limit",
    "side": "buy",
    "price": "5999.00",
    "amount": "1.50",
    "unfilled_amount": "0.50",
    "filled_amount": "1.00",
    "filled_value": "5998.00",
    "taker_fee_rate": "0",
    "maker_fee_rate": "0",
    "last_filled_amount": "0",
    "last_filled_price": "0",
    "client_id": "mine",
    "created_at": 1689152421692,
    "updated_at": 1689152421700,
}


def update(event: str | int = "update", **members: Any) -> Update:
    message = {"method": "order.update", "data": {"event": event, "order": {**ORDER, **members}}}
    (found,) = spot().decode(json.dumps(message).encode())
    assert isinstance(found, Update)
    return found


def fact(event: str | int = "update", **members: Any) -> OrderFact:
    (found,) = spot().order(update(event, **members))
    return found


def test_an_order_push_says_all_that_it_knows() -> None:
    assert fact() == OrderFact(
        order_id=12750,
        client_order_id="mine",
        market="BTCUSDT",
        side="buy",
        price=Decimal(5999),
        amount=Decimal("1.5"),
        filled=Decimal(1),
        remaining=Decimal("0.5"),
        average_price=Decimal(5998),
        state="live",
        at=1689152421700,
    )


@pytest.mark.parametrize(
    ("event", "unfilled", "state"),
    [
        ("put", "1.5", "live"),
        ("update", "0.5", "live"),
        ("modify", "0.5", "live"),
        ("finish", "0", "filled"),
        ("finish", "0.00000000000000000000", "filled"),
        ("finish", "0.5", "cancelled"),
        ("finish", "1.5", "cancelled"),
        ("something_new", "1", "unknown"),
        (3, "1", "unknown"),
    ],
)
def test_a_finished_order_was_filled_when_nothing_remains_else_cancelled(event: str, unfilled: str, state: str) -> None:
    assert fact(event, unfilled_amount=unfilled).state == state


def test_the_amount_of_a_market_order_is_not_set_against_its_fills() -> None:
    found = fact(type="MARKET", price="0")
    assert (found.price, found.amount, found.remaining, found.filled) == (None, None, None, Decimal(1))


def test_no_client_id_is_none() -> None:
    assert fact(client_id="").client_order_id is None


@pytest.mark.parametrize("filled", ["0", None])
def test_without_a_fill_there_is_no_average_price(filled: str | None) -> None:
    assert fact(filled_amount=filled).average_price is None


def test_the_average_price_is_rounded_by_our_own_context() -> None:
    assert fact(filled_amount="3", filled_value="1").average_price == Decimal("0." + "3" * 50)


def test_an_inverse_contract_has_no_average_price() -> None:
    (inverse,) = futures().order(update(market="BTCUSD"))
    (linear,) = futures().order(update(market="BTCUSDT"))
    (pair,) = spot().order(update(market="BTCUSD"))
    assert (inverse.average_price, linear.average_price, pair.average_price) == (None, Decimal(5998), Decimal(5998))


TRADE = {
    "deal_id": 3514376759,
    "created_at": 1689152421692,
    "market": "BTCUSDT",
    "side": "buy",
    "order_id": 12750,
    "price": "30718.42",
    "amount": "0.5",
    "role": "taker",
    "fee": "0.0299",
    "fee_ccy": "USDT",
}


def test_an_own_trade_is_a_fill_of_its_order() -> None:
    (found,) = spot().decode(
        json.dumps({"method": "user_deals.update", "data": {**TRADE, "client_id": "mine"}}).encode()
    )
    assert isinstance(found, Update)
    assert found.tells_order
    assert list(spot().order(found)) == [
        OrderFact(
            order_id=12750,
            client_order_id="mine",
            market="BTCUSDT",
            side="buy",
            at=1689152421692,
            fill=Fill(3514376759, Decimal("0.5"), Decimal("30718.42")),
        )
    ]


def test_other_updates_say_nothing_of_orders() -> None:
    (found,) = spot().decode(b'{"method":"index.update","data":{"market":"A","index_price":"1"}}')
    assert isinstance(found, Update)
    assert not found.tells_order
    assert spot().order(found) == ()


def test_the_tracker_follows_an_order_through_its_pushes() -> None:
    orders = Orders()
    for event, unfilled, filled, at in (
        ("put", "1.50", "0", 1),
        ("update", "0.50", "1.00", 2),
        ("finish", "0", "1.50", 3),
    ):
        changed = fact(event, unfilled_amount=unfilled, filled_amount=filled, updated_at=at)
        orders.apply(changed, float(at))
    view = orders.find(order_id=12750)
    assert view is not None
    assert (view.state, view.filled, view.remaining, view.is_final) == ("filled", Decimal("1.5"), Decimal(0), True)


@pytest.mark.parametrize(
    ("unfilled", "filled", "amount", "state"),
    [
        ("-0.1", "1.5", "1.5", "filled"),
        ("-0.1", "1.4", "1.5", "unknown"),
        ("-0.1", None, "1.5", "unknown"),
        ("0", "0", "1.5", "unknown"),
        ("0", "0", "0", "filled"),
        ("0", "0", "0.5", "unknown"),
        ("0", None, "1.5", "filled"),
        ("0", "0.1", "1.5", "filled"),
    ],
)
def test_a_finished_order_whose_numbers_contradict_each_other_proves_nothing(
    unfilled: str, filled: str | None, amount: str, state: str
) -> None:
    assert fact("finish", unfilled_amount=unfilled, filled_amount=filled, amount=amount).state == state


def test_of_a_word_that_nobody_documented_only_names_and_time_count() -> None:
    assert fact("something_new") == OrderFact(
        order_id=12750,
        client_order_id="mine",
        market="BTCUSDT",
        side="buy",
        state="unknown",
        why="order.update with the event 'something_new'",
        at=1689152421700,
    )
    assert fact("something_new", client_id="").client_order_id is None


def test_a_trade_of_an_order_without_a_client_id_has_none() -> None:
    (found,) = spot().decode(json.dumps({"method": "user_deals.update", "data": {**TRADE, "client_id": ""}}).encode())
    assert isinstance(found, Update)
    assert spot().order(found)[0].client_order_id is None
