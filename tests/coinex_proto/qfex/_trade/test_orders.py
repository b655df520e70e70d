"""What updates say of orders, in the tracker's words."""

from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import Update
from coinex_proto.orders.fact import OrderFact
from coinex_proto.qfex import (
    BalanceUpdate,
    FillUpdate,
    OpenOrdersUpdate,
    OrderUpdate,
    UserTrade,
    UserTradesUpdate,
)
from coinex_proto.qfex._trade.orders import order_facts
from coinex_proto.qfex._trade.statuses import REQUEST_STATUSES

FILL: dict[str, Any] = {"trade_id": "t", "symbol": "A", "order_id": "1", "price": D(2), "quantity": D(3), "side": "BUY"}


def order(status: str, **fields: Any) -> OrderUpdate:
    return OrderUpdate(status=status, order_id="1", symbol="A", **fields)


@pytest.mark.parametrize(
    ("update", "state"),
    [
        (order("ACK"), "live"),
        (order("MODIFIED"), "live"),
        (order("CANCELLED"), "cancelled"),
        (order("CANCELLED_STP"), "cancelled"),
        (order("FILLED"), None),
        (order("FILLED", quantity_remaining=D(0)), "filled"),
        (order("FILLED", quantity_remaining=D(1)), "live"),
        (order("FILLED", quantity_remaining=D(1), time_in_force="IOC"), "cancelled"),
        (order("FILLED", quantity_remaining=D(1), time_in_force="FOK"), "cancelled"),
        (order("FILLED", quantity_remaining=D(1), type="MARKET"), "cancelled"),
        *(
            (order(f"{begin}X"), "refused")
            for begin in ("REJECTED", "INVALID_", "CANNOT_", "FAILED_", "BAD_", "PRICE_")
        ),
        (order("RATE_LIMITED"), "refused"),
        (order("EXPIRED"), "unknown"),
    ],
)
def test_a_status_is_a_state(update: OrderUpdate, state: str | None) -> None:
    (fact,) = order_facts(update)
    assert (fact.order_id, fact.market, fact.state) == ("1", "A", state)


@pytest.mark.parametrize("status", sorted(REQUEST_STATUSES))
def test_a_refused_request_says_nothing_of_the_order(status: str) -> None:
    assert order_facts(order(status)) == ()


def test_a_refused_change_does_not_give_its_numbers_to_the_order() -> None:
    (fact,) = order_facts(order("FAILED_MARGIN_CHECK", price=D(9), quantity=D(9)))
    assert (fact.price, fact.amount, fact.why) == (None, None, "FAILED_MARGIN_CHECK")


def test_an_accepted_order_gives_all_its_numbers() -> None:
    update = order(
        "MODIFIED",
        client_order_id="",
        price=D(9),
        quantity=D(5),
        quantity_remaining=D(4),
        update_time=D("1.5"),
        replaces="0",
    )
    (fact,) = order_facts(update)
    assert (fact.client_order_id, fact.price, fact.amount, fact.remaining) == (None, D(9), D(5), D(4))
    assert (fact.at, fact.replaces, fact.may_be_renamed) == (1.5, "0", True)


def test_a_listed_order_is_open_whatever_its_status_is_called() -> None:
    facts = order_facts(OpenOrdersUpdate(orders=(order("OPEN"), order("CANCELLED"))))
    assert [fact.state for fact in facts] == ["live", "cancelled"]


@pytest.mark.parametrize("update", [FillUpdate(**FILL), UserTradesUpdate(user_trades=(UserTrade(**FILL),))])
def test_a_trade_is_a_fill_of_its_order(update: Update) -> None:
    (fact,) = order_facts(update)
    assert fact.fill == ("t", D(3), D(2))
    assert (fact.order_id, fact.state) == ("1", None)


def test_other_updates_say_nothing() -> None:
    assert order_facts(BalanceUpdate(deposit=D(1), available_balance=D(1))) == ()


