"""The client against the local QFEX in every form that the venue has been seen with."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import LoginRefused, RequestRefused, UsageError, qfex
from coinex_proto.simulator import QfexForms
from coinex_trio import QfexClient, memory_exchange

FORMS: list[dict[str, Any]] = [
    {},
    {"ioc_ends": "new"},
    {"ack": "after"},
    {"ack": "never"},
    {"ack": "never", "ioc_ends": "new"},
    {"sign_in": "object"},
    {"sign_in": "type"},
    {"sign_in": "old"},
    {"market_price": "demanded"},
    {"market_price": "refused"},
    {"modify_demands_reduce_only": True},
    {"null_arrays": True},
    {
        "ioc_ends": "new",
        "ack": "never",
        "sign_in": "object",
        "market_price": "demanded",
        "modify_demands_reduce_only": True,
        "null_arrays": True,
        "bad_key_at_upgrade": True,
    },
]


def client(exchange: Any, **options: Any) -> QfexClient:
    return QfexClient(options.pop("credentials", exchange.credentials), network=exchange.network, **options)


@pytest.mark.parametrize("forms", FORMS, ids=repr)
def test_orders_go_as_they_should_in_every_form(forms: dict[str, Any]) -> None:
    exchange = memory_exchange("qfex", seed=1, rate=0.0001, forms=QfexForms(**forms))
    exchange.quote("AAPL-USD", bid="201", ask="202", size="0.4")
    with client(exchange) as qx:
        part = qx.place_order("AAPL-USD", "BUY", "LIMIT", quantity="1", price="202", order_time_in_force="IOC")
        qx.wait(part, timeout=5)
        assert (part.state, part.filled, part.average_price) == ("cancelled", D("0.4"), D(202))
        none = qx.place_order("AAPL-USD", "BUY", "LIMIT", quantity="1", price="150", order_time_in_force="IOC")
        assert (qx.wait(none, timeout=5).state, none.filled) == ("cancelled", D(0))
        exchange.quote("AAPL-USD", bid="201", ask="202", size="1")
        market = qx.place_order("AAPL-USD", "SELL", "MARKET", quantity="0.5")
        assert (qx.wait(market, timeout=5).state, market.filled) == ("filled", D("0.5"))
        more = qx.place_order("AAPL-USD", "BUY", "MARKET", quantity="3")
        assert (qx.wait(more, timeout=5).state, more.filled) == ("cancelled", D(1))
        resting = qx.place_order("AAPL-USD", "BUY", "ALO", quantity="1", price="150", reduce_only=False)
        changed = qx.modify_order(resting, price="151")
        assert (changed.state, changed.price, changed.order_type) == ("live", D(151), "ALO")
        assert qx.request(qfex.GetUserOrders()).orders
        qx.cancel_all_orders("AAPL-USD")
        assert qx.wait(resting, timeout=5).state == "cancelled"
        assert qx.request(qfex.GetUserOrders()).orders == ()
        assert [trade.quantity for trade in qx.request(qfex.GetUserTrades()).user_trades]
        assert qx.orders() == ()


def test_a_change_that_is_not_as_the_order_was_placed_is_refused_where_the_venue_looks() -> None:
    exchange = memory_exchange("qfex", seed=1, rate=0.0001, forms=QfexForms(modify_demands_reduce_only=True))
    exchange.quote("AAPL-USD", bid="201", ask="202")
    with client(exchange) as qx:
        order = qx.place_order("AAPL-USD", "BUY", "ALO", quantity="1", price="150")
        for wrong in ({"reduce_only": True}, {"order_type": "LIMIT"}):
            with pytest.raises(RequestRefused) as refused:
                qx.modify_order(order, price="151", **wrong)
            assert refused.value.code == "CANNOT_MODIFY_NO_SUCH_ORDER"
        with pytest.raises(RequestRefused) as refused:
            qx.modify_order(order, price="210")
        assert refused.value.code == "CANNOT_MODIFY_ALO_WOULD_CROSS"
        assert order.state == "live"


def test_a_real_price_of_a_market_order_is_refused_where_the_venue_refuses_it() -> None:
    exchange = memory_exchange("qfex", seed=1, rate=0.0001)
    exchange.quote("AAPL-USD", bid="201", ask="202")
    exchange.set_forms(market_price="refused")
    said = {"symbol": "AAPL-USD", "side": "BUY", "order_type": "MARKET", "order_time_in_force": "IOC", "quantity": 1}
    with client(exchange) as qx:
        answer = qx.request(qfex.Raw("add_order", {**said, "price": 0, "client_order_id": "a"}))
        assert answer["order_response"]["status"] == "ACK"
        with pytest.raises(RequestRefused) as refused:
            qx.request(qfex.Raw("add_order", {**said, "price": 210, "client_order_id": "b"}))
        assert refused.value.code == "INVALID_TICK_SIZE_PRECISION_PRICE"
        exchange.set_forms(market_price="demanded")
        with pytest.raises(RequestRefused) as refused:
            qx.request(qfex.Raw("add_order", {**said, "client_order_id": "c"}))
        assert refused.value.code == "InvalidJSONFormat"


def test_a_wrong_key_is_a_refused_sign_in_at_the_upgrade_too() -> None:
    exchange = memory_exchange("qfex", seed=1, rate=0.0001, forms=QfexForms(bad_key_at_upgrade=True))
    wrong = qfex.HmacCredentials("qfex_pub_wrong", "nothing")
    with pytest.raises(LoginRefused) as refused, client(exchange, credentials=wrong) as qx:
        qx.ready()
    assert refused.value.code == 401


def test_a_form_that_there_is_not_is_refused() -> None:
    exchange = memory_exchange("qfex", seed=1, rate=0.0001)
    for wrong in ({"ack": "sometimes"}, {"tea": True}):
        with pytest.raises(UsageError, match="set_forms"):
            exchange.set_forms(**wrong)
    with pytest.raises(UsageError, match="QFEX"):
        memory_exchange("coinex", forms=QfexForms())  # type: ignore[call-overload]
