"""The events of both QFEX sockets as one iterator."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import (
    OrderChanged,
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


def test_events_of_both_sockets_come_from_one_iterator(exchange: QfexExchange) -> None:
    with client(exchange) as qx, qx.events(qfex.Bbo(SYMBOL), qfex.Positions(), OrderChanged, seconds=3) as events:
        qx.send(qfex.AddOrder(symbol=SYMBOL, side="BUY", order_type="MARKET", quantity=1))
        kinds = {type(event) for event in events}
    assert kinds == {qfex.BboUpdate, qfex.PositionUpdate, OrderChanged}


def test_latest_keeps_the_newest_of_each_topic(exchange: QfexExchange) -> None:
    with client(exchange) as qx:
        latest = qx.latest(qfex.Positions(), qfex.MarkPrice(SYMBOL))
        qx.run(seconds=5)
        assert {type(next(latest)) for _ in range(2)} == {qfex.PositionUpdate, qfex.MarkPriceUpdate}
        assert latest.skipped > 5
        qx.stop()
        assert list(latest) == []