@pytest.mark.parametrize(
    ("fields", "state", "filled"),
    [
        ({"quantity": D(5), "quantity_remaining": D(2)}, "unknown", D(3)),
        ({"quantity": D(5), "quantity_remaining": D(5)}, "unknown", None),
        ({"quantity": D(5), "quantity_remaining": D(0)}, "unknown", None),
        ({"quantity": D(5)}, "unknown", None),
        ({}, "unknown", None),
    ],
)
def test_a_status_that_nobody_documented_tells_only_what_was_filled(
    fields: dict[str, Any], state: str, filled: D | None
) -> None:
    (fact,) = order_facts(order("EXPIRED", side="BUY", client_order_id="c", price=D(7), **fields))
    assert (fact.state, fact.filled, fact.why) == (state, filled, "EXPIRED")
    assert (fact.side, fact.client_order_id, fact.price, fact.amount, fact.remaining) == ("BUY", "c", None, None, None)


def test_a_refusal_that_shows_a_fill_is_of_a_change_and_says_nothing_of_the_order() -> None:
    assert order_facts(order("FAILED_MARGIN_CHECK", quantity=D(5), quantity_remaining=D(2))) == ()
    (fact,) = order_facts(order("FAILED_MARGIN_CHECK", quantity=D(5), quantity_remaining=D(5)))
    assert (fact.state, fact.filled) == ("refused", None)


@pytest.mark.parametrize(
    "update",
    [
        FillUpdate(**FILL, client_order_id="c", timestamp=D("1.5")),
        UserTradesUpdate(user_trades=(UserTrade(**FILL, client_order_id="c", timestamp=D("1.5")),)),
    ],
    ids=["pushed", "queried"],
)
def test_a_fill_is_of_its_order_by_each_id_and_at_its_time(update: Update) -> None:
    (fact,) = order_facts(update)
    assert (fact.order_id, fact.client_order_id, fact.market, fact.side, fact.at) == ("1", "c", "A", "BUY", 1.5)
    assert fact.fill == ("t", D(3), D(2))
    assert (fact.state, fact.amount) == (None, None)


def test_ids_that_are_empty_texts_are_none() -> None:
    for update in (
        OrderUpdate(status="ACK", order_id="", client_order_id="", symbol="A"),
        OrderUpdate(status="FAILED_X", order_id="", client_order_id="", symbol="A"),
    ):
        (fact,) = order_facts(update)
        assert (fact.order_id, fact.client_order_id) == (None, None)
    (fact,) = order_facts(FillUpdate(**FILL, client_order_id=""))
    assert fact.client_order_id is None


def test_a_changed_order_may_have_another_id_and_says_so() -> None:
    (fact,) = order_facts(order("MODIFIED", replaces="0"))
    assert (fact.replaces, fact.may_be_renamed) == ("0", True)
    (fact,) = order_facts(order("ACK"))
    assert (fact.replaces, fact.may_be_renamed) == (None, False)


def test_an_order_is_told_by_each_id_at_its_time_and_with_all_its_values() -> None:
    update = OrderUpdate(
        status="ACK", order_id="1", client_order_id="c", symbol="A", side="SELL", type="LIMIT", price=D(9), quantity=D(5),
        quantity_remaining=D(4), update_time=D("1.5"),
    )  # fmt: skip
    assert order_facts(update) == (
        OrderFact(
            order_id="1", client_order_id="c", market="A", side="SELL", order_type="LIMIT", price=D(9), amount=D(5),
            remaining=D(4), state="live", at=1.5,
        ),
    )  # fmt: skip
    assert order_facts(order("ACK", price=D(0)))[0].price is None


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("IOC_CANCELLED", "IOC_CANCELLED"),
        ("IOC_PARTIALLY_FILLED", "IOC_PARTIALLY_FILLED"),
        ("CANCELLED_STP", "CANCELLED_STP"),
        ("CANCELLED", ""),
    ],
)
def test_an_end_that_nobody_asked_for_says_why(status: str, why: str) -> None:
    (fact,) = order_facts(order(status, quantity_remaining=D(0)))
    assert (fact.state, fact.why) == ("cancelled", why)
    # Of an order that is said not to be filled whole, only fills tell how much was.
    assert fact.remaining == (None if status.startswith("IOC") else D(0))
