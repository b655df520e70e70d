"""What notices and replies say of own orders."""

import json
from decimal import Decimal
from typing import Any

import pytest

from coinex_proto import OrderFact, Update
from coinex_proto.coinflex import (
    ASSETS_2020,
    Assets,
    BalancesUpdate,
    OpenOrder,
    OpenOrdersUpdate,
    OrderAmended,
    OrderCancelled,
    OrderPlaced,
    OrdersCancelled,
)
from coinex_proto.coinflex._decode import decode
from coinex_proto.coinflex._orders import order_facts
from tests.coinex_proto.coinflex.venue import USDT, XBT, message

D = Decimal
PAIR: dict[str, Any] = {"base": XBT, "counter": USDT}


def of_notice(value: dict[str, Any], assets: Assets = ASSETS_2020) -> list[OrderFact]:
    return [
        fact
        for update in decode(json.dumps(value).encode())
        if isinstance(update, Update)
        for fact in order_facts(update, assets)
    ]


def test_an_opened_order_is_live_with_all_of_its_amount() -> None:
    (fact,) = of_notice(message("OrderOpened.own"))
    assert (fact.order_id, fact.client_order_id, fact.market, fact.side) == (118061, "2", "XBT/USDT", "buy")
    assert (fact.state, fact.amount, fact.remaining, fact.price) == ("live", D(1), D(1), D(9601))


def test_somebody_elses_order_is_no_fact() -> None:
    assert of_notice(message("OrderOpened.other")) == []
    assert of_notice(message("OrdersMatched.public")) == []


def test_a_trade_is_a_fill_of_the_side_that_is_ours() -> None:
    (fact,) = of_notice(message("OrdersMatched.own-bid"))
    assert (fact.order_id, fact.side, fact.remaining, fact.state) == (118061, "buy", D("0.75"), None)
    assert fact.fill is not None
    assert fact.fill[1:] == (D("0.25"), D(9610))


def test_a_trade_with_oneself_fills_both_orders() -> None:
    both = {**message("OrdersMatched.own-bid"), "ask_tonce": None}
    bid, ask = of_notice(both)
    assert (bid.order_id, ask.order_id, ask.side, ask.client_order_id) == (118061, 9002, "sell", None)


def test_a_market_order_of_ours_is_known_by_its_tonce() -> None:
    (fact,) = of_notice({**message("OrdersMatched.market-sell"), "ask_tonce": 7})
    assert (fact.order_id, fact.client_order_id, fact.side, fact.remaining) == (None, "7", "sell", None)


@pytest.mark.parametrize(("quantity", "state"), [(0, "filled"), (-7500, "cancelled")])
def test_what_remained_tells_whether_an_order_was_filled(quantity: int, state: str) -> None:
    (fact,) = of_notice({**message("OrderClosed.own"), "quantity": quantity})
    assert (fact.state, fact.remaining) == (state, D(abs(quantity)) / 10_000)


def test_times_of_queries_do_not_tell_how_new_they_are() -> None:
    query = OpenOrdersUpdate(orders=())
    assert order_facts(query, ASSETS_2020) == []
    (fact,) = of_notice(message("OrderClosed.own"))
    assert fact.at == 1581946800004000


@pytest.mark.parametrize(("quantity", "state"), [(5000, "live"), (0, None)])
def test_a_reply_that_nothing_is_left_does_not_say_whether_it_was_cancelled_or_traded_at_its_new_price(
    quantity: int, state: str | None
) -> None:
    reply = OrderAmended(**PAIR, id=1, tonce=None, quantity=quantity, price=5, time=9)
    (fact,) = order_facts(reply, ASSETS_2020)
    assert (fact.state, fact.is_amended, fact.at) == (state, False, 9)


