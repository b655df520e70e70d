"""A QFEX client that also speaks HTTP: reference data checks orders, and orders of unknown outcome are looked up."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from coinex_proto import OutcomeUnknown, RequestRefused, RequestTimedOut, UsageError
from coinex_proto.simulator import QfexForms
from coinex_trio import QfexClient, QfexExchange, memory_exchange

SYMBOL = "AAPL-USD"


def made() -> QfexExchange:
    exchange = memory_exchange("qfex", seed=1, rate=0.0001, forms=QfexForms(ioc_ends="new", ack="never"))
    exchange.quote(SYMBOL, bid="201", ask="202", size="0.4")
    return exchange


def opened(exchange: QfexExchange) -> QfexClient:
    return QfexClient(exchange.credentials, network=exchange.network, http_url="http://127.0.0.1")


@pytest.mark.parametrize(
    ("quantity", "price", "words"),
    [
        ("1", "200.005", "tick size 0.01; next to it are 200.00 or 200.01"),
        ("0.00005", "200", "lot size 0.0001"),
        ("1", "1000000.01", "above the most"),
    ],
)
def test_a_price_or_size_that_does_not_fit_is_refused_with_the_tick_in_it(
    quantity: str, price: str, words: str
) -> None:
    with opened(made()) as qx:
        qx.load_reference()
        with pytest.raises(UsageError, match=words):
            qx.place_order(SYMBOL, "BUY", "LIMIT", quantity, price)
        assert qx.orders() == ()
        assert qx.place_order(SYMBOL, "BUY", "LIMIT", "1.0001", "200.010").state == "live"


def test_without_reference_data_the_venue_decides() -> None:
    with opened(made()) as qx, pytest.raises(RequestRefused) as refused:
        qx.place_order(SYMBOL, "BUY", "LIMIT", "1", "200.005")
    assert refused.value.code == "INVALID_TICK_SIZE_PRECISION_PRICE"


@pytest.mark.parametrize(
    ("price", "state", "filled"), [("202", "cancelled", "0.4"), ("150", "cancelled", "0")], ids=["part", "none"]
)
def test_an_order_of_unknown_outcome_is_looked_up_by_its_client_id(price: str, state: str, filled: str) -> None:
    exchange = made()
    with opened(exchange) as qx:
        qx.ready()
        exchange.inject("on add_order lose-answer")
        with pytest.raises((OutcomeUnknown, RequestTimedOut)):
            qx.place_order(SYMBOL, "BUY", "LIMIT", "1", price, order_time_in_force="IOC", client_order_id="mine")
        (order,) = qx.orders() or (None,)
        assert order is not None
        assert order.client_order_id == "mine"
        qx.wait(order, timeout=60)
        assert (order.state, order.filled) == (state, D(filled))


def test_an_order_that_was_looked_up_is_given_back() -> None:
    exchange = made()
    with opened(exchange) as qx:
        qx.ready()
        exchange.inject("on add_order lose-answer")
        with pytest.raises((OutcomeUnknown, RequestTimedOut)):
            qx.place_order(SYMBOL, "BUY", "LIMIT", "1", "150", order_time_in_force="IOC", client_order_id="mine")
        (order,) = qx.orders()
        found = qx.look_up_order(order)
        assert (found.client_order_id, found.state) == ("mine", "cancelled")


def test_waiting_for_an_order_that_stands_ends_in_time_where_http_could_be_asked() -> None:
    exchange = made()
    with opened(exchange) as qx:
        order = qx.place_order(SYMBOL, "BUY", "LIMIT", "1", "150")
        began = exchange.network.now()
        with pytest.raises(TimeoutError, match="the order is live"):
            qx.wait(order, timeout=12)
        assert exchange.network.now() - began == pytest.approx(12, abs=0.01)


@pytest.mark.parametrize("lacks", ["an address", "keys that sign"])
def test_an_order_of_unknown_outcome_is_just_waited_for_where_http_cannot_be_asked(lacks: str) -> None:
    exchange = made()
    if lacks == "an address":
        qx = QfexClient(exchange.credentials, network=exchange.network, trade_url="wss://elsewhere")
    else:
        qx = QfexClient(exchange.token_credentials, network=exchange.network, http_url="http://127.0.0.1")
    with qx:
        order = qx.place_order(SYMBOL, "BUY", "LIMIT", "1", "150")
        exchange.inject("on connect every 1 http 503")
        exchange.drop()
        qx.run(seconds=0.1)
        assert order.state == "unknown"
        with pytest.raises(TimeoutError, match="the order is unknown after 30 s"):
            qx.wait(order, timeout=30)


def test_a_market_that_is_closed_says_so_and_when_it_trades() -> None:
    exchange = made()
    with opened(exchange) as qx:
        qx.load_reference()
        exchange.inject(f"at 0s halt {SYMBOL}")
        exchange.advance(1)
        with pytest.raises(RequestRefused, match="closed") as refused:
            qx.place_order(SYMBOL, "BUY", "LIMIT", "1", "200")
    assert "America/New_York" in refused.value.__notes__[0]


def test_a_client_of_another_address_needs_to_be_told_where_http_is() -> None:
    exchange = made()
    elsewhere = QfexClient(exchange.credentials, network=exchange.network, trade_url="wss://elsewhere")
    with elsewhere as qx, pytest.raises(UsageError, match="http_url"):
        qx.load_reference()
