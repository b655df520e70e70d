"""The methods of the blocking QFEX client that trade."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import (
    Failed,
    OutcomeUnknown,
    Replied,
    RequestRefused,
    UsageError,
    qfex,
)
from coinex_trio import QfexClient, memory_exchange
from coinex_trio._local.qfex import QfexExchange

SYMBOL = "AAPL-USD"


@pytest.fixture
def exchange() -> QfexExchange:
    made = memory_exchange("qfex", seed=1)
    made.quote(SYMBOL, bid="100", ask="101", size="5")
    return made


def client(exchange: QfexExchange, **options: Any) -> QfexClient:
    return QfexClient(exchange.credentials, network=exchange.network, **options)


def test_an_order_is_placed_changed_filled_and_cancelled(exchange: QfexExchange) -> None:
    with client(exchange) as qx:
        order = qx.place_order(SYMBOL, "BUY", "LIMIT", quantity="1", price="99.50")
        assert (order.state, order.price, len(order.client_order_id or "")) == ("live", D("99.5"), 32)
        before = order.order_id
        assert qx.modify_order(order, price="99") is order
        assert (order.price, order.order_id) == (D(99), before)
        exchange.fill(order, "0.25")
        with pytest.raises(TimeoutError):
            qx.wait(order, timeout=1)
        assert (order.filled, order.average_price) == (D("0.25"), D(99))
        assert qx.cancel_order(order) is order
        assert order.state == "cancelled"
        assert qx.cancel_order(order) is order
        with pytest.raises(RequestRefused, match="NO_SUCH_ORDER"):
            qx.cancel_order("nothing", SYMBOL)


def test_an_order_that_takes_is_filled_when_waited_for(exchange: QfexExchange) -> None:
    with client(exchange) as qx:
        order = qx.wait(qx.place_order(SYMBOL, "BUY", "MARKET", quantity=2), timeout=5)
        assert (order.state, order.average_price) == ("filled", D(101))


@pytest.mark.parametrize(
    ("kind", "price"), [("LIMIT", None), ("ALO", None), ("MARKET", "1"), ("LIMIT", 1.5), ("LIMIT", "0"), ("SORT", "1")]
)
def test_an_order_that_cannot_be_is_refused_before_it_leaves(exchange: QfexExchange, kind: str, price: Any) -> None:
    with client(exchange) as qx, pytest.raises(UsageError):
        qx.place_order(SYMBOL, "BUY", kind, quantity=1, price=price)


def test_a_rejection_is_raised_with_the_venues_status(exchange: QfexExchange) -> None:
    with client(exchange) as qx, pytest.raises(RequestRefused) as refused:
        qx.place_order(SYMBOL, "BUY", "ALO", quantity=1, price="101")
    assert refused.value.code == "REJECTED"


def test_after_a_server_error_the_client_finds_out_by_itself(exchange: QfexExchange) -> None:
    with client(exchange) as qx:
        exchange.refuse("add_order", "ServerError")
        with pytest.raises(OutcomeUnknown):
            qx.place_order(SYMBOL, "BUY", "LIMIT", quantity=1, price="99")
        (order,) = qx.orders()
        states = [order.state]
        again = qx.place_order(SYMBOL, "BUY", "LIMIT", quantity=1, price="99")
        exchange.drop()
        for seconds in (0.01, 60.0):
            qx.run(seconds)
            states.append(again.state)
    assert states == ["unknown", "unknown", "live"]


def test_commands_get_a_client_id_of_their_own(exchange: QfexExchange) -> None:
    replies: list[Replied[Any] | Failed] = []
    order = qfex.AddOrder(symbol=SYMBOL, side="BUY", order_type="LIMIT", quantity=1, price="99")
    with client(exchange) as qx:
        for _ in range(2):
            qx.send(order, replies.append)
        qx.run(seconds=1)
    names = [reply.result.client_order_id for reply in replies if isinstance(reply, Replied)]
    assert len(set(names)) == 2


def test_orders_are_placed_from_callbacks_with_send_only(exchange: QfexExchange) -> None:
    states: list[str] = []

    def quote(update: qfex.BboUpdate) -> None:
        if states:
            return
        states.append("asked")
        with pytest.raises(UsageError, match="callback"):
            qx.place_order(SYMBOL, "BUY", "LIMIT", quantity=1, price="99")
        command = qfex.AddOrder(symbol=SYMBOL, side="BUY", order_type="LIMIT", quantity=1, price="99")
        qx.send(command, lambda reply: states.append(type(reply).__name__))

    with client(exchange) as qx:
        qx.subscribe_bbo(SYMBOL, quote)
        qx.run(seconds=2)
    assert states == ["asked", "Replied"]