@pytest.mark.parametrize(
    ("quantity", "total", "remaining", "state", "amount", "left"),
    [
        (10000, None, 0, "filled", D(1), D(0)),
        (-10000, None, 10000, "cancelled", D(1), D(1)),
        (None, -480000, 0, "filled", None, None),
        (None, 480000, 5, "cancelled", None, None),
    ],
)
def test_a_market_order_is_over_and_one_by_total_has_no_amount(
    quantity: int | None, total: int | None, remaining: int, state: str, amount: Decimal | None, left: Decimal | None
) -> None:
    reply = OrderPlaced(
        **PAIR, tonce=3, quantity=quantity, total=total, price=None, id=None, time=None, remaining=remaining
    )
    (fact,) = order_facts(reply, ASSETS_2020)
    assert (fact.state, fact.amount, fact.remaining) == (state, amount, left)
    assert ("does not rest" in fact.why) == bool(remaining)
    assert fact.side == ("buy" if (quantity or total or 0) > 0 else "sell")


@pytest.mark.parametrize(
    ("quantity", "total", "remaining", "words"),
    [
        (None, 480000, 5, "47.9995 USDT was traded"),
        (None, -480000, -5, "47.9995 USDT was traded"),
        (None, 480000, 480000, ""),
        (10000, None, 5, ""),
        (10000, None, 0, ""),
    ],
)
def test_a_market_order_by_total_is_over_before_its_fills_are_known_and_says_so(
    quantity: int | None, total: int | None, remaining: int, words: str
) -> None:
    """Nothing filled is what a program would place again."""
    reply = OrderPlaced(
        **PAIR, tonce=3, quantity=quantity, total=total, price=None, id=None, time=None, remaining=remaining
    )
    (fact,) = order_facts(reply, ASSETS_2020)
    assert words in fact.why
    assert ("was traded" in fact.why) == bool(words)


def test_without_the_asset_in_the_table_numbers_are_left_out() -> None:
    (fact,) = of_notice(message("OrderOpened.own"), Assets(()))
    assert (fact.market, fact.amount, fact.price, fact.state) == (f"{XBT}/{USDT}", None, None, "live")
    (trade,) = of_notice(message("OrdersMatched.own-bid"), Assets(()))
    assert (trade.fill, trade.remaining) == (None, None)


def test_balances_say_nothing_of_orders() -> None:
    assert order_facts(BalancesUpdate(balances=()), ASSETS_2020) == ()


def test_an_amended_order_is_told_with_all_its_values_at_its_time() -> None:
    (fact,) = of_notice(
        {"notice": "OrderModified", **PAIR, "id": 1, "tonce": 2, "quantity": -5000, "price": 9000, "time": 7}
    )
    assert fact == OrderFact(
        order_id=1, client_order_id="2", market="XBT/USDT", side="sell", price=fact.price, remaining=D("0.5"), state="live", at=7,
        is_amended=True,
    )  # fmt: skip
    (gone,) = of_notice(
        {"notice": "OrderModified", **PAIR, "id": 1, "tonce": 2, "quantity": 0, "price": 9000, "time": 7}
    )
    assert (gone.state, gone.side, gone.remaining) == ("cancelled", None, D(0))


@pytest.mark.parametrize(("quantity", "side"), [(5000, "buy"), (-5000, "sell"), (0, None)])
def test_a_listed_order_is_live_and_one_of_a_cancellation_is_not(quantity: int, side: str | None) -> None:
    listed = OpenOrder(**PAIR, id=1, tonce=2, quantity=quantity, price=9_000_000, time=7)
    for update, state in (
        (OpenOrdersUpdate(orders=(listed,)), "live"),
        (OrdersCancelled(orders=(listed,)), "cancelled"),
        (OrderCancelled(**PAIR, id=1, tonce=2, quantity=quantity, price=9_000_000, time=7), "cancelled"),
    ):
        (fact,) = order_facts(update, ASSETS_2020)
        assert (fact.order_id, fact.client_order_id, fact.market) == (1, "2", "XBT/USDT")
        assert (fact.side, fact.state, fact.remaining) == (side, state, D(abs(quantity)) / 10_000)
        assert (fact.price, fact.at) == (D(900), None)


def test_a_limit_order_that_was_taken_is_live_with_its_amount_and_without_a_price() -> None:
    reply = OrderPlaced(**PAIR, tonce=3, quantity=-5000, total=None, price=7, id=9, time=8, remaining=None)
    assert order_facts(reply, ASSETS_2020) == (
        OrderFact(order_id=9, client_order_id="3", market="XBT/USDT", side="sell", amount=D("0.5"), state="live", at=8),
    )
